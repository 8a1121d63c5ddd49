import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { nodePort } from "../../../components/node/paths";
import type { Architecture } from "../../../components/ec2/instanceTypes";
import { runCommand } from "../../../test/support/commands";
import { findProgram } from "../../tools/requirements";
import { GuestAgent } from "./guestAgent";
import { hostArchitecture } from "./nodes";

export type Accelerator = "kvm" | "tcg";

/** A virtual machine that plays an EC2 instance. */
export interface MachineOptions {
    architecture: Architecture;
    accelerator: Accelerator;
    kernel: string;
    /** Its root disk, which it writes to. */
    disk: string;
    /** Folder with user-data, vendor-data and meta-data. */
    seed: string;
    /** Disk of the cache volume. */
    cache: string;
    volumeId: string;
    vcpus: number;
    memoryMiB: number;
    /** Port on loopback that leads to the daemon's. */
    port: number;
    /** Everything that the machine reaches: address and port there, port on loopback here. */
    forwards: { address: string; port: number; to: number }[];
    /** Folder for its socket and its console's log. */
    folder: string;
}

const hardware: Record<Architecture, { program: string; console: string; args: Record<Accelerator, string[]> }> = {
    amd64: {
        program: "qemu-system-x86_64",
        console: "ttyS0",
        // Page tables of five levels only slow an emulated machine down.
        args: { kvm: ["-machine", "q35", "-cpu", "host"], tcg: ["-machine", "q35", "-cpu", "max,la57=off"] },
    },
    arm64: {
        program: "qemu-system-aarch64",
        console: "ttyAMA0",
        // The CPU of a Graviton2.
        args: {
            kvm: ["-machine", "virt,gic-version=max", "-cpu", "host"],
            tcg: ["-machine", "virt,gic-version=3", "-cpu", "neoverse-n1"],
        },
    },
};

/** Programs of the machines of an architecture, with their Debian packages. */
export function machinePrograms(architecture: Architecture): Record<string, string> {
    return {
        [hardware[architecture].program]: architecture === "amd64" ? "qemu-system-x86" : "qemu-system-arm",
        mmdebstrap: "mmdebstrap",
        "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
        sfdisk: "fdisk",
        mke2fs: "e2fsprogs",
        "dpkg-deb": "dpkg",
        busybox: "busybox-static",
    };
}

const acceleration: Record<Accelerator, string[]> = { kvm: ["-accel", "kvm"], tcg: ["-accel", "tcg,thread=multi"] };

/** KVM where a kernel really boots under it: on a machine that is virtual itself the device alone promises nothing. */
export async function bestAccelerator(architecture: Architecture, kernel: string): Promise<Accelerator> {
    if (architecture !== hostArchitecture || !existsSync("/dev/kvm")) {
        return "tcg";
    }
    const { program, console: tty, args } = hardware[architecture];
    const boot = ["-m", "512", "-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot"];
    const command = ["-kernel", kernel, "-append", `console=${tty} panic=-1`];
    const { stdout } = await runCommand(program, [...acceleration.kvm, ...args.kvm, ...boot, ...command], {
        env: process.env,
        seconds: 15,
    });
    // It has no root disk, and says so after it has set up everything else.
    return stdout.includes("Unable to mount root fs") ? "kvm" : "tcg";
}

/** A virtual machine; it can be started again after it has powered itself off. */
export class Machine {
    readonly agent: GuestAgent;
    readonly consoleFile: string;
    private process: ChildProcess | undefined;
    private ended: Promise<void> = Promise.resolve();

    constructor(readonly options: MachineOptions) {
        this.agent = new GuestAgent(join(options.folder, "agent.sock"));
        this.consoleFile = join(options.folder, "console.log");
    }

