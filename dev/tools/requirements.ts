import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync, statfsSync } from "node:fs";
import { delimiter, join } from "node:path";

const gibibyte = 1024 ** 3;
const neededGiB = 3;

/** The path of a program in PATH or in one of the usual folders outside it. */
export function findProgram(name: string, extraFolders: string[] = []): string | undefined {
    const folders = [...(process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== ""), ...extraFolders];
    return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
    try {
        accessSync(file, constants.X_OK);
        return true;
    } catch {
        return false;
    }
}

/** buildkitd runs on Linux only. */
export function requireLinux(): void {
    if (process.platform !== "linux") {
        throw new Error(
            `buildkitd needs Linux, this is ${process.platform}: use a Linux machine or virtual machine, or the program's own backends with \`pulumi up\``,
        );
    }
}

export function requireGo(version: string): string {
    const go = findProgram("go", ["/usr/local/go/bin", "/usr/lib/go/bin"]);
    if (!go) {
        throw new Error(
            `no \`go\` in PATH or /usr/local/go/bin: the tools are built with Go ${version} or newer; get it from https://go.dev/dl/ (any Go from 1.21 on fetches the needed version itself)`,
        );
    }
    return go;
}

export function requireDisk(folder: string): void {
    const { bavail, bsize } = statfsSync(folder);
    const free = (bavail * bsize) / gibibyte;
    if (free < neededGiB) {
        throw new Error(
            `${free.toFixed(1)} GiB free at ${folder}, about ${neededGiB} GiB are needed to build the tools: free some space (\`go clean -cache\` empties Go's build cache)`,
        );
    }
}

/** runc runs the build steps. On Debian and Ubuntu it is installed when that is possible. */
export function requireRunc(log: (line: string) => void): string {
    const find = () => findProgram("runc", ["/usr/sbin", "/usr/local/sbin", "/usr/bin"]);
    const found = find();
    if (found) {
        return found;
    }
    if (process.getuid?.() === 0 && findProgram("apt-get")) {
        log("runc: installing with apt-get");
        const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
        const apt = (...args: string[]) => spawnSync("apt-get", args, { env: environment, encoding: "utf8" });
        const install = () => apt("install", "--yes", "--no-install-recommends", "runc");
        let result = install();
        if (result.status !== 0) {
            apt("update");
            result = install();
        }
        const installed = find();
        if (installed) {
            return installed;
        }
        throw new Error(`\`apt-get install runc\` failed (exit ${result.status}): ${lastLines(result.stderr, 5)}`);
    }
    throw new Error(
        "no `runc` in PATH: buildkitd runs build steps with it; install it with `apt-get install runc`, `dnf install runc`, `apk add runc`, `zypper install runc` or `pacman -S runc`",
    );
}

/** BuildKit works without overlayfs, by copying every layer: worth a word, no reason to stop. */
export function warnWithoutOverlay(log: (line: string) => void): void {
    const file = "/proc/filesystems";
    if (
        existsSync(file) &&
        !/\boverlay$/m.test(readFileSync(file, "utf8")) &&
        spawnSync("modprobe", ["overlay"]).status !== 0
    ) {
        log(
            "the kernel has no overlayfs: BuildKit copies layers instead, which is slow and takes more disk (`modprobe overlay`)",
        );
    }
}

export function lastLines(text: string, count: number): string {
    return text.trimEnd().split("\n").slice(-count).join("\n");
}
