import * as fc from "fast-check";
import {
    cacheRef,
    cacheTag,
    importScopes,
    isTag,
    platformTag,
    registryHost,
    repositoryProblem,
} from "../../components/image/names";

const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

describe("cache tags", () => {
    test.each([
        ["api", "main", "linux/amd64", "api-main-linux-amd64"],
        ["api", "main", "linux/arm", "api-main-linux-arm-v7"],
        ["api", "main", "linux/arm64/v8", "api-main-linux-arm64"],
        ["api", "main", "linux/amd64/v3", "api-main-linux-amd64-v3"],
        ["shop/api", "feature/login #7", "linux/arm64", "shop-api-feature-login--7-linux-arm64"],
        [".hidden", "main", "linux/386", "_hidden-main-linux-386"],
        ["-x", "main", "linux/386", "_x-main-linux-386"],
        ["größe", "main", "linux/386", "gr--e-main-linux-386"],
    ])("%s, %s, %s: %s", (image, scope, platform, tag) => {
        expect(cacheTag(image, scope, platform)).toBe(tag);
    });

    test("a long one is cut and ends in the hash of the whole", () => {
        const tag = cacheTag("a".repeat(200), "main", "linux/arm64");
        expect(tag).toHaveLength(128);
        expect(tag).toMatch(/^a{119}-[0-9a-f]{8}$/);
        expect(tag).not.toBe(cacheTag("a".repeat(201), "main", "linux/arm64"));
        expect(tag).not.toBe(cacheTag("a".repeat(200), "main", "linux/amd64"));
    });

    test("one of exactly 128 characters is left whole", () => {
        const image = "a".repeat(128 - "-main-linux-arm64".length);
        expect(cacheTag(image, "main", "linux/arm64")).toBe(`${image}-main-linux-arm64`);
    });

    const name = fc.string({ unit: "binary", maxLength: 300 });

    test("whatever the names, it is a valid tag and always the same", () => {
        fc.assert(
            fc.property(
                name,
                name,
                fc.constantFrom("linux/amd64", "linux/arm/v6", "nonsense"),
                (image, scope, platform) => {
                    const tag = cacheTag(image, scope, platform);
                    expect(tag).toMatch(tagPattern);
                    expect(cacheTag(image, scope, platform)).toBe(tag);
                },
            ),
        );
    });

    test("distinct long names have distinct tags", () => {
        const long = fc.string({ unit: "grapheme-ascii", minLength: 140, maxLength: 200 });
        fc.assert(
            fc.property(long, long, (a, b) => {
                fc.pre(a !== b);
                expect(cacheTag(a, "main", "linux/arm64")).not.toBe(cacheTag(b, "main", "linux/arm64"));
            }),
        );
    });

    test("no two platforms share a tag", () => {
        const platforms = ["linux/amd64", "linux/amd64/v2", "linux/arm64", "linux/arm/v6", "linux/arm/v7", "linux/386"];
        expect(new Set(platforms.map((p) => cacheTag("api", "main", p))).size).toBe(platforms.length);
    });

    test("the ref is repository and tag", () => {
        expect(cacheRef("localhost:5000/cache", "api", "main", "linux/386")).toBe(
            "localhost:5000/cache:api-main-linux-386",
        );
    });

    test("main is imported besides the own scope, and once only", () => {
        expect(importScopes("main")).toEqual(["main"]);
        expect(importScopes("pr-7")).toEqual(["pr-7", "main"]);
    });
});

describe("platform tags", () => {
    test.each([
        ["{tag}-{os}-{arch}", "1.0", "linux/arm64", "1.0-linux-arm64"],
        ["{tag}-{arch}", "1.0", "linux/arm/v7", "1.0-arm-v7"],
        ["{arch}.{tag}.{tag}", "1.0", "linux/386", "386.1.0.1.0"],
        ["{tag}-{arch}", "$&", "linux/386", "$&-386"],
        ["{tag}-{arch}", "{arch}{os}", "linux/386", "{arch}{os}-386"],
    ])("%s with %s on %s: %s", (pattern, tag, platform, expected) => {
        expect(platformTag(pattern, tag, platform)).toBe(expected);
    });
});