    start(): void {
        const { program, console: tty, args } = hardware[this.options.architecture];
        const { accelerator, kernel, vcpus, memoryMiB, folder } = this.options;
        const log = openSync(this.consoleFile, "a");
        const child = spawn(
            program,
            [
                ...acceleration[accelerator],
                ...args[accelerator],
                ...["-smp", String(vcpus), "-m", String(memoryMiB)],
                ...["-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio"],
                // What is played has no CPU to protect from speculation, and loses time by it.
                ...["-kernel", kernel, "-append", `root=PARTUUID=4d424452-01 rw console=${tty} quiet mitigations=off`],
                ...this.disks(),
                ...this.network(),
                ...["-device", "virtio-rng-pci", "-device", "virtio-serial-pci"],
                ...["-chardev", `socket,id=agent,path=${join(folder, "agent.sock")},server=on,wait=off`],
                ...["-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"],
            ],
            { stdio: ["ignore", log, log] },
        );
        closeSync(log);
        this.process = child;
        this.ended = new Promise((resolve) => child.once("close", resolve).once("error", () => resolve()));
        void this.ended.then(() => this.agent.close());
    }

    get running(): boolean {
        return this.process !== undefined && this.process.exitCode === null && this.process.signalCode === null;
    }

    /** Waits until the guest agent answers. */
    async booted(seconds = 900): Promise<void> {
        const deadline = Date.now() + seconds * 1000;
        while (!(await this.agent.answers())) {
            if (!this.running) {
                throw new Error("the virtual machine ended while it booted");
            }
            if (Date.now() > deadline) {
                throw new Error(`the machine did not boot within ${seconds} s`);
            }
            await sleep(500);
        }
    }

    /** Restarts the system by itself, as an EC2 reboot does. */
    async reboot(): Promise<void> {
        const bootId = () => this.agent.succeed("cat /proc/sys/kernel/random/boot_id");
        const before = await bootId();
        // Later, so that the agent can say that this command has ended.
        await this.agent.succeed("(sleep 3; systemctl reboot) >/dev/null 2>&1 &");
        do {
            await sleep(1000);
            await this.booted();
        } while ((await bootId().catch(() => before)) === before);
    }

    /** Waits until the machine has powered itself off. */
    async off(seconds: number): Promise<void> {
        let timer: NodeJS.Timeout | undefined;
        const late = new Promise((_, reject) => {
            timer = setTimeout(() => reject(new Error(`the machine is not off after ${seconds} s`)), seconds * 1000);
        });
        await Promise.race([this.ended, late]).finally(() => clearTimeout(timer));
    }

    kill(): void {
        this.process?.kill("SIGKILL");
    }

    /** Disks as EC2 attaches them: NVMe, each with its volume's id as serial number. */
    private disks(): string[] {
        const { disk, cache, seed, volumeId } = this.options;
        const attach = (id: string, serial: string, drive: string) => [
            ...["-drive", `if=none,id=${id},${drive}`],
            ...["-device", `nvme,drive=${id},serial=${serial}`],
        ];
        return [
            ...attach("root", "root", `file=${disk},format=raw,cache=unsafe`),
            ...attach("cache", volumeId.replace("-", ""), `file=${cache},format=raw,cache=unsafe,discard=unmap`),
            ...attach("seed", "seed", `driver=vvfat,dir=${seed},label=cidata,fat-type=16,read-only=on`),
        ];
    }

    /** A network that leads nowhere but to the stand-ins and, from this machine only, to the daemon. */
    private network(): string[] {
        const { port, forwards } = this.options;
        const relay = `${findProgram("busybox")} nc 127.0.0.1`;
        const user = [
            "user,id=net,restrict=on,ipv6=off",
            `hostfwd=tcp:127.0.0.1:${port}-:${nodePort}`,
            ...forwards.map((each) => `guestfwd=tcp:${each.address}:${each.port}-cmd:${relay} ${each.to}`),
        ];
        return ["-netdev", user.join(","), "-device", "virtio-net-pci,netdev=net,romfile="];
    }
}
