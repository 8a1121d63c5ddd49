import * as pulumi from "@pulumi/pulumi";
import { type BuilderCredentials, MultiArchBuilder, type MultiArchBuilderArgs } from "../../components";
import { makeCredentials } from "../support/credentials";
import { Recorder, promiseOf } from "../support/recorder";

let credentials: BuilderCredentials;

beforeAll(async () => {
    credentials = await makeCredentials();
});

async function recorder(): Promise<Recorder> {
    const made = new Recorder({
        outputs: (type, _, inputs) =>
            type === "docker-build:index:Index" ? { ref: `${inputs.tag as string}@sha256:${"c".repeat(64)}` } : {},
    });
    await made.install();
    return made;
}

const endpoints = [
    { platforms: ["linux/amd64", "linux/386"], endpoint: "tcp://10.0.0.1:1234", serverName: "amd64.ci" },
    { platforms: ["linux/arm64/v8"], endpoint: "tcp://10.0.0.2:1234" },
];

function builder(args: Partial<MultiArchBuilderArgs> = {}): MultiArchBuilder {
    return new MultiArchBuilder("ci", { endpoints, credentials, ...args });
}

describe("MultiArchBuilder on endpoints", () => {
    test("yields a record without secrets", async () => {
        const run = await recorder();
        const farm = builder({ registry: { imageRepositoryUrl: "r.test/app", cacheRepositoryUrl: "r.test/cache" } });
        await run.settle();
        expect(await promiseOf(farm.builder)).toEqual({
            name: "ci",
            nodes: [
                {
                    name: "ci-amd64",
                    platforms: ["linux/amd64", "linux/386"],
                    endpoint: "tcp://10.0.0.1:1234",
                    serverName: "amd64.ci",
                },
                {
                    name: "ci-arm64",
                    platforms: ["linux/arm64"],
                    endpoint: "tcp://10.0.0.2:1234",
                    serverName: "10.0.0.2",
                },
            ],
            imageRepositoryUrl: "r.test/app",
            cacheRepositoryUrl: "r.test/cache",
        });
        expect(await pulumi.isSecret(farm.builder)).toBe(false);
        expect(await pulumi.isSecret(farm.builderCredentials)).toBe(true);
        expect(await promiseOf(farm.builderCredentials)).toEqual(credentials);
    });

    test("registers the builder with a last resource that holds the record and no credentials", async () => {
        const run = await recorder();
        builder({ registryCredentials: { username: "ci", password: "hunter2" } });
        await run.settle();
        expect(run.names()).toEqual(["ci", "ci-registration"]);
        const registration = run.get("ci-registration");
        expect(registration.parent).toBe(run.get("ci").urn);
        expect(registration.hooks.map((hook) => hook.split(":")[0])).toEqual(["beforeCreateList", "beforeUpdateList"]);
        expect(registration.inputs).toMatchObject({ builder: { name: "ci" } });
        for (const resource of run.resources) {
            expect(JSON.stringify(resource.inputs)).not.toMatch(/BEGIN |hunter2/);
        }
    });

    test("registers anew when the certificate is renewed", async () => {
        const fingerprints = [];
        for (const given of [credentials, credentials, await makeCredentials()]) {
            const run = await recorder();
            builder({ credentials: given });
            await run.settle();
            fingerprints.push(run.get("ci-registration").inputs.fingerprint);
        }
        expect(fingerprints[0]).toMatch(/^[0-9a-f]{64}$/);
        expect(fingerprints[1]).toBe(fingerprints[0]);
        expect(fingerprints[2]).not.toBe(fingerprints[0]);
    });

    test("builds images for its own platforms, with its own login, below itself", async () => {
        const run = await recorder();
        const farm = builder({
            registry: { imageRepositoryUrl: "r.test/app", cacheRepositoryUrl: "r.test/cache" },
            registryCredentials: { username: "ci", password: "hunter2" },
        });
        farm.buildImage("api", { dockerfileInline: "FROM scratch", tags: ["1"] });
        await run.settle();
        expect(run.get("api").parent).toBe(run.get("ci").urn);
        expect(run.names()).toEqual(expect.arrayContaining(["api-amd64", "api-386", "api-arm64", "api-tag-0"]));
        expect(run.get("api-386").inputs).toMatchObject({ builder: { name: "ci-386" } });
        expect(run.get("api-amd64").inputs.registries).toMatchObject([{ address: "r.test", username: "ci" }]);
    });

    test("passes options and providers down to images", async () => {
        const run = await recorder();
        const farm = builder();
        const parent = new pulumi.ComponentResource("test:index:Parent", "parent");
        farm.buildImage(
            "api",
            { dockerfileInline: "FROM scratch", push: false, cache: { enabled: false } },
            { parent },
        );
        await run.settle();
        expect(run.get("api").parent).toBe(run.get("parent").urn);
    });
});

