import { spawn } from "node:child_process";

/** A program that has ended. */
export interface Ended {
    status: number | null;
    stdout: string;
    stderr: string;
}

export interface CommandOptions {
    cwd?: string;
    /** The whole environment. */
    env: NodeJS.ProcessEnv;
    input?: string;
    /** After this time the program is killed. */
    seconds?: number;
}

/** Runs a program to its end. */
export function runCommand(command: string, args: string[], options: CommandOptions): Promise<Ended> {
    const child = spawn(command, args, {
        cwd: options.cwd,
        env: options.env,
        stdio: ["pipe", "pipe", "pipe"],
        timeout: (options.seconds ?? 120) * 1000,
        killSignal: "SIGKILL",
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.stdin.on("error", () => undefined).end(options.input ?? "");
    return new Promise((resolve, reject) => {
        child.on("error", reject).on("close", (status) => resolve({ status, stdout, stderr }));
    });
}

/** Runs a program that has to succeed; returns what it printed on standard output. */
export async function succeed(command: string, args: string[], options: CommandOptions): Promise<string> {
    const { status, stdout, stderr } = await runCommand(command, args, options);
    if (status !== 0) {
        throw new Error(`${command} ${args.join(" ")} ended with ${String(status)}:\n${stdout}\n${stderr}`);
    }
    return stdout;
}
