import * as fc from "fast-check";
import {
    architectureSuffix,
    formatPlatform,
    nativeFamily,
    nearest,
    normalizePlatform,
    parsePlatform,
    platformProblem,
} from "../../components/platform";

describe("normal form, as containerd has it", () => {
    test.each([
        ["linux/amd64", "linux/amd64"],
        ["linux/amd64/v1", "linux/amd64"],
        ["linux/amd64/v2", "linux/amd64/v2"],
        ["linux/amd64/v4", "linux/amd64/v4"],
        ["linux/x86_64", "linux/amd64"],
        ["linux/x86-64", "linux/amd64"],
        ["linux/i386", "linux/386"],
        ["linux/386", "linux/386"],
        ["linux/arm64", "linux/arm64"],
        ["linux/arm64/v8", "linux/arm64"],
        ["linux/arm64/8", "linux/arm64"],
        ["linux/arm64/v8.0", "linux/arm64"],
        ["linux/arm64/v8.2", "linux/arm64/v8.2"],
        ["linux/arm64/v9", "linux/arm64/v9"],
        ["linux/arm64/9", "linux/arm64/v9"],
        ["linux/arm64/v9.0", "linux/arm64/v9"],
        ["linux/aarch64", "linux/arm64"],
        ["linux/arm", "linux/arm/v7"],
        ["linux/arm/7", "linux/arm/v7"],
        ["linux/arm/v6", "linux/arm/v6"],
        ["linux/arm/5", "linux/arm/v5"],
        ["linux/armhf", "linux/arm/v7"],
        ["linux/armhf/v6", "linux/arm/v7"],
        ["linux/armel", "linux/arm/v6"],
        ["linux/s390x", "linux/s390x"],
        ["linux/riscv64", "linux/riscv64"],
        ["LINUX/ARM64/V8", "linux/arm64"],
        ["  linux/amd64 ", "linux/amd64"],
    ])("%s is %s", (text, normal) => {
        expect(normalizePlatform(text)).toBe(normal);
        expect(platformProblem(text)).toBeUndefined();
    });

    test("the parts are told apart", () => {
        expect(parsePlatform("linux/arm")).toEqual({ os: "linux", architecture: "arm", variant: "v7" });
        expect(parsePlatform("linux/arm64/v8")).toEqual({ os: "linux", architecture: "arm64" });
        expect(formatPlatform({ os: "linux", architecture: "amd64", variant: "v2" })).toBe("linux/amd64/v2");
    });

    test("a text that is no platform stays as it is", () => {
        expect(normalizePlatform("Linux/Arm46")).toBe("Linux/Arm46");
    });
});

describe("what is not taken, with the nearest valid one", () => {
    test.each([
        ["linux/arm46", "linux/arm64"],
        ["linux/amd46", "linux/amd64"],
        ["arm64", "linux/arm64"],
        ["amd64", "linux/amd64"],
        ["aarch64", "linux/arm64"],
        ["x86_64", "linux/amd64"],
        ["arm/v6", "linux/arm/v6"],
        ["linux/x64", "linux/amd64"],
        ["linux-arm64", "linux/arm64"],
        ["linux/arm64v8", "linux/arm64"],
        ["linux/arm64/", "linux/arm64"],
        ["linux/amd64/v9", "linux/amd64/v2"],
        ["linux/arm/v9", "linux/arm/v7"],
        ["linux/x86", "linux/386"],
        ["linux/s390", "linux/s390x"],
        ["linux/amd64/v2/x", "linux/amd64/v2"],
        ["lnux/arm64", "linux/arm64"],
    ])("%s: did you mean %s", (text, suggestion) => {
        expect(platformProblem(text)).toBe(
            `not a platform that BuildKit builds; did you mean ${JSON.stringify(suggestion)}?`,
        );
    });

    test.each(["windows/amd64", "windows(10.0.17763)/amd64", "darwin/arm64", "macos/arm64", "Windows/AMD64"])(
        "%s: Linux images only",
        (text) => {
            expect(platformProblem(text)).toBe(
                "only Linux images are built; use a platform such as linux/amd64 or linux/arm64",
            );
        },
    );

    test.each([null, undefined, 5, true, {}, [], ["linux/amd64"]])("%j is no text", (value) => {
        const text = value as string;
        expect(platformProblem(text)).toBe("must be text, for example linux/arm64");
        expect(parsePlatform(text)).toBeUndefined();
        expect(normalizePlatform(text)).toBe(value);
    });

    test.each(["constructor", "__proto__", "toString", "hasOwnProperty"])("linux/%s is no alias", (name) => {
        expect(parsePlatform(`linux/${name}`)).toBeUndefined();
        expect(platformProblem(`linux/${name}`)).toMatch(/^not a platform that BuildKit builds; did you mean "linux\//);
    });
});

describe("properties", () => {
    const anyText = fc.oneof(
        fc.string(),
        fc.string().map((s) => `linux/${s}`),
        fc.string().map((s) => `linux/arm/${s}`),
    );

    test("normalising twice changes nothing", () => {
        fc.assert(
            fc.property(anyText, (text) => normalizePlatform(normalizePlatform(text)) === normalizePlatform(text)),
        );
    });

    test("every text either parses or has a problem, and every suggestion is valid", () => {
        fc.assert(
            fc.property(anyText, (text) => {
                const problem = platformProblem(text);
                expect(problem === undefined).toBe(parsePlatform(text) !== undefined);
                const suggestion = /did you mean (".*")\?$/.exec(problem ?? "")?.[1];
                if (suggestion) {
                    expect(platformProblem(JSON.parse(suggestion) as string)).toBeUndefined();
                }
            }),
        );
    });
});

test.each([
    ["linux/amd64", "amd64"],
    ["linux/amd64/v3", "amd64-v3"],
    ["linux/arm", "arm-v7"],
    ["linux/arm64/v8", "arm64"],
    ["linux/386", "386"],
])("the suffix of %s is %s", (platform, suffix) => {
    expect(architectureSuffix(platform)).toBe(suffix);
});

test.each([
    ["linux/amd64/v3", "amd64"],
    ["linux/386", "amd64"],
    ["linux/arm64/v8", "arm64"],
    ["linux/arm/v7", "arm"],
    ["linux/arm", "arm"],
    ["linux/s390x", "s390x"],
])("the native family of %s is %s", (platform, family) => {
    expect(nativeFamily(platform)).toBe(family);
});

test("nearest takes the first of equally near candidates, and nothing from an empty list", () => {
    expect(nearest("b", ["a", "c"])).toBe("a");
    expect(nearest("tag", ["tags", "target"])).toBe("tags");
    expect(nearest("x", [])).toBe("");
});
