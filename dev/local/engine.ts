import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import type { Progress } from "../progress/progress";
import { rehearse } from "../rehearsal/run";
import { findProgram } from "../tools/requirements";
import { writePrivate } from "./files";
import { StackFile, stackName } from "./stackConfig";

export type EngineName = "pulumi" | "rehearsal";

export interface RunOptions {
    projectDir: string;
    /** Folder of the farm. */
    dir: string;
    stack: StackFile;
    /** Environment on top of the own one. */
    env: Record<string, string>;
    progress: Progress;
}

export interface EngineChoice {
    engine: EngineName;
    reason: string;
}

/** The Pulumi CLI where it and the docker-build plugin are installed, else the rehearsal engine. */
export function chooseEngine(wanted?: EngineName): EngineChoice {
    const pulumi = findPulumi();
    if (wanted === "rehearsal") {
        return { engine: wanted, reason: "as asked" };
    }
    if (wanted === "pulumi") {
        if (!pulumi) {
            throw new Error(
                "--engine pulumi: no working `pulumi` in PATH or ~/.pulumi/bin: install it from https://www.pulumi.com/docs/install/ or use --engine rehearsal",
            );
        }
        return { engine: wanted, reason: "as asked" };
    }
    if (!pulumi) {
        return { engine: "rehearsal", reason: "no `pulumi` in PATH" };
    }
    return hasPlugin(pulumi)
        ? { engine: "pulumi", reason: "the CLI and its docker-build plugin are installed" }
        : { engine: "rehearsal", reason: "the docker-build plugin is not installed; --engine pulumi downloads it" };
}

/**
 * Runs the program and returns its outputs, secrets masked. An interruption lets the engine stop builds and write its
 * state; a second signal must not end this process meanwhile: npm and tsx pass on what the terminal sent already.
 */
export async function runProgram(engine: EngineName, options: RunOptions): Promise<Record<string, unknown>> {
    const interrupt = new AbortController();
    const task = options.progress.start("program", "running");
    let outcome = "failed";
    const abort = () => {
        outcome = "stopped";
        task.at("stopping builds");
        interrupt.abort();
    };
    process.on("SIGINT", abort).on("SIGTERM", abort);
    try {
        const run = engine === "pulumi" ? runPulumi : runRehearsal;
        const outputs = await run({ ...options, signal: interrupt.signal });
        outcome = "done";
        return outputs;
    } catch (error) {
        throw interrupt.signal.aborted ? new Error(interrupted) : error;
    } finally {
        task.end(outcome);
        process.off("SIGINT", abort).off("SIGTERM", abort);
    }
}

const interrupted =
    "interrupted: builds were stopped, the local services keep running; `npm start` goes on, `npm run stop` ends them";

type AbortableOptions = RunOptions & { signal: AbortSignal };

async function runRehearsal({
    projectDir,
    dir,
    stack,
    env,
    progress,
    signal,
}: AbortableOptions): Promise<Record<string, unknown>> {
    const { exitCode, outputs } = await rehearse({
        command: "up",
        projectDir,
        stack: stackName,
        configFile: stack.configFile,
        stateFile: join(dir, "rehearsal-state.json"),
        env: { ...env, PULUMI_CONFIG_PASSPHRASE: stack.passphrase },
        progress,
        signal,
    });
    if (exitCode !== 0) {
        throw new Error(`the program failed under the rehearsal engine (exit ${exitCode}); the cause is above`);
    }
    return outputs;
}

async function runPulumi(options: AbortableOptions): Promise<Record<string, unknown>> {
    const { projectDir, dir, stack } = options;
    const program = findPulumi() ?? "pulumi";
    const state = join(dir, "pulumi-state");
    mkdirSync(state, { recursive: true, mode: 0o700 });
    const run = (args: string[]) =>
        pulumi(program, args, { ...options, env: { ...options.env, ...pulumiEnvironment(state, stack) } });
    // A stack is made where a project lies beside its configuration; the repository's own folder stays untouched by this.
    writePrivate(join(dir, "Pulumi.yaml"), "name: multiarch-builder\nruntime: nodejs\n");
    const init = ["stack", "init", stackName, "--no-select", "--secrets-provider", "passphrase"];
    const made = await run([...init, "--cwd", dir]);
    if (made.code !== 0 && !/already exists/.test(made.text)) {
        throw new Error(`\`pulumi stack init\` failed (exit ${made.code}):\n${made.text}`);
    }
    const place = ["--cwd", projectDir, "--stack", stackName];
    const up = await run(["up", ...place, "--config-file", stack.configFile, "--yes", "--skip-preview"]);
    if (up.code !== 0) {
        throw new Error(`\`pulumi up\` failed (exit ${up.code}); the cause is above`);
    }
    const output = await run(["stack", "output", ...place, "--json"]);
    if (output.code !== 0) {
        throw new Error(`\`pulumi stack output\` failed (exit ${output.code}):\n${output.text}`);
    }
    return JSON.parse(output.text) as Record<string, unknown>;
}

function pulumiEnvironment(state: string, stack: StackFile): Record<string, string> {
    return {
        PULUMI_BACKEND_URL: pathToFileURL(state).href,
        PULUMI_CONFIG_PASSPHRASE: stack.passphrase,
        PULUMI_SKIP_UPDATE_CHECK: "true",
    };
}

/** Runs the CLI without a terminal. The lines of `up` are shown, those of other commands are returned only. */
async function pulumi(
    program: string,
    args: string[],
    options: AbortableOptions,
): Promise<{ code: number; text: string }> {
    const child = spawn(program, [...args, "--non-interactive", "--color", "never"], {
        env: { ...process.env, ...options.env },
        stdio: ["ignore", "pipe", "pipe"],
    });
    // The CLI takes an interrupt as the wish to end in order, however this process was asked to end.
    options.signal.addEventListener("abort", () => child.kill("SIGINT"), { once: true });
    const lines: string[] = [];
    const errors: string[] = [];
    const show = args.includes("up");
    const collect = (into: string[]) => (line: string) => {
        into.push(line);
        if (show && line.trim() !== "") {
            options.progress.log(line);
        }
    };
    createInterface({ input: child.stdout }).on("line", collect(lines));
    createInterface({ input: child.stderr }).on("line", collect(errors));
    const code = await new Promise<number>((resolve, reject) => {
        child.once("error", reject);
        child.once("close", (exit) => resolve(exit ?? 1));
    });
    return { code, text: (code === 0 ? lines : [...lines, ...errors]).join("\n") };
}

/** The Pulumi CLI, where it works. */
export function findPulumi(): string | undefined {
    const found = findProgram("pulumi", [join(process.env.PULUMI_HOME ?? join(homedir(), ".pulumi"), "bin")]);
    return found && existsSync(found) && spawnSync(found, ["version"], { encoding: "utf8" }).status === 0
        ? found
        : undefined;
}

function hasPlugin(pulumi: string): boolean {
    const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
    const { status, stdout } = spawnSync(pulumi, ["plugin", "ls", "--json"], { env, encoding: "utf8" });
    try {
        const plugins = JSON.parse(stdout) as { name?: string; kind?: string }[];
        return status === 0 && plugins.some(({ name, kind }) => name === "docker-build" && kind === "resource");
    } catch {
        return false;
    }
}
