import { parsePlatform } from "../platform";
import { gcRules, workerPlatforms } from "./buildkitdConfig";
import type { NodeOptions } from "./options";
import { metadataAddresses, nodePort, paths, socketAddress, stepsSlice } from "./paths";
import { releaseUrl } from "./pins";
import { cacheSpace } from "./sizes";

/** Where programs are looked for, the release's own first. */
export const searchPath = `${paths.binaries}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;

/** BuildKit's names of its emulators. https://github.com/moby/buildkit/blob/v0.33.1/solver/llbsolver/ops/exec_binfmt.go */
const emulatorNames: Record<string, string> = { amd64: "x86_64", arm64: "aarch64", "386": "i386" };

/** Files of the release that stay on a node so that it runs its emulated platforms. */
export function emulatorFiles(emulated: readonly string[]): string[] {
    const architectures = emulated.map((platform) => parsePlatform(platform)?.architecture ?? platform);
    return [...new Set(architectures.map((name) => `buildkit-qemu-${emulatorNames[name] ?? name}`))].sort();
}

/** node.conf: the settings of the node's scripts, read by the shell. */
export function renderNodeConf(options: NodeOptions): string {
    const { buildkit, parameters, architecture } = options;
    const { minFreeMiB, lowMiB, reserveMiB } = cacheSpace(options.cacheSizeGiB);
    const settings: Record<string, string | number> = {
        NODE_NAME: options.nodeName,
        ARCHITECTURE: architecture,
        PLATFORMS: workerPlatforms(options).join(" "),
        EMULATORS: emulatorFiles(options.emulated).join(" "),
        SERVER_NAME: options.serverName,
        PORT: nodePort,
        DAEMON: socketAddress,
        DAEMON_SECONDS: 60,
        READY_ATTEMPTS: 30,
        GC_RULES: gcRules(options.cacheSizeGiB).map(gcLine).join("\n"),
        STEPS_CGROUP: `/sys/fs/cgroup/${stepsSlice}`,
        BINFMT_DIR: "/proc/sys/fs/binfmt_misc",

        REGION: options.region,
        PARAMETER_CERT: parameters.serverCert,
        PARAMETER_KEY: parameters.serverKey,
        PARAMETER_CA: parameters.clientCa,
        TLS_DIR: paths.tls,
        FETCH_ATTEMPTS: 10,
        FETCH_DELAY: 5,
        REFRESH_SECONDS: 6 * 3600,
        REFRESH_DELAY: 30,

        VOLUME_ID: options.cacheVolumeId,
        CACHE_DIR: paths.cache,
        DISKS_DIR: "/dev/disk/by-id",
        DISK_SECONDS: 600,
        MIN_FREE_MIB: minFreeMiB,
        LOW_MIB: lowMiB,
        RESERVE_MIB: reserveMiB,
        SPACE_DELAY: 1,

        RELEASE_URL: releaseUrl(buildkit.baseUrl, buildkit.version, architecture),
        RELEASE_SHA256: buildkit.sha256,
        BIN_DIR: paths.binaries,

        METADATA_RULES: `${paths.config}/metadata.nft`,
        GATE_RULES: `${paths.config}/gate.nft`,
        GATE_SECONDS: 5,
        IDLE_MINUTES: options.idleStopMinutes,
        IDLE_DIR: paths.idle,
        UPTIME_FILE: "/proc/uptime",

        AGENT_CTL: "/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl",
        AGENT_CONFIG: `${paths.config}/cloudwatch-agent.json`,
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${shellQuote(String(value))}`);
    const environment = Object.entries({ PATH: searchPath, ...proxyEnvironment(options) });
    return [...lines, ...environment.map(([name, value]) => `export ${name}=${shellQuote(value)}`), ""].join("\n");
}

/** proxy.env: the daemon's environment, read by systemd. */
export function renderProxyEnvironment(options: NodeOptions): string {
    return Object.entries(proxyEnvironment(options))
        .map(([name, value]) => `${name}=${value}\n`)
        .join("");
}

/** Both spellings, because curl and dnf read the lower one. The metadata service is never behind the proxy. */
function proxyEnvironment({ proxy }: NodeOptions): Record<string, string> {
    if (!proxy?.http && !proxy?.https) {
        return {};
    }
    const direct = ["localhost", "127.0.0.1", metadataAddresses.ipv4, proxy.noProxy].filter(Boolean).join(",");
    const values = { http_proxy: proxy.http, https_proxy: proxy.https, no_proxy: direct };
    const given = Object.entries(values).filter((entry): entry is [string, string] => Boolean(entry[1]));
    return Object.fromEntries(
        given.flatMap(([name, value]) => [
            [name, value],
            [name.toUpperCase(), value],
        ]),
    );
}

/** A rule as the running daemon reports it: all, duration, reserved, used and free space in bytes. */
function gcLine({ all, keepHours, maxUsedMiB, minFreeMiB }: ReturnType<typeof gcRules>[number]): string {
    const bytes = (mebibytes = 0) => mebibytes * 1024 * 1024;
    const duration = keepHours === undefined ? "0s" : `${keepHours}h0m0s`;
    return `${all ?? false} ${duration} 0 ${bytes(maxUsedMiB)} ${bytes(minFreeMiB)}`;
}

/** A word of the shell that stands for exactly this text. */
export function shellQuote(text: string): string {
    return `'${text.replaceAll("'", "'\\''")}'`;
}
