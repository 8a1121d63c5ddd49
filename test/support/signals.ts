import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import type { NodeView } from "./nodes";
import { root } from "./project";

/** How a command ended. */
export interface Ended {
    code: number | null;
    signal: NodeJS.Signals | null;
    text: string;
}

/** A command in a process group of its own, as a shell starts it. */
export class Command {
    private readonly child: ChildProcess;
    readonly ended: Promise<Ended>;
    text = "";

    constructor(program: string, args: string[], env: Record<string, string>) {
        const options = { cwd: root, env: { ...process.env, ...env }, detached: true } as const;
        this.child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
        const collect = (chunk: Buffer) => (this.text += chunk.toString());
        this.child.stdout!.on("data", collect);
        this.child.stderr!.on("data", collect);
        this.ended = new Promise((resolve, reject) => {
            this.child.once("error", reject);
            this.child.once("close", (code, signal) => resolve({ code, signal, text: this.text }));
        });
    }

    /** Signals the process that was started and no other, as a supervisor does. */
    signal(name: NodeJS.Signals): void {
        this.child.kill(name);
    }

    /** Signals the whole group, as a terminal does at Ctrl-C. */
    signalGroup(name: NodeJS.Signals): void {
        process.kill(-this.child.pid!, name);
    }

    /** Ends what a failed test left. */
    kill(): void {
        try {
            this.signalGroup("SIGKILL");
        } catch {
            // It has ended.
        }
    }
}

/** Processes of the whole machine with exactly these arguments, those in containers too. */
export function processesWith(args: string[]): number[] {
    const wanted = `${args.join("\0")}\0`;
    const pids = fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    return pids.map(Number).filter((pid) => {
        try {
            return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8") === wanted;
        } catch {
            return false;
        }
    });
}

/** Number of builds that a node is still at. */
export function activeBuilds(node: NodeView): number {
    const lines = node.buildctl("debug", "histories", "--format", "{{json .}}").split("\n").filter(Boolean);
    const events = lines.map((line) => JSON.parse(line) as { type?: number; record?: { CompletedAt?: object } });
    return events.filter(({ record }) => record && !record.CompletedAt).length;
}
