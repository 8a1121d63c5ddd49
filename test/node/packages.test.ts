import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { findProgram } from "../../dev/tools/requirements";
import { type NodeFolder, underEveryShell } from "./shell";

const commands = ["nft", "iptables", "git", "mkfs.xfs", "curl", "tar", "gzip", "openssl", "ss", "aws"];

/** A folder of programs that holds what the script itself uses, and nothing of the machine's besides. */
function bareMachine(folder: NodeFolder): string {
    mkdirSync(folder.file("bare"));
    for (const name of ["sh", "sed", "touch", "chmod"]) {
        symlinkSync(findProgram(name, ["/bin", "/usr/bin"]) ?? "", folder.file("bare", name));
    }
    return folder.file("bare");
}

/** The body of a package manager that makes the commands appear. */
const installs = (folder: NodeFolder, names: string[]) =>
    names.map((name) => `touch "${folder.file("stubs", name)}" && chmod +x "${folder.file("stubs", name)}"`).join("\n");

describe("packages.sh", () => {
    // busybox finds its own tar and gzip, so that its list is shorter.
    underEveryShell({}, (folder) => {
        it("asks no repository when everything is there", () => {
            commands.forEach((name) => folder().stub(name));
            folder().stub("dnf", "exit 1").stub("apt-get", "exit 1");
            expect(folder().run("packages.sh", [], bareMachine(folder()))).toMatchObject({ status: 0 });
            expect(folder().calls).toEqual([]);
        });

        it("installs only what is missing with dnf", () => {
            commands.filter((name) => name !== "nft" && name !== "mkfs.xfs").forEach((name) => folder().stub(name));
            folder().stub("dnf", installs(folder(), ["nft", "mkfs.xfs"]));
            expect(folder().run("packages.sh", [], bareMachine(folder()))).toMatchObject({ status: 0 });
            expect(folder().calls).toEqual([
                "dnf install --assumeyes --quiet --setopt=install_weak_deps=False nftables xfsprogs",
            ]);
        });

        it("installs only what is missing with apt, and waits for its lock", () => {
            commands.filter((name) => name !== "aws" && name !== "git").forEach((name) => folder().stub(name));
            folder().stub("apt-get", installs(folder(), ["aws", "git"]));
            expect(folder().run("packages.sh", [], bareMachine(folder()))).toMatchObject({ status: 0 });
            expect(folder().calls).toEqual([
                "apt-get -o DPkg::Lock::Timeout=300 -qq update",
                "apt-get -o DPkg::Lock::Timeout=300 -qq install --yes --no-install-recommends ca-certificates git awscli",
            ]);
        });

        it("names what is missing on an image without a package manager", () => {
            commands.filter((name) => name !== "aws").forEach((name) => folder().stub(name));
            const { status, stderr } = folder().run("packages.sh", [], bareMachine(folder()));
            expect(status).toBe(1);
            expect(stderr).toContain("neither dnf nor apt-get is here, and these are missing: awscli");
        });

        it("names what the repository did not bring", () => {
            commands.filter((name) => name !== "nft").forEach((name) => folder().stub(name));
            folder().stub("dnf");
            const { status, stderr } = folder().run("packages.sh", [], bareMachine(folder()));
            expect(status).toBe(1);
            expect(stderr).toContain("still missing after the installation: nftables");
            expect(readdirSync(folder().file("stubs"))).not.toContain("nft");
        });
    });
});
