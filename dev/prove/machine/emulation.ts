import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { lastLines } from "../../tools/requirements";

// The ELF header of an arm64 program, and which of its bits count; as in QEMU's scripts/qemu-binfmt-conf.sh.
const magic = "\\x7fELF\\x02\\x01\\x01" + "\\x00".repeat(9) + "\\x02\\x00\\xb7\\x00";
const mask = "\\xff".repeat(7) + "\\x00" + "\\xff".repeat(8) + "\\xfe\\xff\\xff\\xff";

/** Fetches QEMU's user emulation of arm64 into a folder, from Debian's package, which would register it if installed. */
export function fetchEmulator(folder: string): string {
    mkdirSync(folder, { recursive: true });
    const run = (command: string, ...args: string[]) => {
        const { status, stderr } = spawnSync(command, args, { cwd: folder, encoding: "utf8" });
        if (status !== 0) {
            throw new Error(`${command} ${args.join(" ")} failed: ${lastLines(stderr, 3)}`);
        }
    };
    run("apt-get", "download", "-qq", "qemu-user-static");
    const file = readdirSync(folder).find((name) => name.endsWith(".deb")) ?? "";
    run("dpkg", "-x", file, ".");
    rmSync(join(folder, file));
    return join(folder, "usr/bin/qemu-aarch64-static");
}

/**
 * Runs a program in a user namespace where arm64 programs are emulated. The kernel's list of emulators is the namespace's
 * own (Linux 6.7 and later), so nothing outside of it, no BuildKit above all, sees an emulator.
 */
export async function runEmulated(emulator: string, command: string[]): Promise<{ status: number; output: string }> {
    // mmdebstrap looks for this name.
    const entry = `:qemu-aarch64:M::${magic}:${mask}:${emulator}:F`;
    const script =
        'read -r mapped; mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc && printf %s "$0" ' +
        '>/proc/sys/fs/binfmt_misc/register && exec "$@"';
    const unshare = ["--user", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script, entry, ...command];
    const child = spawn("unshare", unshare, { stdio: ["pipe", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", (text: string) => (output = (output + text).slice(-20_000)));
    }
    const ended = new Promise<number>((resolve, reject) => {
        child.once("error", reject);
        child.once("close", (status) => resolve(status ?? 1));
    });
    const namespace = () => readlinkSync(`/proc/${child.pid}/ns/user`);
    while (child.exitCode === null && namespace() === readlinkSync("/proc/self/ns/user")) {
        await sleep(20);
    }
    for (const map of ["uid_map", "gid_map"]) {
        writeFileSync(`/proc/${child.pid}/${map}`, "0 0 65536\n");
    }
    child.stdin.on("error", () => undefined).end("mapped\n");
    return { status: await ended, output };
}
