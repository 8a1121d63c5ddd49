import { duplicates } from "../buildx/record";
import { type Architecture, instanceTypeFacts } from "../ec2/instanceTypes";
import { architecturesOf } from "../ec2/settings";
import type { Warn } from "../ec2/validate";
import { checkEmulatedOnce, checkPlatforms, sizeWarnings, typeProblem } from "../ec2/validateNodes";
import type { Note } from "../kinds";
import {
    EksCapacity,
    type EksBuildersArgs,
    type EksNode,
    EksSecurity,
    EksTaintEffect,
    type FarmEks,
} from "./arguments";
import { isReserved, keyProblem, valueProblem } from "./labels";
import { builderLabel, defaults, groupSettings, hasGroups, resourcesOf } from "./settings";

/** BuildKit and one build step need this much. */
const leastMemoryMiB = 1024;

/** Checks the builders, alone and among each other. */
export function validateNodes(args: EksBuildersArgs, note: Note, warn: Warn): void {
    const architectures = architecturesOf(args);
    if (architectures.length === 0) {
        note("nodes", args.nodes, "must hold at least one node: amd64, arm64 or both");
    }
    for (const architecture of architectures) {
        const at = `nodes.${architecture}`;
        const node = args.nodes?.[architecture] ?? {};
        validatePlacement(at, architecture, node, note);
        if (hasGroups(args)) {
            validateGroup(at, architecture, node, args, note, warn);
        } else {
            validateShared(at, node, args, note, warn);
        }
        const facts = (node.group?.instanceTypes ?? []).map((type) => instanceTypeFacts(type));
        checkPlatforms(architecture, facts.find((each) => each?.runsAArch32 === false) ?? facts[0], node, note);
    }
    checkEmulatedOnce(args, note);
}

/** Checks what binds pods to machines. */
function validatePlacement(at: string, architecture: Architecture, node: EksNode, note: Note): void {
    validateLabels(`${at}.nodeSelector`, node.nodeSelector, note);
    const own = { "kubernetes.io/arch": architecture, "kubernetes.io/os": "linux" };
    for (const [key, value] of Object.entries(own)) {
        const given = node.nodeSelector?.[key];
        if (given !== undefined && given !== value) {
            note(`${at}.nodeSelector["${key}"]`, given, `is ${value} for these builders: take it out`);
        }
    }
    // https://docs.aws.amazon.com/eks/latest/userguide/set-builtin-node-pools.html
    const pool = node.nodeSelector?.["karpenter.sh/nodepool"];
    if (pool === "general-purpose" && architecture === "arm64") {
        note(
            `${at}.nodeSelector["karpenter.sh/nodepool"]`,
            pool,
            "is EKS Auto Mode's own pool, which has no arm64 machines: make a NodePool for arm64 (see examples/eks)",
        );
    }
    (node.tolerations ?? []).forEach(({ key, value }, i) => validateKey(`${at}.tolerations[${i}]`, key, value, note));
}

function validateLabels(at: string, labels: Record<string, string> | undefined, note: Note): void {
    for (const [key, value] of Object.entries(labels ?? {})) {
        const reason = keyProblem(key) ?? valueProblem(value);
        if (reason) {
            note(`${at}[${JSON.stringify(key)}]`, keyProblem(key) ? undefined : value, reason);
        }
    }
}

function validateKey(at: string, key: string | undefined, value: string | undefined, note: Note): void {
    const [keyReason, valueReason] = [keyProblem(key), value === undefined ? undefined : valueProblem(value)];
    if (keyReason) {
        note(`${at}.key`, key, keyReason);
    }
    if (valueReason) {
        note(`${at}.value`, value, valueReason);
    }
}

/** Checks machines that are made here. */
function validateGroup(
    at: string,
    architecture: Architecture,
    node: EksNode,
    args: FarmEks,
    note: Note,
    warn: Warn,
): void {
    const group = groupSettings("b", architecture, node);
    validateTypes(`${at}.group`, architecture, group.instanceTypes, note, warn);
    validateSpot(`${at}.group`, group.capacity, group.instanceTypes, note, warn);
    validateResources(at, node, group.instanceTypes, note);
    const replicas = node.replicas ?? defaults.replicas;
    const groups = Math.max(1, args.subnetIds?.length ?? 0);
    const room = group.maxSize * groups;
    if (group.minSize > group.maxSize) {
        note(`${at}.group.minSize`, group.minSize, `must be at most \`${at}.group.maxSize\` (${group.maxSize})`);
    } else if (room < replicas) {
        const reason = `leaves room for ${room} machines in all groups, and ${replicas} replicas need one each`;
        note(`${at}.group.maxSize`, group.maxSize, reason);
    }
    validateKey(`${at}.group.taint`, group.taint.key, group.taint.value, note);
    if (group.taint.effect === EksTaintEffect.PreferNoSchedule && isPrivileged(args)) {
        warn(`${at}.group.taint.effect`, `other pods may come to these machines, ${rootThere}; take NoSchedule`);
    }
    validateLabels(`${at}.group.labels`, node.group?.labels, note);
    Object.keys(node.group?.labels ?? {})
        .filter((key) => isReserved(key) || key === builderLabel)
        .forEach((key) => {
            const owner =
                key === builderLabel ? "is set by the builder itself" : "is of a domain that EKS keeps for itself";
            note(`${at}.group.labels["${key}"]`, undefined, `${owner}: take another key`);
        });
}

