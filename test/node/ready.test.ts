import { mkdirSync, writeFileSync } from "node:fs";
import { underEveryShell } from "./shell";

const bytes = (mebibytes: number) => mebibytes * 1024 * 1024;
const gc = [
    `false 168h0m0s 0 ${bytes(10035)} 0`,
    `false 0s 0 ${bytes(84297)} ${bytes(15052)}`,
    `true 0s 0 ${bytes(84297)} ${bytes(15052)}`,
];

describe("ready.sh", () => {
    underEveryShell({ READY_ATTEMPTS: 1 }, (folder) => {
        /** A daemon that answers as told, and a certificate that matches. */
        const node = (answers: { platforms: string[]; network?: string; gc?: string[]; certificate?: string }) => {
            const lines = [
                "id worker",
                `network ${answers.network ?? "cni"}`,
                ...answers.platforms.map((platform) => `platform ${platform}`),
                ...(answers.gc ?? gc).map((rule) => `gc ${rule}`),
            ];
            folder().stub("buildctl", `cat "${folder().write("answers", `${lines.join("\n")}\n`)}"`);
            folder().stub("openssl", `echo 'Hostname x ${answers.certificate ?? "does match"} certificate'`);
            folder().stub("nft", "echo 'ip daddr 169.254.169.254 reject'");
            mkdirSync(folder().file("binfmt"), { recursive: true });
            writeFileSync(folder().file("binfmt", "register"), "");
            folder().settings.BINFMT_DIR = folder().file("binfmt");
        };

        it("takes an amd64 node with its levels and 386", () => {
            node({ platforms: ["linux/amd64", "linux/386", "linux/amd64/v2", "linux/amd64/v4"] });
            expect(folder().run("ready.sh")).toMatchObject({
                status: 0,
                stdout: "ready.sh: ready: linux/amd64 linux/386 linux/amd64/v2 linux/amd64/v4\n",
                stderr: "",
            });
        });

        it("takes an arm64 node, on which BuildKit lists 32-bit Arm by itself", () => {
            Object.assign(folder().settings, { ARCHITECTURE: "arm64", PLATFORMS: "linux/arm64" });
            node({ platforms: ["linux/arm64", "linux/arm/v7", "linux/arm/v6"] });
            expect(folder().run("ready.sh")).toMatchObject({ status: 0, stderr: "" });
        });

        it("takes an emulated platform that is listed, and refuses one that is not", () => {
            Object.assign(folder().settings, { PLATFORMS: "linux/amd64 linux/s390x" });
            node({ platforms: ["linux/amd64", "linux/s390x"] });
            expect(folder().run("ready.sh")).toMatchObject({ status: 0 });
            node({ platforms: ["linux/amd64", "linux/s390x", "linux/arm64"] });
            const { status, stderr } = folder().run("ready.sh");
            expect(status).toBe(1);
            expect(stderr).toContain(
                "it offers linux/arm64, which is not of its CPU (amd64) and not listed as emulated",
            );
        });

        it("tells every problem at once", () => {
            node({ platforms: ["linux/amd64"], network: "host", gc: ["true 0s 0 0 0"], certificate: "does NOT match" });
            const { status, stderr } = folder().run("ready.sh");
            expect(status).toBe(1);
            expect(stderr).toContain('build steps are on the network "host", not on the bridge');
            expect(stderr).toContain("it does not offer linux/386");
            expect(stderr).toContain(
                "garbage collection is not as configured: it has true 0s 0 0 0; wanted false 168h",
            );
            expect(stderr).toContain("does not carry the name amd64.ci.internal");
            expect(stderr).toContain("not ready: 4 problems");
        });

        it.each([
            ["interpreter /usr/bin/qemu-aarch64-static\nflags: F\n", 1],
            ["interpreter /opt/run\nmagic 7f454c460201\n", 1],
            ["interpreter /usr/bin/jexec\nmagic 504b0304\n", 0],
        ])("looks at binfmt entries: %j", (entry, status) => {
            node({ platforms: ["linux/amd64", "linux/386"] });
            writeFileSync(folder().file("binfmt", "entry"), `enabled\n${entry}`);
            expect(folder().run("ready.sh").status).toBe(status);
        });
    });
});
