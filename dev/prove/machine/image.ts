import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Architecture } from "../../../components/ec2/instanceTypes";
import { runCommand } from "../../../test/support/commands";
import { lastLines } from "../../tools/requirements";
import { fetchEmulator, runEmulated } from "./emulation";
import { hostArchitecture } from "./nodes";

/** Folder of what is made once per checkout. */
export const machineDir = resolve(__dirname, "../../../.tools/machine");

/** A bootable disk and what belongs to it. */
export interface MachineImage {
    disk: string;
    kernel: string;
    runc: string;
    busybox: string;
    /** Folder of Debian packages that the disk lacks, with all that they need. */
    packages: string;
}

/** What the node's scripts have to install. */
const leftOut = ["nftables", "iptables"];

/** Everything else that an image for nodes has, and the guest agent, by which the proof looks into the machine. */
const installed = (architecture: Architecture) => [
    "systemd-sysv",
    "dbus",
    `linux-image-cloud-${architecture}`,
    "cloud-init",
    "ca-certificates",
    "curl",
    "git",
    "xfsprogs",
    "openssl",
    "iproute2",
    "awscli",
    "qemu-guest-agent",
];

/** The image of an architecture; made when it is missing or its recipe has changed. */
export async function machineImage(
    architecture: Architecture,
    log: (line: string) => void,
    folder = machineDir,
): Promise<MachineImage> {
    const script = join(__dirname, "image.sh");
    const wanted = [architecture, leftOut.join(" "), installed(architecture).join(",")];
    const recipe = createHash("sha256").update(readFileSync(script)).update(wanted.join("\n")).digest("hex");
    const image = join(folder, `debian-${architecture}-${recipe.slice(0, 12)}`);
    if (!existsSync(image)) {
        mkdirSync(folder, { recursive: true });
        const work = mkdtempSync(join(folder, "making-"));
        try {
            const foreign = architecture !== hostArchitecture;
            log(
                `Debian for ${architecture}: making its disk (${foreign ? "about ten minutes" : "one to three minutes"})`,
            );
            const started = Date.now();
            const command = ["sh", script, architecture, join(work, "image"), ...wanted.slice(1)];
            const { status, output } = foreign
                ? await runEmulated(fetchEmulator(join(work, "emulator")), command)
                : await runHere(command);
            if (status !== 0) {
                throw new Error(`making the disk for ${architecture} failed:\n${lastLines(output, 15)}`);
            }
            renameSync(join(work, "image"), image);
            log(`Debian for ${architecture}: made in ${((Date.now() - started) / 1000).toFixed(0)} s`);
        } finally {
            rmSync(work, { recursive: true, force: true });
        }
    }
    const file = (name: string) => join(image, name);
    return {
        disk: file("disk.img"),
        kernel: file("vmlinuz"),
        runc: file("runc"),
        busybox: file("busybox"),
        packages: file("packages"),
    };
}

async function runHere([command = "", ...args]: string[]): Promise<{ status: number; output: string }> {
    const { status, stdout, stderr } = await runCommand(command, args, { env: process.env, seconds: 1800 });
    return { status: status ?? 1, output: stdout + stderr };
}
