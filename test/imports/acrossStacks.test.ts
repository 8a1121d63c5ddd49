import { Provider as AwsProvider } from "@pulumi/aws/provider";
import * as pulumi from "@pulumi/pulumi";
import {
    type Builder,
    type BuilderCredentials,
    MultiArchImage,
    type MultiArchImageArgs,
    builderFromParameter,
} from "../../components";
import { credentialsOf, recordOf } from "../../components/builderFromParameter";
import { makeCredentials } from "../support/credentials";
import { Recorder, promiseOf } from "../support/recorder";

const node = (arch: string, host = 1) => ({
    name: `ci-${arch}`,
    platforms: [`linux/${arch}`],
    endpoint: `tcp://10.0.0.${host}:1234`,
    serverName: `${arch}.ci`,
});

const record: Builder = {
    name: "ci",
    nodes: [node("amd64", 1), node("arm64", 2)],
    imageRepositoryUrl: "registry.test/web",
    cacheRepositoryUrl: "registry.test/cache",
    credentialsParameters: {
        region: "eu-central-1",
        ca: "/ci/client/ca",
        cert: "/ci/client/cert",
        key: "/ci/client/key",
    },
};

let credentials: BuilderCredentials;

beforeAll(async () => {
    credentials = await makeCredentials();
});

/** What an application's stack registers; `parameters` are what AWS knows, `outputs` what the other stack has. */
async function appStack(
    program: () => Pick<MultiArchImageArgs, "builder" | "credentials">,
    { parameters = {}, outputs = {} }: { parameters?: Record<string, string>; outputs?: Record<string, unknown> } = {},
): Promise<{ run: Recorder; image: MultiArchImage }> {
    const run = new Recorder({
        outputs: (type, _, inputs) => {
            if (type === "pulumi:pulumi:StackReference") {
                return { outputs, secretOutputNames: ["builderCredentials"] };
            }
            if (type === "docker-build:index:Index") {
                return { ref: `${inputs.tag as string}@sha256:${"c".repeat(64)}` };
            }
            return type === "docker-build:index:Image" ? { digest: `sha256:${"a".repeat(64)}` } : {};
        },
        call: (_, { name }) => {
            const text = parameters[name as string]!;
            const secure = (name as string).includes("/client/");
            // The provider marks the value, not the one for texts that are no secret.
            return { value: pulumi.secret(text), insecureValue: secure ? "" : text };
        },
    });
    await run.install();
    const image = new MultiArchImage("web", { ...program(), dockerfileInline: "FROM scratch\n", tags: ["2.0.0"] });
    await run.settle();
    return { run, image };
}

async function expectBuilt({ run, image }: Awaited<ReturnType<typeof appStack>>): Promise<void> {
    expect(await promiseOf(image.ref)).toBe(`registry.test/web:2.0.0@sha256:${"c".repeat(64)}`);
    expect(await pulumi.isSecret(image.ref)).toBe(false);
    for (const [arch, { inputs }] of ["amd64", "arm64"].map((each) => [each, run.get(`web-${each}`)] as const)) {
        expect(inputs.builder).toEqual({ name: `ci-${arch}` });
        expect(inputs.cacheFrom).toEqual([{ registry: { ref: `registry.test/cache:web-main-linux-${arch}` } }]);
    }
    expect(JSON.stringify(run.resources)).not.toContain(credentials.key.split("\n")[1]);
}

const parameters = () => ({
    "/infra/builder": JSON.stringify(record),
    "/ci/client/ca": credentials.ca,
    "/ci/client/cert": credentials.cert,
    "/ci/client/key": credentials.key,
});

describe("a builder of another stack", () => {
    test("comes by a stack reference", async () => {
        const built = await appStack(
            () => {
                const infra = new pulumi.StackReference("acme/build-infra/prod");
                return {
                    builder: infra.requireOutput("builder"),
                    credentials: infra.requireOutput("builderCredentials"),
                };
            },
            { outputs: { builder: record, builderCredentials: credentials } },
        );
        await expectBuilt(built);
    });

    test("comes by a file, with credentials that are a secret of the stack", async () => {
        const text = JSON.stringify(record);
        await expectBuilt(await appStack(() => ({ builder: JSON.parse(text) as Builder, credentials })));
    });

    test("comes by its SSM parameters, credentials as secrets", async () => {
        let access: ReturnType<typeof builderFromParameter> | undefined;
        const built = await appStack(() => (access = builderFromParameter("/infra/builder")), {
            parameters: parameters(),
        });
        await expectBuilt(built);
        expect(await pulumi.isSecret(access!.builder)).toBe(false);
        expect(await pulumi.isSecret(access!.credentials)).toBe(true);
        expect(await promiseOf(access!.credentials)).toEqual(credentials);
    });

    test("comes by its parameter's text, parsed", async () => {
        const text = pulumi.secret(JSON.stringify(record));
        const built = await appStack(() => ({
            builder: pulumi.jsonParse(text) as pulumi.Output<Builder>,
            credentials,
        }));
        // A text that was marked as a secret makes none of what other stacks and CI read.
        expect(built.run.get("web-arm64").inputs.builder).toEqual({ name: "ci-arm64" });
        expect(await pulumi.isSecret(built.image.ref)).toBe(false);
    });

    test("is read by the provider that is given", async () => {
        const { run } = await appStack(
            () => {
                const provider = new AwsProvider("there", { region: "eu-west-3" });
                return builderFromParameter("/infra/builder", { provider });
            },
            { parameters: parameters() },
        );
        expect(run.invokes.map(({ provider }) => provider.split("::").at(-2))).toEqual(Array(4).fill("there"));
    });

    test("is refused as text, with what to do", () => {
        const builder = JSON.stringify(record) as unknown as Builder;
        expect(
            () => new MultiArchImage("web", { builder, credentials, tags: ["1"], dockerfileInline: "FROM a" }),
        ).toThrow(/`builder`: must be a builder's record.*text has to be parsed, for example by `pulumi\.jsonParse`/);
    });

    test.each([
        ["is no JSON", "ci", /`builder`: the parameter \/infra\/builder holds no builder's record; give the output/],
        ["is no object", '"ci"', /`builder`: the parameter \/infra\/builder holds no builder's record/],
        [
            "names no credentials",
            JSON.stringify({ ...record, credentialsParameters: undefined }),
            /`credentials`: the record in \/infra\/builder names no parameters with credentials: take `builderCred/,
        ],
    ])("is refused when the record in its parameter %s", (_, text, message) => {
        expect(() => credentialsOf("/infra/builder", recordOf("/infra/builder", text))).toThrow(message);
    });
});

test("a farm with other addresses, one more node and another certificate changes nothing that an image registers", async () => {
    const changed = { ...record, nodes: [node("amd64", 7), node("arm64", 8), node("s390x", 9)] };
    const renewed = await makeCredentials();
    const before = await appStack(() => ({ builder: record, credentials }));
    const after = await appStack(() => ({ builder: changed, credentials: renewed }));
    const registered = ({ run }: typeof before) =>
        Object.fromEntries(
            run.resources.map(({ name, inputs, replacementTrigger }) => [name, { inputs, replacementTrigger }]),
        );
    expect(Object.keys(registered(before)).sort()).toEqual(["web", "web-amd64", "web-arm64", "web-tag-0"]);
    expect(registered(after)).toEqual(registered(before));
});
