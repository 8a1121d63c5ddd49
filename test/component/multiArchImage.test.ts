import * as pulumi from "@pulumi/pulumi";
import {
    type Builder,
    type BuilderCredentials,
    BuildStrategy,
    MultiArchBuilder,
    MultiArchImage,
} from "../../components";
import type { MultiArchImageArgs } from "../../components";
import { makeCredentials } from "../support/credentials";
import { Recorder, isSecretValue, promiseOf, reveal } from "../support/recorder";

const digests: Record<string, string> = {
    "api-amd64": `sha256:${"a".repeat(64)}`,
    "api-arm64": `sha256:${"b".repeat(64)}`,
};

const record: Builder = {
    name: "ci",
    nodes: [
        { name: "ci-amd64", platforms: ["linux/amd64"], endpoint: "tcp://10.0.0.1:1234", serverName: "amd64.ci" },
        { name: "ci-arm64", platforms: ["linux/arm64"], endpoint: "tcp://10.0.0.2:1234", serverName: "arm64.ci" },
    ],
    imageRepositoryUrl: "registry.test/api",
    cacheRepositoryUrl: "registry.test/cache",
};

class Infra extends pulumi.CustomResource {}

let credentials: BuilderCredentials;

beforeAll(async () => {
    credentials = await makeCredentials();
});

async function recorder(preview = false): Promise<Recorder> {
    const made = new Recorder({
        preview,
        outputs: (type, name, inputs) => {
            if (preview) {
                return {};
            }
            if (type === "docker-build:index:Index") {
                return { ref: `${inputs.tag as string}@sha256:${"c".repeat(64)}` };
            }
            return type === "docker-build:index:Image" ? { digest: digests[name] ?? "", ref: "" } : {};
        },
        call: (token) => {
            expect(token).toBe("aws:ecr/getAuthorizationToken:getAuthorizationToken");
            return { userName: "AWS", password: "ecr-token" };
        },
    });
    await made.install();
    return made;
}

function image(
    args: Partial<MultiArchImageArgs> = {},
    name = "api",
    opts?: pulumi.ComponentResourceOptions,
): MultiArchImage {
    const given = { context: "assets/empty-context", dockerfileInline: "FROM scratch\n", tags: ["1.4.2"], ...args };
    return new MultiArchImage(name, { builder: record, credentials, ...given }, opts);
}

