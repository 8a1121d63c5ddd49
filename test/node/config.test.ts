import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { renderBuildkitdConfig, workerPlatforms } from "../../components/node/buildkitdConfig";
import { emulatorFiles, renderNodeConf } from "../../components/node/nodeConf";
import type { NodeOptions } from "../../components/node/options";
import { cacheSpace, maxParallelism, stepsMemoryMiB } from "../../components/node/sizes";
import { renderToml } from "../../components/node/toml";
import { requireGo } from "../../dev/tools/requirements";
import { sample } from "./sample";

const everything: Partial<NodeOptions> = {
    emulated: ["linux/s390x"],
    mirrors: [{ registry: "docker.io", mirrors: ["mirror.internal/docker-hub", "other.internal:5000"] }],
    registries: [
        { host: "registry.internal:5000", ca: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n" },
        { host: "plain.internal", http: true },
        { host: "docker.io" },
    ],
};

interface Decoded {
    Entitlements: null;
    CDI: { Disabled: boolean };
    GRPC: { Address: string[]; DebugAddress: string; TLS: { Cert: string; Key: string; CA: string } };
    History: { MaxAge: { Duration: number }; MaxEntries: number };
    Workers: {
        OCI: {
            Mode: string;
            BridgeName: string;
            BridgeSubnet: string;
            DefaultCgroupParent: string;
            MaxParallelism: number;
            Platforms: string[];
            GC: boolean;
            GCPolicy: {
                All: boolean;
                MaxUsedSpace: { Bytes: number };
                MinFreeSpace: { Bytes: number };
                ReservedSpace: { Bytes: number };
            }[];
        };
        Containerd: { Enabled: boolean };
    };
    Registries: Record<string, { Mirrors?: string[]; PlainHTTP?: boolean; RootCAs?: string[] }>;
}

describe("buildkitd.toml", () => {
    let program: string;
    let folder: string;
    beforeAll(() => {
        folder = mkdtempSync(join(tmpdir(), "tomlcheck-"));
        program = join(folder, "tomlcheck");
        const build = spawnSync(requireGo("1.21"), ["build", "-o", program, "."], {
            cwd: join(__dirname, "tomlcheck"),
        });
        expect(build.stderr.toString()).not.toMatch(/error|cannot/i);
    }, 300_000);
    afterAll(() => rmSync(folder, { recursive: true }));

    const decode = (toml: string) => spawnSync(program, { input: toml, encoding: "utf8" });
    const understood = (options: NodeOptions) => {
        const { status, stdout, stderr } = decode(renderBuildkitdConfig(options));
        expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
        return JSON.parse(stdout) as Decoded;
    };

    it("is as it was", () => {
        expect(renderBuildkitdConfig(sample(everything))).toMatchSnapshot();
    });

    it("is refused by the check when a key is misspelt", () => {
        const misspelt = renderBuildkitdConfig(sample()).replace("networkMode", "networkModus");
        expect(decode(misspelt)).toMatchObject({ status: 1, stderr: "unknown key [worker oci networkModus]\n" });
    });

    it("has only keys of BuildKit's own type, which understands what is meant", () => {
        const config = understood(sample(everything));
        const { OCI } = config.Workers;
        expect(OCI).toMatchObject({
            Mode: "bridge",
            BridgeName: "buildkit0",
            BridgeSubnet: "172.30.0.0/16",
            DefaultCgroupParent: "buildkit.slice",
            MaxParallelism: 4,
            GC: true,
            Platforms: ["linux/amd64", "linux/386", "linux/s390x"],
        });
        expect(config.Workers.Containerd.Enabled).toBe(false);
        expect(config.CDI.Disabled).toBe(true);
        expect(config.Entitlements).toBeNull();
        expect(config.GRPC.DebugAddress).toBe("");
        expect(config.GRPC.TLS.CA).toBe("/run/buildkit-tls/ca.pem");
        expect(config.History).toEqual({ MaxAge: { Duration: 168 * 3600e9 }, MaxEntries: 100 });
        expect(config.Registries).toEqual({
            "docker.io": expect.objectContaining({
                Mirrors: ["mirror.internal/docker-hub", "other.internal:5000"],
            }) as unknown,
            "plain.internal": expect.objectContaining({ PlainHTTP: true }) as unknown,
            "registry.internal:5000": expect.objectContaining({
                RootCAs: ["/etc/buildkit/ca/registry.internal_5000.pem"],
            }) as unknown,
        });
    });

    it.each([1, 20, 100, 500, 16384])("has rules that keep room on %d GiB, as BuildKit reads them", (cacheSizeGiB) => {
        const total = cacheSizeGiB * 1024 ** 3;
        const rules = understood(sample({ cacheSizeGiB })).Workers.OCI.GCPolicy;
        expect(rules).toHaveLength(3);
        for (const rule of rules.slice(1)) {
            expect(rule.MaxUsedSpace.Bytes + rule.MinFreeSpace.Bytes).toBeLessThan(total);
            expect(rule.MinFreeSpace.Bytes).toBeGreaterThan(0);
            // Nothing is pruned below it, also when the disk is full.
            expect(rule.ReservedSpace.Bytes).toBe(0);
        }
        expect(rules[2]?.All).toBe(true);
    });
});

describe("sizes", () => {
    it.each([
        [20, 5120],
        [100, 15052],
        [500, 65536],
        [4096, 65536],
    ])("of %d GiB %d MiB stay free", (size, free) => {
        expect(cacheSpace(size).minFreeMiB).toBe(free);
    });

    it("fit into every volume, and leave most of it to the cache", () => {
        fc.assert(
            fc.property(fc.integer({ min: 1, max: 65536 }), (size) => {
                const space = cacheSpace(size);
                const total = size * 1024;
                expect(space.maxUsedMiB + space.minFreeMiB + space.reserveMiB).toBeLessThan(total);
                expect(space.maxUsedMiB).toBeGreaterThan(total * 0.55);
                expect(space.lowMiB).toBeLessThan(space.minFreeMiB);
                // Giving the reserved file back must not make the space low again.
                expect(space.lowMiB + space.reserveMiB).toBeLessThan(space.minFreeMiB);
                expect(Object.values(space).every(Number.isInteger)).toBe(true);
            }),
        );
    });

    it.each([
        [1024, 512],
        [2048, 1536],
        [4096, 3431],
        [8192, 7117],
        [65536, 58727],
    ])("of %d MiB build steps get %d", (memory, steps) => {
        expect(stepsMemoryMiB(memory)).toBe(steps);
    });

    it("allow at least one step", () => {
        expect(maxParallelism(1)).toBe(1);
        expect(maxParallelism(192)).toBe(192);
    });
});

describe("platforms", () => {
    it("start with the machine's own, which is the default of a build without one", () => {
        const options = sample({ platforms: ["linux/386", "linux/s390x", "linux/x86_64"], emulated: ["linux/s390x"] });
        expect(workerPlatforms(options)).toEqual(["linux/amd64", "linux/386", "linux/s390x"]);
    });

    it.each([
        [["linux/s390x"], ["buildkit-qemu-s390x"]],
        [["linux/arm/v7", "linux/arm/v6"], ["buildkit-qemu-arm"]],
        [
            ["linux/arm64", "linux/riscv64"],
            ["buildkit-qemu-aarch64", "buildkit-qemu-riscv64"],
        ],
        [["linux/amd64"], ["buildkit-qemu-x86_64"]],
        [[], []],
    ])("%j need %j", (platforms, files) => {
        expect(emulatorFiles(platforms)).toEqual(files);
    });
});

describe("TOML", () => {
    const key = fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }).filter((text) => text !== "__proto__");
    const scalar = fc.oneof(fc.string({ unit: "grapheme" }), fc.integer(), fc.boolean());
    const list = fc.array(fc.string({ unit: "grapheme" }), { minLength: 1 });
    const table = fc.dictionary(key, fc.oneof(scalar, list), { minKeys: 1 });

    it("reads back as it was written", async () => {
        const { parse } = await import("smol-toml");
        const tables = fc.dictionary(key, fc.oneof(scalar, list, table, fc.array(table, { minLength: 1 })));
        fc.assert(
            fc.property(tables, (document) => {
                expect(JSON.parse(JSON.stringify(parse(renderToml(document))))).toEqual(
                    JSON.parse(JSON.stringify(document)),
                );
            }),
        );
    });
});

describe("node.conf", () => {
    it("means exactly its values, whatever is in them", () => {
        fc.assert(
            fc.property(
                fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0")),
                (name) => {
                    const conf = renderNodeConf(sample({ nodeName: name }));
                    const script = `${conf}\nprintf '%s' "$NODE_NAME"`;
                    expect(spawnSync("sh", ["-c", script], { encoding: "utf8" }).stdout).toBe(name);
                },
            ),
            { numRuns: 30 },
        );
    });

    it("sends the node's own downloads through the proxy, and never the metadata service", () => {
        const conf = renderNodeConf(sample({ proxy: { https: "http://proxy.internal:3128", noProxy: ".internal" } }));
        expect(conf).toContain("export https_proxy='http://proxy.internal:3128'");
        expect(conf).toContain("export HTTPS_PROXY='http://proxy.internal:3128'");
        expect(conf).toContain("export NO_PROXY='localhost,127.0.0.1,169.254.169.254,.internal'");
        expect(renderNodeConf(sample())).not.toMatch(/proxy/i);
    });
});
