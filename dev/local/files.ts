import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { Server, createServer } from "node:net";
import { dirname } from "node:path";

/** Makes a folder that only its owner can enter. */
export function privateFolder(folder: string): string {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
    return folder;
}

/** Writes a file that only its owner can read, whole or not at all. */
export function writePrivate(file: string, text: string): void {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const temporary = `${file}.${process.pid}.tmp`;
    writeFileSync(temporary, text, { mode: 0o600 });
    renameSync(temporary, file);
}

export function readIfThere(file: string): string | undefined {
    return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

/** Reads a JSON file; what is missing or damaged is undefined, since every such file here can be made again. */
export function readJson<T>(file: string): T | undefined {
    try {
        return JSON.parse(readFileSync(file, "utf8")) as T;
    } catch {
        return undefined;
    }
}

export function sha256(text: string): string {
    return createHash("sha256").update(text).digest("hex");
}

/**
 * Runs one action at a time per folder, across processes. The lock is a Linux abstract socket: the kernel drops it with
 * its process, so it cannot go stale.
 */
export async function withFolderLock<T>(
    folder: string,
    log: (line: string) => void,
    action: () => Promise<T>,
): Promise<T> {
    const name = `\0multiarch-builder-${sha256(folder).slice(0, 32)}`;
    const deadline = Date.now() + 10 * 60_000;
    let lock: Server | undefined;
    for (let tries = 0; !(lock = await takeLock(name)); tries++) {
        if (tries === 0) {
            log(`waiting for another start or stop in ${folder}`);
        }
        if (Date.now() > deadline) {
            throw new Error(`another start or stop has been at work in ${folder} for 10 minutes: end it and try again`);
        }
        await new Promise((resolve) => setTimeout(resolve, 200));
    }
    try {
        return await action();
    } finally {
        lock.close();
    }
}

function takeLock(name: string): Promise<Server | undefined> {
    return new Promise((resolve, reject) => {
        const server = createServer();
        server.once("error", (error: NodeJS.ErrnoException) =>
            error.code === "EADDRINUSE" ? resolve(undefined) : reject(error),
        );
        server.listen(name, () => resolve(server));
    });
}