describe("MultiArchImage, per platform", () => {
    test("registers exactly one image per platform and an index, all below the component", async () => {
        const run = await recorder();
        image();
        await run.settle();
        expect(run.names()).toEqual(["api", "api-amd64", "api-arm64", "api-tag-0"]);
        const component = run.get("api");
        expect(component.type).toBe("multiarch-builder:index:MultiArchImage");
        for (const name of ["api-amd64", "api-arm64", "api-tag-0"]) {
            expect(run.get(name)).toMatchObject({ parent: component.urn, retainOnDelete: true });
        }
    });

    test("limits how long builds and indexes may take, by default and as the option says", async () => {
        const run = await recorder();
        const smokeTest = [["/api", "--version"]];
        image({ smokeTest });
        image({ smokeTest, repositoryUrl: "registry.test/web" }, "web", { customTimeouts: { create: "5m" } });
        image({ repositoryUrl: "registry.test/one", strategy: BuildStrategy.Single }, "one");
        await run.settle();
        const limits = (names: string[]) => names.map((name) => run.get(name).createTimeout);
        expect(limits(["api-amd64", "api-smoke-arm64", "api-tag-0"])).toEqual(["4h", "4h", "10m"]);
        expect(limits(["web-amd64", "web-smoke-arm64", "web-tag-0"])).toEqual(["5m", "5m", "5m"]);
        expect(limits(["one-image", "one-cache-amd64"])).toEqual(["4h", "4h"]);
    });

    test("gives each platform its own node, an untagged push and its own cache", async () => {
        const run = await recorder();
        image();
        await run.settle();
        expect(reveal(run.get("api-arm64").inputs)).toEqual({
            buildOnPreview: false,
            builder: { name: "ci-arm64" },
            cacheFrom: [{ registry: { ref: "registry.test/cache:api-main-linux-arm64" } }],
            cacheTo: [
                {
                    registry: {
                        ref: "registry.test/cache:api-main-linux-arm64",
                        mode: "max",
                        imageManifest: true,
                        ociMediaTypes: true,
                        ignoreError: true,
                    },
                },
            ],
            context: { location: "assets/empty-context" },
            dockerfile: { inline: "FROM scratch\n" },
            exports: [{ image: { names: ["registry.test/api"], pushByDigest: true, push: true, ociMediaTypes: true } }],
            network: "default",
            platforms: ["linux/arm64"],
            push: false,
            registries: [],
        });
    });

    test("joins the pushed digests under the tag, after every image and smoke test", async () => {
        const run = await recorder();
        const built = image({ smokeTest: [["/api", "--version"]] });
        await run.settle();
        const index = run.get("api-tag-0");
        expect(reveal(index.inputs)).toEqual({
            tag: "registry.test/api:1.4.2",
            sources: [`registry.test/api@${digests["api-amd64"]}`, `registry.test/api@${digests["api-arm64"]}`],
            push: true,
        });
        for (const name of ["api-amd64", "api-arm64", "api-smoke-amd64", "api-smoke-arm64"]) {
            expect(index.dependencies).toContain(run.get(name).urn);
        }
        expect(await promiseOf(built.ref)).toBe(`registry.test/api:1.4.2@sha256:${"c".repeat(64)}`);
        expect(await promiseOf(built.digest)).toBe(`sha256:${"c".repeat(64)}`);
    });

    test("moves several tags one after another, platform tags before their tag", async () => {
        const run = await recorder();
        image({ tags: ["1.4.2", "latest"], platformTags: "{tag}-{os}-{arch}" });
        await run.settle();
        const order = ["tag-0-amd64", "tag-0-arm64", "tag-0", "tag-1-amd64", "tag-1-arm64", "tag-1"];
        order.slice(1).forEach((suffix, i) => {
            expect(run.get(`api-${suffix}`).dependencies).toContain(run.get(`api-${order[i]}`).urn);
        });
        expect(reveal(run.get("api-tag-0-arm64").inputs)).toMatchObject({
            tag: "registry.test/api:1.4.2-linux-arm64",
            sources: [`registry.test/api@${digests["api-arm64"]}`],
        });
    });

    test("runs the smoke test in the pushed image, with an empty context and without a cache", async () => {
        const run = await recorder();
        image({ smokeTest: [["/api", "--version"]], smokeTestPlatforms: ["linux/amd64"] });
        await run.settle();
        expect(run.names()).not.toContain("api-smoke-arm64");
        const { inputs } = run.get("api-smoke-amd64");
        expect(inputs).toMatchObject({
            builder: { name: "ci-amd64" },
            context: { location: "assets/empty-context" },
            dockerfile: { inline: `FROM registry.test/api@${digests["api-amd64"]}\nRUN ["/api","--version"]\n` },
            exports: [{ cacheonly: {} }],
            platforms: ["linux/amd64"],
        });
        expect(inputs).not.toHaveProperty("cacheTo");
        expect(inputs).not.toHaveProperty("cacheFrom");
    });

    test("registers the builder by a hook of its own on every build, and never in a preview", async () => {
        const run = await recorder();
        image({ smokeTest: [["/api"]] });
        await run.settle();
        const builds = ["api-amd64", "api-arm64", "api-smoke-amd64", "api-smoke-arm64"].map((name) => run.get(name));
        for (const { hooks } of builds) {
            const events = hooks.map((hook) => hook.split(":")[0]);
            expect(events).toEqual(["beforeCreateList", "beforeUpdateList", "onErrorList"]);
        }
        const names = run.hooks.map((hook) => hook.name);
        expect(new Set(names).size).toBe(names.length);
        expect(run.hooks.every((hook) => !hook.onDryRun)).toBe(true);
    });

    test("names hooks apart for images of one name under two parents", async () => {
        const run = await recorder();
        for (const parent of ["one", "two"]) {
            new MultiArchImage(
                "api",
                {
                    builder: record,
                    credentials,
                    dockerfileInline: "FROM scratch",
                    tags: [parent],
                    cache: { enabled: false },
                },
                { parent: new pulumi.ComponentResource("test:index:Parent", parent) },
            );
        }
        await run.settle();
        const names = run.hooks.map((hook) => hook.name);
        expect(names.length).toBe(10);
        expect(new Set(names).size).toBe(10);
    });

    test("reads the scope's cache and main's, writes only the scope's, and nothing when read-only", async () => {
        const run = await recorder();
        image({ cache: { scope: "pr-7" } });
        await run.settle();
        const refs = ["pr-7", "main"].map((scope) => ({
            registry: { ref: `registry.test/cache:api-${scope}-linux-amd64` },
        }));
        expect(run.get("api-amd64").inputs.cacheFrom).toEqual(refs);
        expect(run.get("api-amd64").inputs.cacheTo).toMatchObject([refs[0]]);

        const readOnly = await recorder();
        image({ cache: { scope: "pr-7", readOnly: true } });
        await readOnly.settle();
        expect(readOnly.get("api-amd64").inputs.cacheFrom).toEqual(refs);
        expect(readOnly.get("api-amd64").inputs).not.toHaveProperty("cacheTo");
    });

    test("pushes nothing and tags nothing with push off", async () => {
        const run = await recorder();
        const built = image({ push: false, tags: undefined });
        await run.settle();
        expect(run.names()).toEqual(["api", "api-amd64", "api-arm64"]);
        expect(run.get("api-amd64").inputs.exports).toEqual([{ cacheonly: {} }]);
        expect(await promiseOf(built.ref)).toBe("");
    });

    test("describes each platform: ref, digest, node", async () => {
        const run = await recorder();
        const emulating = { ...record, nodes: [record.nodes[0]!, { ...record.nodes[1]!, emulated: ["linux/arm64"] }] };
        const built = image({ builder: emulating, smokeTest: [["/api"]], smokeTestPlatforms: ["linux/amd64"] });
        await run.settle();
        expect(await promiseOf(built.images)).toEqual({
            "linux/amd64": {
                ref: `registry.test/api@${digests["api-amd64"]}`,
                digest: digests["api-amd64"],
                node: "ci-amd64",
                emulated: false,
                smokeTested: true,
            },
            "linux/arm64": {
                ref: `registry.test/api@${digests["api-arm64"]}`,
                digest: digests["api-arm64"],
                node: "ci-arm64",
                emulated: true,
                smokeTested: false,
            },
        });
    });

    test("passes what to build through as given", async () => {
        const run = await recorder();
        image({
            target: "prod",
            buildArgs: { VERSION: "1" },
            labels: { a: "b" },
            addHosts: ["db:10.0.0.9"],
            namedContexts: { shared: "assets", base: "docker-image://alpine:3" },
            ssh: [{ id: "default" }],
            pull: true,
            noCache: true,
        });
        await run.settle();
        expect(run.get("api-amd64").inputs).toMatchObject({
            target: "prod",
            buildArgs: { VERSION: "1" },
            labels: { a: "b" },
            addHosts: ["db:10.0.0.9"],
            context: {
                location: "assets/empty-context",
                named: { shared: { location: "assets" }, base: { location: "docker-image://alpine:3" } },
            },
            ssh: [{ id: "default" }],
            pull: true,
            noCache: true,
        });
    });

    test("rebuilds by a replacement trigger", async () => {
        const run = await recorder();
        image({ rebuild: "2026-11-21" });
        await run.settle();
        expect(run.get("api-amd64").replacementTrigger).toBe("2026-11-21");
    });

    test.each(["per-platform", "single"])(
        "has a trigger before it is wanted, since the first one triggers nothing: %s",
        async (strategy) => {
            const run = await recorder();
            image({ strategy: strategy as BuildStrategy, smokeTest: undefined });
            await run.settle();
            const built = run.get(strategy === "single" ? "api-image" : "api-amd64");
            expect(built.replacementTrigger).toBe("");
        },
    );
});

