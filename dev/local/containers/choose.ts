import { join } from "node:path";
import { findProgram } from "../../tools/requirements";
import type { FarmMode } from "../farm";
import { readJson } from "../files";
import { type FarmState, farmState } from "../stopFarm";
import { engineAnswers } from "./engine";

export interface ModeChoice {
    mode: FarmMode;
    reason: string;
}

/** What processes need and this machine lacks; undefined where they can run. */
export function processesLack(
    platform: NodeJS.Platform = process.platform,
    uid = process.getuid?.(),
    go = findGo() !== undefined,
): string | undefined {
    if (platform !== "linux") {
        return "buildkitd needs Linux";
    }
    return uid !== 0 ? "this user is not root" : !go ? "no `go`" : undefined;
}

/** Go, where it is installed. */
export function findGo(): string | undefined {
    return findProgram("go", ["/usr/local/go/bin", "/usr/lib/go/bin"]);
}

/** What a folder's farm is already; else processes where they can run and no Docker engine answers, else containers. */
export async function chooseMode(dir: string, wanted?: FarmMode): Promise<ModeChoice> {
    if (wanted) {
        return { mode: wanted, reason: "as asked" };
    }
    const earlier = readJson<FarmState>(join(dir, farmState));
    if (earlier) {
        return { mode: earlier.engine === undefined ? "processes" : "containers", reason: "as in this folder before" };
    }
    const lack = processesLack();
    if (lack !== undefined) {
        return { mode: "containers", reason: `no processes: ${lack}` };
    }
    return (await engineAnswers())
        ? { mode: "containers", reason: "a Docker engine answers" }
        : { mode: "processes", reason: "no Docker engine answers" };
}
