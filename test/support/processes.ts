import * as fs from "node:fs";

/** Resolves once a condition holds; fails with its name after the given time. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, seconds = 60): Promise<void> {
    const deadline = Date.now() + seconds * 1000;
    while (!(await condition())) {
        if (Date.now() > deadline) {
            throw new Error(`waited ${seconds} s in vain until ${what}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
}

/** Processes whose file systems lie below a folder: what a daemon's containers run. */
export function containersOf(folder: string): number[] {
    const pids = fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    const own = read(`/proc/self/ns/mnt`);
    return pids.map(Number).filter((pid) => {
        // The root of a container, and not a mount of it that every process of the machine sees.
        const mounts = read(`/proc/${pid}/mountinfo`).split("\n");
        return (
            read(`/proc/${pid}/ns/mnt`) !== own && mounts.some((line) => / \/ \/ /.test(line) && line.includes(folder))
        );
    });
}

/** Processes that name a folder in their arguments or environment, or run in containers below it. */
export function processesOf(folder: string): number[] {
    const pids = fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    const names = (pid: number) => (read(`/proc/${pid}/cmdline`) + read(`/proc/${pid}/environ`)).includes(folder);
    const named = pids.map(Number).filter((pid) => pid !== process.pid && names(pid));
    return [...new Set([...named, ...containersOf(folder)])];
}

export function read(file: string): string {
    try {
        return file.includes("/ns/") ? fs.readlinkSync(file) : fs.readFileSync(file, "utf8");
    } catch {
        return "";
    }
}
