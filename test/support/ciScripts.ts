import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { findProgram } from "../../dev/tools/requirements";
import type { Ended } from "./commands";
import { root } from "./project";

/** What the scripts need of a CI image, whatever else is in it. */
const neededPrograms = (
    "awk base64 cat chmod cp cut date env find grep head id kill ln ls mkdir mktemp mv od readlink rm rmdir sed setsid sh " +
    "sha256sum sleep sort tail tee tr uname wc xargs"
).split(" ");

/** How a script is run. */
export interface ScriptOptions {
    /** More variables of the job, over those of an empty environment. */
    env?: Record<string, string>;
    input?: string;
    /** After this time the script is killed. Defaults to 120. */
    seconds?: number;
    /** The shell that runs it, for example `["busybox", "sh"]`. Defaults to what its first line says. */
    shell?: string[];
    cwd?: string;
}

/** A user that a job may run as. */
export interface JobUser {
    uid: number;
    gid: number;
}

/**
 * A CI job: a checkout with the scripts as users have them in `.multiarch-builder`, an empty home, and an environment that
 * holds nothing but a PATH of a few programs. Every job has folders of its own.
 */
export class CiJob {
    /** The working folder of the job, its checkout. */
    readonly dir: string;
    readonly home: string;
    /** The folder for temporary files of the job, which also holds the state of `builder-setup`. */
    readonly temp: string;
    /** The only folder on the PATH. */
    readonly bin: string;
    readonly env: Record<string, string>;

    constructor(
        base: string,
        name = "job",
        private readonly user?: JobUser,
    ) {
        this.dir = path.join(base, name, "checkout");
        this.home = path.join(base, name, "home");
        this.temp = path.join(base, name, "tmp");
        this.bin = path.join(base, name, "bin");
        for (const dir of [this.dir, this.home, this.temp, this.bin]) {
            fs.mkdirSync(dir, { recursive: true });
        }
        fs.cpSync(path.join(root, "assets/ci"), path.join(this.dir, ".multiarch-builder"), { recursive: true });
        if (user) {
            [base, path.join(base, name)].forEach((dir) => fs.chmodSync(dir, 0o755));
            [this.dir, this.home, this.temp].forEach((dir) => fs.chownSync(dir, user.uid, user.gid));
        }
        this.env = { PATH: this.bin, HOME: this.home, TMPDIR: this.temp };
        this.addPrograms(neededPrograms);
    }

    /** Puts programs of this machine on the PATH. */
    addPrograms(names: readonly string[]): void {
        for (const name of names) {
            const file = findProgram(name, ["/usr/sbin", "/sbin"]);
            if (!file) {
                throw new Error(`no \`${name}\` in PATH`);
            }
            this.addProgram(name, file);
        }
    }

    /** Puts a file on the PATH under a name, in place of another of that name. */
    addProgram(name: string, file: string): void {
        fs.rmSync(path.join(this.bin, name), { force: true });
        fs.symlinkSync(file, path.join(this.bin, name));
    }

    /** Puts a program with this text on the PATH. */
    writeProgram(name: string, text: string): void {
        fs.rmSync(path.join(this.bin, name), { force: true });
        fs.writeFileSync(path.join(this.bin, name), text, { mode: 0o755 });
    }

    /** Path of a script in the checkout. */
    script(name: string): string {
        return path.join(this.dir, ".multiarch-builder", name);
    }

    /** Starts a script of `.multiarch-builder`, or with `-c` as name a line of shell. The whole environment is the job's. */
    start(name: string, args: string[] = [], options: ScriptOptions = {}): ChildProcess {
        const shell = options.shell ?? [];
        const command = name === "-c" ? [...(shell.length ? shell : ["sh"]), "-c"] : [...shell, this.script(name)];
        const [program = "", ...rest] = [...command, ...args];
        return spawn(findIn(this.bin, program), rest, {
            cwd: options.cwd ?? this.dir,
            env: { ...this.env, ...options.env },
            stdio: ["pipe", "pipe", "pipe"],
            timeout: (options.seconds ?? 120) * 1000,
            killSignal: "SIGKILL",
            ...this.user,
        });
    }

    /** Runs a script to its end: until everybody who holds its output has closed it. */
    async run(name: string, args: string[] = [], options: ScriptOptions = {}): Promise<Ended> {
        return ended(this.start(name, args, options), options.input);
    }
}

/** Waits for a program and collects what it says. */
export function ended(child: ChildProcess, input = ""): Promise<Ended> {
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.stdin?.on("error", () => undefined).end(input);
    return new Promise((resolve, reject) => {
        child.on("error", reject).on("close", (status) => resolve({ status, stdout, stderr }));
    });
}

function findIn(bin: string, program: string): string {
    const file = path.join(bin, program);
    return !program.includes("/") && fs.existsSync(file) ? file : program;
}
