import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import * as readline from "node:readline";

/** A call of buildx. Secrets belong into `env`, never into `args`. */
export interface BuildxCall {
    args: string[];
    cwd: string;
    env: NodeJS.ProcessEnv;
    input?: string;
    /** The call prints `--progress=rawjson`. */
    progress?: (line: string) => void;
    signal: AbortSignal;
}

/** How long an interrupted build may take to wind down before it is killed. */
const graceMilliseconds = 10_000;

/** The buildx binary: MULTIARCH_BUILDX, this repository's own build of it, else the one in PATH. */
export function findBuildx(env: NodeJS.ProcessEnv): string {
    if (env.MULTIARCH_BUILDX) {
        return env.MULTIARCH_BUILDX;
    }
    const folders = (env.PATH ?? "").split(path.delimiter).filter((folder) => folder !== "");
    const candidates = [
        path.resolve(__dirname, "../../.tools/bin/buildx"),
        ...["docker-buildx", "buildx"].flatMap((name) => folders.map((folder) => path.join(folder, name))),
    ];
    const found = candidates.find((candidate) => fs.existsSync(candidate));
    if (found === undefined) {
        throw new Error(
            "no buildx found: run `npm run tools`, set MULTIARCH_BUILDX to a buildx binary, or put docker-buildx into PATH",
        );
    }
    return found;
}

/** Runs buildx and returns its standard output; a failure carries its last lines and the failing step. */
export async function runBuildx(call: BuildxCall): Promise<string> {
    const child = spawn(findBuildx(call.env), call.args, {
        cwd: call.cwd,
        env: call.env,
        stdio: ["pipe", "pipe", "pipe"],
    });
    let kill: NodeJS.Timeout | undefined;
    const stop = () => {
        child.kill("SIGINT");
        kill = setTimeout(() => child.kill("SIGKILL"), graceMilliseconds);
    };
    call.signal.addEventListener("abort", stop, { once: true });
    if (call.signal.aborted) {
        stop();
    }
    const report = new BuildReport(call.progress);
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const lines = readline.createInterface({ input: child.stderr }).on("line", (line) => report.read(line));
    const linesEnd = new Promise<void>((resolve) => lines.on("close", resolve));
    child.stdin.on("error", () => undefined).end(call.input ?? "");
    try {
        const code = await new Promise<number | null>((resolve, reject) =>
            child.on("error", reject).on("close", resolve),
        );
        await linesEnd;
        if (call.signal.aborted) {
            throw new Error("interrupted");
        }
        if (code !== 0) {
            throw new Error(report.failure(code));
        }
        return output;
    } finally {
        clearTimeout(kill);
        call.signal.removeEventListener("abort", stop);
    }
}

interface Status {
    vertexes?: {
        digest: string;
        name: string;
        started?: string;
        completed?: string;
        cached?: boolean;
        error?: string;
    }[];
    logs?: { vertex: string; data: string }[];
}

/** Follows a build: one short line per Dockerfile step, and the output of the step that fails. */
class BuildReport {
    private readonly shown = new Set<string>();
    private readonly logs = new Map<string, string>();
    private readonly plain: string[] = [];
    private readonly failed = new Map<string, { digest: string; name: string; error: string }>();

    constructor(private readonly progress?: (line: string) => void) {}

    read(line: string): void {
        const status = parseStatus(line);
        if (status === undefined) {
            if (line.trim() !== "") {
                this.plain.push(line.trimEnd());
            }
            return;
        }
        for (const { vertex, data } of status.logs ?? []) {
            this.logs.set(
                vertex,
                ((this.logs.get(vertex) ?? "") + Buffer.from(data, "base64").toString("utf8")).slice(-4000),
            );
        }
        for (const vertex of status.vertexes ?? []) {
            if (vertex.error && !vertex.error.includes("context canceled")) {
                this.failed.set(vertex.digest, { digest: vertex.digest, name: vertex.name, error: vertex.error });
            }
            const done = vertex.cached === true;
            if (
                (vertex.started || done) &&
                !this.shown.has(vertex.digest) &&
                /^\[(?!internal)[^\]]*\d+\/\d+\]|^(exporting|pushing)/.test(vertex.name)
            ) {
                this.shown.add(vertex.digest);
                this.progress?.(`${done ? "cached " : ""}${vertex.name.slice(0, 100)}`);
            }
        }
    }

    failure(code: number | null): string {
        const last = this.plain.filter((line) => !/^(View build details|------|\s*>+ )/.test(line)).slice(-6);
        const ending = last.join("\n").replace(/^ERROR: /gm, "");
        // A step may fail without failing the build (a cache export with ignoreError): name the one the end speaks of.
        const failed = [...this.failed.values()];
        const culprit = failed.find(({ error }) => ending.includes(error)) ?? failed.pop();
        const log = culprit ? (this.logs.get(culprit.digest) ?? "").trimEnd().split("\n").slice(-15) : [];
        const step = culprit
            ? [ending.includes(culprit.error) ? culprit.name : `${culprit.name}: ${culprit.error}`]
            : [];
        return (
            [...step, ...log, ending].filter((line) => line !== "").join("\n") ||
            `buildx ended with exit code ${String(code)}`
        );
    }
}

function parseStatus(line: string): Status | undefined {
    if (!line.startsWith("{")) {
        return undefined;
    }
    try {
        return JSON.parse(line) as Status;
    } catch {
        return undefined;
    }
}
