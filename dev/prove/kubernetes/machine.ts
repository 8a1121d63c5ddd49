import { type ChildProcess, spawn } from "node:child_process";
import {
    chmodSync,
    closeSync,
    existsSync,
    mkdirSync,
    mkdtempSync,
    openSync,
    readFileSync,
    readdirSync,
    rmSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { shellQuote } from "../../../components/node/nodeConf";
import { readIfThere } from "../../local/files";
import { lastLines } from "../../tools/requirements";
import { hierarchies, joinCommands, makeCommands, removeCgroup } from "./cgroups";

/** A program that has ended. */
export interface Ended {
    status: number | null;
    stdout: string;
    stderr: string;
}

export interface RunOptions {
    input?: string;
    env?: Record<string, string>;
    /** After this time the program is killed; 120 by default. */
    seconds?: number;
    /** Gets all that was printed on standard error so far, as it comes. */
    onStderr?: (text: string) => void;
}

/** Where programs are looked up: what needs root is often not in a user's PATH. */
export const programPath = `${process.env.PATH}:/usr/sbin:/sbin`;

/** A new folder for a machine, named so that it can be told whether its process is still there. */
export function machineFolder(): string {
    return mkdtempSync(join(tmpdir(), `${folderPrefix}${process.pid}-`));
}

const folderPrefix = "multiarch-kubernetes-";

/** Removes what machines left whose process was killed: their programs ended with it, files and cgroups did not. */
export function removeAbandoned(): void {
    const groups = hierarchies(readFileSync("/proc/self/mountinfo", "utf8"));
    for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(folderPrefix))) {
        if (!existsSync(`/proc/${name.slice(folderPrefix.length).split("-")[0]}`)) {
            groups.forEach(({ path }) => removeCgroup(join(path, cgroupOf(name))));
            rmSync(join(tmpdir(), name), { recursive: true, force: true });
        }
    }
}

function cgroupOf(folder: string): string {
    return `multiarch-builder-${basename(folder)}`;
}

function environment(given: Record<string, string> = {}): NodeJS.ProcessEnv {
    return { ...process.env, PATH: programPath, ...given };
}

/** Folders of this machine that the other one has for itself. */
const ownFolders = ["/run", "/var/lib", "/var/log"];

/**
 * A machine inside this one: processes, mounts, network, host name and cgroups of its own, and this one's files. It ends with
 * its first process, and that one with this process; the kernel then takes away all that was run, mounted and set up in it.
 */
export class Machine {
    /** The command that runs a program on the machine. */
    readonly enter: string;
    readonly cgroup: string;
    private readonly hierarchies = hierarchies(readFileSync("/proc/self/mountinfo", "utf8"));
    private first: ChildProcess | undefined;

    constructor(
        readonly dir: string,
        readonly hostname: string,
    ) {
        this.enter = join(dir, "enter");
        this.cgroup = cgroupOf(dir);
    }

