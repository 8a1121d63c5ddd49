import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { findProgram, lastLines } from "./requirements";

/** A Python program with requirements of its own in dev/tools/python. */
export type PythonTool = "moto" | "checkov" | "awscli" | "check-jsonschema";

const requirementsDir = resolve(__dirname, "python");
const environmentsDir = resolve(__dirname, "../../.tools/python");

// Whoever waited for the lock finds the stamp of who held it, and installs nothing. The stamp is written last, in place:
// an environment holds its own path, so it cannot be renamed.
const install = `
    folder=$1 requirements=$2 stamp=$3
    if [ -x "$folder/bin/python" ] && [ "$(cat "$folder/stamp" 2>/dev/null)" = "$stamp" ]; then exit 0; fi
    python3 -m venv --clear "$folder" || exit 3
    "$folder/bin/pip" install --quiet --disable-pip-version-check --no-input --require-hashes -r "$requirements" || exit 4
    printf %s "$stamp" >"$folder/stamp"
`;

/** The `bin` folder of a virtual environment with a tool's pinned requirements; made when it is missing or out of date. */
export async function pythonEnvironment(
    name: PythonTool,
    log: (line: string) => void = (line) => console.log(line),
    folder = join(environmentsDir, name),
): Promise<string> {
    const requirements = join(requirementsDir, `${name}.txt`);
    const stamp = createHash("sha256").update(readFileSync(requirements)).digest("hex");
    if (!isCurrent(folder, stamp)) {
        requirePrograms(name);
        mkdirSync(resolve(folder, ".."), { recursive: true });
        log(`${name}: installing into a Python environment of its own (a first time takes up to two minutes)`);
        const started = Date.now();
        const args = [`${folder}.lock`, "sh", "-c", install, "sh", folder, requirements, stamp];
        const { status, output } = await run("flock", args);
        if (status !== 0) {
            throw new Error(`installing ${name} failed: ${remedy(status, output)}\n${lastLines(output, 10)}`);
        }
        log(`${name}: installed in ${((Date.now() - started) / 1000).toFixed(1)} s`);
    }
    return join(folder, "bin");
}

function isCurrent(folder: string, stamp: string): boolean {
    const file = join(folder, "stamp");
    // A removed interpreter leaves a dangling link.
    return existsSync(join(folder, "bin/python")) && existsSync(file) && readFileSync(file, "utf8") === stamp;
}

function requirePrograms(name: PythonTool): void {
    const missing = Object.entries({ python3: "python3 python3-venv", flock: "util-linux" }).find(
        ([program]) => !findProgram(program),
    );
    if (missing) {
        throw new Error(`no \`${missing[0]}\` in PATH, which ${name} needs: \`apt-get install ${missing[1]}\``);
    }
}

function remedy(status: number | null, output: string): string {
    if (status === 3) {
        return "`python3 -m venv` did not work: `apt-get install python3-venv`, or use a Python from https://www.python.org (3.10 to 3.13)";
    }
    if (/no space left on device/i.test(output)) {
        return "the disk is full, free about 1 GiB";
    }
    if (/NewConnectionError|ConnectionError|ReadTimeout|Temporary failure in name resolution|ProxyError/.test(output)) {
        return "the package index could not be reached: check the network, or set PIP_INDEX_URL to a mirror";
    }
    return "pip said:";
}

async function run(command: string, args: string[]): Promise<{ status: number | null; output: string }> {
    const child = spawn(command, args, { env: process.env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", (text: string) => (output = (output + text).slice(-20_000)));
    }
    const status = await new Promise<number | null>((done, failed) => {
        child.once("error", failed);
        child.once("close", done);
    });
    return { status, output };
}
