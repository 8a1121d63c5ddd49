import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { startFarm } from "../local/farm";
import { Arm64Emulator } from "../../test/support/emulator";
import { PlainBuildx, endFarm } from "./contenders";
import type { Row } from "./scenarios";
import { compileHeavy } from "./workloads";

/** The same compilation for this machine's own architecture and for one that it emulates. */
export interface Emulation {
    native: Row;
    emulated: Row;
}

/**
 * Builds the compile-heavy workload on one node for linux/amd64 natively and for linux/arm64 under QEMU, taking turns.
 * Returns the reason as text where no emulator can be installed. The handler is for the whole kernel and is removed.
 */
export async function measureEmulation(rounds: number, progress: (line: string) => void): Promise<Emulation | string> {
    const base = fs.mkdtempSync(path.join(os.tmpdir(), "multiarch-bench-"));
    const emulator = Arm64Emulator.prepare(base);
    if (typeof emulator === "string") {
        fs.rmSync(base, { recursive: true, force: true });
        return emulator;
    }
    emulator.register();
    try {
        // BuildKit looks for emulators when it starts.
        const nodes = [{ name: "one", platforms: ["linux/amd64", "linux/arm64"] }];
        const farm = await startFarm({ dir: path.join(base, "farm"), nodes });
        const row = (contender: string): Row => ({
            workload: compileHeavy.name,
            scenario: "cold",
            contender,
            seconds: [],
        });
        const rows = { native: row("native"), emulated: row("emulated") };
        try {
            const builds = {
                native: new PlainBuildx(farm, path.join(base, "native"), ["linux/amd64"]),
                emulated: new PlainBuildx(farm, path.join(base, "emulated"), ["linux/arm64"]),
            };
            for (let round = 0; round < rounds; round++) {
                for (const kind of ["native", "emulated"] as const) {
                    compileHeavy.write(builds[kind].context(compileHeavy), `${kind} ${round}`, "first");
                    rows[kind].seconds.push(await builds[kind].build(compileHeavy));
                    progress(`emulation ${round + 1}/${rounds}: ${kind} ${rows[kind].seconds.at(-1)!.toFixed(2)} s`);
                }
            }
            return rows;
        } finally {
            await endFarm(farm);
        }
    } finally {
        emulator.unregister();
        fs.rmSync(base, { recursive: true, force: true });
    }
}
