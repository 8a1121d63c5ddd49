/** CPU architectures of builders. */
export type Architecture = "amd64" | "arm64";

/** What the name of an instance type tells. */
export interface InstanceTypeFacts {
    family: string;
    architecture: Architecture;
    /** Virtual CPUs; undefined when the name does not tell. */
    vcpus?: number;
    /** Memory in MiB; undefined when the name does not tell. */
    memoryMiB?: number;
    /** Whether its CPU runs 32-bit Arm programs. */
    runsAArch32: boolean;
    /** Whether it earns CPU credits (the t families). */
    burstable: boolean;
    /** Why it is no machine for a builder; undefined when it is one. */
    unfit?: string;
}

/** A family, which has a digit, and a size; both may be newer than this list. */
const name =
    /^([a-z][a-z-]*\d[a-z0-9-]*)\.(nano|micro|small|medium|large|xlarge|(?:[2-9]|[1-9]\d{1,2})xlarge|metal(?:-\d+xl)?)$/;
const metalSize = /^metal(?:-(\d+)xl)?$/;

/**
 * Families of Arm: those with a `g` after their generation, such as `c8g`, `c7gn`, `x2gd` and `g5g`; `a1`; Macs of Apple's own
 * CPUs; and machines around NVIDIA's Grace. In `g4dn` the `g` is the family, so it is x86.
 * https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
 */
const arm = /^(a1|[a-z]+\d+g[a-z]*|mac2|mac-m\d+[a-z]*|(u-)?p\d+e-gb\d+)(-|$)/;

/** Reads the name of an instance type; undefined for a text that is none. */
export function instanceTypeFacts(type: string): InstanceTypeFacts | undefined {
    const [, family, size] = name.exec(type) ?? [];
    if (family === undefined || size === undefined) {
        return undefined;
    }
    const vcpus = vcpusOf(family, size);
    return {
        family,
        architecture: arm.test(family) ? "arm64" : "amd64",
        vcpus,
        memoryMiB: memoryOf(family, size, vcpus),
        runsAArch32: /^(a1|[cmr]6g[dn]*|t4g|x2gd|im4gn|is4gen|i4g|g5g)$/.test(family),
        burstable: /^t\d/.test(family),
        unfit: unfitness(family, size),
    };
}

/** Families on the Xen hypervisor, where volumes do not appear as NVMe disks with their id. */
const xen = /^([ct]1|[cmri]3|[cmr]4|[dmit]2|[hm]1|x1e?|c[cgr][12]|h[is]1)$/;
const accelerated = /^(dl|f|g|gr|inf|p|trn|vt)\d/;

function unfitness(family: string, size: string): string | undefined {
    if (family.startsWith("mac")) {
        return "is a Mac, which runs no Linux and is billed for 24 hours at least: take a c, m or r type";
    }
    if (/^(u-)?p6e-gb/.test(family)) {
        return "is part of a GPU rack that cannot be started alone: take a c, m or r type";
    }
    if (accelerated.test(family)) {
        return "has accelerators that a build does not use and that cost a multiple: take a c, m or r type";
    }
    if (metalSize.test(size)) {
        return "is a whole machine that takes many minutes to start, longer than a build waits: take another size";
    }
    return xen.test(family)
        ? "is of a previous generation (Xen), where the cache volume cannot be found by its id: take generation 5 or later"
        : undefined;
}

const namedSizes: Record<string, number> = { nano: 2, micro: 2, small: 2, medium: 1, large: 2, xlarge: 4 };

/** Machines of up to 32 TiB, whose names tell it. */
const highMemory = /^u(?:\d+[a-z]*)?-(\d+)tb\d?$/;

/** Families whose size does not follow from a ratio. */
const otherwiseSized = /^(t\d|hpc\d)/;

function vcpusOf(family: string, size: string): number | undefined {
    const isKnown = highMemory.test(family) || otherwiseSized.test(family) || ratioOf(family) !== undefined;
    if (metalSize.test(size) || !isKnown) {
        return undefined;
    }
    if (/^t\d/.test(family) && size === "medium") {
        return 2;
    }
    const multiple = /^(\d+)xlarge$/.exec(size)?.[1];
    // Some machines for clusters are sold by physical core.
    const perMultiple = /^hpc\d(a|id)$/.test(family) ? 2 : 4;
    return multiple === undefined ? namedSizes[size] : perMultiple * Number(multiple);
}

function memoryOf(family: string, size: string, vcpus: number | undefined): number | undefined {
    const tebibytes = highMemory.exec(family)?.[1];
    if (tebibytes !== undefined) {
        return Number(tebibytes) * 1024 * 1024;
    }
    if (otherwiseSized.test(family)) {
        const gibibytes = family.startsWith("t") ? burstableGiB.get(size) : clusterGiB.get(family);
        return gibibytes === undefined ? undefined : gibibytes * 1024;
    }
    const ratio = ratioOf(family);
    return vcpus === undefined || ratio === undefined ? undefined : vcpus * ratio * 1024;
}

/** Memory of the t families by size. */
const burstableGiB = new Map([
    ["nano", 0.5],
    ["micro", 1],
    ["small", 2],
    ["medium", 4],
    ["large", 8],
    ["xlarge", 16],
    ["2xlarge", 32],
]);

/** Memory of machines for clusters, the same in each size. */
const clusterGiB = new Map([
    ["hpc6a", 384],
    ["hpc6id", 1024],
    ["hpc7a", 768],
    ["hpc7g", 128],
    ["hpc8a", 768],
]);

/** GiB of memory for each virtual CPU, by family. */
const ratios: [family: RegExp, gibPerVcpu: number][] = [
    [/^c5n$/, 2.625],
    [/^(a1$|c\d)/, 2],
    [/^(m\d|im4gn$|d3en$)/, 4],
    [/^is4gen$/, 6],
    [/^(r\d|z1d$|i\d|d3$)/, 8],
    [/^(x2gd|x2idn|x8g|x8i)$/, 16],
    [/^(x2iedn|x2iezn|x8aedz)$/, 32],
];

function ratioOf(family: string): number | undefined {
    return ratios.find(([pattern]) => pattern.test(family))?.[1];
}
