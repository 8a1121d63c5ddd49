import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { nativeFamily, normalizePlatform } from "../../components/platform";
import { findProgram } from "../tools/requirements";

const machineFamily = process.arch === "x64" ? "amd64" : process.arch;

/** Whether this machine's CPU runs a platform itself. */
export function isNative(platform: string, family: string = machineFamily): boolean {
    return nativeFamily(platform) === family;
}

/** What a node runs by emulation: the pinned platforms of other CPUs, and what else it advertises of them. */
export function emulatedOf(pinned: string[], advertised: string[], family: string = machineFamily): string[] {
    const all = [...pinned, ...advertised].map(normalizePlatform);
    return [...new Set(all)].filter((platform) => !isNative(platform, family));
}

interface ElfKind {
    /** `e_machine` of the ELF header. */
    machine: number;
    /** Name of BuildKit's emulator, after `buildkit-qemu-`. */
    qemu: string;
}

// https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html and the machine numbers that followed it
const elfKinds: Record<string, ElfKind> = {
    arm64: { machine: 183, qemu: "aarch64" },
    arm: { machine: 40, qemu: "arm" },
    amd64: { machine: 62, qemu: "x86_64" },
    "386": { machine: 3, qemu: "i386" },
    riscv64: { machine: 243, qemu: "riscv64" },
    ppc64le: { machine: 21, qemu: "ppc64le" },
    s390x: { machine: 22, qemu: "s390x" },
    loong64: { machine: 258, qemu: "loongarch64" },
    mips64: { machine: 8, qemu: "mips64" },
    mips64le: { machine: 8, qemu: "mips64el" },
};

/** Name of BuildKit's own emulator for a platform's CPU, where there is one. */
export function emulatorName(platform: string): string | undefined {
    const kind = kindOf(platform);
    return kind && `buildkit-qemu-${kind.qemu}`;
}

/** Whether a build step of a platform can run here: natively, by a binfmt handler or by BuildKit's own emulator. */
export function canRun(platform: string): boolean {
    const kind = kindOf(platform);
    return (
        isNative(platform) ||
        (kind !== undefined && (findProgram(`buildkit-qemu-${kind.qemu}`) !== undefined || hasBinfmtHandler(kind)))
    );
}

function kindOf(platform: string): ElfKind | undefined {
    return elfKinds[normalizePlatform(platform).split("/")[1] ?? ""];
}

function hasBinfmtHandler(kind: ElfKind, folder = "/proc/sys/fs/binfmt_misc"): boolean {
    try {
        return readdirSync(folder)
            .filter((name) => name !== "register" && name !== "status")
            .some((name) => handlesElf(readFileSync(join(folder, name), "utf8"), kind.machine));
    } catch {
        return false;
    }
}

/** Whether a binfmt_misc entry is enabled and its magic is the ELF header of a machine, in either byte order. */
export function handlesElf(entry: string, machine: number): boolean {
    const magic = Buffer.from(entry.match(/^magic ([0-9a-f]+)$/m)?.[1] ?? "", "hex");
    return (
        /^enabled$/m.test(entry) &&
        magic.length >= 20 &&
        magic.subarray(0, 4).toString("latin1") === "\x7fELF" &&
        (magic[5] === 2 ? magic.readUInt16BE(18) : magic.readUInt16LE(18)) === machine
    );
}
