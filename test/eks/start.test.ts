import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { runCommand } from "../support/commands";
import { root, temporaryFolder } from "../support/project";

const script = path.join(root, "assets/eks/start.sh");
const unreachable = "169.254.169.254 169.254.170.23";

/** A folder with a stand-in for each program, which tells how it was started. */
function image(programs: string[]): string {
    const folder = temporaryFolder("image");
    mkdirSync(path.join(folder, "bin"));
    for (const name of programs) {
        const file = path.join(folder, "bin", name);
        writeFileSync(file, `#!/bin/sh\necho "started ${name} $* as $$"\nip route get 169.254.169.254 2>&1\n`);
        chmodSync(file, 0o755);
    }
    return path.join(folder, "bin");
}

/** Runs the script in a network of its own, in which every address has a route. */
async function start(bin: string, env: Record<string, string>) {
    const network = "ip link set lo up && ip route add default dev lo && ip route get 169.254.169.254";
    const command = `${network} && exec ${script}`;
    return runCommand("unshare", ["--net", "sh", "-c", command], {
        env: { PATH: `${bin}:/usr/sbin:/usr/bin:/sbin:/bin`, ...env },
    });
}

const programs = ["buildkitd", "buildkit-runc", "buildkit-qemu-s390x", "buildkit-qemu-aarch64"];

test("emulators go, but for those that were asked for", async () => {
    const bin = image(programs);
    const { status, stdout } = await start(bin, { EMULATORS: "buildkit-qemu-s390x", UNREACHABLE: "" });
    expect([status, readdirSync(bin).sort()]).toEqual([0, ["buildkit-qemu-s390x", "buildkit-runc", "buildkitd"]]);
    expect(stdout).toMatch(/started buildkitd --config \/etc\/buildkit\/buildkitd\.toml/);
});

test("credentials of the machine have no route, for whatever the daemon starts", async () => {
    const { status, stdout } = await start(image(["buildkitd"]), { EMULATORS: "", UNREACHABLE: unreachable });
    expect(stdout).toMatch(/^169\.254\.169\.254 dev lo [^]*started buildkitd[^]*(No route to host|unreachable)/);
    // The last command of the stand-in failed because there is no route.
    expect(status).not.toBe(0);
});

test("the image's entry point is taken where there is one", async () => {
    const bin = image(["buildkitd", "buildkitd-entrypoint"]);
    const { stdout } = await start(bin, { EMULATORS: "", UNREACHABLE: "" });
    expect(stdout).toContain("started buildkitd-entrypoint --config");
});

test("a daemon whose machine's credentials would be reachable is not started", async () => {
    const { status, stdout } = await start(image(["buildkitd"]), { EMULATORS: "", UNREACHABLE: "no-address" });
    expect(status).not.toBe(0);
    expect(stdout).not.toContain("started buildkitd");
});

test("--help says what it does", async () => {
    const { status, stdout } = await runCommand(script, ["--help"], { env: process.env });
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^Starts BuildKit in a builder's container/)]);
});
