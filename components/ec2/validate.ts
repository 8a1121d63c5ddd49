import type * as pulumi from "@pulumi/pulumi";
import { builderNameProblem } from "../buildx/entries";
import { duplicates } from "../buildx/record";
import type { Note } from "../kinds";
import { isObject } from "../objects";
import { nearest, normalizePlatform } from "../platform";
import { isPlain } from "../problems";
import { serverNameProblem } from "../tls/names";
import type { Ec2BuildersArgs, Ec2Node } from "./arguments";
import { type Architecture, instanceTypeFacts } from "./instanceTypes";
import { ec2Kinds } from "./kinds";
import { emulationProblem, nativeProblem } from "./platforms";
import { architecturesOf, defaultInstanceTypes, defaults, ec2TlsNodes } from "./settings";
import { validateNames, validateRelease } from "./validateNames";
import { validateNetwork } from "./validateNetwork";

/** Notes what may be meant and is probably not. */
export type Warn = (path: string, text: string) => void;

/** Checks everything that is known before anything is created. */
export function validateEc2(name: string, given: Ec2BuildersArgs, note: Note, warn: Warn): void {
    const args = ec2Kinds(given, "", note) as Ec2BuildersArgs | undefined;
    if (!args) {
        return;
    }
    const builderName = args.builderName ?? name;
    const nameProblem = builderNameProblem(builderName);
    if (nameProblem) {
        note(args.builderName === undefined ? "name" : "builderName", builderName, `a builder's name ${nameProblem}`);
    }
    validateNodes(args, note, warn);
    validateCache(args, note, warn);
    validateNetwork(args, note, warn);
    validateRelease(args, note);
    validateNames(args, note);
    validateTls(args, note);
    validateDns(builderName, args, note);
    const days = args.monitoring?.logRetentionDays;
    if (days !== undefined && !retentions.includes(days)) {
        note("monitoring.logRetentionDays", days, `CloudWatch keeps logs for ${retentions.join(", ")} days only`);
    }
    if (args.idleStopMinutes === 0 && args.monitoring?.awakeHours !== undefined) {
        note(
            "monitoring.awakeHours",
            args.monitoring.awakeHours,
            "has no use while `idleStopMinutes` is 0: nodes never sleep",
        );
    }
}

const retentions = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

function validateNodes(args: Ec2BuildersArgs, note: Note, warn: Warn): void {
    for (const key of Object.keys(args.nodes ?? {})) {
        if (key !== "amd64" && key !== "arm64") {
            note(
                `nodes.${key}`,
                undefined,
                `is no architecture; did you mean \`${nearest(key, ["amd64", "arm64"])}\`?`,
            );
        }
    }
    const architectures = architecturesOf(args);
    if (architectures.length === 0) {
        note("nodes", args.nodes, "must hold at least one node: amd64, arm64 or both");
    }
    architectures.forEach((architecture) => validateNode(architecture, args.nodes?.[architecture] ?? {}, note, warn));
    const offers = architectures.flatMap((architecture) =>
        (args.nodes?.[architecture]?.platforms ?? []).map((platform) => ({ architecture, platform })),
    );
    const emulated = (args.nodes?.amd64?.emulated ?? []).map(normalizePlatform);
    offers
        .filter(({ platform }) => emulated.includes(normalizePlatform(platform)))
        .forEach(({ architecture, platform }) =>
            note(
                "nodes.amd64.emulated",
                platform,
                `is in \`nodes.${architecture}.platforms\` too, where it runs natively: take it out here`,
            ),
        );
}

