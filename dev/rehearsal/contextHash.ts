import { createHash, type Hash } from "node:crypto";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { ignoreMatcher, parseIgnoreFile } from "./dockerignore";

/**
 * The `contextHash` of a docker-build Image: contents, names and modes of the files a build would see.
 * https://github.com/pulumi/pulumi-docker-build/blob/main/provider/internal/context.go. Paths are relative to `cwd`.
 */
export async function hashBuildContext(
    cwd: string,
    context: string,
    dockerfile: string,
    named: Record<string, string>,
): Promise<string> {
    const hash = createHash("sha256");
    const at = (location: string) => path.resolve(cwd, location);
    const contextIsLocal = await isDirectory(at(context));
    const dockerfileIsLocal = dockerfile !== "" && (await isFile(at(dockerfile)));
    let ignored: string[] = [];
    if (contextIsLocal || dockerfileIsLocal) {
        // Without a Dockerfile on disk the provider looks for `.dockerignore` in its own folder first.
        const candidates = [
            `${dockerfile}.dockerignore`,
            ...(contextIsLocal ? [path.join(context, ".dockerignore")] : []),
        ];
        ignored = await firstIgnoreFile(candidates.map(at));
    }
    if (dockerfileIsLocal) {
        hash.update(await fs.readFile(at(dockerfile)));
    }
    const isIgnored = ignoreMatcher(ignored);
    const hasNegation = ignored.some((line) => line.startsWith("!"));
    if (contextIsLocal) {
        await hashFolder(hash, at(context), "", isIgnored, hasNegation);
    }
    for (const name of Object.keys(named).sort()) {
        const location = at(named[name] ?? "");
        if (await isDirectory(location)) {
            await hashFolder(hash, location, "", isIgnored, hasNegation);
        }
    }
    return hash.digest("hex");
}

async function hashFolder(
    hash: Hash,
    root: string,
    relative: string,
    isIgnored: (file: string) => boolean,
    hasNegation: boolean,
): Promise<void> {
    const entries = await fs.readdir(path.join(root, relative), { withFileTypes: true });
    // Go reads a folder in byte order.
    entries.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
    for (const entry of entries) {
        const name = relative === "" ? entry.name : `${relative}/${entry.name}`;
        const ignored = isIgnored(name);
        if (entry.isDirectory()) {
            if (!ignored || hasNegation) {
                await hashFolder(hash, root, name, isIgnored, hasNegation);
            }
        } else if (!ignored && (entry.isFile() || entry.isSymbolicLink())) {
            await hashFile(hash, root, name);
        }
    }
}

async function hashFile(hash: Hash, root: string, name: string): Promise<void> {
    const file = path.join(root, name);
    let content: Buffer;
    try {
        content = await fs.readFile(file);
    } catch (error) {
        // A link to a folder is skipped, as the provider does.
        if ((error as NodeJS.ErrnoException).code === "EISDIR") {
            return;
        }
        throw new Error(
            `unable to hash build context: could not open ${JSON.stringify(name)}: ${(error as Error).message}`,
        );
    }
    hash.update(content);
    hash.update(name);
    hash.update(goFileMode((await fs.lstat(file)).mode));
}

/** A file mode as Go's fs.FileMode prints it: `-rw-r--r--`, `Lrwxrwxrwx`, `urwxr-xr-x`. */
export function goFileMode(mode: number): string {
    const kind = mode & 0o170000;
    const letters = [
        kind === 0o040000 ? "d" : "",
        kind === 0o120000 ? "L" : "",
        mode & 0o4000 ? "u" : "",
        mode & 0o2000 ? "g" : "",
        mode & 0o1000 ? "t" : "",
    ].join("");
    const bits = [..."rwxrwxrwx"].map((letter, index) => (mode & (1 << (8 - index)) ? letter : "-")).join("");
    return (letters || "-") + bits;
}

async function firstIgnoreFile(files: string[]): Promise<string[]> {
    for (const file of files) {
        try {
            return parseIgnoreFile(await fs.readFile(file, "utf8"));
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
                throw error;
            }
        }
    }
    return [];
}

export async function isDirectory(file: string): Promise<boolean> {
    return (await stat(file))?.isDirectory() ?? false;
}

async function isFile(file: string): Promise<boolean> {
    const found = await stat(file);
    return found !== undefined && !found.isDirectory();
}

async function stat(file: string) {
    return fs.stat(file).catch(() => undefined);
}
