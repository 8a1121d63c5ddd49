import { spawnSync } from "node:child_process";
import * as path from "node:path";
import { root } from "../../support/project";

/** The shells that the scripts are held to. */
export const shells = [
    { name: "dash", command: ["dash"] },
    { name: "busybox", command: ["busybox", "sh"] },
];

/** Calls a function of the scripts in a shell; gives what it printed and its exit code. */
export function callFunction(
    shell: string[],
    call: string[],
    env: Record<string, string> = {},
): { status: number | null; output: string } {
    const script = '. "$1/lib.sh"; . "$1/image.sh"; shift; "$@"';
    const [program = "", ...args] = [...shell, "-euc", script, "test", path.join(root, "assets/ci"), ...call];
    const options = { encoding: "utf8", env: { PATH: process.env.PATH, ...env } } as const;
    const { status, stdout, stderr } = spawnSync(program, args, options);
    expect(stderr).toBe("");
    return { status, output: stdout };
}
