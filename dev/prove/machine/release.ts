import { createHash } from "node:crypto";
import { createReadStream, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Architecture } from "../../../components/ec2/instanceTypes";
import { releaseUrl } from "../../../components/node/pins";
import { succeed } from "../../../test/support/commands";
import { toolsDir } from "../../tools/build";
import { buildFlags, goTools, goVersion, readGoMod, requiredVersion } from "../../tools/modules";
import { requireGo } from "../../tools/requirements";
import { hostArchitecture } from "./nodes";

const plugins = ["main/bridge", "main/loopback", "ipam/host-local", "meta/firewall"];
const pluginsModule = resolve(__dirname, "../../../test/node/cni");

const buildkitTools = goTools.filter(({ name }) => name === "buildkitd" || name === "buildctl");

/** Version of the BuildKit that the tools are built from. */
export const releaseVersion = requiredVersion(readGoMod(buildkitTools[0]!), buildkitTools[0]!.module);

/**
 * Makes a release of BuildKit as its publisher does, below `www`, from the pinned modules and Debian's runc. Returns the
 * tarball's SHA-256. It carries an emulator, which no node of the proof may keep.
 */
export async function makeRelease(
    architecture: Architecture,
    runc: string,
    www: string,
    work: string,
): Promise<string> {
    const bin = join(work, `release-${architecture}`, "bin");
    mkdirSync(bin, { recursive: true });
    const go = requireGo(goVersion(readGoMod(buildkitTools[0]!)));
    const env = { ...process.env, CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off", GOARCH: architecture };
    for (const tool of buildkitTools) {
        const output = join(bin, tool.name);
        if (architecture === hostArchitecture) {
            copyFileSync(join(toolsDir, tool.name), output);
        } else {
            const args = ["build", ...buildFlags(tool), "-o", output, tool.package];
            await succeed(go, args, { cwd: tool.directory, env, seconds: 1800 });
        }
    }
    for (const plugin of plugins) {
        const output = join(bin, `buildkit-cni-${plugin.split("/")[1]}`);
        const source = `github.com/containernetworking/plugins/plugins/${plugin}`;
        await succeed(go, ["build", "-trimpath", "-o", output, source], { cwd: pluginsModule, env, seconds: 600 });
    }
    copyFileSync(runc, join(bin, "buildkit-runc"));
    writeFileSync(join(bin, "buildkit-qemu-s390x"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    const file = join(www, releaseUrl("releases", releaseVersion, architecture));
    mkdirSync(join(file, ".."), { recursive: true });
    await succeed("tar", ["-C", join(bin, ".."), "--use-compress-program=gzip -1", "-cf", file, "bin"], { env });
    return sha256Of(file);
}

async function sha256Of(file: string): Promise<string> {
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(file)) {
        hash.update(chunk as Uint8Array);
    }
    return hash.digest("hex");
}