    async start(): Promise<void> {
        for (const folder of [...ownFolders, "logs"]) {
            mkdirSync(join(this.dir, folder), { recursive: true });
        }
        this.writeHosts({});
        this.writeScript("first", this.firstScript());
        const log = openSync(this.logFile("machine"), "w");
        // Its standard input is what it lives by: the kernel closes it with this process, whatever ends that.
        const stdio: ["pipe", number, number] = ["pipe", log, log];
        const first = spawn(join(this.dir, "first"), { stdio, detached: true, env: environment() });
        closeSync(log);
        this.first = first;
        this.writeScript("enter", this.enterScript(first.pid!));
        while (!existsSync(join(this.dir, "ready"))) {
            if (first.exitCode !== null) {
                throw new Error(`cannot make the cluster's namespaces: ${this.logTail("machine")}`);
            }
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
    }

    /** Starts a daemon; what it prints goes to its log. */
    spawn(name: string, command: string, args: string[], env: Record<string, string> = {}): ChildProcess {
        const log = openSync(this.logFile(name), "a");
        const stdio: ["ignore", number, number] = ["ignore", log, log];
        const child = spawn(this.enter, [command, ...args], { stdio, detached: true, env: environment(env) });
        closeSync(log);
        return child;
    }

    /** Runs a program to its end. */
    run(command: string, args: string[], options: RunOptions = {}): Promise<Ended> {
        // Killed from within: a signal to what enters the namespaces does not reach what was started in them.
        const limited = ["timeout", "--signal=KILL", String(options.seconds ?? 120), command, ...args];
        const child = spawn(this.enter, limited, { env: environment(options.env) });
        let [stdout, stderr] = ["", ""];
        child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
        child.stderr.setEncoding("utf8").on("data", (text: string) => {
            stderr += text;
            options.onStderr?.(stderr);
        });
        child.stdin.on("error", () => undefined).end(options.input ?? "");
        return new Promise((resolve, reject) => {
            child.on("error", reject).on("close", (status) => resolve({ status, stdout, stderr }));
        });
    }

    /** Runs a program that has to succeed; returns what it printed on standard output. */
    async succeed(command: string, args: string[], options: RunOptions = {}): Promise<string> {
        const { status, stdout, stderr } = await this.run(command, args, options);
        if (status !== 0) {
            const said = lastLines(`${stdout}\n${stderr}`, 20);
            throw new Error(`${basename(command)} ${args.join(" ").slice(0, 300)} ended with ${status}: ${said}`);
        }
        return stdout;
    }

    /** Names that programs on the machine resolve, each with its address. */
    writeHosts(names: Record<string, string>): void {
        const lines = Object.entries({ localhost: "127.0.0.1", ...names }).map(([name, ip]) => `${ip} ${name}\n`);
        writeFileSync(join(this.dir, "hosts"), lines.join(""));
    }

    logFile(name: string): string {
        return join(this.dir, "logs", `${name}.log`);
    }

    logTail(name: string, count = 15): string {
        return lastLines(readIfThere(this.logFile(name)) ?? "", count);
    }

    /** Ends every process of the machine and removes its cgroups; its folder stays. */
    async stop(): Promise<void> {
        this.first?.kill("SIGKILL");
        const paths = this.hierarchies.map(({ path }) => join(path, this.cgroup));
        const deadline = Date.now() + 60_000;
        while (!paths.map(removeCgroup).every(Boolean)) {
            if (Date.now() > deadline) {
                throw new Error(`processes of the cluster do not end: see cgroup.procs below ${paths.join(", ")}`);
            }
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
    }

    /** Makes the namespaces, and in them the mounts; then says so and waits. */
    private firstScript(): string {
        const { before, inNamespace } = makeCommands(this.hierarchies, this.cgroup);
        const dir = shellQuote(this.dir);
        const inside = [
            "set -e",
            "mount --make-rshared /",
            ...this.hierarchies.map(({ path }) => `mount --bind ${path}/${this.cgroup} ${path}`),
            ...ownFolders.map((folder) => `mount --bind ${dir}${folder} ${folder}`),
            `mount --bind ${dir}/hosts /etc/hosts`,
            `hostname ${this.hostname}`,
            "ip link set lo up",
            `: >${dir}/ready`,
            // What it becomes ignores the signal too, which makes the kernel reap the orphans that process 1 inherits.
            "trap '' CHLD",
            "exec cat",
        ];
        const namespaces = "--mount --pid --fork --kill-child --mount-proc --net --uts --ipc";
        const last = `exec unshare ${namespaces} sh -c ${shellQuote(inside.join("\n"))}`;
        const inCgroup = ["set -e", ...inNamespace, last];
        return [...before, `exec unshare --cgroup sh -c ${shellQuote(inCgroup.join("\n"))}`].join("\n");
    }

    private enterScript(pid: number): string {
        const namespaces = `--mount --net --uts --ipc --cgroup --pid=/proc/${pid}/ns/pid_for_children`;
        return [
            ...joinCommands(this.hierarchies, this.cgroup),
            `exec nsenter --target ${pid} ${namespaces} -- "$@"`,
        ].join("\n");
    }

    private writeScript(name: string, text: string): void {
        const file = join(this.dir, name);
        writeFileSync(file, `#!/bin/sh\nset -e\n${text}\n`);
        chmodSync(file, 0o755);
    }
}