describe("MultiArchBuilder, rejected arguments", () => {
    const table: [string, Partial<MultiArchBuilderArgs>, RegExp][] = [
        ["no backend", { endpoints: undefined }, /`endpoints`: is missing: give one of `ec2`, `eks` and `endpoints`/],
        [
            "two backends",
            { ec2: { subnetId: "subnet-0123456789abcdef0" } },
            /`ec2, endpoints`: exclude each other: give one of `ec2`, `eks` and `endpoints`/,
        ],
        ["certificates to make", { tls: { renewalDays: 5 } }, /`tls`: is for builders that the farm creates/],
        ["an empty list", { endpoints: [] }, /`endpoints`: must hold at least one endpoint \(got \[\]\)/],
        [
            "a platform with a typo",
            { endpoints: [{ platforms: ["linux/arm46"], endpoint: "tcp://a:1" }] },
            /`endpoints\[0\]\.platforms\[0\]`: .*did you mean "linux\/arm64"\? \(got "linux\/arm46"\)/,
        ],
        [
            "one endpoint twice",
            {
                endpoints: [
                    { platforms: ["linux/amd64"], endpoint: "tcp://a:1" },
                    { platforms: ["linux/arm64"], endpoint: "tcp://a:1" },
                ],
            },
            /`endpoints\[1\]\.endpoint`: is the endpoint of `endpoints\[0\]` too.*got "tcp:\/\/a:1"/,
        ],
        [
            "one platform on two endpoints",
            {
                endpoints: [
                    { platforms: ["linux/amd64"], endpoint: "tcp://a:1" },
                    { platforms: ["linux/amd64"], endpoint: "tcp://b:1", name: "other" },
                ],
            },
            /`endpoints\[1\]\.platforms\[0\]`: is built by `endpoints\[0\]` already/,
        ],
        [
            "two CPU families on one node",
            { endpoints: [{ platforms: ["linux/amd64", "linux/arm64"], endpoint: "tcp://a:1" }] },
            /no CPU runs amd64 and arm64 natively/,
        ],
        [
            "an endpoint without a port",
            { endpoints: [{ platforms: ["linux/amd64"], endpoint: "tcp://a" }] },
            /`endpoints\[0\]\.endpoint`: must be tcp:\/\/host:port/,
        ],
        [
            "a bad name",
            { builderName: "My Builder" },
            /`builderName`: a builder's name must start with a lower-case letter/,
        ],
        ["a name that ends in an architecture", { builderName: "ci-arm64" }, /must not end in an architecture/],
        ["no credentials", { credentials: undefined }, /`credentials`: is missing: \{ ca, cert, key \}/],
        ["a login given by half", { registryCredentials: { username: "ci", password: "" } }, /missing: password/],
        ["a repository with a tag", { registry: { imageRepositoryUrl: "r.test/a:1" } }, /without a tag/],
    ];

    test.each(table)("%s", (_, args, message) => {
        expect(() => builder(args)).toThrow(message);
    });

    test("all at once, before anything is created", async () => {
        const run = await recorder();
        expect(() =>
            builder({ builderName: "X", endpoints: [{ platforms: [], endpoint: "http://a" }], credentials: undefined }),
        ).toThrow(/builderName[^]*endpoints\[0\]\.endpoint[^]*endpoints\[0\]\.platforms[^]*credentials/);
        await run.settle();
        expect(run.resources).toEqual([]);
    });

    test("credentials given by half, without quoting them", () => {
        const half = { ...credentials, cert: "" };
        expect(() => builder({ credentials: half })).toThrow(/missing: cert/);
        try {
            builder({ credentials: { ...credentials, key: "sesame" } });
            throw new Error("was taken");
        } catch (error) {
            expect((error as Error).message).toMatch(/`credentials\.key` is not an unencrypted private key/);
            expect((error as Error).message).not.toContain("sesame");
        }
    });
});
