import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { renderNodeConf, shellQuote } from "../../components/node/nodeConf";
import { sample } from "./sample";

/** The shells that the scripts have to work under. */
export const shells = ["dash", "bash", "busybox"].filter(
    (name) => spawnSync("sh", ["-c", `command -v ${name}`]).status === 0,
);

export interface Outcome {
    status: number | null;
    stdout: string;
    stderr: string;
}

/** A folder with the node's scripts, its settings, and stand-ins for the commands that they call. */
export class NodeFolder {
    readonly path = mkdtempSync(join(tmpdir(), "node-scripts-"));
    private readonly functions: string[] = [];

    /** Settings that replace rendered ones. */
    readonly settings: Record<string, string | number>;

    constructor(
        private readonly shell: string,
        settings: Record<string, string | number> = {},
    ) {
        this.settings = { ...settings };
        cpSync(join(__dirname, "../../assets/node"), join(this.path, "scripts"), { recursive: true });
        mkdirSync(join(this.path, "stubs"));
        writeFileSync(join(this.path, "calls"), "");
    }

    /** A path within the folder. */
    file(...names: string[]): string {
        return join(this.path, ...names);
    }

    /** Puts a command in place of the machine's; each call is noted. */
    stub(name: string, body = ""): this {
        const text = `#!/bin/sh\nprintf '%s\\n' "${name} $*" >>${shellQuote(this.file("calls"))}\n${body}\n`;
        writeFileSync(this.file("stubs", name), text);
        chmodSync(this.file("stubs", name), 0o755);
        // busybox takes its own applets before PATH, but functions before both.
        if (this.shell === "busybox" && /^[a-z0-9_]+$/.test(name)) {
            this.functions.push(`${name}() { ${shellQuote(this.file("stubs", name))} "$@"; }`);
        }
        return this;
    }

    /** The calls of the stand-ins so far. */
    get calls(): string[] {
        return readFileSync(this.file("calls"), "utf8").split("\n").filter(Boolean);
    }

    /** Runs a script; `path` replaces the folders that commands are looked for in behind the stand-ins. */
    run(script: string, args: string[] = [], path = process.env.PATH ?? ""): Outcome {
        const overrides = { TLS_DIR: this.file("tls"), IDLE_DIR: this.file("idle"), ...this.settings };
        const lines = Object.entries(overrides).map(([name, value]) => `${name}=${shellQuote(String(value))}`);
        const search = `${this.file("stubs")}:${path}`;
        const conf = [renderNodeConf(sample()), ...lines, `export PATH=${shellQuote(search)}`, ...this.functions, ""];
        writeFileSync(this.file("node.conf"), conf.join("\n"));
        return this.spawn(script, args, process.env.PATH ?? "");
    }

    /** Runs a script that reads no settings, with the stand-ins in the environment's PATH. */
    runAlone(script: string, args: string[] = []): Outcome {
        return this.spawn(script, args, `${this.file("stubs")}:${process.env.PATH ?? ""}`);
    }

    private spawn(script: string, args: string[], path: string): Outcome {
        const command = this.shell === "busybox" ? ["busybox", "sh"] : [this.shell];
        const [program = "", ...before] = command;
        const { status, stdout, stderr } = spawnSync(program, [...before, this.file("scripts", script), ...args], {
            encoding: "utf8",
            env: { PATH: path, BUILDKIT_NODE_CONF: this.file("node.conf") },
            timeout: 60_000,
        });
        return { status, stdout, stderr };
    }

    write(name: string, text: string): string {
        writeFileSync(this.file(name), text);
        return this.file(name);
    }

    read(...names: string[]): string {
        return readFileSync(this.file(...names), "utf8");
    }

    has(...names: string[]): boolean {
        return existsSync(this.file(...names));
    }

    remove(): void {
        rmSync(this.path, { recursive: true, force: true });
    }
}

/** Runs a suite under every shell, each test with a folder of its own. */
export function underEveryShell(
    settings: Record<string, string | number>,
    suite: (folder: () => NodeFolder) => void,
): void {
    describe.each(shells)("under %s", (shell) => {
        let folder: NodeFolder;
        beforeEach(() => {
            folder = new NodeFolder(shell, settings);
        });
        afterEach(() => folder.remove());
        suite(() => folder);
    });
}
