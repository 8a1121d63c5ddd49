import type { BuilderCredentials } from "../../../components/builder";
import { listWorkers } from "../../../components/buildx/workers";
import { emulatedOf, emulatorName, isNative } from "../emulation";
import type { FarmNode, FarmNodeOptions } from "../farm";
import { docker, dockerText } from "./docker";
import { EngineError } from "./problems";
import type { FarmContainers } from "./containers";

const pollMs = 200;

/** How long containers may take to serve. */
export interface Patience {
    signal: AbortSignal;
    seconds: number;
}

/** Asks again and again until what is missing is undefined; throws when the container ends or time is up. */
export async function untilReady(
    containers: FarmContainers,
    name: string,
    { signal, seconds }: Patience,
    missing: () => Promise<string | undefined>,
): Promise<void> {
    const deadline = Date.now() + seconds * 1000;
    for (let tries = 1; ; tries++) {
        signal.throwIfAborted();
        const lack = await missing();
        if (lack === undefined) {
            return;
        }
        if (tries % 5 === 0 && !(await containers.running()).includes(name)) {
            throw await containers.failure(name, "ended while starting");
        }
        if (Date.now() > deadline) {
            throw await containers.failure(name, `did not serve within ${seconds} s (${lack})${await remoteHint()}`);
        }
        await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
}

/** Waits until a node answers over mutual TLS and says what it advertises. */
export async function untilNodeReady(
    containers: FarmContainers,
    node: FarmNodeOptions & { endpoint: string; serverName: string },
    credentials: BuilderCredentials,
    architecture: string,
    patience: Patience,
): Promise<FarmNode> {
    let advertised: string[] = [];
    await untilReady(containers, node.name, patience, async () => {
        try {
            const workers = await listWorkers(node, credentials, 5000);
            advertised = [...new Set(workers.flatMap(({ platforms }) => platforms))];
            return workers.length > 0 ? undefined : "it has no worker";
        } catch (error) {
            return (error as Error).message;
        }
    });
    return { ...node, emulated: emulatedOf(node.platforms, advertised, architecture), advertised };
}

/** Platforms of the farm whose build steps can run: natively, by the kernel's emulators or by those of the image. */
export async function runnablePlatforms(
    containers: FarmContainers,
    nodes: FarmNode[],
    architecture: string,
): Promise<string[]> {
    const runnable: string[] = [];
    for (const { name, platforms } of nodes) {
        // A node advertises what it is pinned to in any case; of other nodes' platforms, what the kernel runs.
        const others = nodes.filter((other) => other.name !== name).flatMap(({ advertised }) => advertised);
        for (const platform of platforms) {
            const emulator = emulatorName(platform);
            if (
                isNative(platform, architecture) ||
                others.includes(platform) ||
                (emulator !== undefined && (await hasProgram(containers.nameOf(name), emulator)))
            ) {
                runnable.push(platform);
            }
        }
    }
    return runnable;
}

async function hasProgram(container: string, program: string): Promise<boolean> {
    const said = await dockerText(["exec", container, program, "--version"]);
    return !/OCI runtime exec failed|executable file not found|no such file or directory/i.test(said);
}

/** Ports on another machine's loopback are out of reach; worth a word where the engine is not a local one. */
async function remoteHint(): Promise<string> {
    const endpoint = process.env.DOCKER_HOST ?? (await contextEndpoint());
    return /^(unix|npipe):/.test(endpoint)
        ? ""
        : `; the engine is at ${endpoint}: when that is another machine, its loopback ports are out of reach from here`;
}

async function contextEndpoint(): Promise<string> {
    try {
        return await docker(["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]);
    } catch (error) {
        if (error instanceof EngineError) {
            return "unix:";
        }
        throw error;
    }
}
