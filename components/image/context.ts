import * as fs from "node:fs";
import * as path from "node:path";

/** Whether a context is fetched by BuildKit itself. https://github.com/moby/moby/blob/v28.5.2/pkg/urlutil/urlutil.go */
export function isRemoteContext(context: string): boolean {
    return /^(https?:\/\/|git:\/\/|git@|ssh:\/\/|github\.com\/)/.test(context);
}

/** Why a path is no directory to build from; undefined when it is one. */
export function directoryProblem(location: string): string | undefined {
    if (location === "") {
        return "must not be empty; `.` is the folder where the program runs";
    }
    const stat = statIfThere(location);
    if (!stat?.isDirectory()) {
        const what = stat ? "is not a directory" : "no such directory";
        return `${what}; give a directory, relative to where the program runs (${process.cwd()}), or a URL`;
    }
    try {
        return fs.readdirSync(location).length === 0 ? "is an empty directory: there is nothing to build" : undefined;
    } catch (error) {
        return `cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)}): check its permissions`;
    }
}

/** Whether a path is a file. */
export function isFile(location: string): boolean {
    return statIfThere(location)?.isFile() ?? false;
}

/** What a path is; undefined also for one that cannot be, such as a path below a file or with a zero byte. */
function statIfThere(location: string): fs.Stats | undefined {
    try {
        return fs.statSync(location);
    } catch {
        return undefined;
    }
}

/**
 * An empty context for builds whose Dockerfile copies nothing: without one the provider takes the whole working folder.
 * The path is relative, as the provider compares the text and an absolute one would differ between machines.
 */
export function emptyContext(): string {
    return path.relative(process.cwd(), path.join(packageRoot(), "assets", "empty-context")) || ".";
}

/** The folder of this package, for the sources and for their compiled form alike. */
function packageRoot(): string {
    let dir = __dirname;
    while (!fs.existsSync(path.join(dir, "assets", "empty-context"))) {
        const parent = path.dirname(dir);
        if (parent === dir) {
            throw new Error(
                "the folder assets/empty-context of the package multiarch-builder is missing: install it anew",
            );
        }
        dir = parent;
    }
    return dir;
}