describe("MultiArchImage, secrets", () => {
    test("keeps logins and build secrets secret in every child and out of the component", async () => {
        const run = await recorder();
        const built = image({
            registryCredentials: { username: "ci", password: "hunter2-target" },
            registries: [{ address: "ghcr.io", username: "bot", password: "hunter2-base" }],
            secrets: { token: "hunter2-build" },
            smokeTest: [["/api"]],
        });
        await run.settle();
        const { inputs } = run.get("api-amd64");
        const registries = inputs.registries as Record<string, unknown>[];
        expect(registries.map((login) => isSecretValue(login.password))).toEqual([true, true]);
        expect(reveal(registries)).toEqual([
            { address: "registry.test", username: "ci", password: "hunter2-target" },
            { address: "ghcr.io", username: "bot", password: "hunter2-base" },
        ]);
        expect(isSecretValue(inputs.secrets)).toBe(true);
        const component = JSON.stringify(run.get("api").inputs);
        expect(component).not.toMatch(/hunter2|PRIVATE KEY|BEGIN CERTIFICATE/);
        const outputs: pulumi.Output<unknown>[] = [built.ref, built.digest, built.images, built.cacheRefs];
        for (const output of outputs) {
            expect(await pulumi.isSecret(output)).toBe(false);
        }
    });

    test("leaves no PEM text in any resource, and the builder's name is not secret", async () => {
        const run = await recorder();
        image({ credentials: pulumi.secret(credentials), smokeTest: [["/api"]] });
        await run.settle();
        expect(run.resources.length).toBe(6);
        for (const resource of run.resources) {
            expect(JSON.stringify(resource.inputs)).not.toMatch(/BEGIN /);
        }
        expect(run.get("api-amd64").inputs.builder).toEqual({ name: "ci-amd64" });
    });

    test("takes a token of the account for an ECR address", async () => {
        const run = await recorder();
        image({ repositoryUrl: "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/api" });
        await run.settle();
        expect(run.invokes.map(({ inputs }) => inputs)).toEqual([
            { registryId: "123456789012", region: "eu-central-1" },
        ]);
        expect(reveal(run.get("api-amd64").inputs.registries)).toEqual([
            { address: "123456789012.dkr.ecr.eu-central-1.amazonaws.com", username: "AWS", password: "ecr-token" },
        ]);
        expect(JSON.stringify(run.get("api-amd64").inputs)).toContain("1b47061264138c4ac30d75fd1eb44270");
    });
});

