import type { Note } from "../kinds";

/** What a gp3 volume has at least, and what it has unless told otherwise. */
export const gp3 = { sizeGiB: 100, iops: 3000, throughputMiBps: 125 } as const;

/** Checks a cache volume. https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html#gp3-ebs-volume-type */
export function checkVolume(cache: { sizeGiB?: number; iops?: number; throughputMiBps?: number }, note: Note): void {
    const { sizeGiB = gp3.sizeGiB, iops = gp3.iops, throughputMiBps = gp3.throughputMiBps } = cache;
    if (iops > Math.max(gp3.iops, 500 * sizeGiB)) {
        note("cache.iops", iops, `a volume of ${sizeGiB} GiB takes ${500 * sizeGiB} at most (500 for each GiB)`);
    }
    if (throughputMiBps > iops / 4) {
        note(
            "cache.throughputMiBps",
            throughputMiBps,
            `must be at most a quarter of \`cache.iops\` (${iops}), so ${Math.floor(iops / 4)}`,
        );
    }
}
