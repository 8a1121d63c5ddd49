import { duplicates } from "../buildx/record";
import { nativeFamily, parsePlatform } from "../platform";
import { Problems } from "../problems";
import type { NodeOptions, NodeProxy, NodeRegistry, NodeRegistryMirror } from "./options";

/** Host with an optional port and path, as registries and mirrors are named. */
const hostPattern = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:\d{1,5})?$/;
const mirrorPattern = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:\d{1,5})?(\/[A-Za-z0-9._/-]{1,255})?$/;
const dnsPattern = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;

type Add = (path: string, value: unknown, reason: string) => void;

/** Checks a node's options before anything is rendered from them. Throws one error that names every problem. */
export function validateNodeOptions(options: NodeOptions): void {
    const problems = new Problems();
    const add: Add = (path, value, reason) => problems.add(path, value, reason);
    const text = (path: string, value: string, pattern: RegExp, reason: string) => {
        if (!pattern.test(value)) {
            add(path, value, reason);
        }
    };
    text("builderName", options.builderName, /^[a-z][a-z0-9._-]*$/, "must be the name of a buildx builder, like ci");
    text("nodeName", options.nodeName, /^[a-z][a-z0-9._-]*$/i, "must be the name of a buildx node, like ci-arm64");
    text("serverName", options.serverName, dnsPattern, "must be a DNS name, like arm64.ci.internal");
    text("region", options.region, /^[a-z]{2,4}(-[a-z0-9]+)+$/, "must be an AWS region, like eu-west-1");
    for (const [name, value] of Object.entries(options.parameters) as [string, string][]) {
        const path = `parameters.${name}`;
        text(
            path,
            value,
            /^(arn:aws[a-z-]*:ssm:[a-z0-9-]+:\d+:parameter)?\/?[A-Za-z0-9._/-]+$/,
            "must be the name or ARN of an SSM parameter",
        );
    }
    text(
        "cacheVolumeId",
        options.cacheVolumeId,
        /^vol-[0-9a-f]{8,17}$/,
        "must be the id of an EBS volume, like vol-0123456789abcdef0",
    );
    checkPlatforms(options, add);
    checkNumbers(options, add);
    checkSubnet(options.bridgeSubnet, add);
    checkRegistries(options, add);
    checkProxy(options.proxy, add);
    checkRelease(options, add);
    problems.throwIfAny(`node ${options.nodeName}`);
}

function checkPlatforms({ architecture, platforms, emulated }: NodeOptions, add: Add): void {
    const isNative = (platform: string) => nativeFamily(platform) === architecture;
    const onArm = (platform: string) => architecture === "arm64" && nativeFamily(platform) === "arm";
    if (platforms.every((platform) => emulated.includes(platform))) {
        add(
            "platforms",
            platforms,
            `must hold a platform that ${architecture} runs natively, like linux/${architecture}`,
        );
    }
    platforms.forEach((platform, i) => {
        if (!parsePlatform(platform)) {
            add(`platforms[${i}]`, platform, "must be a Linux platform, like linux/arm64");
        } else if (!isNative(platform) && !onArm(platform) && !emulated.includes(platform)) {
            add(
                `platforms[${i}]`,
                platform,
                `is not run by ${architecture}: list it in \`emulated\` to opt in to emulation`,
            );
        }
    });
    emulated.forEach((platform, i) => {
        if (!parsePlatform(platform)) {
            add(`emulated[${i}]`, platform, "must be a Linux platform, like linux/s390x");
        } else if (isNative(platform) || onArm(platform)) {
            add(
                `emulated[${i}]`,
                platform,
                `BuildKit runs this without an emulator on ${architecture}: list it in \`platforms\` alone`,
            );
        }
    });
}

function checkNumbers(options: NodeOptions, add: Add): void {
    const range = (path: string, value: number, low: number, high: number, unit: string) => {
        if (!Number.isInteger(value) || value < low || value > high) {
            add(path, value, `must be a whole number of ${unit} from ${low} to ${high}`);
        }
    };
    range("cacheSizeGiB", options.cacheSizeGiB, 1, 65536, "GiB");
    range("vcpus", options.vcpus, 1, 4096, "vCPUs");
    range("memoryMiB", options.memoryMiB, 1024, 64 * 1024 * 1024, "MiB");
    range("stopTimeoutSeconds", options.stopTimeoutSeconds, 30, 7200, "seconds");
    if (options.idleStopMinutes !== 0) {
        range("idleStopMinutes", options.idleStopMinutes, 1, 1440, "minutes (or 0 for never)");
    }
}

