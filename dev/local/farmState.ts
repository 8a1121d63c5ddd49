import { join } from "node:path";
import type { FarmOptions } from "./farm";
import { readJson, writePrivate } from "./files";
import { nodeProcess } from "./node";
import { Ports } from "./ports";
import { muxProcess, registryProcess } from "./registry";
import { type FarmState, farmState, stopFarm } from "./stopFarm";

/** The ports of a farm's services, kept from an earlier start where they are free or held by the services themselves. */
export async function choosePorts(
    { dir, nodes, registry }: FarmOptions,
    runs: (service: string) => boolean,
    engine?: string,
): Promise<Record<string, number>> {
    const file = join(dir, farmState);
    const ports = new Ports(readJson<FarmState>(file)?.ports);
    const services = [
        ...(registry === false ? [] : [muxProcess, registryProcess]),
        ...nodes.map(({ name }) => nodeProcess(name)),
    ];
    for (const service of services) {
        await ports.of(service, runs(service));
    }
    const state: FarmState = { ports: ports.all(), ...(engine === undefined ? {} : { engine }) };
    writePrivate(file, `${JSON.stringify(state, null, 2)}\n`);
    return ports.all();
}

/** Stops what the folder's farm runs as in the other mode, or on another engine; images and caches there stay. */
export async function leaveOtherMode(
    { dir }: FarmOptions,
    log: (line: string) => void,
    engine?: string,
): Promise<void> {
    const state = readJson<FarmState>(join(dir, farmState));
    if (state && state.engine !== engine) {
        log("the nodes run another way from now on: stopping those that run");
        await stopFarm(dir, { log });
    }
}
