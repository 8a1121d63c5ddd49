import { rmSync } from "node:fs";
import { join } from "node:path";
import type { BuilderCredentials } from "../../components/builder";
import { Tools, ensureTools } from "../tools/build";
import { startContainers } from "./containers/start";
import { canRun, emulatedOf } from "./emulation";
import { choosePorts, leaveOtherMode } from "./farmState";
import { privateFolder, withFolderLock } from "./files";
import { TrustedRegistry, ensureNode, nodeProcess } from "./node";
import { PkiFiles, ensurePkiFiles } from "./pkiFiles";
import { isProcessRunning, stopProcesses } from "./processes";
import { LocalRegistry, ensureRegistry, muxProcess, registryProcess } from "./registry";
import { RunningFarm, outcome } from "./runningFarm";

/** How nodes and registry run: as processes of this Linux machine, or as containers of a Docker engine. */
export type FarmMode = "processes" | "containers";

export interface FarmNodeOptions {
    /** Lower case letters, digits, `.`, `_`, `-`; part of file names. */
    name: string;
    /** Platforms that the node is pinned to. */
    platforms: string[];
}

export interface FarmOptions {
    /** Folder that holds everything of the farm. Farms in different folders are independent of each other. */
    dir: string;
    nodes: FarmNodeOptions[];
    /** Processes unless set. */
    mode?: FarmMode;
    /** Whether it has a registry; true by default. */
    registry?: boolean;
    /** Further registries that the nodes trust, by a CA of their own. */
    trustedRegistries?: TrustedRegistry[];
    /** Whether to reuse what runs in the folder; true by default. */
    reuse?: boolean;
    log?: (line: string) => void;
    /** Told of what is being started. */
    starting?: (what: string) => void;
}

export interface FarmNode extends FarmNodeOptions {
    /** Platforms that the node cannot run on its own CPU. */
    emulated: string[];
    endpoint: string;
    serverName: string;
    /** Everything that the node advertises. */
    advertised: string[];
}

/** Local BuildKit nodes over mutual TLS and a registry. */
export interface Farm {
    dir: string;
    nodes: FarmNode[];
    credentials: BuilderCredentials;
    /** Present unless `registry: false` was asked for. */
    registry: LocalRegistry;
    /** Whether the credentials are new: whoever registered the nodes before has to do it again. */
    fresh: boolean;
    /** Whether build steps of a platform of the farm can run, natively or emulated. */
    readonly canRun: (platform: string) => boolean;
    stop(): Promise<void>;
}

/** Starts a farm, or what is missing of it. */
export async function startFarm(options: FarmOptions): Promise<Farm> {
    const log = options.log ?? (() => undefined);
    checkOptions(options);
    if (options.mode === "containers") {
        return startContainers(options, log);
    }
    const tools = await ensureTools(log);
    await leaveOtherMode(options, log);
    privateFolder(options.dir);
    return withFolderLock(options.dir, log, async () => {
        if (options.reuse === false) {
            await stopProcesses(options.dir);
            rmSync(join(options.dir, "pki"), { recursive: true, force: true });
        }
        return start(options, tools, log);
    });
}

async function start(options: FarmOptions, tools: Tools, log: (line: string) => void): Promise<Farm> {
    const { dir } = options;
    const withRegistry = options.registry !== false;
    await stopProcesses(dir, [
        ...options.nodes.map(({ name }) => nodeProcess(name)),
        ...(withRegistry ? [registryProcess, muxProcess] : []),
    ]);
    // The state file comes first: it marks the folder as a farm's, which a stop asks for.
    const ports = await choosePorts(options, (service) => isProcessRunning(dir, service));
    const pki = await ensurePkiFiles(
        join(dir, "pki"),
        options.nodes.map(({ name }) => name),
    );
    options.starting?.("registry");
    const registry = withRegistry ? await startRegistry(dir, tools, pki, ports, log) : undefined;
    const nodes: FarmNode[] = [];
    for (const { name, platforms } of options.nodes) {
        const serverName = pki.serverName(name);
        const began = Date.now();
        options.starting?.(nodeProcess(name));
        const node = await ensureNode({
            dir,
            tools,
            name,
            platforms,
            port: ports[nodeProcess(name)]!,
            serverName,
            certFile: pki.certFile(name),
            keyFile: pki.keyFile(name),
            clientCaFile: pki.clientCaFile,
            credentials: pki.credentials,
            ...(registry ? { registryAddress: registry.address } : {}),
            trustedRegistries: options.trustedRegistries,
        });
        const advertised = [...new Set(node.workers.flatMap((worker) => worker.platforms))];
        log(`${nodeProcess(name)} (${platforms.join(", ")}) at ${node.endpoint}: ${outcome(node.started, began)}`);
        const { endpoint } = node;
        nodes.push({ name, platforms, emulated: emulatedOf(platforms, advertised), endpoint, serverName, advertised });
    }
    return new RunningFarm(dir, nodes, pki.credentials, registry, pki.fresh, canRun);
}

async function startRegistry(
    dir: string,
    tools: Tools,
    pki: PkiFiles,
    ports: Record<string, number>,
    log: (line: string) => void,
): Promise<LocalRegistry> {
    const began = Date.now();
    const { registry, started } = await ensureRegistry({
        dir,
        tools,
        port: ports[muxProcess]!,
        internalPort: ports[registryProcess]!,
        certFile: pki.certFile("registry"),
        keyFile: pki.keyFile("registry"),
        caFile: pki.serverCaFile,
    });
    log(`registry at ${registry.address}: ${outcome(started, began)}`);
    return registry;
}

function checkOptions({ nodes, mode }: FarmOptions): void {
    for (const { name, platforms } of nodes) {
        if (!/^[a-z0-9][a-z0-9._-]*$/.test(name) || name === "registry") {
            throw new Error(
                `node name ${JSON.stringify(name)}: use lower case letters, digits, ".", "_", "-"; not "registry"`,
            );
        }
        if (platforms.length === 0) {
            throw new Error(`node ${name} has no platforms: name at least one, for example linux/arm64`);
        }
    }
    const names = nodes.map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) {
        throw new Error(`two nodes are named ${JSON.stringify(twice)}: give each its own name`);
    }
    if (mode !== "containers" && process.getuid?.() !== 0) {
        throw new Error(
            'buildkitd needs root to run build steps: run this as root, for example with `sudo env "PATH=$PATH" npm start`, or use --nodes containers',
        );
    }
}
