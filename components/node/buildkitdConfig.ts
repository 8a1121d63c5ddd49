import { architectureSuffix, nativeFamily, normalizePlatform } from "../platform";
import type { NodeOptions } from "./options";
import { bridgeName, nodePort, paths, socketAddress, stepsSlice } from "./paths";
import { cacheSpace, maxParallelism } from "./sizes";
import { type TomlTable, renderToml } from "./toml";

/** A rule of garbage collection. https://docs.docker.com/build/cache/garbage-collection/ */
export interface GcRule {
    all?: boolean;
    filters?: string[];
    keepHours?: number;
    maxUsedMiB: number;
    minFreeMiB?: number;
}

/**
 * The rules, which replace BuildKit's own: those cap the cache at 100 GB and cache mounts at 512 MB. There is no
 * reserved space: a rule never prunes below it, so a disk that something else filled would stay full.
 */
export function gcRules(cacheSizeGiB: number): GcRule[] {
    const { maxUsedMiB, minFreeMiB, maxSourcesMiB } = cacheSpace(cacheSizeGiB);
    return [
        { filters: ["type==source.local", "type==source.git.checkout"], keepHours: 168, maxUsedMiB: maxSourcesMiB },
        { maxUsedMiB, minFreeMiB },
        { all: true, maxUsedMiB, minFreeMiB },
    ];
}

/** Platforms that a node's worker advertises: the first one is its default, so its own comes first. */
export function workerPlatforms({
    architecture,
    platforms,
    emulated,
}: Pick<NodeOptions, "architecture" | "platforms" | "emulated">): string[] {
    const listed = [...new Set([...platforms, ...emulated].map(normalizePlatform))];
    const rank = (platform: string) =>
        architectureSuffix(platform) === architecture ? 0 : nativeFamily(platform) === architecture ? 1 : 2;
    return listed.sort((a, b) => rank(a) - rank(b));
}

/** Name of the file with a registry's CA. */
export function caFile(host: string): string {
    return `${paths.config}/ca/${host.replaceAll(/[^A-Za-z0-9.-]/g, "_")}.pem`;
}

/** What of a node's options its daemon is configured by. */
export type DaemonOptions = Pick<
    NodeOptions,
    "architecture" | "platforms" | "emulated" | "bridgeSubnet" | "cacheSizeGiB" | "vcpus" | "mirrors" | "registries"
>;

/**
 * buildkitd.toml. BuildKit ignores a key that it does not know: test/node/tomlcheck decodes this strictly. Build steps are in
 * the given cgroup and run by the node's runc.sh; with null in the daemon's own and by runc itself.
 */
export function renderBuildkitdConfig(options: DaemonOptions, stepsCgroup: string | null = stepsSlice): string {
    return renderToml({
        root: paths.cache,
        log: { level: "info", format: "json" },
        grpc: {
            address: [socketAddress, `tcp://0.0.0.0:${nodePort}`],
            tls: { cert: `${paths.tls}/cert.pem`, key: `${paths.tls}/key.pem`, ca: `${paths.tls}/ca.pem` },
        },
        otel: { socketPath: `${paths.socketDirectory}/otel-grpc.sock` },
        // Left on, it grants the `device` entitlement to every build.
        cdi: { disabled: true },
        // No entries at all would hide running builds from the idle check.
        history: { maxAge: "168h", maxEntries: 100 },
        worker: {
            oci: {
                enabled: true,
                binary: stepsCgroup === null ? undefined : `${paths.scripts}/runc.sh`,
                platforms: workerPlatforms(options),
                networkMode: "bridge",
                bridgeName,
                bridgeSubnet: options.bridgeSubnet,
                defaultCgroupParent: stepsCgroup ?? undefined,
                "max-parallelism": maxParallelism(options.vcpus),
                gc: true,
                gcpolicy: gcRules(options.cacheSizeGiB).map(gcTable),
            },
            containerd: { enabled: false },
        },
        registry: registryTables(options),
    });
}

function gcTable({ all, filters, keepHours, maxUsedMiB, minFreeMiB }: GcRule): TomlTable {
    return {
        all,
        filters,
        keepDuration: keepHours === undefined ? undefined : `${keepHours}h`,
        maxUsedSpace: `${maxUsedMiB}MiB`,
        minFreeSpace: minFreeMiB === undefined ? undefined : `${minFreeMiB}MiB`,
    };
}

function registryTables({ mirrors, registries }: DaemonOptions): TomlTable {
    const hosts = new Set([...mirrors.map(({ registry }) => registry), ...registries.map(({ host }) => host)]);
    return Object.fromEntries(
        [...hosts].sort().map((name) => {
            const listed = mirrors.filter(({ registry }) => registry === name).flatMap((mirror) => mirror.mirrors);
            const own = registries.find(({ host }) => host === name);
            const table: TomlTable = {
                mirrors: listed.length > 0 ? listed : undefined,
                http: own?.http ? true : undefined,
                ca: own?.ca === undefined ? undefined : [caFile(name)],
            };
            return [name, table];
        }),
    );
}
