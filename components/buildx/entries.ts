import type { Builder, BuilderNode } from "../builder";
import { architectureSuffix, normalizePlatform, parsePlatform } from "../platform";
import { isEmulated } from "./native";
import { firstReplica, imageEntryName, replicaFor, replicaOf } from "./replicas";

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

/** All platforms that a builder offers, in the record's order. */
export function offeredPlatforms(builder: Builder): string[] {
    return [...new Set(builder.nodes.flatMap((node) => node.platforms.map(normalizePlatform)))];
}

/**
 * The entry that builds one platform: always a single node, because the provider dials every node of an entry and takes
 * the first that matches. Where a platform has several replicas, an image has an entry of its own, `<name>-<arch>-<image>`,
 * whose node is chosen by the image's name; without an image it is the node that the multi-node entry has. No name holds
 * the number of a replica or of replicas: a change of it changes endpoints and no strings.
 */
export function platformEntry(builder: Builder, platform: string, image?: string): Entry | undefined {
    const nodes = nodesFor(builder, platform);
    if (nodes.length === 0) {
        return undefined;
    }
    return image === undefined || nodes.length === 1
        ? { name: `${builder.name}-${architectureSuffix(platform)}`, nodes: [firstReplica(nodes)] }
        : { name: imageEntryName(builder.name, platform, image), nodes: [replicaFor(image, platform, nodes)] };
}

/**
 * The entry for people, CI and strategy `single`: nodes with a native platform first, and each platform on one node
 * only, its first replica. buildx takes the first match, so a second replica or an emulating node would never, or wrongly,
 * be used.
 */
export function builderEntry(builder: Builder): Entry {
    const owner = new Map(
        offeredPlatforms(builder).map((platform) => [platform, firstReplica(nodesFor(builder, platform))]),
    );
    const nodes = builder.nodes
        .map((node) => ({
            ...node,
            platforms: [...new Set(node.platforms.map(normalizePlatform))].filter((p) => owner.get(p) === node),
        }))
        .filter((node) => node.platforms.length > 0);
    const emulatesAll = (node: BuilderNode) => node.platforms.every((platform) => isEmulated(node, platform));
    return { name: builder.name, nodes: [...nodes.filter((n) => !emulatesAll(n)), ...nodes.filter(emulatesAll)] };
}

/** Entries that do not depend on an image: the multi-node one and one per platform. */
export function standingEntries(builder: Builder): Entry[] {
    return [builderEntry(builder), ...offeredPlatforms(builder).map((platform) => platformEntry(builder, platform)!)];
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
    return name.startsWith(`${builderName}-`) && platformOf(name.slice(builderName.length + 1)) !== undefined;
}

/** The platform whose names end in a text. */
function platformOf(suffix: string): string | undefined {
    const platform = `linux/${suffix.replace("-", "/")}`;
    return parsePlatform(platform) && architectureSuffix(platform) === suffix ? platform : undefined;
}

/**
 * The platform of an image's own entry, by its name and its nodes; undefined for any other entry. A node that the record
 * no longer has is known by the name that nodes have unless they are given one.
 */
export function imageEntryPlatform(builder: Builder, name: string, nodeNames: readonly string[]): string | undefined {
    const [node] = nodeNames;
    if (!name.startsWith(`${builder.name}-`) || node === undefined || nodeNames.length > 1) {
        return undefined;
    }
    const ours =
        builder.nodes.some((own) => own.name === node) ||
        [node, node.replace(/-\d+$/, "")].some((candidate) => isPlatformEntryOf(builder.name, candidate));
    const parts = name.slice(builder.name.length + 1).split("-");
    const platforms = [2, 1].map((count) =>
        parts.length > count ? platformOf(parts.slice(0, count).join("-")) : undefined,
    );
    return ours && !isPlatformEntryOf(builder.name, name)
        ? platforms.find((platform) => platform !== undefined)
        : undefined;
}
