import { existsSync, readdirSync, rmSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { withFolderLock } from "./files";
import { unmountBelow } from "./mounts";
import { stopProcesses } from "./processes";

/** The file that keeps a farm's ports and marks its folder. */
export const farmState = "state.json";

// Everything that holds a secret, of the farm and of `npm start`.
const secretPaths = [
    "pki",
    "registry/htpasswd",
    "registry/password",
    "passphrase",
    "Pulumi.local.yaml",
    "buildx",
    "pulumi-state",
    "rehearsal-state.json",
];

// What is left then: caches, registry data, logs, and files without secrets.
const otherPaths = ["nodes", "registry", "logs", "run", "ca-bundle.pem", "outputs.json", "Pulumi.yaml", farmState];

/** Ends a farm's processes and removes every file with a secret; caches, registry data and logs stay unless purged. */
export async function stopFarm(
    dir: string,
    options: { purge?: boolean; log?: (line: string) => void } = {},
): Promise<void> {
    const log = options.log ?? (() => undefined);
    // A folder without the mark is not ours: its files may have the same names.
    if (!existsSync(join(dir, farmState))) {
        log(`no farm in ${dir}`);
        return;
    }
    await withFolderLock(dir, log, async () => {
        for (const name of await stopProcesses(dir)) {
            log(`${name}: stopped`);
        }
        remove(dir, secretPaths);
        if (options.purge) {
            unmountBelow(dir);
            remove(dir, otherPaths);
            log("caches, registry data and logs: removed");
            if (readdirSync(dir).length === 0) {
                rmdirSync(dir);
            }
        }
    });
}

function remove(dir: string, paths: string[]): void {
    for (const path of paths) {
        rmSync(join(dir, path), { recursive: true, force: true });
    }
}
