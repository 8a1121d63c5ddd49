import type { Builder, BuilderNode } from "../builder";
import { repositoryProblem } from "../image/names";
import { isObject } from "../objects";
import { nativeFamily, normalizePlatform, platformProblem } from "../platform";
import { builderNameProblem } from "./entries";
import { isPodEndpoint, podProblem } from "./kubePod";
import { replicaOf } from "./replicas";

type Add = (path: string, value: unknown, reason: string) => void;

/** One thing that is wrong with a record. */
export interface RecordProblem {
    path: string;
    value: unknown;
    reason: string;
}

/** Everything that is wrong with a builder's record, with paths below `at`. */
export function recordProblems(record: Partial<Builder>, at: string): RecordProblem[] {
    const problems: RecordProblem[] = [];
    const add: Add = (path, value, reason) => problems.push({ path: `${at}${path}`, value, reason });
    if (!isObject(record) || !Array.isArray(record.nodes)) {
        const text = typeof record === "string" ? "; text has to be parsed, for example by `pulumi.jsonParse`" : "";
        const what = "must be a builder's record, { name, nodes, … }: the output `builder` of the stack that owns it";
        add("", record, `${what}${text}`);
        return problems;
    }
    const nameProblem = builderNameProblem(record.name ?? "");
    if (nameProblem) {
        add(".name", record.name, nameProblem);
    }
    for (const property of ["imageRepositoryUrl", "cacheRepositoryUrl"] as const) {
        const repository = record[property] ?? undefined;
        const reason = repository === undefined ? undefined : repositoryProblem(repository);
        if (reason) {
            add(`.${property}`, repository, reason);
        }
    }
    if (record.nodes.length === 0) {
        add(".nodes", record.nodes, "must hold at least one node");
    }
    record.nodes.forEach((node, i) => {
        nodeProblems(node, `.nodes[${i}]`, add);
        completenessProblems(node, `.nodes[${i}]`, add);
    });
    if (problems.length === 0) {
        clashes(record.nodes, at, add);
    }
    return problems;
}

/** What a node of a record must have; an endpoint that people write by hand has defaults for it. */
function completenessProblems(node: Partial<BuilderNode>, at: string, add: Add): void {
    if (!isObject(node)) {
        return;
    }
    const texts = { name: "", endpoint: ", tcp://host:port", serverName: ", the name on the node's certificate" };
    for (const [property, what] of Object.entries(texts)) {
        const value = node[property as keyof typeof texts];
        if (value === undefined || value === null || value === "") {
            add(`${at}.${property}`, value, `is missing: it must be text${what}`);
        }
    }
}

/** What no two nodes may have in common. */
function clashes(nodes: BuilderNode[], at: string, add: Add): void {
    duplicates(
        nodes,
        (node) => node.endpoint.toLowerCase(),
        (i, first) =>
            add(
                `.nodes[${i}].endpoint`,
                nodes[i]?.endpoint,
                `is the endpoint of \`${at}.nodes[${first}]\` too: each node needs its own`,
            ),
    );
    duplicates(
        nodes,
        (node) => node.name,
        (i, first, value) => add(`.nodes[${i}].name`, value, `is the name of \`${at}.nodes[${first}]\` too`),
    );
    const offers = nodes.flatMap((node, i) => nativePlatforms(node).map((platform) => ({ i, platform, node })));
    duplicates(
        offers,
        ({ platform, node }) => `${platform} ${replicaOf(node)}`,
        (j, first) => {
            const { i, platform, node } = offers[j]!;
            add(
                `.nodes[${i}].replica`,
                replicaOf(node),
                `is the number of \`${at}.nodes[${offers[first]!.i}]\` too, and both build ${platform}: number them from 0`,
            );
        },
    );
}

