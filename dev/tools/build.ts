import { spawn } from "node:child_process";
import {
    existsSync,
    mkdirSync,
    mkdtempSync,
    readFileSync,
    readdirSync,
    renameSync,
    rmSync,
    writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { PlainProgress } from "../progress/plain";
import { type Progress, during } from "../progress/progress";
import { GoTool, buildFlags, goTools, goVersion, readGoMod, stampOf } from "./modules";
import { lastLines, requireDisk, requireGo, requireLinux, requireRunc, warnWithoutOverlay } from "./requirements";

/** Absolute paths of the programs that the local farm and the tests run. */
export interface Tools {
    buildkitd: string;
    buildctl: string;
    buildx: string;
    registry: string;
    runc: string;
}

/** Folder of the built tools, ignored by git. */
export const toolsDir = resolve(__dirname, "../../.tools/bin");

const usage = `Usage: npm run tools [-- --help]

Builds buildkitd, buildctl, buildx and registry from the modules pinned in dev/tools/*/go.mod into .tools/bin.
What is up to date is left alone. Needs Go and about 3 GiB of disk; finds or installs runc.

Exit codes: 0 everything is there, 1 a build failed or something is missing, 2 wrong usage.
`;

/** Builds what is missing or out of date, one tool after another: Go compiles in parallel by itself. */
export async function ensureTools(
    log: (line: string) => void = (line) => console.log(line),
    progress: Progress = new PlainProgress(log),
): Promise<Tools> {
    requireLinux();
    if (goTools.some((tool) => !isCurrent(tool, toolsDir))) {
        warnWithoutOverlay(log);
    }
    for (const tool of goTools) {
        await ensureTool(tool, toolsDir, log, progress);
    }
    const runc = requireRunc(log);
    const path = (name: string) => join(toolsDir, name);
    return {
        buildkitd: path("buildkitd"),
        buildctl: path("buildctl"),
        buildx: path("buildx"),
        registry: path("registry"),
        runc,
    };
}

/** Builds one tool into a folder unless it is there and up to date; returns its path. */
export async function ensureTool(
    tool: GoTool,
    folder: string,
    log: (line: string) => void,
    progress: Progress = new PlainProgress(log),
): Promise<string> {
    if (!isCurrent(tool, folder)) {
        mkdirSync(folder, { recursive: true });
        removeAbandonedBuilds(folder);
        requireDisk(folder);
        const step = "building (a first build takes one to two minutes)";
        await during(progress, tool.name, step, () => build(tool, folder), { done: "built" });
    }
    return join(folder, tool.name);
}

function isCurrent(tool: GoTool, target: string): boolean {
    const stamp = stampFile(tool, target);
    return existsSync(join(target, tool.name)) && existsSync(stamp) && readFileSync(stamp, "utf8") === stampOf(tool);
}

function stampFile(tool: GoTool, target: string): string {
    return join(target, `${tool.name}.stamp`);
}

async function build(tool: GoTool, target: string): Promise<void> {
    const go = requireGo(goVersion(readGoMod(tool)));
    const stamp = stampOf(tool);
    const folder = mkdtempSync(join(target, `${buildPrefix}${process.pid}-`));
    try {
        const output = join(folder, tool.name);
        await run(go, ["build", ...buildFlags(tool), "-o", output, tool.package], tool);
        // The stamp goes first: a stop between the two lines must not leave an old stamp beside a new binary.
        rmSync(stampFile(tool, target), { force: true });
        renameSync(output, join(target, tool.name));
        writeFileSync(stampFile(tool, target), stamp);
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
}

async function run(go: string, args: string[], tool: GoTool): Promise<void> {
    const env = { ...process.env, CGO_ENABLED: tool.cgo ? "1" : "0", GOFLAGS: "", GOWORK: "off" };
    const child = spawn(go, args, { cwd: tool.directory, env, stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr = (stderr + text).slice(-20_000)));
    const exit = await new Promise<number | string>((done, failed) => {
        child.once("error", failed);
        child.once("close", (code, signal) => done(code ?? signal ?? "unknown"));
    });
    if (exit !== 0) {
        throw new Error(`building ${tool.name} failed (go exit ${exit}); ${remedy(stderr)}\n${lastLines(stderr, 15)}`);
    }
}

function remedy(stderr: string): string {
    if (/no space left on device/i.test(stderr)) {
        return "the disk is full: free some space (`go clean -cache` empties Go's build cache)";
    }
    if (
        /dial tcp|i\/o timeout|no such host|proxyconnect|reading https?:|TLS handshake|: (40[34]|410|50\d)/i.test(
            stderr,
        )
    ) {
        return "a Go module could not be downloaded: check the network and GOPROXY (`go env GOPROXY`), then run it again";
    }
    if (/requires go >=|toolchain/i.test(stderr)) {
        return "this Go is too old and could not fetch a newer one: install the version named below from https://go.dev/dl/";
    }
    return "Go said:";
}

const buildPrefix = "build-";

/** Folders of builds whose process is gone. */
function removeAbandonedBuilds(target: string): void {
    for (const name of readdirSync(target).filter((entry) => entry.startsWith(buildPrefix))) {
        if (!existsSync(`/proc/${name.slice(buildPrefix.length).split("-")[0]}`)) {
            rmSync(join(target, name), { recursive: true, force: true });
        }
    }
}

async function main(args: string[]): Promise<number> {
    if (args.length > 0) {
        const asked = args.length === 1 && (args[0] === "--help" || args[0] === "-h");
        (asked ? process.stdout : process.stderr).write(
            asked ? usage : `unknown argument ${JSON.stringify(args[0])}\n\n${usage}`,
        );
        return asked ? 0 : 2;
    }
    try {
        await ensureTools();
        return 0;
    } catch (error) {
        console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
        return 1;
    }
}

if (require.main === module) {
    void main(process.argv.slice(2)).then((code) => (process.exitCode = code));
}
