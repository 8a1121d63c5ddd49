import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BuilderCredentials } from "../../components/builder";
import { WorkerInfo, listWorkers } from "../../components/buildx/workers";
import type { Tools } from "../tools/build";
import { privateFolder, readIfThere, sha256 } from "./files";
import { ensureProcess } from "./processes";

/** A registry behind TLS whose CA is not one that every machine knows. */
export interface TrustedRegistry {
    /** `host` or `host:port`, as image names have it. */
    host: string;
    /** Its CA, PEM. */
    caFile: string;
}

export interface NodeOptions {
    /** Folder of the farm. */
    dir: string;
    tools: Pick<Tools, "buildkitd" | "runc">;
    name: string;
    /** Platforms that the node is pinned to. */
    platforms: string[];
    port: number;
    serverName: string;
    certFile: string;
    keyFile: string;
    clientCaFile: string;
    credentials: BuilderCredentials;
    /** Registry that is spoken to over plain HTTP, `127.0.0.1:PORT`. */
    registryAddress?: string;
    trustedRegistries?: TrustedRegistry[];
}

/** What decides a node's configuration. */
export type NodeConfig = Pick<
    NodeOptions,
    "platforms" | "port" | "certFile" | "keyFile" | "clientCaFile" | "registryAddress" | "trustedRegistries"
> & {
    tools: Pick<NodeOptions["tools"], "runc">;
    /** Address to listen at; 127.0.0.1 unless set. */
    listen?: string;
};

export interface RunningNode {
    endpoint: string;
    workers: WorkerInfo[];
    started: boolean;
}

/** Name of the process of a node. */
export function nodeProcess(name: string): string {
    return `buildkitd-${name}`;
}

/** Starts or reuses one buildkitd; resolves when it answers a real call over mutual TLS. */
export async function ensureNode(options: NodeOptions): Promise<RunningNode> {
    const folder = privateFolder(join(options.dir, "nodes", options.name));
    const config = renderBuildkitdToml(options, folder);
    const configFile = join(folder, "buildkitd.toml");
    writeFileSync(configFile, config);
    const endpoint = `tcp://127.0.0.1:${options.port}`;
    let workers: WorkerInfo[] = [];
    const how = await ensureProcess({
        dir: options.dir,
        name: nodeProcess(options.name),
        command: options.tools.buildkitd,
        args: ["--config", configFile],
        fingerprint: sha256(
            [
                config,
                statSync(options.tools.buildkitd).mtimeMs,
                readIfThere(options.certFile),
                readIfThere(options.clientCaFile),
                ...(options.trustedRegistries ?? []).map(({ caFile }) => readIfThere(caFile)),
            ].join(),
        ),
        timeoutMs: 60_000,
        ready: async () => {
            try {
                workers = await listWorkers({ endpoint, serverName: options.serverName }, options.credentials, 5000);
                return workers.length > 0 ? undefined : "it has no worker";
            } catch (error) {
                return (error as Error).message;
            }
        },
    });
    return { endpoint, workers, started: how === "started" };
}

/** The node's configuration. Everything that two daemons on one machine would share is its own. */
export function renderBuildkitdToml(options: NodeConfig, folder: string): string {
    const socketPath = join(folder, "otel.sock");
    if (Buffer.byteLength(socketPath) > 107) {
        throw new Error(
            `the socket path ${socketPath} is longer than the 107 bytes that Linux allows: use a folder with a shorter path`,
        );
    }
    const q = JSON.stringify;
    const plain = options.registryAddress ? [[options.registryAddress, "http = true"]] : [];
    const trusted = (options.trustedRegistries ?? []).map(({ host, caFile }) => [host, `ca = [${q(caFile)}]`]);
    const registries = [...plain, ...trusted].map(([host, setting]) => `\n[registry.${q(host)}]\n  ${setting}\n`);
    return `root = ${q(join(folder, "root"))}

[grpc]
  address = [${q(`tcp://${options.listen ?? "127.0.0.1"}:${options.port}`)}]
  [grpc.tls]
    cert = ${q(options.certFile)}
    key = ${q(options.keyFile)}
    ca = ${q(options.clientCaFile)}

[otel]
  socketPath = ${q(socketPath)}

[cdi]
  disabled = true

[worker.containerd]
  enabled = false

[worker.oci]
  enabled = true
  binary = ${q(options.tools.runc)}
  platforms = [${options.platforms.map((platform) => q(platform)).join(", ")}]
  networkMode = "host"
  gc = true
  reservedSpace = "1GB"
  maxUsedSpace = "10GB"
  minFreeSpace = "5GB"
${registries.join("")}`;
}
