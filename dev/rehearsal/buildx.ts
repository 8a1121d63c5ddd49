import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import * as readline from "node:readline";
import { stripVTControlCharacters } from "node:util";
import { findProgram } from "../tools/requirements";

/** A call of buildx. Secrets belong into `env`, never into `args`. */
export interface BuildxCall {
    args: string[];
    cwd: string;
    env: NodeJS.ProcessEnv;
    input?: string;
    /** Gets the steps of `--progress=plain`. */
    progress: (line: string) => void;
    signal: AbortSignal;
}

/** How long an interrupted build may take to wind down before it is killed. */
const graceMilliseconds = 10_000;

/** Runs buildx and returns its standard output; a failure carries the failing step with its output. */
export async function runBuildx({ args, cwd, env, input, progress, signal }: BuildxCall): Promise<string> {
    const child = spawn(findBuildx(env), args, { cwd, env, stdio: ["pipe", "pipe", "pipe"] });
    const stop = () => {
        child.kill("SIGINT");
        setTimeout(() => child.kill("SIGKILL"), graceMilliseconds).unref();
    };
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) {
        stop();
    }
    const output: string[] = [];
    const lines: string[] = [];
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk.toString()));
    readline.createInterface({ input: child.stderr }).on("line", (line) => {
        lines.push(stripVTControlCharacters(line));
        if (/^#\d+ (\[(?!internal|auth)|exporting (to|cache)|CACHED)/.test(line)) {
            progress(line);
        }
    });
    child.stdin.on("error", () => undefined).end(input ?? "");
    const ended = new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
    const code = await ended.finally(() => signal.removeEventListener("abort", stop));
    if (signal.aborted) {
        throw new Error("interrupted");
    }
    if (code !== 0) {
        throw new Error(failureOf(lines) || `buildx ended with exit code ${code}`);
    }
    return output.join("");
}

/** What buildx prints at the end: the step that failed with its output, then the error. */
function failureOf(lines: string[]): string {
    const start = lines.indexOf("------");
    const ending = start === -1 ? lines.filter((line) => !line.startsWith("#")).slice(-10) : lines.slice(start);
    const telling = ending.filter((line) => !/^(-+|View build details.*|)$/.test(line));
    return telling.map((line) => line.replace(/^ERROR: /, "")).join("\n");
}

/** The buildx binary: MULTIARCH_BUILDX, this repository's own build of it, else the one in PATH. */
function findBuildx({ MULTIARCH_BUILDX: wanted }: NodeJS.ProcessEnv): string {
    const own = path.resolve(__dirname, "../../.tools/bin/buildx");
    const found = wanted || (fs.existsSync(own) ? own : (findProgram("docker-buildx") ?? findProgram("buildx")));
    if (!found) {
        throw new Error("no buildx found: run `npm run tools`, set MULTIARCH_BUILDX, or put docker-buildx into PATH");
    }
    return found;
}
