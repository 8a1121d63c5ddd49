import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import * as readline from "node:readline";
import { stripVTControlCharacters } from "node:util";
import { findProgram } from "../tools/requirements";
import { buildAdvice } from "./buildAdvice";
import { BuildSteps } from "./buildSteps";

/** A call of buildx. Secrets belong into `env`, never into `args`. */
export interface BuildxCall {
    args: string[];
    cwd: string;
    env: NodeJS.ProcessEnv;
    input?: string;
    /** What is built, for the text of a failure, such as its platforms. */
    what?: string;
    /** Told of the build after each event of `--progress=rawjson`. */
    watch?: (steps: BuildSteps) => void;
    signal: AbortSignal;
}

/** How long an interrupted build may take to wind down before it is killed. */
const graceMilliseconds = 10_000;

/**
 * Runs buildx and returns its standard output. With `--progress=rawjson` it tells how it gets on, and a failure carries the
 * failing step with its output, the lines of the Dockerfile, the error, and what to try.
 */
export async function runBuildx({ args, cwd, env, input, what, watch, signal }: BuildxCall): Promise<string> {
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
    const steps = new BuildSteps();
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk.toString()));
    readline.createInterface({ input: child.stderr }).on("line", (line) => {
        if (!steps.read(line)) {
            lines.push(stripVTControlCharacters(line));
        } else {
            watch?.(steps);
        }
    });
    child.stdin.on("error", () => undefined).end(input ?? "");
    const ended = new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
    const code = await ended.finally(() => signal.removeEventListener("abort", stop));
    if (signal.aborted) {
        throw new Error("interrupted");
    }
    if (code !== 0) {
        throw new Error(failureText(what, steps, lines) || `buildx ended with exit code ${code}`);
    }
    return output.join("");
}

/** The step that failed with its output, then what buildx says for people: lines of the Dockerfile and the error. */
function failureText(what: string | undefined, { failed }: BuildSteps, lines: string[]): string {
    // The engine's words before it are long: the step begins a line.
    const title = failed && `\n${what ? `${what}: ` : ""}${failed.name}`;
    const step = failed ? [title, ...(failed.output === "" ? [] : [failed.output])] : [];
    const said = lines
        .filter((line) => !/^(View build details.*|WARNING: No output specified.*|)$/.test(line))
        .slice(-30);
    const text = [...step, ...said.map((line) => line.replace(/^ERROR: /, ""))].join("\n");
    const advice = buildAdvice(text);
    return advice === undefined ? text : `${text}\ntry: ${advice}`;
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
