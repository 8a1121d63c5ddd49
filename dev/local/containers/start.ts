import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Farm, FarmOptions } from "../farm";
import { choosePorts, leaveOtherMode } from "../farmState";
import { privateFolder, withFolderLock } from "../files";
import { nodeProcess } from "../node";
import { isProcessRunning } from "../processes";
import { registryProcess } from "../registry";
import { RunningFarm, outcome } from "../runningFarm";
import { discardFarm, farmState } from "../stopFarm";
import { FarmContainers } from "./containers";
import { type Engine, prepareEngine } from "./engine";
import { runContainers } from "./farm";
import { interruptible } from "./interrupt";

/** Starts a farm of containers. What an error or an interruption leaves unfinished is removed. */
export async function startContainers(options: FarmOptions, log: (line: string) => void): Promise<Farm> {
    const { dir } = options;
    return interruptible(async (signal) => {
        const engine = await prepareEngine(log, signal);
        options.starting?.("containers");
        const isNew = !existsSync(join(dir, farmState));
        await leaveOtherMode(options, log, engine.id);
        privateFolder(dir);
        try {
            return await withFolderLock(dir, log, () => startOnEngine(options, engine, log, signal));
        } catch (error) {
            if (isNew) {
                await discardFarm(dir);
            }
            throw error;
        }
    });
}

async function startOnEngine(
    options: FarmOptions,
    engine: Engine,
    log: (line: string) => void,
    signal: AbortSignal,
): Promise<Farm> {
    const { dir } = options;
    const began = Date.now();
    const containers = new FarmContainers(dir);
    if (options.reuse === false) {
        await containers.removeContainers();
        rmSync(join(dir, "pki"), { recursive: true, force: true });
    }
    const running = (await containers.running()).map((name) => (name === registryProcess ? name : nodeProcess(name)));
    const runs = (service: string) => running.includes(service) || isProcessRunning(dir, service);
    const ports = await choosePorts(options, runs, engine.id);
    const { nodes, pki, registry, runnable, reused } = await runContainers(options, engine, ports, signal);
    if (registry) {
        log(`registry at ${registry.address}: ${outcome(!reused, began)}`);
    }
    nodes.forEach(({ name, platforms, endpoint }) =>
        log(`${nodeProcess(name)} (${platforms.join(", ")}) at ${endpoint}: ${outcome(!reused, began)}`),
    );
    const runnableHere = (platform: string) => runnable.includes(platform);
    return new RunningFarm(dir, nodes, pki.credentials, registry, pki.fresh, runnableHere);
}
