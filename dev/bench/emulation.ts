import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { startFarm } from "../local/farm";
import { Arm64Emulator } from "../../test/support/emulator";
import { PlainBuildx, endFarm } from "./contenders";
import { gccHeavy, prepareGcc } from "./gcc";
import type { Row } from "./scenarios";
import { type Workload, compileHeavy } from "./workloads";

/** The same compilation for this machine's own architecture and for one that it emulates. */
export interface Emulation {
    workload: string;
    native: Row;
    emulated: Row;
}

/**
 * Builds workloads that compile on one node for linux/amd64 natively and for linux/arm64 under QEMU, taking turns. Returns
 * the reason as text where no emulator can be installed. The handler is for the whole kernel and is removed.
 */
export async function measureEmulation(
    rounds: number,
    progress: (line: string) => void,
): Promise<Emulation[] | string> {
    const base = fs.mkdtempSync(path.join(os.tmpdir(), "multiarch-bench-"));
    const emulator = Arm64Emulator.prepare(base);
    if (typeof emulator === "string") {
        fs.rmSync(base, { recursive: true, force: true });
        return emulator;
    }
    const noGcc = prepareGcc();
    if (noGcc !== undefined) {
        progress(`skipped: emulation of GCC: ${noGcc}`);
    }
    emulator.register();
    try {
        // BuildKit looks for emulators when it starts.
        const nodes = [{ name: "one", platforms: ["linux/amd64", "linux/arm64"] }];
        const farm = await startFarm({ dir: path.join(base, "farm"), nodes });
        try {
            const builds = {
                native: new PlainBuildx(farm, path.join(base, "native"), ["linux/amd64"]),
                emulated: new PlainBuildx(farm, path.join(base, "emulated"), ["linux/arm64"]),
            };
            const all: Emulation[] = [];
            for (const workload of noGcc === undefined ? [compileHeavy, gccHeavy] : [compileHeavy]) {
                all.push(await compare(workload, builds, rounds, progress));
            }
            return all;
        } finally {
            await endFarm(farm);
        }
    } finally {
        emulator.unregister();
        fs.rmSync(base, { recursive: true, force: true });
    }
}

async function compare(
    workload: Workload,
    builds: Record<"native" | "emulated", PlainBuildx>,
    rounds: number,
    progress: (line: string) => void,
): Promise<Emulation> {
    const row = (contender: string): Row => ({ workload: workload.name, scenario: "cold", contender, seconds: [] });
    const rows = { native: row("native"), emulated: row("emulated") };
    for (let round = 0; round < rounds; round++) {
        for (const kind of ["native", "emulated"] as const) {
            workload.write(builds[kind].context(workload), `${kind} ${round}`, "first");
            const seconds = await builds[kind].build(workload);
            rows[kind].seconds.push(seconds);
            progress(`emulation of ${workload.name} ${round + 1}/${rounds}: ${kind} ${seconds.toFixed(2)} s`);
        }
    }
    return { workload: workload.name, ...rows };
}
