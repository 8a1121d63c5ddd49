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

const name = /^([a-z][a-z0-9-]*)\.([a-z0-9-]+)$/;
const metalSize = /^metal(?:-(\d+)xl)?$/;

/**
 * Reads the name of an instance type; undefined for a text that is none. A family is arm64 when a `g` follows its
 * generation: `c8g`, `c7gn`, `x2gd`, `g5g`; and `a1`. In `g4dn` the `g` is the family, so it is x86.
 * https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
 */
export function instanceTypeFacts(type: string): InstanceTypeFacts | undefined {
    const [, family, size] = name.exec(type) ?? [];
    if (family === undefined || size === undefined || !(size in namedSizes || /^(\d+xlarge|metal.*)$/.test(size))) {
        return undefined;
    }
    const architecture: Architecture = /^(a1|[a-z]+[0-9]+g[a-z]*)(?:-|$)/.test(family) ? "arm64" : "amd64";
    const vcpus = vcpusOf(family, size);
    return {
        family,
        architecture,
        vcpus,
        memoryMiB: memoryOf(family, size, vcpus),
        runsAArch32: /^(a1|[cmr]6g[dn]*|t4g|x2gd|im4gn|is4gen|i4g|g5g)$/.test(family),
        burstable: /^t\d/.test(family),
        unfit: unfitness(family, size),
    };
}

/** Families on the Xen hypervisor, where volumes do not appear as NVMe disks with their id. */
const xen = /^([ct]1|[cmri]3|[cmr]4|[dmit]2|h1|m1|x1e?|[pg][23]|f1|p3dn?)$/;
const accelerated = /^(dl|f|g|gr|inf|p|trn|vt)\d/;

function unfitness(family: string, size: string): string | undefined {
    if (family.startsWith("mac")) {
        return "is a Mac, which runs no Linux builder and is billed for 24 hours at least";
    }
    if (/^(u-)?p6e-gb/.test(family)) {
        return "is part of a GPU rack that cannot be started alone";
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

/** Machines for clusters, sold by physical core: half of the usual number, or fixed memory. */
const clusterMemoryGiB: Record<string, number> = { hpc6a: 384, hpc6id: 1024, hpc7a: 768, hpc7g: 128, hpc8a: 768 };

function vcpusOf(family: string, size: string): number | undefined {
    if (metalSize.test(size) || !ratios.some(([pattern]) => pattern.test(family))) {
        const multiple = metalSize.exec(size)?.[1];
        return multiple === undefined ? undefined : 4 * Number(multiple);
    }
    if (/^t\d/.test(family) && size === "medium") {
        return 2;
    }
    const multiple = /^(\d+)xlarge$/.exec(size)?.[1];
    const perMultiple = /^hpc\d(a|id)$/.test(family) ? 2 : 4;
    return multiple === undefined ? namedSizes[size] : perMultiple * Number(multiple);
}

function memoryOf(family: string, size: string, vcpus: number | undefined): number | undefined {
    const fixed = clusterMemoryGiB[family] ?? (/^t\d/.test(family) ? burstableGiB[size] : undefined);
    if (fixed !== undefined) {
        return fixed * 1024;
    }
    const ratio = ratios.find(([pattern]) => pattern.test(family))?.[1];
    return vcpus === undefined || ratio === undefined ? undefined : vcpus * ratio * 1024;
}

const burstableGiB: Record<string, number> = {
    nano: 0.5,
    micro: 1,
    small: 2,
    medium: 4,
    large: 8,
    xlarge: 16,
    "2xlarge": 32,
};

/** GiB of memory for each virtual CPU, by family. */
const ratios: [family: RegExp, gibPerVcpu: number][] = [
    [/^c5n$/, 2.625],
    [/^(a1$|c\d)/, 2],
    [/^(m\d|im4gn$|d3en$)/, 4],
    [/^is4gen$/, 6],
    [/^(r\d|z1d$|i\d|d3$)/, 8],
    [/^(x2gd|x2idn|x8g|x8i)$/, 16],
    [/^(x2iedn|x2iezn|x8aedz)$/, 32],
    [/^(t\d|hpc\d)/, NaN],
];
