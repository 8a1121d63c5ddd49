import { spawn, spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { lastLines } from "../tools/requirements";
import { privateFolder, readIfThere, readJson, writePrivate } from "./files";

/** A background process as its pid file keeps it. The start time tells it from a stranger that got the same id later. */
interface ProcessRecord {
    pid: number;
    bootId: string;
    startTicks: string;
    /** Hash of everything it was started with. */
    fingerprint: string;
}

/** A background process to run. */
export interface ProcessOptions {
    /** Folder of the farm; pid files go to `run`, logs to `logs`. */
    dir: string;
    name: string;
    command: string;
    args: string[];
    /** Changes when the process has to be started anew. */
    fingerprint: string;
    cwd?: string;
    /** Resolves to undefined once the process serves, else to what is missing; called again and again. */
    ready: () => Promise<string | undefined>;
    timeoutMs?: number;
}

const pollMs = 100;

/** Reuses the process when it runs with the same fingerprint, else starts it; resolves when it serves. */
export async function ensureProcess(options: ProcessOptions): Promise<"started" | "reused"> {
    const { dir, name } = options;
    const record = readJson<ProcessRecord>(pidFile(dir, name));
    if (record && isRunning(record) && record.fingerprint === options.fingerprint && (await isReady(options))) {
        return "reused";
    }
    await stopProcess(dir, name);
    const log = privateLog(dir, name);
    const child = spawn(options.command, options.args, {
        cwd: options.cwd,
        detached: true,
        stdio: ["ignore", log, log],
    });
    closeSync(log);
    const exited = new Promise<string>((resolve) => {
        child.once("error", (error) => resolve(error.message));
        child.once("exit", (code, signal) => resolve(`exit ${code ?? signal}`));
    });
    child.unref();
    if (child.pid !== undefined) {
        const identity = { pid: child.pid, bootId: bootId(), startTicks: startTicks(child.pid) ?? "" };
        writePrivate(pidFile(dir, name), JSON.stringify({ ...identity, fingerprint: options.fingerprint }));
    }
    await untilReady(options, exited);
    return "started";
}

async function untilReady(options: ProcessOptions, exited: Promise<string>): Promise<void> {
    const { dir, name } = options;
    const seconds = (options.timeoutMs ?? 30_000) / 1000;
    const deadline = Date.now() + seconds * 1000;
    let ended: string | undefined;
    let missing: string | undefined;
    void exited.then((how) => (ended = how));
    const failure = () => `; last lines of ${logFile(dir, name)}:\n${logTail(dir, name)}`;
    for (;;) {
        if (ended !== undefined) {
            rmSync(pidFile(dir, name), { force: true });
            throw new Error(`${name} ended while starting (${ended})${failure()}`);
        }
        missing = await options.ready();
        if (missing === undefined) {
            return;
        }
        if (Date.now() > deadline) {
            await stopProcess(dir, name);
            throw new Error(`${name} did not serve within ${seconds} s (${missing}) and was stopped${failure()}`);
        }
        await Promise.race([exited, sleep(pollMs)]);
    }
}

async function isReady(options: ProcessOptions): Promise<boolean> {
    // A process that runs but does not answer at once is started anew: that is what a person would do.
    for (let tries = 0; tries < 5; tries++) {
        if ((await options.ready()) === undefined) {
            return true;
        }
        await sleep(pollMs);
    }
    return false;
}

/** Ends a process that is ours: SIGTERM, a bounded wait, SIGKILL for its group. Returns whether one was running. */
export async function stopProcess(dir: string, name: string, graceMs = 10_000): Promise<boolean> {
    const record = readJson<ProcessRecord>(pidFile(dir, name));
    const running = record !== undefined && isRunning(record);
    if (running) {
        signal(record.pid, "SIGTERM");
        const deadline = Date.now() + graceMs;
        while (isRunning(record) && Date.now() < deadline) {
            await sleep(50);
        }
        if (isRunning(record)) {
            signal(-record.pid, "SIGKILL");
            while (isRunning(record)) {
                await sleep(50);
            }
        }
    }
    rmSync(pidFile(dir, name), { force: true });
    return running;
}

/** Ends all processes of a farm but the given ones; returns the names of those that ran. */
export async function stopProcesses(dir: string, keep: string[] = []): Promise<string[]> {
    const names = knownProcesses(dir).filter((name) => !keep.includes(name));
    const ran = await Promise.all(names.map((name) => stopProcess(dir, name)));
    return names.filter((_, index) => ran[index]);
}

/** Names of all processes that have a pid file. */
function knownProcesses(dir: string): string[] {
    try {
        return readdirSync(join(dir, "run"))
            .filter((file) => file.endsWith(".pid"))
            .map((file) => basename(file, ".pid"));
    } catch {
        return [];
    }
}

function logTail(dir: string, name: string, count = 15): string {
    return lastLines(readIfThere(logFile(dir, name)) ?? "", count);
}

export function isProcessRunning(dir: string, name: string): boolean {
    const record = readJson<ProcessRecord>(pidFile(dir, name));
    return record !== undefined && isRunning(record);
}

/** Ours and alive: same boot, same start time, no zombie. */
function isRunning(record: ProcessRecord): boolean {
    return record.bootId === bootId() && record.startTicks !== "" && startTicks(record.pid) === record.startTicks;
}

/** Start time of a process, on Linux in clock ticks since boot; undefined when it and all its threads are gone. */
function startTicks(pid: number): string | undefined {
    if (process.platform !== "linux") {
        const { stdout } = spawnSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], { encoding: "utf8" });
        const [, state, started] = /^\s*(\S+)\s+(.*\S)\s*$/.exec(stdout ?? "") ?? [];
        return state === undefined || state.startsWith("Z") ? undefined : started;
    }
    try {
        // The command name, in parentheses, may hold spaces; field 3 (state) follows it, the start time is field 22.
        const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").pop()?.split(" ") ?? [];
        // Its first thread may have ended before others, which hold its ports still; field 20 counts them.
        const ended = (fields[0] === "Z" || fields[0] === "X") && Number(fields[17]) < 2;
        return ended ? undefined : fields[19];
    } catch {
        return undefined;
    }
}

function bootId(): string {
    // Elsewhere the start time has the date in it, which tells processes of two boots apart.
    if (process.platform !== "linux") {
        return "";
    }
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

function signal(pid: number, name: NodeJS.Signals): void {
    try {
        process.kill(pid, name);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") {
            throw error;
        }
    }
}

function privateLog(dir: string, name: string): number {
    privateFolder(join(dir, "logs"));
    return openSync(logFile(dir, name), "w", 0o600);
}

function pidFile(dir: string, name: string): string {
    return join(dir, "run", `${name}.pid`);
}

function logFile(dir: string, name: string): string {
    return join(dir, "logs", `${name}.log`);
}

function sleep(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
}
