import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Farm } from "../../dev/local/farm";
import { privateFolder } from "../../dev/local/files";
import { renderBuildkitdToml } from "../../dev/local/node";
import { ensureProcess } from "../../dev/local/processes";
import { ensureTools } from "../../dev/tools/build";
import { root } from "../support/project";
import { parseBuilds, type BuildRecord } from "../support/nodes";

/** Pods that the stand-in `kubectl` knows: folders, and daemons of this machine on a socket for those that run. */
export class Pods {
    /** What reaches the stand-in before any kubectl of this machine. */
    readonly env: Record<string, string>;
    private readonly folder: string;

    constructor(base: string) {
        this.folder = path.join(base, "kubectl");
        fs.mkdirSync(path.join(this.folder, "pods"), { recursive: true });
        this.env = {
            PATH: `${path.join(__dirname, "bin")}:${process.env.PATH}`,
            STAND_IN_PODS: this.folder,
            STAND_IN_TOOLS: path.join(root, ".tools/bin"),
        };
    }

    /** A pod and what is known of it: the `address` of its daemon, or what kubectl says (`fails`). Returns its folder. */
    add(
        pod: string,
        { namespace = "builders", ...known }: { namespace?: string; address?: string; fails?: string } = {},
    ) {
        const folder = path.join(this.folder, "pods", namespace, pod);
        fs.mkdirSync(folder, { recursive: true });
        Object.entries(known).forEach(([name, text]) => fs.writeFileSync(path.join(folder, name), text));
        return folder;
    }

    /** A pod with a real daemon beside a farm's nodes, which ends with the farm. Returns the daemon's address. */
    async start(farm: Farm, pod: string, platforms: string[]): Promise<string> {
        const folder = privateFolder(path.join(farm.dir, "pods", pod));
        const address = `unix://${path.join(folder, "buildkitd.sock")}`;
        const { buildkitd, runc } = await ensureTools(() => undefined);
        const options = { dir: farm.dir, tools: { buildkitd, runc }, name: pod, platforms, port: 0 };
        const none = { serverName: "", certFile: "", keyFile: "", clientCaFile: "", credentials: farm.credentials };
        const config = renderBuildkitdToml({ ...options, ...none, registryAddress: farm.registry.address }, folder);
        const onSocket = config.replace(/\[grpc\]\n[^]*?\n\n/, `[grpc]\n  address = [${JSON.stringify(address)}]\n\n`);
        const configFile = path.join(folder, "buildkitd.toml");
        fs.writeFileSync(configFile, onSocket);
        await ensureProcess({
            dir: farm.dir,
            name: `pod-${pod}`,
            command: buildkitd,
            args: ["--config", configFile],
            fingerprint: onSocket,
            timeoutMs: 60_000,
            ready: () => {
                const { status, stderr } = buildctl(address, ["debug", "workers"]);
                return Promise.resolve(status === 0 ? undefined : stderr);
            },
        });
        this.add(pod, { address });
        return address;
    }

    /** The builds that a pod's daemon ran, oldest first. */
    builds(pod: string): BuildRecord[] {
        return parseBuilds(this.buildctl(pod, "debug", "histories", "--format", "{{json .}}"));
    }

    /** Removes everything that a pod's daemon has cached. */
    wipe(pod: string): void {
        this.buildctl(pod, "prune", "--all");
    }

    /** What kubectl was called with since the last look, each call once. */
    calls(): string[] {
        const file = path.join(this.folder, "calls");
        const lines = fs.existsSync(file) ? fs.readFileSync(file, "utf8").split("\n").filter(Boolean) : [];
        fs.rmSync(file, { force: true });
        return [...new Set(lines)].sort();
    }

    private buildctl(pod: string, ...args: string[]): string {
        const { status, stdout, stderr } = buildctl(fs.readFileSync(path.join(this.add(pod), "address"), "utf8"), args);
        if (status !== 0) {
            throw new Error(`buildctl ${args.join(" ")} in ${pod} failed: ${stderr}`);
        }
        return stdout;
    }
}

function buildctl(address: string, args: string[]) {
    return spawnSync(path.join(root, ".tools/bin/buildctl"), ["--addr", address, ...args], { encoding: "utf8" });
}
