/** Disk thresholds of a cache volume, in MiB. */
export interface CacheSpace {
    /** Free space that garbage collection keeps, so that the next build has room. */
    minFreeMiB: number;
    /** Cache size above which garbage collection prunes. */
    maxUsedMiB: number;
    /** Share of local sources and Git checkouts that are older than a week. */
    maxSourcesMiB: number;
    /** Free space below which the node prunes at once instead of at the end of a build. */
    lowMiB: number;
    /** Size of the file that is given up when the disk is full, so that the daemon can write while it prunes. */
    reserveMiB: number;
}

/** The thresholds for a volume: always room for a build, and nothing of a large volume left unused. */
export function cacheSpace(sizeGiB: number): CacheSpace {
    // XFS keeps about 2 % for its own structures.
    const totalMiB = Math.floor(sizeGiB * 1024 * 0.98);
    const minFreeMiB = Math.floor(clamp(totalMiB * 0.15, Math.min(5 * 1024, totalMiB * 0.3), 64 * 1024));
    const reserveMiB = Math.floor(clamp(totalMiB * 0.01, 64, 1024));
    return {
        minFreeMiB,
        maxUsedMiB: totalMiB - minFreeMiB - reserveMiB,
        maxSourcesMiB: Math.floor(totalMiB * 0.1),
        lowMiB: Math.floor(minFreeMiB / 2),
        reserveMiB,
    };
}

/** Memory that all build steps together may use, in MiB: the rest is for the daemon, the kernel and the agents. */
export function stepsMemoryMiB(memoryMiB: number): number {
    return memoryMiB - Math.max(512, Math.floor(256 + memoryMiB * 0.1));
}

/** Build steps that run at the same time. */
export function maxParallelism(vcpus: number): number {
    return Math.max(1, Math.floor(vcpus));
}

function clamp(value: number, low: number, high: number): number {
    return Math.min(Math.max(value, low), high);
}