/** The platforms that a node runs without emulation, each once. */
function nativePlatforms(node: Pick<BuilderNode, "platforms" | "emulated">): string[] {
    const emulated = new Set((node.emulated ?? []).map(normalizePlatform));
    return [...new Set(node.platforms.map(normalizePlatform))].filter((platform) => !emulated.has(platform));
}

/** Checks one node; also used for nodes that people write by hand. */
export function nodeProblems(node: Partial<BuilderNode>, at: string, add: Add): void {
    if (!isObject(node)) {
        add(at, node, "must be an object with platforms and endpoint");
        return;
    }
    const { endpoint, name } = node;
    const endpointReason = endpoint === undefined || endpoint === null ? undefined : endpointProblem(endpoint);
    if (endpointReason) {
        // A password in an address must not get into a log.
        add(`${at}.endpoint`, JSON.stringify(endpoint).includes("@") ? undefined : endpoint, endpointReason);
    }
    if (
        name !== undefined &&
        name !== null &&
        name !== "" &&
        !(typeof name === "string" && /^[a-z][a-z0-9._-]{0,127}$/.test(name))
    ) {
        const rule = "must start with a lower-case letter and hold only lower-case letters, digits, `.`, `_` and `-`";
        add(`${at}.name`, name, rule);
    }
    if (!Number.isInteger(node.replica ?? 0) || (node.replica ?? 0) < 0) {
        add(`${at}.replica`, node.replica, "must be a whole number from 0");
    }
    const platforms = platformList(node.platforms, `${at}.platforms`, add);
    const emulated = platformList(node.emulated, `${at}.emulated`, add);
    if (platforms?.length === 0) {
        add(`${at}.platforms`, node.platforms, "must name at least one platform, for example linux/arm64");
    }
    if (![...(platforms ?? []), ...(emulated ?? [])].every((platform) => !platformProblem(platform))) {
        return;
    }
    const families = new Set(nativePlatforms({ platforms: platforms ?? [], emulated }).map(nativeFamily));
    if (families.size > 1) {
        add(
            `${at}.platforms`,
            platforms,
            `no CPU runs ${[...families].join(" and ")} natively: give each its own node, or name what is emulated in \`emulated\``,
        );
    }
}

/** A list of platforms as it was given; undefined for what is no list. */
function platformList(given: string[] | undefined, at: string, add: Add): string[] | undefined {
    const list = given ?? [];
    if (!Array.isArray(list)) {
        add(at, given, 'must be a list, for example ["linux/arm64"]');
        return undefined;
    }
    list.forEach((platform, i) => {
        const reason = platformProblem(platform);
        if (reason) {
            add(`${at}[${i}]`, platform, reason);
        }
    });
    return list;
}

/** Why a text is no endpoint of a BuildKit daemon; undefined when it is one. */
export function endpointProblem(endpoint: string): string | undefined {
    const expected = "must be tcp://host:port, for example tcp://10.0.1.5:1234";
    if (typeof endpoint !== "string") {
        return expected;
    }
    if (isPodEndpoint(endpoint)) {
        return podProblem(endpoint);
    }
    if (endpoint.startsWith("unix:")) {
        return `${expected}; a socket cannot do mutual TLS`;
    }
    // buildx dials what follows the scheme as it is: nothing may stand around host and port.
    const port = /^tcp:\/\/(?:[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]):(\d{1,5})$/.exec(
        endpoint,
    )?.[2];
    return Number(port) >= 1 && Number(port) <= 65535 && URL.canParse(endpoint) ? undefined : expected;
}

/** Calls back for each item whose key an earlier one has. */
export function duplicates<T>(
    items: readonly T[],
    keyOf: (item: T) => string | undefined,
    found: (index: number, first: number, key: string) => void,
): void {
    const seen = new Map<string, number>();
    items.forEach((item, i) => {
        const key = keyOf(item);
        if (key === undefined) {
            return;
        }
        const first = seen.get(key);
        if (first === undefined) {
            seen.set(key, i);
        } else {
            found(i, first, key);
        }
    });
}
