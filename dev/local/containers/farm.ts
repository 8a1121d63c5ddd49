import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { FarmNode, FarmOptions } from "../farm";
import { privateFolder, sha256 } from "../files";
import { nodeProcess } from "../node";
import { PkiFiles, ensurePkiFiles } from "../pkiFiles";
import { LocalRegistry, ensureMux, ensurePassword, muxProcess, probe, registryProcess, username } from "../registry";
import { FarmContainers } from "./containers";
import type { Engine } from "./engine";
import { EngineError } from "./problems";
import { Patience, runnablePlatforms, untilNodeReady, untilReady } from "./ready";
import { containerSpecs } from "./specs";

/** A farm of containers that serves. */
export interface ContainerFarm {
    nodes: FarmNode[];
    registry?: LocalRegistry;
    pki: PkiFiles;
    /** Platforms whose build steps can run. */
    runnable: string[];
    /** Whether the containers ran already. */
    reused: boolean;
}

/** Starts or reuses the containers of a farm; resolves when all of them serve. What fails leaves no container behind. */
export async function runContainers(
    options: FarmOptions,
    engine: Engine,
    ports: Record<string, number>,
    signal: AbortSignal,
): Promise<ContainerFarm> {
    const { dir, trustedRegistries } = options;
    const pki = await ensurePkiFiles(
        join(dir, "pki"),
        options.nodes.map(({ name }) => name),
    );
    const registry = options.registry === false ? undefined : await registryParts(dir, pki, ports);
    const nodes = options.nodes.map((node) => ({ ...node, port: ports[nodeProcess(node.name)]! }));
    const { images, architecture } = engine;
    const plan = containerSpecs({ images, nodes, pki, registry, trustedRegistries });
    const fingerprint = sha256(JSON.stringify([plan, engine.imageIds]));
    const containers = new FarmContainers(dir);

    const serving = async (seconds: number) => {
        const patience: Patience = { signal, seconds };
        if (registry) {
            const inside = { ...registry.served, address: `127.0.0.1:${registry.internalPort}` };
            await untilReady(containers, registryProcess, patience, () => probe(inside, "http:"));
            await ensureMux({ dir, ...registry }, registry.served);
        }
        const all: FarmNode[] = [];
        for (const { name, platforms, port } of nodes) {
            const node = { name, platforms, endpoint: `tcp://127.0.0.1:${port}`, serverName: pki.serverName(name) };
            all.push(await untilNodeReady(containers, node, pki.credentials, architecture, patience));
        }
        return {
            nodes: all,
            pki,
            runnable: await runnablePlatforms(containers, all, architecture),
            ...(registry ? { registry: registry.served } : {}),
        };
    };

    const names = plan.specs.map(({ name }) => name);
    if (await containers.runs(names, fingerprint)) {
        try {
            return { ...(await serving(5)), reused: true };
        } catch {
            // What runs but does not answer is started anew: that is what a person would do.
            signal.throwIfAborted();
        }
    }
    const made: string[] = [];
    try {
        await containers.start(plan.specs, plan.ports, fingerprint, signal, (volume) => made.push(volume));
        return { ...(await serving(60)), reused: false };
    } catch (error) {
        await containers.removeContainers().then(
            () => containers.removeVolumes(made),
            (left: Error) => {
                throw new EngineError(
                    `${(error as Error).message}\n  and then ${left.message}\n  run \`npm run stop\` later`,
                );
            },
        );
        throw error;
    }
}

async function registryParts(dir: string, pki: PkiFiles, ports: Record<string, number>) {
    const folder = privateFolder(join(dir, "registry"));
    const password = await ensurePassword(folder);
    const port = ports[muxProcess]!;
    const caFile = pki.serverCaFile;
    return {
        port,
        internalPort: ports[registryProcess]!,
        htpasswd: readFileSync(join(folder, "htpasswd"), "utf8"),
        certFile: pki.certFile("registry"),
        keyFile: pki.keyFile("registry"),
        caFile,
        served: { address: `127.0.0.1:${port}`, username, password, caFile } satisfies LocalRegistry,
    };
}
