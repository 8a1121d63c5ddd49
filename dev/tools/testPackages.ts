import { installPackages } from "./packages";

/** Programs that tests run, each with the Debian package that has it. A test without its program says so and is skipped. */
export const testPrograms = {
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
    dockerd: "docker.io",
};

if (require.main === module) {
    const missing = installPackages(testPrograms, "the tests");
    if (missing !== undefined) {
        console.log(`some tests are skipped: ${missing}`);
    }
}
