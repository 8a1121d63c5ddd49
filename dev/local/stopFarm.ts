import { existsSync, readdirSync, rmSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { FarmContainers } from "./containers/containers";
import { engineAnswers, engineId } from "./containers/engine";
import { EngineError } from "./containers/problems";
import { readJson, withFolderLock } from "./files";
import { unmountBelow } from "./mounts";
import { stopProcesses } from "./processes";

/** The file that keeps a farm's ports and marks its folder. */
export const farmState = "state.json";

export interface FarmState {
    ports: Record<string, number>;
    /** Id of the Docker engine that has its containers; without it the farm is one of processes. */
    engine?: string;
}

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

/** Ends a farm's processes or containers and removes every file with a secret; caches, registry data and logs stay unless purged. */
export async function stopFarm(
    dir: string,
    options: { purge?: boolean; log?: (line: string) => void } = {},
): Promise<void> {
    const log = options.log ?? (() => undefined);
    // A folder without the mark is not ours: its files may have the same names.
    if (!existsSync(join(dir, farmState))) {
        await stopForgotten(dir, options.purge ?? false, log);
        return;
    }
    await withFolderLock(dir, log, async () => {
        for (const name of await stopProcesses(dir)) {
            log(`${name}: stopped`);
        }
        remove(dir, secretPaths);
        const { engine } = readJson<FarmState>(join(dir, farmState)) ?? {};
        if (engine !== undefined) {
            await expectEngine(engine);
            await removeContainers(dir, options.purge ?? false, log);
        } else if (options.purge && (await engineAnswers())) {
            // Volumes of an earlier start, when it ran containers.
            await removeContainers(dir, true, log);
        }
        if (options.purge) {
            removeFiles(dir);
            log("caches, registry data and logs: removed");
        }
    });
}

/** Ends the processes of a farm that could not be started, and removes its files. */
export async function discardFarm(dir: string): Promise<void> {
    await stopProcesses(dir);
    removeFiles(dir);
}

function removeFiles(dir: string): void {
    unmountBelow(dir);
    remove(dir, [...secretPaths, ...otherPaths]);
    if (readdirSync(dir).length === 0) {
        rmdirSync(dir);
    }
}

/** Containers of a folder whose files are gone are found by their labels. */
async function stopForgotten(dir: string, purge: boolean, log: (line: string) => void): Promise<void> {
    if (!(await engineAnswers()) || !(await removeContainers(dir, purge, log))) {
        log(`no farm in ${dir}`);
    }
}

async function removeContainers(dir: string, purge: boolean, log: (line: string) => void): Promise<boolean> {
    const containers = new FarmContainers(dir);
    const count = await containers.removeContainers();
    if (count > 0) {
        log(`${count} containers: removed`);
    }
    const volumes = purge ? await containers.volumes() : [];
    await containers.removeVolumes(volumes);
    return count + volumes.length > 0;
}

async function expectEngine(id: string): Promise<void> {
    if ((await engineId()) !== id) {
        throw new EngineError(
            "this farm's containers are on another Docker engine than the current context reaches: choose that one with `docker context use` or DOCKER_HOST and run it again",
        );
    }
}

function remove(dir: string, paths: string[]): void {
    for (const path of paths) {
        rmSync(join(dir, path), { recursive: true, force: true });
    }
}
