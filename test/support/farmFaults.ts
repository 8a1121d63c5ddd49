import * as fs from "node:fs";
import * as path from "node:path";
import type { Farm } from "../../dev/local/farm";
import { nodeProcess } from "../../dev/local/node";
import { stopProcess } from "../../dev/local/processes";
import { stopFarm } from "../../dev/local/stopFarm";
import { containersOf, processesOf, read, until } from "./processes";

export { processesOf };

/** Ends a node's daemon in order, as a machine that is switched off. */
export async function stopNode(farm: Farm, name: string): Promise<void> {
    await stopProcess(farm.dir, nodeProcess(name));
}

/** Kills a node's daemon and everything that runs in its containers, as a machine that loses power. */
export async function killNode(farm: Farm, name: string): Promise<void> {
    const { pid } = JSON.parse(fs.readFileSync(path.join(farm.dir, "run", `${nodeProcess(name)}.pid`), "utf8")) as {
        pid: number;
    };
    kill(pid);
    await until(`${name} is gone`, () => !isAlive(pid));
    const folder = path.join(farm.dir, "nodes", name);
    await until(`the containers of ${name} are gone`, () => {
        const left = containersOf(folder);
        left.forEach(kill);
        return left.length === 0;
    });
}

/** Stops a farm and removes its folder; fails when a process outlives it. */
export async function endFarm(farm: Farm | undefined, base: string): Promise<void> {
    if (farm) {
        await stopFarm(farm.dir, { purge: true });
    }
    const left = processesOf(base);
    fs.rmSync(base, { recursive: true, force: true });
    expect(left).toEqual([]);
}

function isAlive(pid: number): boolean {
    const state = read(`/proc/${pid}/stat`).split(") ").pop()?.[0];
    return state !== undefined && state !== "" && state !== "Z";
}

function kill(pid: number): void {
    try {
        process.kill(pid, "SIGKILL");
    } catch {
        // It has ended by itself.
    }
}