const rootThere = "and whoever builds is root there";

function isPrivileged({ security }: FarmEks): boolean {
    return (security ?? EksSecurity.Privileged) === EksSecurity.Privileged;
}

function validateTypes(at: string, architecture: Architecture, types: string[], note: Note, warn: Warn): void {
    if (types.length === 0 || types.length > 20) {
        note(`${at}.instanceTypes`, types, "must name 1 to 20 instance types");
    }
    types.forEach((type, i) => {
        const facts = instanceTypeFacts(type);
        const reason = typeProblem(architecture, type, facts);
        if (reason) {
            note(`${at}.instanceTypes[${i}]`, type, reason);
        } else if (facts) {
            sizeWarnings(type, facts).forEach((text) => warn(`${at}.instanceTypes[${i}]`, text));
        }
    });
    duplicates(
        types,
        (type) => type,
        (i, first) => note(`${at}.instanceTypes[${i}]`, types[i], `is \`${at}.instanceTypes[${first}]\` already`),
    );
    const sizes = types.map((type) => instanceTypeFacts(type)).map((facts) => `${facts?.vcpus} ${facts?.memoryMiB}`);
    if (new Set(sizes).size > 1) {
        warn(
            `${at}.instanceTypes`,
            "are of several sizes: an autoscaler reckons with one, and pods ask for what the smallest has",
        );
    }
}

function validateSpot(at: string, capacity: EksCapacity, types: string[], note: Note, warn: Warn): void {
    if (capacity !== EksCapacity.Spot) {
        return;
    }
    if (types.length < 2) {
        note(`${at}.instanceTypes`, types, "must name at least two types for spot: one alone is often not to be had");
        return;
    }
    const few = types.length < 3 ? "; name three types or more" : "";
    warn(
        `${at}.capacity`,
        `a group on spot has no fallback to on demand, and a build ends with its machine${few}. Karpenter has one`,
    );
}

/** What pods ask for must be known, and fit on a machine. */
function validateResources(at: string, node: EksNode, types: string[], note: Note): void {
    const facts = types.map((type) => instanceTypeFacts(type));
    const wanted = resourcesOf(types, node.resources);
    for (const [property, unit, of] of [
        ["cpuMillis", 1000, "vcpus"],
        ["memoryMiB", 1, "memoryMiB"],
    ] as const) {
        const unknown = types.filter((_, i) => facts[i] && facts[i].unfit === undefined && facts[i][of] === undefined);
        const least = Math.min(...facts.map((each) => (each?.[of] ?? Infinity) * unit));
        if (unknown.length > 0 && node.resources?.[property] === undefined) {
            note(`${at}.resources.${property}`, undefined, `is missing: the name ${unknown[0]} does not tell it`);
        } else if (wanted[property] >= least) {
            note(
                `${at}.resources.${property}`,
                wanted[property],
                `no pod would fit: of ${least}, the system needs some for itself`,
            );
        }
    }
    const memory = facts.every((each) => each?.memoryMiB !== undefined) ? wanted.memoryMiB : leastMemoryMiB;
    if (memory < leastMemoryMiB) {
        note(
            `${at}.group.instanceTypes`,
            types,
            `leave a builder ${Math.max(0, memory)} MiB of memory, and it needs ${leastMemoryMiB} at least`,
        );
    }
}

/** Checks machines of the cluster's own autoscaler. */
function validateShared(at: string, node: EksNode, args: FarmEks, note: Note, warn: Warn): void {
    if (node.group !== undefined) {
        note(`${at}.group`, undefined, "has no use with `provisioning` `cluster`: no machines are made; take it out");
    }
    const bound = Object.keys(node.nodeSelector ?? {}).some((key) => !/^kubernetes\.io\/(arch|os)$/.test(key));
    if (!bound && isPrivileged(args)) {
        warn(
            `${at}.nodeSelector`,
            `binds builders to no machines of their own: they run beside other pods, ${rootThere}`,
        );
    }
}
