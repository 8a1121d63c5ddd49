import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";

const binfmt = "/proc/sys/fs/binfmt_misc";
const handler = "multiarch-builder-test-aarch64";

// The ELF header of an arm64 program, and which of its bits count; as in QEMU's scripts/qemu-binfmt-conf.sh.
const magic = "\\x7fELF\\x02\\x01\\x01" + "\\x00".repeat(9) + "\\x02\\x00\\xb7\\x00";
const mask = "\\xff".repeat(7) + "\\x00" + "\\xff".repeat(8) + "\\xfe\\xff\\xff\\xff";

/** QEMU's user emulation of arm64, from Debian's package and not installed; its handler is for the whole kernel. */
export class Arm64Emulator {
    private mounted = false;
    private readonly remove = () => this.unregister();

    private constructor(private readonly qemu: string) {}

    /** Fetches the emulator into a folder; the reason as text where it cannot be had or registered. */
    static prepare(folder: string): Arm64Emulator | string {
        if (process.arch !== "x64") {
            return "this machine is no x86-64 one";
        }
        if (!fs.readFileSync("/proc/filesystems", "utf8").includes("binfmt_misc")) {
            return "this kernel has no binfmt_misc";
        }
        const downloaded = run("apt-get", ["download", "-qq", "qemu-user-static"], folder);
        const file = fs.readdirSync(folder).find((name) => name.endsWith(".deb"));
        if (downloaded !== undefined || file === undefined) {
            return `the package qemu-user-static cannot be had: ${downloaded ?? "no file"}`;
        }
        const unpacked = run("dpkg", ["-x", file, "."], folder);
        fs.rmSync(path.join(folder, file));
        const emulator = new Arm64Emulator(path.join(folder, "usr/bin/qemu-aarch64-static"));
        return unpacked ?? emulator.mount() ?? emulator;
    }

    /** Mounts binfmt_misc; the reason where that cannot be done or a handler for arm64 is there already. */
    private mount(): string | undefined {
        if (!fs.existsSync(path.join(binfmt, "register"))) {
            const failed = run("mount", ["-t", "binfmt_misc", "binfmt_misc", binfmt], "/");
            if (failed !== undefined) {
                return `binfmt_misc cannot be mounted: ${failed}`;
            }
            this.mounted = true;
        }
        const other = fs.readdirSync(binfmt).find((name) => /aarch64|arm64/.test(name));
        if (other !== undefined) {
            this.unregister();
            return `the handler ${other} is registered already`;
        }
        return undefined;
    }

    /** From now on every container of the machine runs arm64 programs: F opens the emulator once, outside of them. */
    register(): void {
        process.once("exit", this.remove);
        fs.writeFileSync(path.join(binfmt, "register"), `:${handler}:M::${magic}:${mask}:${this.qemu}:F`);
    }

    /** Leaves the kernel as it was. */
    unregister(): void {
        process.off("exit", this.remove);
        if (fs.existsSync(path.join(binfmt, handler))) {
            fs.writeFileSync(path.join(binfmt, handler), "-1");
        }
        if (this.mounted) {
            run("umount", [binfmt], "/");
            this.mounted = false;
        }
    }
}

/** What went wrong, if anything did. */
function run(command: string, args: string[], cwd: string): string | undefined {
    const { status, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8", timeout: 60_000 });
    return status === 0 ? undefined : (error?.message ?? `${command}: ${stderr.trim()}`);
}