test.each([
    ["1.4.2", true],
    ["latest", true],
    ["_x", true],
    ["A".repeat(128), true],
    ["A".repeat(129), false],
    ["", false],
    [".x", false],
    ["-x", false],
    ["a b", false],
    ["a/b", false],
    ["a:b", false],
    ["a\n", false],
    ["ä", false],
    [1, false],
    [null, false],
])("%j is a tag: %s", (text, expected) => {
    expect(isTag(text as string)).toBe(expected);
});

describe("repositories, by the rules of distribution/reference", () => {
    test.each([
        ["localhost:5000/x", "localhost:5000"],
        ["127.0.0.1:5000/x", "127.0.0.1:5000"],
        ["[::1]:5000/x", "[::1]:5000"],
        ["ghcr.io/a/b", "ghcr.io"],
        ["localhost/x", "localhost"],
        ["acme/app", "docker.io"],
        ["app", "docker.io"],
        ["docker.io/acme/app", "docker.io"],
        ["index.docker.io/acme/app", "docker.io"],
        ["registry:5000/a/b/c", "registry:5000"],
        ["Upper/case", "Upper"],
        ["123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/api", "123456789012.dkr.ecr.eu-central-1.amazonaws.com"],
        ["ghcr.io/a_b/c__d/e---f/g.h", "ghcr.io"],
        [`ghcr.io/${"a".repeat(255)}`, "ghcr.io"],
    ])("%s is one, on %s", (text, host) => {
        expect(repositoryProblem(text)).toBeUndefined();
        expect(registryHost(text)).toBe(host);
    });

    const lowerCase = "must be lower case: letters and digits, separated by `.`, `_`, `-` and `/`";
    const noTag = "must be a repository without a tag; tags go into `tags`";
    const noScheme = "must be without a scheme, for example 123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/api";
    const badHost = "its registry host is not valid: a host name or address, and a port where it needs one";
    test.each([
        ["Upper/Case", lowerCase],
        ["App", lowerCase],
        ["ghcr.io/Acme/app", lowerCase],
        ["ghcr.io/a//b", lowerCase],
        ["ghcr.io/a/", lowerCase],
        ["ghcr.io/", lowerCase],
        ["/a", lowerCase],
        ["", lowerCase],
        ["ghcr.io/a b", lowerCase],
        ["ghcr.io/a\n", lowerCase],
        ["ghcr.io/a..b", lowerCase],
        ["ghcr.io/a___b", lowerCase],
        ["ghcr.io/-a", lowerCase],
        ["ghcr.io/a:1.0", noTag],
        ["app:1.0", noTag],
        ["localhost:5000/x:1.0", noTag],
        [`ghcr.io/a@sha256:${"a".repeat(64)}`, "must be a repository without a digest"],
        [`ghcr.io/a:1@sha256:${"a".repeat(64)}`, "must be a repository without a digest"],
        ["https://ghcr.io/a", noScheme],
        ["HTTP://ghcr.io/a", noScheme],
        ["oci://ghcr.io/a", noScheme],
        ["docker-image://ghcr.io/a", noScheme],
        ["a:b/c", badHost],
        ["ghcr..io/a", badHost],
        ["-ghcr.io/a", badHost],
        ["ghcr.io:/a", badHost],
        ["::1/a", badHost],
        [`ghcr.io/${"a".repeat(256)}`, "its path is longer than 255 characters"],
        [5, "must be text, for example registry.acme.io/shop/api"],
        [null, "must be text, for example registry.acme.io/shop/api"],
    ])("%j: %s", (text, problem) => {
        expect(repositoryProblem(text as string)).toBe(problem);
    });
});
