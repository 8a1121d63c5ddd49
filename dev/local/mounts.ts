import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/** Unmounts what a killed daemon left mounted below a folder, so that removing the folder removes nothing else. */
export function unmountBelow(folder: string): void {
    const mounts = "/proc/self/mounts";
    // Daemons run as processes on Linux only.
    for (const mountPoint of existsSync(mounts) ? mountPointsBelow(folder, readFileSync(mounts, "utf8")) : []) {
        const result = spawnSync("umount", [mountPoint], { encoding: "utf8" });
        if (result.status !== 0) {
            throw new Error(`cannot unmount ${mountPoint} (${result.stderr.trim()}): end what uses it and try again`);
        }
    }
}

/** Mount points below a folder, innermost first. */
export function mountPointsBelow(folder: string, mounts: string): string[] {
    return mounts
        .split("\n")
        .map((line) =>
            (line.split(" ")[1] ?? "").replace(/\\([0-7]{3})/g, (_, octal: string) =>
                String.fromCharCode(parseInt(octal, 8)),
            ),
        )
        .filter((mountPoint) => mountPoint.startsWith(`${folder}/`))
        .reverse();
}
