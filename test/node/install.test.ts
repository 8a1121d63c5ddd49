import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { type NodeFolder, underEveryShell } from "./shell";

const programs = [
    "buildkitd",
    "buildctl",
    "buildkit-runc",
    "buildkit-cni-bridge",
    "buildkit-cni-loopback",
    "buildkit-cni-host-local",
    "buildkit-cni-firewall",
];
const emulators = ["buildkit-qemu-aarch64", "buildkit-qemu-arm", "buildkit-qemu-s390x"];

/** Makes a release tarball; returns its SHA-256. */
function release(folder: NodeFolder, files: string[]): string {
    mkdirSync(folder.file("release", "bin"), { recursive: true });
    files.forEach((name) => writeFileSync(folder.file("release", "bin", name), name, { mode: 0o755 }));
    execFileSync("tar", ["-czf", folder.file("release.tar.gz"), "-C", folder.file("release"), "bin"]);
    return createHash("sha256")
        .update(readFileSync(folder.file("release.tar.gz")))
        .digest("hex");
}

/** A curl that copies the tarball to where it is told to. */
function withCurl(folder: NodeFolder): void {
    folder.stub("curl", `while [ "$1" != --output ]; do shift; done\ncp "${folder.file("release.tar.gz")}" "$2"`);
}

describe("install.sh", () => {
    underEveryShell({}, (folder) => {
        const run = (sha: string, wanted = "") => {
            const settings = { RELEASE_SHA256: sha, EMULATORS: wanted, BIN_DIR: folder().file("opt", "bin") };
            Object.assign(folder().settings, settings);
            return folder().run("install.sh");
        };

        it("keeps the programs and of the emulators only the listed ones", () => {
            const sha = release(folder(), [...programs, ...emulators]);
            withCurl(folder());
            expect(run(sha, "buildkit-qemu-s390x")).toMatchObject({ status: 0 });
            expect(readdirSync(folder().file("opt", "bin")).sort()).toEqual(
                [".release", ...programs, "buildkit-qemu-s390x"].sort(),
            );
            expect(readdirSync(folder().file("opt"))).toEqual(["bin"]);
        });

        it("does nothing when the release is there, and replaces it when the list of emulators changed", () => {
            const sha = release(folder(), [...programs, ...emulators]);
            withCurl(folder());
            run(sha);
            expect(run(sha)).toMatchObject({ status: 0 });
            expect(folder().calls).toHaveLength(1);
            run(sha, "buildkit-qemu-arm");
            expect(folder().calls).toHaveLength(2);
            expect(folder().has("opt", "bin", "buildkit-qemu-arm")).toBe(true);
        });

        it("installs nothing when the checksum is another", () => {
            release(folder(), programs);
            withCurl(folder());
            const { status, stderr } = run("0".repeat(64));
            expect(status).toBe(1);
            expect(stderr).toMatch(/has SHA-256 [0-9a-f]{64}, wanted 0{64}: the file is not the pinned release/);
            expect(readdirSync(folder().file("opt"))).toEqual([]);
        });

        it("names a listed emulator that the release lacks", () => {
            const sha = release(folder(), programs);
            withCurl(folder());
            const { status, stderr } = run(sha, "buildkit-qemu-s390x");
            expect(status).toBe(1);
            expect(stderr).toContain("holds no bin/buildkit-qemu-s390x");
            expect(readdirSync(folder().file("opt"))).toEqual([]);
        });

        it("says what to do when the download fails", () => {
            folder().stub("curl", "exit 6");
            const { status, stderr } = run("0".repeat(64));
            expect(status).toBe(1);
            expect(stderr).toContain("cannot download https://github.com/moby/buildkit/releases/download/v");
            expect(stderr).toContain("give a mirror");
        });
    });
});
