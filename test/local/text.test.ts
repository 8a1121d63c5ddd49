import { parse } from "yaml";
import type { ImageArguments } from "../../dev/local/arguments";
import { canRun } from "../../dev/local/emulation";
import { renderBuildkitdToml } from "../../dev/local/node";
import { renderRegistryConfig } from "../../dev/local/registry";
import { readBackProblems } from "../../dev/local/registryClient";
import { goEnvironment, sampleBinary } from "../../dev/local/sample";
import { stackValues } from "../../dev/local/stackConfig";
import { ProgramOutputs, programOutputs, smokeTestResult } from "../../dev/local/summary";
import { goTools, readGoMod, requiredVersion } from "../../dev/tools/modules";

const image: ImageArguments = {
    name: "api",
    sample: false,
    context: "apps/api",
    buildArgs: {},
    tags: ["1"],
    strategy: "per-platform",
    smokeTest: [["/api", "--version"]],
};
const farm = {
    nodes: [
        {
            name: "arm64",
            platforms: ["linux/arm64"],
            emulated: ["linux/arm64"],
            endpoint: "tcp://127.0.0.1:1",
            serverName: "arm64.builder.internal",
            advertised: [],
        },
    ],
    credentials: { ca: "CA", cert: "CERT", key: "KEY" },
    registry: { address: "127.0.0.1:5", username: "local", password: "PASSWORD", caFile: "/ca.pem" },
    canRun,
};
// A platform that no test machine runs, natively or emulated.
const foreign = process.arch === "x64" ? "linux/loong64" : "linux/mips64le";
const native = process.arch === "x64" ? "linux/amd64" : "linux/arm64";

describe("stack configuration", () => {
    const seal = (plain: string) => ({ secure: `sealed ${plain.length}` });

    it("seals the key and the password and nothing else", () => {
        const values = stackValues(farm, image, [native, foreign], seal);
        expect(values.credentials).toEqual({ ca: "CA", cert: "CERT", key: { secure: "sealed 3" } });
        expect(values.registry).toEqual({
            imageRepositoryUrl: "127.0.0.1:5/api",
            cacheRepositoryUrl: "127.0.0.1:5/cache",
            credentials: { username: "local", password: { secure: "sealed 8" } },
        });
        expect(JSON.stringify(values)).not.toMatch(/KEY|PASSWORD/);
    });

    it("tests only on platforms that can run here", () => {
        expect(stackValues(farm, image, [native, foreign], seal).image).toMatchObject({ smokeTestPlatforms: [native] });
        expect(stackValues(farm, image, [foreign], seal).image).not.toHaveProperty("smokeTest");
    });

    it("leaves the registry's login to the host with the strategy single", () => {
        const single = { ...image, strategy: "single" as const, smokeTest: [] };
        expect(stackValues(farm, single, [native], seal).registry).not.toHaveProperty("credentials");
    });
});

describe("summary", () => {
    const outputs = { platforms: [native, foreign], images: {} } as unknown as ProgramOutputs;

    it("never calls a test passed that did not run", () => {
        expect(smokeTestResult(native, outputs, image, canRun)).toBe("passed");
        expect(smokeTestResult(foreign, outputs, image, canRun)).toBe(`not run (no emulator for ${foreign})`);
        expect(smokeTestResult(native, outputs, { ...image, smokeTest: [] }, canRun)).toMatch(
            /^not run \(none asked for/,
        );
        expect(smokeTestResult(native, outputs, { ...image, strategy: "single" }, canRun)).toMatch(
            /^not run \(--strategy single/,
        );
        const left = { ...outputs, images: { [native]: { ref: "", digest: "", node: "", smokeTested: false } } };
        expect(smokeTestResult(native, left, image, canRun)).toMatch(/^not run/);
    });

    it("names outputs that are missing", () => {
        expect(() => programOutputs({ builder: {}, ref: "r" })).toThrow(
            /no output digest, platforms; it has builder, ref/,
        );
    });

    it("tells an image with the wrong architecture or a missing platform", () => {
        const digest = "sha256:0";
        const stored = [{ platform: "linux/arm64", architecture: "amd64", digest }];
        expect(readBackProblems(stored, ["linux/arm64", "linux/amd64"])).toEqual([
            "linux/amd64 is missing in the registry, it has linux/arm64",
            "the image for linux/arm64 says architecture amd64",
        ]);
        expect(readBackProblems([{ platform: "linux/arm/v7", architecture: "arm", digest }], ["linux/arm/v7"])).toEqual(
            [],
        );
    });
});

describe("configuration of the services", () => {
    it("pins a node to its platforms and gives it its own everything", () => {
        const toml = renderBuildkitdToml(
            {
                tools: { runc: "/usr/sbin/runc" },
                platforms: ["linux/arm64", "linux/arm/v7"],
                port: 20001,
                certFile: "/c.pem",
                keyFile: "/k.pem",
                clientCaFile: "/ca.pem",
                registryAddress: "127.0.0.1:5",
            },
            "/srv/nodes/arm64",
        );
        expect(toml).toContain('platforms = ["linux/arm64", "linux/arm/v7"]');
        expect(toml).toContain('[registry."127.0.0.1:5"]\n  http = true');
        expect(toml).toContain('address = ["tcp://127.0.0.1:20001"]');
        expect(toml).not.toContain("KEY");
    });

    it("lets the registry delete and answer with relative locations", () => {
        const config = parse(renderRegistryConfig("/r", 5)) as Record<string, Record<string, unknown>>;
        expect(config.http).toEqual({ addr: "127.0.0.1:5", relativeurls: true });
        expect(config.storage).toMatchObject({ delete: { enabled: true } });
    });
});

describe("the sample", () => {
    it.each([
        ["linux/amd64", "hello-amd64", { GOARCH: "amd64" }],
        ["linux/amd64/v3", "hello-amd64v3", { GOARCH: "amd64", GOAMD64: "v3" }],
        ["linux/arm/v7", "hello-armv7", { GOARCH: "arm", GOARM: "7" }],
        ["linux/386", "hello-386", { GOARCH: "386" }],
    ])("%s", (platform, binary, environment) => {
        expect(sampleBinary(platform)).toBe(binary);
        expect(goEnvironment(platform)).toEqual({ CGO_ENABLED: "0", GOOS: "linux", ...environment });
    });
});

describe("pinned tools", () => {
    it("take their version from go.mod", () => {
        for (const tool of goTools) {
            expect(requiredVersion(readGoMod(tool), tool.module)).toMatch(/^v\d+\.\d+\.\d+$/);
        }
        expect(() => requiredVersion("module x\n", "github.com/moby/buildkit")).toThrow(/go get -tool/);
    });
});
