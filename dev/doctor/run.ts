import { execFile } from "node:child_process";
import { findProgram } from "../tools/requirements";
import type { Program } from "./facts";

/** How long a probe may take, in milliseconds. */
export const probeMs = 5000;

export interface Answer {
    ok: boolean;
    stdout: string;
    /** Why it failed, in one line. */
    problem: string;
}

/** Runs a program that only tells something, for a bounded time. */
export function ask(path: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<Answer> {
    // None of them may look for updates, download a toolchain or ask the metadata service for credentials.
    const quiet = { PULUMI_SKIP_UPDATE_CHECK: "true", GOTOOLCHAIN: "local", AWS_EC2_METADATA_DISABLED: "true" };
    const options = { env: { ...process.env, ...quiet, ...env }, timeout: probeMs, killSignal: "SIGKILL" } as const;
    return new Promise((resolve) => {
        execFile(path, args, options, (error, stdout, stderr) => {
            const said = stderr.trim().split("\n")[0] ?? "";
            const late = error?.killed ? `no answer in ${probeMs / 1000} s` : "";
            const problem = error ? late || said || error.message.split("\n")[0]! : "";
            resolve({ ok: error === null, stdout, problem });
        }).stdin?.end();
    });
}

/** Finds a program and asks for its version; undefined when there is none. */
export async function program(
    name: string,
    args: string[],
    version: RegExp,
    folders: string[] = [],
): Promise<Program | undefined> {
    const path = findProgram(name, folders);
    if (path === undefined) {
        return undefined;
    }
    const { ok, stdout, problem } = await ask(path, args);
    const found = version.exec(stdout)?.[1];
    return { path, ...(found ? { version: found } : {}), ...(ok ? {} : { problem }) };
}
