import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { Server, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

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
 * Runs one action at a time per folder, across processes. On Linux the lock is an abstract socket: the kernel drops it
 * with its process, so it cannot go stale. Elsewhere it is a socket's file, which is removed when nobody listens there.
 */
export async function withFolderLock<T>(
    folder: string,
    log: (line: string) => void,
    action: () => Promise<T>,
): Promise<T> {
    const name = lockName(folder);
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

/** Address of the socket that locks a folder. */
export function lockName(folder: string, platform: NodeJS.Platform = process.platform): string {
    const id = sha256(folder).slice(0, 32);
    return platform === "linux" ? `\0multiarch-builder-${id}` : join(tmpdir(), `multiarch-${id.slice(0, 16)}.sock`);
}

/** The lock at an address, or undefined while another process has it. */
export function takeLock(name: string): Promise<Server | undefined> {
    return new Promise((resolve, reject) => {
        const server = createServer();
        server.once("error", (error: NodeJS.ErrnoException) => {
            if (error.code !== "EADDRINUSE") {
                reject(error);
            } else if (name.startsWith("\0")) {
                resolve(undefined);
            } else {
                const holder = connect(name, () => resolve(void holder.destroy()));
                holder.once("error", () => {
                    rmSync(name, { force: true });
                    resolve(undefined);
                });
            }
        });
        server.listen(name, () => resolve(server));
    });
}
