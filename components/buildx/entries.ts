import { createHash } from "node:crypto";
import type { Builder, BuilderNode } from "../builder";
import { architectureSuffix, normalizePlatform, parsePlatform } from "../platform";
import { isEmulated } from "./native";

/** One entry of the buildx store: a builder's name and its nodes in routing order. */
export interface Entry {
    name: string;
    nodes: BuilderNode[];
}

/** The nodes that offer a platform, one per replica, in the record's order: the native ones, else those that emulate. */
export function nodesFor(builder: Builder, platform: string): BuilderNode[] {
    const wanted = normalizePlatform(platform);
    const offering = builder.nodes.filter((node) => node.platforms.map(normalizePlatform).includes(wanted));
    const native = offering.filter((node) => !isEmulated(node, wanted));
    const nodes = native.length > 0 ? native : offering;
    return nodes.filter((node, i) => nodes.findIndex((other) => replicaOf(other) === replicaOf(node)) === i);
}

/** The number of a node's replica. */
export function replicaOf(node: BuilderNode): number {
    return node.replica ?? 0;
}

/** All platforms that a builder offers, in the record's order. */
export function offeredPlatforms(builder: Builder): string[] {
    return [...new Set(builder.nodes.flatMap((node) => node.platforms.map(normalizePlatform)))];
}

/**
 * The entry that builds one platform of one image: always a single node, because the provider dials every node of an
 * entry and takes the first that matches. With several replicas the image's name chooses one, so that its cache stays
 * where it is; the name of the entry then holds the image and never the replica: a change of the number of replicas
 * changes endpoints and no strings.
 */
export function platformEntry(builder: Builder, platform: string, image: string): Entry | undefined {
    const nodes = nodesFor(builder, platform);
    const base = `${builder.name}-${architectureSuffix(platform)}`;
    if (nodes.length <= 1) {
        return nodes[0] && { name: base, nodes };
    }
    const node = rendezvous(image, nodes, (candidate) => `${architectureSuffix(platform)}/${replicaOf(candidate)}`);
    return { name: entryName(`${base}-${image}`), nodes: [node] };
}

/**
 * The entry for people, CI and strategy `single`: nodes with a native platform first, and each platform on one node
 * only. buildx takes the first match, so a second replica or an emulating node would never, or wrongly, be used.
 */
export function builderEntry(builder: Builder): Entry {
    const owner = new Map(offeredPlatforms(builder).map((platform) => [platform, nodesFor(builder, platform)[0]]));
    const nodes = builder.nodes
        .map((node) => ({
            ...node,
            platforms: [...new Set(node.platforms.map(normalizePlatform))].filter((p) => owner.get(p) === node),
        }))
        .filter((node) => node.platforms.length > 0);
    const emulatesAll = (node: BuilderNode) => node.platforms.every((platform) => isEmulated(node, platform));
    return { name: builder.name, nodes: [...nodes.filter((n) => !emulatesAll(n)), ...nodes.filter(emulatesAll)] };
}

/** Entries that do not depend on an image: the multi-node one and one per platform with a single replica. */
export function standingEntries(builder: Builder): Entry[] {
    const single = offeredPlatforms(builder).filter((platform) => nodesFor(builder, platform).length === 1);
    return [builderEntry(builder), ...single.map((platform) => platformEntry(builder, platform, "")!)];
}

/**
 * Rendezvous hashing: the node with the highest hash of key and node. When a node comes or goes, only the keys of that
 * node move. https://en.wikipedia.org/wiki/Rendezvous_hashing
 */
export function rendezvous<T>(key: string, nodes: readonly T[], nameOf: (node: T) => string): T {
    const weight = (node: T) =>
        createHash("sha256")
            .update(`${key}\n${nameOf(node)}`)
            .digest("hex");
    return nodes.reduce((best, node) => (weight(node) > weight(best) ? node : best));
}

/**
 * Why a text is no name of a builder; undefined when it is one. A name that ends in an architecture would clash with
 * another builder's entry for one platform. https://github.com/docker/buildx/blob/v0.37.0/store/util.go
 */
export function builderNameProblem(name: string): string | undefined {
    if (typeof name !== "string" || !/^[a-z][a-z0-9._-]{0,62}$/.test(name)) {
        return "must start with a lower-case letter and hold only lower-case letters, digits, `.`, `_` and `-`, 63 at most";
    }
    if (name === "default") {
        return "must not be `default`: buildx keeps that name for Docker's own builder";
    }
    const suffix = /-([a-z0-9]+(?:-v\d(?:\.\d)?)?)$/.exec(name)?.[1]?.replace("-", "/");
    return suffix && parsePlatform(`linux/${suffix}`)
        ? "must not end in an architecture: such names are used for the entries of single platforms"
        : undefined;
}

/** Whether a name is that of a builder's entry for one platform; no builder may have such a name itself. */
export function isPlatformEntryOf(builderName: string, name: string): boolean {
    const suffix = name.startsWith(`${builderName}-`) ? name.slice(builderName.length + 1) : "";
    return parsePlatform(`linux/${suffix.replace("-", "/")}`) !== undefined;
}

/** A name as buildx takes it; one that had to be changed for that ends in a hash, so that no two images share it. */
function entryName(text: string): string {
    const clean = text.toLowerCase().replace(/[^a-z0-9._-]/g, "-");
    if (clean === text && text.length <= maxEntryName) {
        return clean;
    }
    const hash = createHash("sha256").update(text).digest("hex").slice(0, 8);
    return `${clean.slice(0, maxEntryName - 9)}-${hash}`;
}

/** The name of an entry is that of a file. */
const maxEntryName = 128;
