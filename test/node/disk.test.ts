import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { describeAsRoot } from "./privileges";
import { NodeFolder, shells } from "./shell";

const mebibyte = 1024 * 1024;
const link = "nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0";

/** A real block device that plays the cache volume. */
class Volume {
    readonly folder: NodeFolder;
    private readonly image: string;
    readonly device: string;

    constructor(shell: string, sizeMiB = 400) {
        this.folder = new NodeFolder(shell, { DISK_SECONDS: 0 });
        this.image = this.folder.write("volume", "");
        truncateSync(this.image, sizeMiB * mebibyte);
        this.device = execFileSync("losetup", ["--find", "--show", this.image], { encoding: "utf8" }).trim();
        mkdirSync(this.folder.file("by-id"));
        this.folder.settings.DISKS_DIR = this.folder.file("by-id");
        this.folder.settings.CACHE_DIR = this.folder.file("cache");
    }

    /** Attaches the volume under the names that udev gives it. */
    attach(...names: string[]): this {
        (names.length > 0 ? names : [link, `${link}_1`]).forEach((name) =>
            symlinkSync(this.device, this.folder.file("by-id", name)),
        );
        return this;
    }

    mountScript() {
        return this.folder.run("disk.sh");
    }

    reboot(): void {
        execFileSync("umount", [this.folder.file("cache")], { stdio: "ignore" });
    }

    grow(sizeMiB: number): void {
        truncateSync(this.image, sizeMiB * mebibyte);
        execFileSync("losetup", ["--set-capacity", this.device]);
    }

    sizeMiB(): number {
        const line = execFileSync("df", ["-Pm", this.folder.file("cache")], { encoding: "utf8" }).split("\n")[1] ?? "";
        return Number(line.split(/\s+/)[1]);
    }

    async hash(): Promise<string> {
        const hash = createHash("sha256");
        await pipeline(createReadStream(this.image), hash);
        return hash.digest("hex");
    }

    remove(): void {
        try {
            this.reboot();
        } catch {
            // Not every test mounts it.
        }
        execFileSync("losetup", ["--detach", this.device]);
        this.folder.remove();
    }
}

describeAsRoot("disk.sh on a real block device", ["losetup", "mkfs.xfs", "xfs_growfs", "blkid", "findmnt"], () => {
    let volume: Volume;
    const mkfs = (...command: [string, ...string[]]) =>
        execFileSync(command[0], [...command.slice(1), volume.device], { stdio: "ignore" });
    afterEach(() => volume.remove());

    describe.each(shells)("under %s", (shell) => {
        beforeEach(() => {
            volume = new Volume(shell);
        });

        it("makes a file system on a blank volume once, and finds the cache there after every reboot", () => {
            volume.attach();
            const first = volume.mountScript();
            expect(first).toMatchObject({ status: 0, stderr: "" });
            expect(first.stdout).toContain("new volume: making an XFS file system");
            writeFileSync(volume.folder.file("cache", "layer"), "kept");
            volume.reboot();
            const second = volume.mountScript();
            expect(second).toMatchObject({ status: 0, stderr: "" });
            expect(second.stdout).not.toContain("new volume");
            expect(volume.folder.read("cache", "layer")).toBe("kept");
        });

        it("may run twice in one boot", () => {
            volume.attach();
            volume.mountScript();
            expect(volume.mountScript()).toMatchObject({ status: 0, stderr: "" });
        });

        it("grows the file system to a volume that grew", () => {
            volume.attach();
            volume.mountScript();
            const before = volume.sizeMiB();
            volume.reboot();
            volume.grow(800);
            expect(volume.mountScript()).toMatchObject({ status: 0, stderr: "" });
            expect(volume.sizeMiB()).toBeGreaterThan(before + 350);
        });
    });

    describe("never writes to a volume with something on it", () => {
        beforeEach(() => {
            volume = new Volume("dash");
        });

        it.each<[string, [string, ...string[]]]>([
            ["an ext4 file system", ["mkfs.ext4", "-q"]],
            ["a swap area", ["mkswap"]],
            ["a partition table", ["sh", "-c", 'echo "label: gpt" | sfdisk --quiet "$0"']],
        ])("%s", async (_, command) => {
            volume.attach();
            mkfs(...command);
            const before = await volume.hash();
            const { status, stderr } = volume.mountScript();
            expect(status).toBe(1);
            expect(stderr).toContain("nothing is written to it");
            expect(await volume.hash()).toBe(before);
        });

        it("data without a known signature", async () => {
            volume.attach();
            execFileSync("dd", ["if=/dev/urandom", `of=${volume.device}`, "bs=64k", "seek=20", "count=1"], {
                stdio: "ignore",
            });
            const before = await volume.hash();
            const { status, stderr } = volume.mountScript();
            expect(status).toBe(1);
            expect(stderr).toContain("has no file system and is not blank: nothing is written to it");
            expect(await volume.hash()).toBe(before);
        });
    });

    describe("finds the volume", () => {
        beforeEach(() => {
            volume = new Volume("dash");
        });

        it("by its id under a virtio name, past other volumes and its own partitions", () => {
            symlinkSync(
                "/dev/null",
                volume.folder.file("by-id", "nvme-Amazon_Elastic_Block_Store_vol0fedcba9876543210"),
            );
            symlinkSync("/dev/null", volume.folder.file("by-id", "virtio-vol0123456789abcdef0-part1"));
            volume.attach("virtio-vol0123456789abcdef0");
            expect(volume.mountScript()).toMatchObject({ status: 0, stderr: "" });
        });

        it("or says that it is not attached", () => {
            const { status, stderr } = volume.mountScript();
            expect(status).toBe(1);
            expect(stderr).toContain("volume vol-0123456789abcdef0 is not attached after 0 s");
        });

        it("when it is attached later", () => {
            volume.folder.settings.DISK_SECONDS = 10;
            volume.folder.stub("sleep", `ln -s ${volume.device} ${volume.folder.file("by-id", link)}`);
            const { status, stdout } = volume.mountScript();
            expect(status).toBe(0);
            expect(stdout).toContain("waiting for volume vol-0123456789abcdef0 (0 s)");
        });

        it("and refuses another one on its folder", () => {
            volume.attach();
            volume.mountScript();
            const other = volume.folder.write("other", "");
            truncateSync(other, 400 * mebibyte);
            const device = execFileSync("losetup", ["--find", "--show", other], { encoding: "utf8" }).trim();
            try {
                execFileSync("ln", ["-sfn", device, volume.folder.file("by-id", link)]);
                execFileSync("ln", ["-sfn", device, volume.folder.file("by-id", `${link}_1`)]);
                const { status, stderr } = volume.mountScript();
                expect(status).toBe(1);
                expect(stderr).toContain(`is on ${volume.device}, not on ${device}`);
            } finally {
                execFileSync("losetup", ["--detach", device]);
            }
        });
    });
});
