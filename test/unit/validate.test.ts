import * as fc from "fast-check";
import * as pulumi from "@pulumi/pulumi";
import { validateImage } from "../../components/image/validate";
import { Problems } from "../../components/problems";
import { args, place, problemsOf, record } from "./imageArguments";

const later = pulumi.output("later");

describe("no problem", () => {
    test.each<[string, Record<string, unknown>]>([
        ["the least", {}],
        ["several tags", { tags: ["1.4.2", "latest"] }],
        [
            "Outputs wherever a value may come later",
            {
                context: later,
                tags: [later],
                repositoryUrl: later,
                buildArgs: { A: later },
                secrets: later,
                labels: later,
                namedContexts: { a: later },
                smokeTest: [["/app", later]],
                registryCredentials: { username: "u", password: later },
                builder: pulumi.output(record),
                credentials: pulumi.secret(record),
                noCache: pulumi.output(true),
                cache: { mode: pulumi.output("max") },
            },
        ],
        [
            "null for what is not given",
            {
                platforms: null,
                dockerfile: null,
                repositoryUrl: null,
                cache: null,
                smokeTest: null,
                push: null,
                buildArgs: null,
                registryCredentials: null,
                strategy: null,
                smokeTestPlatforms: null,
            },
        ],
        ["a URL as context", { context: "https://github.com/acme/app.git#main:api" }],
        ["no push and no tags", { push: false, tags: [] }],
        ["a Dockerfile elsewhere", { context: "DIR/bare", dockerfile: "DIR/app/Dockerfile" }],
        ["a Dockerfile as text", { context: "DIR/bare", dockerfileInline: "# syntax=x\nARG A\nfrom scratch" }],
        [
            "named contexts",
            {
                namedContexts: {
                    base: "docker-image://alpine:3",
                    sources: "DIR/bare",
                    repo: "https://github.com/acme/x.git",
                },
            },
        ],
        ["platform tags", { platformTags: "{tag}-{os}-{arch}" }],
        ["smoke tests on some platforms", { smokeTest: [["/app"]], smokeTestPlatforms: ["linux/x86_64"] }],
        ["one build", { strategy: "single" }],
        ["a platform in another spelling", { platforms: ["linux/arm64/v8"] }],
        ["no cache", { cache: { enabled: false }, builder: { ...record, cacheRepositoryUrl: undefined } }],
        [
            "all the rest",
            {
                target: "run",
                ssh: [{ id: "default" }],
                addHosts: ["a:10.0.0.1"],
                network: "none",
                pull: true,
                noCache: false,
                registries: [{ address: "ghcr.io", username: "u", password: "p" }],
                rebuild: "2",
                cache: { mode: "min", scope: "pr-1", readOnly: true },
            },
        ],
    ])("%s", (_, change) => {
        expect(problemsOf(args(place(change)))).toEqual([]);
    });
});

describe("DOCKER_BUILDKIT", () => {
    const before = process.env.DOCKER_BUILDKIT;
    afterEach(() => {
        if (before === undefined) {
            delete process.env.DOCKER_BUILDKIT;
        } else {
            process.env.DOCKER_BUILDKIT = before;
        }
    });

    test.each(["0", "false", "F", "FALSE"])("=%s is refused", (value) => {
        process.env.DOCKER_BUILDKIT = value;
        expect(problemsOf(args())).toEqual([
            `\`DOCKER_BUILDKIT\`: this environment variable switches BuildKit off: unset it (got "${value}")`,
        ]);
    });

    test.each(["1", "true", ""])("=%s is not", (value) => {
        process.env.DOCKER_BUILDKIT = value;
        expect(problemsOf(args())).toEqual([]);
    });
});

test("everything that is wrong is told at once", () => {
    const found = problemsOf({
        builder: { name: "CI", nodes: [null] },
        credentials: { ca: "x" },
        context: "/nowhere",
        dockerfile: "a",
        dockerfileInline: "b",
        platforms: ["linux/arm46", "windows/amd64"],
        tags: ["a b", 1, "x", "x"],
        platformTags: "{tag}",
        repositoryUrl: "https://x/y",
        cache: { mode: "most", scope: "", repositoryUrl: "UPPER/CASE:1" },
        strategy: "single",
        smokeTest: [[], "x"],
        smokeTestPlatforms: ["linux/386"],
        registryCredentials: { username: "u" },
        registries: [{}],
        network: "x",
        push: 1,
        buildArgs: { A: 1 },
    });
    expect([...new Set(found.map((line) => /`(.*?)`/.exec(line)?.[1]))].sort()).toEqual(
        [
            "builder.name",
            "builder.nodes[0]",
            "credentials",
            "context",
            "dockerfileInline",
            "platforms[0]",
            "platforms[1]",
            "tags[0]",
            "tags[1]",
            "tags[3]",
            "platformTags",
            "repositoryUrl",
            "cache.mode",
            "cache.scope",
            "cache.repositoryUrl",
            "smokeTest",
            "smokeTest[0]",
            "smokeTest[1]",
            "smokeTestPlatforms",
            "smokeTestPlatforms[0]",
            "registryCredentials",
            "registries",
            "registries[0]",
            "network",
            "push",
            'buildArgs["A"]',
        ].sort(),
    );
});

test("no secret is in any problem", () => {
    const secret = "hunter2";
    const found = problemsOf(
        args({
            secrets: [secret],
            registryCredentials: [secret],
            registries: [secret],
            credentials: { ca: secret, cert: secret, key: secret },
        }),
    );
    expect(found.length).toBeGreaterThanOrEqual(6);
    expect(found.join()).not.toContain(secret);
});

test.each([null, undefined, 5, "x", []])("%j as arguments is told as such", (value) => {
    expect(problemsOf(value)[0]).toMatch(/^`args`: must be an object with builder, credentials, context, /);
});

test("no value of any argument makes it throw anything but problems", () => {
    const properties = Object.fromEntries(
        [
            "builder",
            "credentials",
            "context",
            "dockerfile",
            "dockerfileInline",
            "namedContexts",
            "platforms",
            "tags",
            "platformTags",
            "push",
            "repositoryUrl",
            "registryCredentials",
            "registries",
            "cache",
            "smokeTest",
            "smokeTestPlatforms",
            "secrets",
            "buildArgs",
            "strategy",
            "ssh",
        ].map((property) => [property, fc.oneof(fc.anything(), fc.array(fc.anything()))]),
    );
    fc.assert(
        fc.property(fc.record(properties, { requiredKeys: [] }), (change) => void problemsOf(args(change))),
        { numRuns: 500 },
    );
});

test("what is returned has no null in it and keeps everything else", () => {
    const output = pulumi.output("x");
    const given = args({
        repositoryUrl: output,
        dockerfile: null,
        cache: { enabled: true, scope: null },
        tags: ["a", output],
    });
    const usable = validateImage("api", given, new Problems());
    expect(Object.keys(usable)).toEqual(["builder", "credentials", "context", "tags", "repositoryUrl", "cache"]);
    expect(usable.repositoryUrl).toBe(output);
    expect(usable.tags?.[1]).toBe(output);
    expect(usable.cache).toEqual({ enabled: true });
    expect(usable.builder).toBe(record);
});
