import { existsSync, mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import type { Ended } from "../support/commands";
import { describeAsRoot } from "./privileges";
import { RealNode } from "./realNode";
import { sample } from "./sample";

const commands = ["nft", "iptables", "ip", "nsenter", "losetup", "mkfs.xfs", "busybox", "go", "runc", "ss", "openssl"];
/** A request; busybox's own wget wants a resolver that a static program has not. */
const request = (host: string, port = 80) =>
    `printf 'GET /role HTTP/1.0\\r\\n\\r\\n' | busybox nc -w 5 ${host} ${port}`;
const get = (host: string, port?: number) =>
    `ENV PATH=/bin\nRUN ${JSON.stringify(["/bin/busybox", "sh", "-c", request(host, port)])}`;

jest.setTimeout(240_000);

describeAsRoot("a real buildkitd under the rendered configuration", commands, () => {
    let node: RealNode;

    beforeAll(async () => {
        node = new RealNode(sample({ cacheSizeGiB: 2, bridgeSubnet: "172.29.0.0/16" }));
        await node.start();
    });
    afterAll(() => node.remove());
    beforeEach(() => node.configure());

    describe("before the rules are loaded", () => {
        it("a build step reaches the metadata service: the block is what keeps it away", async () => {
            const { status, stderr } = await node.build(`${get("169.254.169.254")}`, "--no-cache");
            expect({ status, stderr }).toMatchObject({
                status: 0,
                stderr: expect.stringContaining("the node's role") as string,
            });
        });

        it("the node is not ready", async () => {
            const { status, stderr } = await node.script("ready.sh");
            expect(status).toBe(1);
            expect(stderr).toContain("build steps can reach the metadata service");
        });
    });

    describe("with the rules", () => {
        beforeAll(async () => {
            node.configure();
            expect(await node.script("metadata.sh")).toMatchObject({ status: 0 });
        });

        it("loads them once", async () => {
            expect(await node.script("metadata.sh")).toMatchObject({ status: 0, stdout: "" });
        });

        it("is ready, with its own platforms only", async () => {
            const { status, stdout, stderr } = await node.script("ready.sh");
            expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
            expect(stdout).toMatch(/^ready.sh: ready: linux\/amd64 linux\/386( linux\/amd64\/v\d)*$/m);
        });

        it("a build step reaches another address and not the metadata service", async () => {
            const other = await node.build(`${get("10.99.0.1")}`, "--no-cache");
            expect(other).toMatchObject({ status: 0, stderr: expect.stringContaining("the node's role") as string });
            const metadata = await node.build(`${get("169.254.169.254")}`, "--no-cache");
            expect(metadata.status).toBe(1);
            expect(metadata.stderr).toMatch(/Connection refused|No route to host|unreachable/);
            expect(metadata.stderr).not.toContain("the node's role");
        });

        it("a build step does not reach the daemon", async () => {
            const { stderr } = await node.build(`${get("10.99.0.1", 1234)}`, "--no-cache");
            expect(stderr).toContain("Connection refused");
        });

        it("root on the node reaches the metadata service, nobody else does", async () => {
            const ask = ["-c", request("169.254.169.254")];
            expect(await node.run("sh", ask)).toMatchObject({
                status: 0,
                stdout: expect.stringContaining("the node's role") as string,
            });
            expect(await node.run("sh", ask, "65534")).toMatchObject({ status: 1, stdout: "" });
        });

        it("grants no build the host's network or more rights", async () => {
            for (const option of ["--network=host", "--security=insecure"]) {
                const allow = ["--allow", "network.host", "--allow", "security.insecure"];
                const syntax = `RUN ${option} ["/bin/busybox", "true"]`;
                const { status, stderr } = await node.build(syntax, "--no-cache", ...allow);
                expect(status).toBe(1);
                expect(stderr).toMatch(/not allowed/);
            }
        });

        describe("is not ready", () => {
            it.each<[string, Record<string, string>, string]>([
                [
                    "with other garbage collection",
                    { GC_RULES: "true 0s 0 1 1" },
                    "garbage collection is not as configured",
                ],
                [
                    "without a wanted platform",
                    { PLATFORMS: "linux/amd64 linux/s390x" },
                    "it does not offer linux/s390x",
                ],
                [
                    "with platforms of another CPU",
                    { ARCHITECTURE: "arm64", PLATFORMS: "" },
                    "it offers linux/386, which is not of its CPU (arm64)",
                ],
                ["with a certificate of another name", { SERVER_NAME: "other" }, "does not carry the name other"],
                [
                    "without an answer",
                    { DAEMON: "unix:///nowhere.sock" },
                    "the daemon does not answer on unix:///nowhere.sock",
                ],
            ])("%s", async (_, settings, message) => {
                node.configure(settings);
                const { status, stderr } = await node.script("ready.sh");
                expect(status).toBe(1);
                expect(stderr).toContain(message);
            });

            it("with an emulator that is not listed, and is with one that is", async () => {
                writeFileSync(node.file("bin", "buildkit-qemu-s390x"), "");
                expect((await node.script("ready.sh")).stderr).toContain(
                    "buildkit-qemu-s390x is an emulator that is not listed",
                );
                node.configure({ EMULATORS: "buildkit-qemu-s390x" });
                expect(await node.script("ready.sh")).toMatchObject({ status: 0 });
            });

            it("with a binfmt entry of an emulator", async () => {
                mkdirSync(node.file("binfmt"), { recursive: true });
                writeFileSync(node.file("binfmt", "status"), "enabled\n");
                writeFileSync(
                    node.file("binfmt", "qemu-aarch64"),
                    "enabled\ninterpreter /usr/bin/qemu\nmagic 7f454c46\n",
                );
                node.configure({ EMULATORS: "buildkit-qemu-s390x" });
                expect((await node.script("ready.sh")).stderr).toContain("runs foreign binaries by emulation");
                rmSync(node.file("binfmt"), { recursive: true });
                rmSync(node.file("bin", "buildkit-qemu-s390x"));
            });
        });

        it("is busy while a build runs and idle after it", async () => {
            node.configure();
            const running = node.build('RUN ["/bin/busybox", "sleep", "6"]', "--no-cache");
            await new Promise((resolve) => setTimeout(resolve, 3000));
            expect(await node.script("busy.sh")).toMatchObject({ status: 0, stdout: "busy.sh: 1 builds\n" });
            expect(await running).toMatchObject({ status: 0 });
            expect((await node.script("busy.sh")).status).toBe(1);
        });

        it("sees a client on its port, and the gate refuses new ones while that one stays", async () => {
            const client = node.run("sh", ["-c", "sleep 8 | busybox nc 127.0.0.1 1234"]);
            await new Promise((resolve) => setTimeout(resolve, 1000));
            expect((await node.script("busy.sh")).stdout).toMatch(/client connections/);
            expect(await node.script("gate.sh", "close")).toMatchObject({ status: 0 });
            expect(await node.run("busybox", ["nc", "-w", "2", "127.0.0.1", "1234"])).toMatchObject({ status: 1 });
            expect((await node.script("busy.sh")).status).toBe(0);
            expect(await node.script("gate.sh", "open")).toMatchObject({ status: 0 });
            expect(await node.script("gate.sh", "open")).toMatchObject({ status: 0 });
            await client;
        });

        it("SIGTERM lets a running build finish and refuses new ones", async () => {
            const steps = 'RUN ["/bin/busybox", "sleep", "4"]\nRUN ["/bin/busybox", "sleep", "5"]';
            const running = node.build(steps, "--no-cache");
            await new Promise((resolve) => setTimeout(resolve, 2500));
            const stopped = node.stopDaemon();
            await new Promise((resolve) => setTimeout(resolve, 500));
            expect((await node.buildctl("debug", "workers")).status).toBe(1);
            expect(await running).toMatchObject({ status: 0 });
            // Its exit code after a signal, which the unit takes for success.
            expect(await stopped).toBe(1);
        });

        it("starts again on the same cache", async () => {
            await node.startDaemon();
            expect(await node.script("ready.sh")).toMatchObject({ status: 0 });
            expect((await node.build('RUN ["/bin/busybox", "sleep", "4"]')).stderr).toContain("CACHED");
        });
    });

    describe("with a full disk", () => {
        const write = (name: string, mebibytes: number) =>
            `RUN ["/bin/busybox", "dd", "if=/dev/zero", "of=/${name}", "bs=1M", "count=${mebibytes}"]`;
        const reserve = () => existsSync(node.file("cache", ".reserve"));

        it("builds on after a build that filled it", async () => {
            node.keepRunning("space.sh", "--watch");
            await until(reserve);
            const filled = await node.build(write("big", 4000), "--no-cache");
            expect(filled).toMatchObject({
                status: 1,
                stderr: expect.stringContaining("No space left on device") as string,
            });
            await until(() => statfsSync(node.file("cache")).bavail * 4096 > 500 * 1024 ** 2);
            expect(succeeded(await node.build(write("small", 10), "--no-cache"))).toBe("");
            await until(reserve);
        });

        it("builds on when the layers of earlier builds leave no room", async () => {
            // Small beside the room that is kept, as a layer is beside that of a real volume.
            for (let i = 0; i < 26; i++) {
                expect(succeeded(await node.build(write(`layer${i}`, 80), "--no-cache"))).toBe("");
            }
        });

        it("builds on when something else fills it, at the cost of the cache", async () => {
            await until(reserve);
            const free = () => Math.floor((statfsSync(node.file("cache")).bavail * 4096) / 1024 ** 2);
            await node.run("fallocate", ["-l", `${free() - 40}MiB`, node.file("cache", "foreign")]);
            await until(() => free() > 80);
            expect(succeeded(await node.build(write("small", 10), "--no-cache"))).toBe("");
            rmSync(node.file("cache", "foreign"));
            await until(reserve);
        });

        it("starts, by the reserve alone", async () => {
            await node.stopRunning();
            await node.stopDaemon();
            writeFileSync(node.file("cache", "foreign"), "");
            await node.run("sh", ["-c", `cat /dev/zero >>${node.file("cache", "foreign")}`]);
            await expect(node.startDaemon()).rejects.toThrow("no space left on device");
            rmSync(node.file("run", "buildkitd.sock"), { force: true });
            expect(await node.script("space.sh")).toMatchObject({
                status: 0,
                stdout: expect.stringContaining("gave up the reserved") as string,
            });
            await node.startDaemon();
            expect(succeeded(await node.build(write("small", 1), "--no-cache"))).toBe("");
        });
    });
});

/** The messages of a program that failed; nothing of one that succeeded. */
function succeeded({ status, stderr }: Ended): string {
    return status === 0 ? "" : `exit code ${String(status)}: ${stderr}`;
}

async function until(holds: () => boolean, seconds = 20): Promise<void> {
    for (const end = Date.now() + seconds * 1000; !holds();) {
        if (Date.now() > end) {
            throw new Error(`not within ${seconds} s: ${holds.toString()}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 200));
    }
}
