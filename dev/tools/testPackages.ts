import { spawnSync } from "node:child_process";
import { findProgram, lastLines } from "./requirements";

/** Programs that tests run, each with the Debian package that has it. A test without its program says so and is skipped. */
const programs: Record<string, string> = {
    ip: "iproute2",
    "mkfs.ext4": "e2fsprogs",
    "mkfs.xfs": "xfsprogs",
    sfdisk: "fdisk",
    iptables: "iptables",
    nft: "nftables",
    openssl: "openssl",
    busybox: "busybox-static",
    shellcheck: "shellcheck",
    "cloud-init": "cloud-init",
    "systemd-analyze": "systemd",
};

/** Installs what tests need, where that is possible: as root on Debian and Ubuntu. */
function main(): void {
    const missing = Object.entries(programs).filter(([program]) => !findProgram(program, ["/usr/sbin", "/sbin"]));
    const packages = missing.map(([, name]) => name);
    if (packages.length === 0) {
        return;
    }
    if (process.getuid?.() !== 0 || !findProgram("apt-get")) {
        console.log(`tests that need these packages are skipped: ${packages.join(", ")}`);
        return;
    }
    console.log(`installing for the tests: ${packages.join(", ")}`);
    const apt = (...args: string[]) =>
        spawnSync("apt-get", args, { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" }, encoding: "utf8" });
    apt("update", "-qq");
    const installed = apt("install", "--yes", "-qq", "--no-install-recommends", ...packages);
    if (installed.status !== 0) {
        console.log(`apt-get install failed, so some tests are skipped: ${lastLines(installed.stderr, 3)}`);
    }
}

main();
