import { createHash, type Hash } from "node:crypto";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import dockerignore from "@balena/dockerignore";

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
    const parts: Parts = [Buffer.allocUnsafe(partBytes), Buffer.allocUnsafe(partBytes)];
    const at = (location: string) => path.resolve(cwd, location);
    hash.update((dockerfile && (await readIfThere(at(dockerfile)))) || "");
    // Without a Dockerfile on disk the provider looks for `.dockerignore` in its own folder first.
    const ignoreFiles = [`${dockerfile}.dockerignore`, path.join(context, ".dockerignore")].map(at);
    const [own, shared] = await Promise.all(ignoreFiles.map(readIfThere));
    const ignore = (own ?? shared ?? "").toString().replace(/^\uFEFF/, "");
    const matcher = dockerignore({ ignorecase: false }).add(ignore);
    const mayReinclude = /^\s*!/m.test(ignore);

    const hashFolder = async (root: string, relative: string): Promise<void> => {
        const entries = await fs.readdir(path.join(root, relative), { withFileTypes: true });
        // Go reads a folder in byte order.
        entries.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
        for (const entry of entries) {
            const name = path.join(relative, entry.name);
            const ignored = matcher.ignores(name);
            if (entry.isDirectory() && (!ignored || mayReinclude)) {
                await hashFolder(root, name);
            } else if (!ignored && (entry.isFile() || entry.isSymbolicLink())) {
                await hashFile(hash, parts, root, name);
            }
        }
    };
    const contexts = Object.entries(named).sort(([a], [b]) => (a < b ? -1 : 1));
    for (const folder of [context, ...contexts.map(([, location]) => location)].map(at)) {
        await ((await isDirectory(folder)) ? hashFolder(folder, "") : undefined);
    }
    return hash.digest("hex");
}

/** Where a file's parts are read to in turn: one is hashed while the next is read. */
type Parts = [Buffer, Buffer];
const partBytes = 1 << 20;

async function hashContent(hash: Hash, parts: Parts, file: string): Promise<void> {
    const handle = await fs.open(file);
    try {
        let [part, other] = parts;
        let { bytesRead } = await handle.read(part);
        while (bytesRead > 0) {
            const next = handle.read(other);
            hash.update(part.subarray(0, bytesRead));
            ({ bytesRead } = await next);
            [part, other] = [other, part];
        }
    } finally {
        await handle.close();
    }
}

async function hashFile(hash: Hash, parts: Parts, root: string, name: string): Promise<void> {
    const file = path.join(root, name);
    try {
        await hashContent(hash, parts, file);
    } catch (error) {
        // A link to a folder is skipped, as the provider does.
        if ((error as NodeJS.ErrnoException).code === "EISDIR") {
            return;
        }
        throw new Error(`unable to hash build context: could not open "${name}": ${(error as Error).message}`);
    }
    hash.update(name).update(goFileMode((await fs.lstat(file)).mode));
}

/** The mode of a file or link as Go's fs.FileMode prints it: `-rw-r--r--`, `Lrwxrwxrwx`, `urwxr-xr-x`. */
export function goFileMode(mode: number): string {
    const kinds: [letter: string, isSet: boolean][] = [
        ["L", (mode & 0o170000) === 0o120000],
        ["u", (mode & 0o4000) !== 0],
        ["g", (mode & 0o2000) !== 0],
        ["t", (mode & 0o1000) !== 0],
    ];
    const letters = kinds.map(([letter, isSet]) => (isSet ? letter : "")).join("");
    const bits = [..."rwxrwxrwx"].map((letter, index) => (mode & (1 << (8 - index)) ? letter : "-")).join("");
    return (letters || "-") + bits;
}

export async function isDirectory(file: string): Promise<boolean> {
    return (await fs.stat(file).catch(() => undefined))?.isDirectory() ?? false;
}

async function readIfThere(file: string): Promise<Buffer | undefined> {
    const isFile = await fs
        .stat(file)
        .then((stat) => stat.isFile())
        .catch(() => false);
    return isFile ? fs.readFile(file) : undefined;
}
