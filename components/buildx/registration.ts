import type { Builder, BuilderCredentials, BuilderNode } from "../builder";
import { normalizePlatform } from "../platform";
import { credentialsProblems } from "./credentials";
import { type Entry, builderEntry, offeredPlatforms, platformEntry, standingEntries } from "./entries";
import { needsCredentials } from "./kubePod";
import { waitUntilReady } from "./readiness";
import { removeStaleEntries, removeStaleImageEntries, storeDir, writeEntries } from "./store";
import { openTunnels, requireTunnelTools, throughTunnels } from "./tunnel";
import { sleepingNodes, wakeNodes } from "./wake";
import { listWorkers } from "./workers";

/** What is to be built: on the replicas of an image, or without one on the nodes of the multi-node entry. */
export interface Demand {
    platforms: string[];
    image?: string;
}

/**
 * Wakes the nodes of the demanded platforms, reaches them, waits until they answer and registers the builder with buildx on
 * this machine. Nothing is registered when a node is not ready. `log` gets lines of progress.
 */
export async function registerForBuild(
    builder: Builder,
    credentials: BuilderCredentials,
    demand: Demand,
    log: (line: string) => void = () => undefined,
): Promise<void> {
    const entries = demand.platforms.map((platform) => {
        const entry = platformEntry(builder, platform, demand.image);
        if (!entry) {
            throw new Error(missingPlatform(builder, platform));
        }
        return entry;
    });
    const nodes = [...new Set(entries.flatMap((entry) => entry.nodes))];
    refuseUnusable(builder, nodes, credentials);
    await requireTunnelTools(nodes);
    for (let tries = 1; ; tries++) {
        const seconds = await wakeNodes(nodes, log);
        const ping = (node: BuilderNode) => listWorkers(node, credentials);
        await openTunnels(nodes, log, { seconds, ping });
        const done = tellOfWaiting([...seconds.keys()], log);
        try {
            await waitUntilReady(builder, throughTunnels(nodes), credentials, undefined, seconds);
            break;
        } catch (error) {
            // A node may have powered itself off between the look at it and the call.
            const asleep = tries < wakeTries ? await sleepingNodes(nodes).catch(() => []) : [];
            if (asleep.length === 0) {
                throw withHints(error, nodes);
            }
            asleep.forEach((node) => log(`${node.name}: it went to sleep just now; waking it again`));
        } finally {
            done();
        }
    }
    await writeReachable([builderEntry(builder), ...entries], credentials, storeDir());
}

const wakeTries = 3;

function refuseUnusable(builder: Builder, nodes: BuilderNode[], credentials: BuilderCredentials): void {
    const wrong = nodes.some(needsCredentials) ? credentialsProblems(credentials, new Date()) : [];
    if (wrong.length > 0) {
        throw new Error(`builder "${builder.name}" cannot be reached: ${wrong.join("; ")}`);
    }
}

/** Says every now and then that nodes which have just been started do not answer yet. */
function tellOfWaiting(names: string[], log: (line: string) => void): () => void {
    const since = Date.now();
    const tell = () =>
        log(`${names.join(", ")}: waiting for BuildKit to answer (${Math.round((Date.now() - since) / 1000)} s)`);
    const timer = names.length > 0 ? setInterval(tell, 20_000) : undefined;
    return () => clearInterval(timer);
}

/** Adds how to look into machines that run and do not answer. */
function withHints(error: unknown, nodes: BuilderNode[]): unknown {
    const hints = nodes.flatMap(({ wake }) =>
        wake
            ? [`\n  aws ec2 get-console-output --latest --region ${wake.region} --instance-id ${wake.instanceId}`]
            : [],
    );
    return error instanceof Error && hints.length > 0
        ? new Error(`${error.message}\nWhat the machines said while they started:${hints.join("")}`)
        : error;
}

/** Writes of this process, one after another: a tunnel's endpoint must not be overwritten by one looked up before it was open. */
let writing: Promise<unknown> = Promise.resolve();

/** Writes entries with the endpoints of the tunnels that this process has open. */
function writeReachable(entries: Entry[], credentials: BuilderCredentials, dir: string): Promise<void> {
    const write = writing.then(async () => {
        const reachable = entries.map(({ name, nodes }) => ({ name, nodes: throughTunnels(nodes) }));
        await writeEntries(dir, reachable, credentials);
    });
    writing = write.catch(() => undefined);
    return write;
}

/**
 * Registers a builder with buildx on this machine and contacts no node. Returns the names of the entries. Without `now`
 * an expired certificate is registered too: whoever builds with it is told, once.
 */
export async function registerBuilder(
    builder: Builder,
    credentials: BuilderCredentials,
    dir = storeDir(),
    now?: Date,
): Promise<string[]> {
    const wrong = builder.nodes.some(needsCredentials) ? credentialsProblems(credentials, now) : [];
    if (wrong.length > 0) {
        throw new Error(`builder "${builder.name}" cannot be registered: ${wrong.join("; ")}`);
    }
    const entries = standingEntries(builder);
    await writeReachable(entries, credentials, dir);
    await removeStaleEntries(dir, builder.name, entries);
    await removeStaleImageEntries(dir, builder, credentials);
    return entries.map((entry) => entry.name);
}

/** The error text for a platform that no node offers. */
export function missingPlatform(builder: Builder, platform: string): string {
    return (
        `builder "${builder.name}" has no node for ${normalizePlatform(platform)}; it offers ` +
        `${offeredPlatforms(builder).join(", ") || "no platform"}: add a node, or take the platform out`
    );
}
