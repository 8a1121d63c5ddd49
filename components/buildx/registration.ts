import type { Builder, BuilderCredentials } from "../builder";
import { normalizePlatform } from "../platform";
import { credentialsProblems } from "./credentials";
import { builderEntry, offeredPlatforms, platformEntry, standingEntries } from "./entries";
import { waitUntilReady } from "./readiness";
import { removeStaleEntries, storeDir, writeEntries } from "./store";

/** What an image needs of a builder: one platform's node, or every platform on the multi-node entry. */
export interface Demand {
    platforms: string[];
    image: string;
}

/**
 * Waits for the nodes of the demanded platforms and registers the builder with buildx on this machine. Nothing is
 * registered when a node is not ready.
 */
export async function registerForBuild(
    builder: Builder,
    credentials: BuilderCredentials,
    demand: Demand,
): Promise<void> {
    const entries = demand.platforms.map((platform) => {
        const entry = platformEntry(builder, platform, demand.image);
        if (!entry) {
            throw new Error(missingPlatform(builder, platform));
        }
        return entry;
    });
    const nodes = entries.flatMap((entry) => entry.nodes);
    await waitUntilReady(builder, [...new Set(nodes)], credentials);
    await writeEntries(storeDir(), [builderEntry(builder), ...entries], credentials);
}

/** Registers a builder with buildx on this machine and contacts no node. Returns the names of the entries. */
export async function registerBuilder(
    builder: Builder,
    credentials: BuilderCredentials,
    dir = storeDir(),
): Promise<string[]> {
    const wrong = credentialsProblems(credentials, new Date());
    if (wrong.length > 0) {
        throw new Error(`builder "${builder.name}" cannot be registered: ${wrong.join("; ")}`);
    }
    const entries = standingEntries(builder);
    await writeEntries(dir, entries, credentials);
    await removeStaleEntries(dir, builder.name, entries);
    return entries.map((entry) => entry.name);
}

/** The error text for a platform that no node offers. */
export function missingPlatform(builder: Builder, platform: string): string {
    return (
        `builder "${builder.name}" has no node for ${normalizePlatform(platform)}; it offers ` +
        `${offeredPlatforms(builder).join(", ") || "no platform"}: add a node, or take the platform out`
    );
}