function validateNode(architecture: Architecture, node: Ec2Node, note: Note, warn: Warn): void {
    const at = `nodes.${architecture}`;
    const type = node.instanceType ?? defaultInstanceTypes[architecture];
    const facts = instanceTypeFacts(type);
    if (!facts) {
        note(
            `${at}.instanceType`,
            type,
            `is no instance type; write one such as ${defaultInstanceTypes[architecture]}`,
        );
    } else if (facts.unfit) {
        note(`${at}.instanceType`, type, facts.unfit);
    } else if (facts.architecture !== architecture) {
        note(
            `${at}.instanceType`,
            type,
            `has ${facts.architecture} CPUs: put it under \`nodes.${facts.architecture}\`, or take one such as ` +
                defaultInstanceTypes[architecture],
        );
    } else {
        warnOfSmallSize(at, node, warn);
        for (const property of ["vcpus", "memoryMiB"] as const) {
            if (node[property] === undefined && facts[property] === undefined) {
                note(`${at}.${property}`, undefined, `is missing: the name ${type} does not tell it`);
            } else if (
                node[property] !== undefined &&
                facts[property] !== undefined &&
                node[property] > facts[property]
            ) {
                note(`${at}.${property}`, node[property], `${type} has ${facts[property]} only; leave it out`);
            }
        }
    }
    for (const [property, problem] of [
        ["platforms", (platform: string) => nativeProblem(architecture, facts, platform)],
        ["emulated", (platform: string) => emulationProblem(architecture, platform)],
    ] as const) {
        const platforms = node[property] ?? [];
        platforms.forEach((platform, i) => {
            const reason = platform === undefined ? undefined : problem(platform);
            if (reason) {
                note(`${at}.${property}[${i}]`, platform, reason);
            }
        });
        duplicates(platforms, normalizePlatform, (i, first) =>
            note(`${at}.${property}[${i}]`, platforms[i], `is \`${at}.${property}[${first}]\` already`),
        );
    }
    idProblem(`${at}.amiId`, node.amiId, "ami", note);
    idProblem(`${at}.subnetId`, node.subnetId, "subnet", note);
}

function warnOfSmallSize(at: string, node: Ec2Node, warn: Warn): void {
    const facts = node.instanceType ? instanceTypeFacts(node.instanceType) : undefined;
    if (facts?.burstable) {
        warn(
            `${at}.instanceType`,
            `${node.instanceType} earns CPU credits: long builds slow down or cost extra; a c type does not`,
        );
    }
    if ((facts?.vcpus ?? 2) < 2 || (facts?.memoryMiB ?? 4096) < 4096) {
        warn(
            `${at}.instanceType`,
            `${node.instanceType} has less than 2 vCPUs or 4 GiB of memory: larger builds run out of it`,
        );
    }
}

function validateCache({ cache, stopTimeoutSeconds, idleStopMinutes }: Ec2BuildersArgs, note: Note, warn: Warn): void {
    const {
        sizeGiB = defaults.cacheSizeGiB,
        iops = defaults.iops,
        throughputMiBps = defaults.throughputMiBps,
    } = cache ?? {};
    // https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html#gp3-ebs-volume-type
    if (iops > Math.max(defaults.iops, 500 * sizeGiB)) {
        note("cache.iops", iops, `a volume of ${sizeGiB} GiB takes ${500 * sizeGiB} at most (500 for each GiB)`);
    }
    if (throughputMiBps > iops / 4) {
        note(
            "cache.throughputMiBps",
            throughputMiBps,
            `must be at most a quarter of \`cache.iops\` (${iops}), so ${iops / 4}`,
        );
    }
    idProblem("cache.snapshotId", cache?.snapshotId, "snap", note);
    if ((idleStopMinutes ?? defaults.idleStopMinutes) > 0 && (stopTimeoutSeconds ?? 0) > 1800) {
        warn(
            "stopTimeoutSeconds",
            "EC2 may switch a stopping instance off before that: it waits for the system some minutes only",
        );
    }
}

/** Notes a plain id that is of another kind of resource, or none. */
export function idProblem(path: string, id: pulumi.Input<string> | undefined, prefix: string, note: Note): void {
    if (isPlain(id) && !new RegExp(`^${prefix}-([0-9a-f]{8}|[0-9a-f]{17})$`).test(id)) {
        note(path, id, `must be an id such as ${prefix}-0123456789abcdef0`);
    }
}

function validateTls({ tls }: Ec2BuildersArgs, note: Note): void {
    const missing = (["clientCa", "nodeCertificates", "credentials"] as const).filter(
        (part) => !isObject(tls) || !tls[part],
    );
    if (missing.length > 0) {
        note("tls", undefined, `is missing ${missing.join(", ")}: take them from a BuilderTls for \`ec2TlsNodes(…)\``);
    }
}

function validateDns(builderName: string, args: Ec2BuildersArgs, note: Note): void {
    const { dns } = args;
    if (dns && (dns.zoneName === undefined || serverNameProblem(dns.zoneName))) {
        note("dns.zoneName", dns.zoneName, "must be a domain name such as builders.internal, without a dot at its end");
        return;
    }
    const wrong = ec2TlsNodes(builderName, args).find(({ serverName }) => serverNameProblem(serverName));
    if (wrong && !builderNameProblem(builderName)) {
        note(
            dns ? "dns.zoneName" : "builderName",
            wrong.serverName,
            "makes no valid host name for a node's certificate",
        );
    }
}