function checkSubnet(subnet: string, add: Add): void {
    const [, address = "", length = ""] = /^(\d+\.\d+\.\d+\.\d+)\/(\d{1,2})$/.exec(subnet) ?? [];
    const bytes = address.split(".").map(Number);
    if (address === "" || bytes.some((byte) => byte > 255) || Number(length) < 8 || Number(length) > 22) {
        add("bridgeSubnet", subnet, "must be an IPv4 subnet from /8 to /22, like 172.30.0.0/16");
        return;
    }
    const bits = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
    if (bits % 2 ** (32 - Number(length)) !== 0) {
        add("bridgeSubnet", subnet, `must be the subnet's first address, with nothing set after /${length}`);
    }
}

/** Checks how a node talks to registries, as far as it is known. */
export function checkRegistries(
    {
        mirrors = [],
        registries = [],
    }: { mirrors?: Partial<NodeRegistryMirror>[]; registries?: Partial<NodeRegistry>[] },
    add: Add,
): void {
    mirrors.forEach(({ registry, mirrors: hosts }, i) => {
        checkHost(`mirrors[${i}].registry`, registry, "docker.io", add);
        if (hosts === undefined || hosts.length === 0) {
            add(`mirrors[${i}].mirrors`, hosts, "must name at least one mirror, like mirror.internal/docker-hub");
        }
        hosts?.forEach((host, j) => {
            if (!mirrorPattern.test(host)) {
                add(
                    `mirrors[${i}].mirrors[${j}]`,
                    host,
                    "must be a host with an optional path and no scheme, like mirror.internal/docker-hub",
                );
            }
        });
    });
    registries.forEach((registry, i) => checkRegistry(registry, `registries[${i}]`, add));
    const once = (property: string, hosts: (string | undefined)[], remedy: string) =>
        duplicates(
            hosts,
            (host) => host?.toLowerCase(),
            (i, first, host) => add(`${property}[${i}]`, host, `is in \`${property}[${first}]\` already: ${remedy}`),
        );
    once(
        "mirrors",
        mirrors.map(({ registry }) => registry),
        "name all mirrors of a registry there",
    );
    once(
        "registries",
        registries.map(({ host }) => host),
        "name each registry once",
    );
}

function checkHost(path: string, host: string | undefined, example: string, add: Add): void {
    if (host === undefined || !hostPattern.test(host)) {
        add(path, host, `must be a registry's host, like ${example}`);
    } else if (/^(index|registry-1|registry)\.docker\.io$/i.test(host)) {
        add(path, host, "must be docker.io, which is how BuildKit calls Docker Hub");
    }
}

function checkRegistry({ host, ca, http }: Partial<NodeRegistry>, path: string, add: Add): void {
    checkHost(`${path}.host`, host, "registry.internal:5000", add);
    if (ca !== undefined && (!ca.includes("-----BEGIN CERTIFICATE-----") || ca.includes("PRIVATE KEY"))) {
        // Not shown: it may be a key.
        add(`${path}.ca`, undefined, "must be the PEM text of a CA certificate and nothing else");
    }
    if (ca !== undefined && http) {
        add(`${path}.http`, http, "a registry without TLS has no CA: leave one of both out");
    }
}

/** Checks a node's proxy. */
export function checkProxy(proxy: NodeProxy | undefined, add: Add): void {
    for (const name of ["http", "https"] as const) {
        const value = proxy?.[name];
        if (value === undefined) {
            continue;
        }
        if (/@/.test(value)) {
            add(
                `proxy.${name}`,
                undefined,
                "must not hold credentials, which anybody on the machine could read: use a proxy that knows the node by its address",
            );
        } else if (!/^https?:\/\/[A-Za-z0-9.[\]:-]+\/?$/.test(value)) {
            add(`proxy.${name}`, value, "must be an address, like http://proxy.internal:3128");
        }
    }
    const { noProxy } = proxy ?? {};
    if (noProxy !== undefined && !/^[A-Za-z0-9._:/*[\],-]*$/.test(noProxy)) {
        add("proxy.noProxy", noProxy, "must be hosts separated by commas, like .internal,10.0.0.0/8");
    } else if (noProxy !== undefined && proxy?.http === undefined && proxy?.https === undefined) {
        add("proxy.noProxy", noProxy, "has no use without `proxy.http` or `proxy.https`");
    }
}

function checkRelease({ buildkit }: NodeOptions, add: Add): void {
    if (!/^v\d+\.\d+\.\d+(-[a-z0-9.]+)?$/.test(buildkit.version)) {
        add("buildkit.version", buildkit.version, "must be a release of BuildKit, like v0.32.2");
    }
    if (!/^[0-9a-f]{64}$/.test(buildkit.sha256)) {
        add("buildkit.sha256", buildkit.sha256, "must be the tarball's SHA-256: 64 hexadecimal digits in lower case");
    }
    if (!/^https?:\/\/[^\s@?#'"\\]+$/.test(buildkit.baseUrl)) {
        add(
            "buildkit.baseUrl",
            buildkit.baseUrl,
            "must be an address without credentials, like https://mirror.internal/buildkit",
        );
    }
}
