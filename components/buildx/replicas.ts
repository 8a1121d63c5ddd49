import { createHash } from "node:crypto";
import type { BuilderNode } from "../builder";
import { architectureSuffix } from "../platform";

/** The number of a node's replica. */
export function replicaOf(node: BuilderNode): number {
    return node.replica ?? 0;
}

/** The replica of a platform that builds an image: the same one wherever it is asked for, so that its cache stays there. */
export function replicaFor(image: string, platform: string, replicas: readonly BuilderNode[]): BuilderNode {
    const suffix = architectureSuffix(platform);
    return rendezvous(image, replicas, (node) => `${suffix}/${replicaOf(node)}`);
}

/**
 * The replica that works for no image in particular: the one with the lowest number, which is the last to go when replicas
 * are taken away, and does not change when others come.
 */
export function firstReplica(replicas: readonly BuilderNode[]): BuilderNode {
    return replicas.reduce((first, node) => (replicaOf(node) < replicaOf(first) ? node : first));
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

/** The name of an entry is that of a file. */
const maxEntryName = 128;

/**
 * The name of an image's own entry: `<builder>-<arch>-<image>`. An image's name that has to be changed for that ends in a
 * hash, so that no two share an entry; so does one that reads like the variant of an architecture, since `ci-amd64-v2` is
 * another platform's.
 */
export function imageEntryName(builderName: string, platform: string, image: string): string {
    const suffix = architectureSuffix(platform);
    const base = `${builderName}-${suffix}-`;
    const allowed = image.toLowerCase().replace(/[^a-z0-9._-]/g, "-");
    const clean = /^v?\d(\.\d)?(-|$)/.test(allowed) ? `image-${allowed}` : allowed;
    if (clean === image && base.length + clean.length <= maxEntryName) {
        return base + clean;
    }
    const hash = createHash("sha256").update(`${suffix}\n${image}`).digest("hex").slice(0, 8);
    return `${(base + clean).slice(0, maxEntryName - 9)}-${hash}`;
}
