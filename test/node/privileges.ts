import { spawnSync } from "node:child_process";

/** Runs a suite that needs root and some commands of Linux; says why when it cannot. */
export function describeAsRoot(name: string, commands: string[], suite: () => void): void {
    const missing = commands.filter((command) => spawnSync("sh", ["-c", `command -v ${command}`]).status !== 0);
    const reasons = [
        ...(process.getuid?.() === 0 ? [] : ["root"]),
        ...missing.map((command) => `the command ${command}`),
    ];
    if (reasons.length > 0) {
        console.warn(`skipped: ${name} needs ${reasons.join(", ")}`);
    }
    (reasons.length > 0 ? describe.skip : describe)(name, suite);
}