describe("MultiArchImage, preview", () => {
    test("registers the same resources with a builder that is not known yet", async () => {
        const run = await recorder(true);
        const infra = new Infra("test:index:Infra", "infra");
        const built = image({ builder: infra.id.apply(() => record), smokeTest: [["/api"]] });
        await run.settle();
        expect(await (built.ref as unknown as { isKnown: Promise<boolean> }).isKnown).toBe(false);
        expect(run.names()).toEqual(expect.arrayContaining(["api-amd64", "api-arm64", "api-smoke-amd64", "api-tag-0"]));
    });

    test("says which platform has no node when the record is known", () => {
        expect(() => image({ platforms: ["linux/amd64", "linux/s390x"] })).toThrow(
            /`platforms\[1\]`: builder "ci" has no node for linux\/s390x; it offers linux\/amd64, linux\/arm64/,
        );
    });
});

describe("MultiArchImage, single", () => {
    test("is one image for all platforms, which pushes its tags and reads every cache, and a cache build per platform", async () => {
        const run = await recorder();
        image({ strategy: BuildStrategy.Single, tags: ["1.4.2", "latest"] });
        await run.settle();
        expect(run.names()).toEqual(["api", "api-cache-amd64", "api-cache-arm64", "api-image"]);
        const { inputs } = run.get("api-image");
        expect(inputs).toMatchObject({
            builder: { name: "ci" },
            platforms: ["linux/amd64", "linux/arm64"],
            tags: ["registry.test/api:1.4.2", "registry.test/api:latest"],
            push: true,
            cacheFrom: [
                { registry: { ref: "registry.test/cache:api-main-linux-amd64" } },
                { registry: { ref: "registry.test/cache:api-main-linux-arm64" } },
            ],
        });
        expect(inputs).not.toHaveProperty("cacheTo");
        expect(inputs).not.toHaveProperty("registries");
        const cache = run.get("api-cache-arm64");
        expect(cache.dependencies).toContain(run.get("api-image").urn);
        expect(cache.inputs).toMatchObject({
            builder: { name: "ci-arm64" },
            exports: [{ cacheonly: {} }],
            cacheTo: [{ registry: { ref: "registry.test/cache:api-main-linux-arm64" } }],
        });
    });
});

describe("two images of one farm", () => {
    const farmArgs = {
        endpoints: [{ platforms: ["linux/amd64"], endpoint: "tcp://10.0.0.1:1234" }],
        registry: { imageRepositoryUrl: "registry.test/app", cacheRepositoryUrl: "registry.test/cache" },
    };

    test("that write one tag or one cache ref are refused before the second is created", async () => {
        const run = await recorder();
        const farm = new MultiArchBuilder("ci", { ...farmArgs, credentials });
        farm.buildImage("one", { dockerfileInline: "FROM scratch", tags: ["1.0"] });
        expect(() => farm.buildImage("two", { dockerfileInline: "FROM scratch", tags: ["1.0"] })).toThrow(
            /`tags\[0\]`: the image "one" writes the same tag: give one of them another name.*got "1\.0"/,
        );
        expect(() => farm.buildImage("one", { dockerfileInline: "FROM scratch", tags: ["2.0"] })).toThrow(
            /`cache`: the image "one" writes the same cache ref.*got "one-main-linux-amd64"/,
        );
        await run.settle();
    });
});
