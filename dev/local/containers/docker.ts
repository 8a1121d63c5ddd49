import { spawn } from "node:child_process";
import { findProgram } from "../../tools/requirements";
import { EngineError, explained } from "./problems";

/** A call of the Docker CLI, on the engine that its current context reaches. Secrets go through `input`, never `args`. */
export interface DockerCall {
    input?: Buffer;
    /** Ends the call; what the engine has done by then stays. */
    signal?: AbortSignal;
    /** After this time the call is given up; ten minutes unless set. */
    timeoutMs?: number;
}

/** Runs the Docker CLI and returns what it prints; a failure says what to do. */
export async function docker(args: string[], call: DockerCall = {}): Promise<string> {
    const { status, stdout, stderr } = await runDocker(args, call);
    if (status !== 0) {
        throw explained(args, stderr || stdout);
    }
    return stdout.trim();
}

/** Whether a call succeeds. */
export async function succeeds(args: string[], call: DockerCall = {}): Promise<boolean> {
    return (await runDocker(args, call)).status === 0;
}

/** Runs the Docker CLI; both streams in order, as `docker logs` has them. */
export async function dockerText(args: string[]): Promise<string> {
    const { stdout, stderr } = await runDocker(args, { timeoutMs: 30_000 });
    return `${stdout}${stderr}`;
}

interface Ended {
    status: number | null;
    stdout: string;
    stderr: string;
}

function runDocker(args: string[], { input, signal, timeoutMs = 600_000 }: DockerCall): Promise<Ended> {
    signal?.throwIfAborted();
    const program = findProgram("docker");
    if (!program) {
        throw new EngineError(
            "no `docker` in PATH: containers are run with the Docker CLI; install Docker Desktop, or Docker Engine (https://docs.docker.com/engine/install/)",
        );
    }
    // A process group of its own: an interruption from the terminal must not end the calls that clean up after it.
    const child = spawn(program, args, {
        detached: true,
        env: process.env,
        stdio: ["pipe", "pipe", "pipe"],
        ...(signal ? { signal } : {}),
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
    const ended: Ended = { status: null, stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (ended.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (ended.stderr += text));
    child.stdin.on("error", () => undefined).end(input);
    return new Promise<Ended>((resolve, reject) => {
        child.once("error", reject);
        child.once("close", (status, killed) => {
            const late = killed === "SIGKILL" ? `no answer in ${timeoutMs / 1000} s` : "";
            resolve({ ...ended, status, stderr: `${ended.stderr}${late}` });
        });
    }).finally(() => clearTimeout(timer));
}
