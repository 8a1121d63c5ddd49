import type { Builder, BuilderNode } from "../builder";
import { nodesFor, offeredPlatforms, standingEntries } from "../buildx/entries";
import { renderInstance } from "../buildx/instance";
import { isPodEndpoint } from "../buildx/kubePod";
import { replicaOf } from "../buildx/replicas";
import { normalizePlatform } from "../platform";
import { propertyError } from "../problems";

/** Stands for the folder with the client's certificates in the entries of a record's text. */
const credentialsPlaceholder = "@CREDENTIALS@";

/** Stands for the name of an image's own entry. */
const namePlaceholder = "@NAME@";

/**
 * A builder's record and its buildx entries as lines that a POSIX shell reads without a JSON parser, for `builder-setup`. No
 * secret. What a node needs beyond region and instance to be woken or reached (`profile`, `roleArn`) is left out: a CI job
 * does it by its own role. Throws for a value with white space or with one of the placeholders, which no record that
 * `recordProblems` lets pass has.
 */
export function recordText(builder: Builder): string {
    const { credentialsParameters: parameters } = builder;
    const lines = [
        ["multiarch-builder", "1"],
        ["builder", builder.name],
        ["repository", builder.imageRepositoryUrl || "-"],
        ["cache", builder.cacheRepositoryUrl || "-"],
        ["credentials", ...(parameters ? [parameters.region, parameters.ca, parameters.cert, parameters.key] : ["-"])],
        ...builder.nodes.map(nodeLine),
        ...standingEntries(builder).map((entry) => [
            "entry",
            entry.name,
            renderInstance(entry, credentialsPlaceholder),
        ]),
        ...replicaLines(builder),
    ];
    return lines.map((words) => `${words.map(checked).join(" ")}\n`).join("");
}

function nodeLine(node: BuilderNode): string[] {
    const { wake, access } = node;
    return [
        "node",
        node.name,
        `endpoint=${node.endpoint}`,
        `server=${isPodEndpoint(node.endpoint) ? "-" : node.serverName}`,
        `platforms=${platformList(node.platforms)}`,
        `emulated=${platformList(node.emulated ?? [])}`,
        `replica=${replicaOf(node)}`,
        `wake=${wake ? `${wake.kind}:${wake.region}:${wake.instanceId}` : "-"}`,
        `access=${access ? `${access.kind}:${access.region}:${access.instanceId}` : "-"}`,
    ];
}

function platformList(platforms: readonly string[]): string {
    return [...new Set(platforms.map(normalizePlatform))].join(",") || "-";
}

/** Where a platform has several replicas, an image has an entry of its own on one of them. */
function replicaLines(builder: Builder): string[][] {
    return offeredPlatforms(builder).flatMap((platform) => {
        const nodes = nodesFor(builder, platform);
        return nodes.length < 2
            ? []
            : nodes.map((node) => [
                  "replica",
                  node.name,
                  platform,
                  renderInstance({ name: namePlaceholder, nodes: [node] }, credentialsPlaceholder),
              ]);
    });
}

function checked(word: string, index: number, words: string[]): string {
    const isEntry = index === words.length - 1 && (words[0] === "entry" || words[0] === "replica");
    const placeholder = [credentialsPlaceholder, namePlaceholder].find((text) => word.includes(text));
    if (/\s/.test(word) || (placeholder !== undefined && !isEntry)) {
        const reason = `the line "${words[0]}" of its text form has a value with ${placeholder ?? "white space"}`;
        throw propertyError("builder", `${reason} (${JSON.stringify(word)}): give it another value`);
    }
    return word;
}
