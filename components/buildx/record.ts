import type { Builder, BuilderNode } from "../builder";
import { nativeFamily, normalizePlatform, platformProblem } from "../platform";
import { builderNameProblem } from "./entries";

/** One thing that is wrong with a record. */
export interface RecordProblem {
    path: string;
    value: unknown;
    reason: string;
}

/** Everything that is wrong with a builder's record, with paths below `at`. */
export function recordProblems(record: Partial<Builder>, at: string): RecordProblem[] {
    const problems: RecordProblem[] = [];
    const add = (path: string, value: unknown, reason: string) =>
        problems.push({ path: `${at}${path}`, value, reason });
    if (typeof record !== "object" || record === null || !Array.isArray(record.nodes)) {
        add(
            "",
            record,
            "must be a builder's record, { name, nodes, … }: the output `builder` of the stack that owns it",
        );
        return problems;
    }
    const nameProblem = builderNameProblem(record.name ?? "");
    if (nameProblem) {
        add(".name", record.name, nameProblem);
    }
    if (record.nodes.length === 0) {
        add(".nodes", record.nodes, "must hold at least one node");
    }
    record.nodes.forEach((node, i) => nodeProblems(node, `.nodes[${i}]`, add));
    duplicates(
        record.nodes,
        (node) => node.endpoint,
        (i, first, value) =>
            add(
                `.nodes[${i}].endpoint`,
                value,
                `is the endpoint of \`${at}.nodes[${first}]\` too: each node needs its own`,
            ),
    );
    duplicates(
        record.nodes,
        (node) => node.name,
        (i, first, value) => add(`.nodes[${i}].name`, value, `is the name of \`${at}.nodes[${first}]\` too`),
    );
    return problems;
}

/** Checks one node; also used for nodes that people write by hand. */
export function nodeProblems(
    node: Partial<BuilderNode>,
    at: string,
    add: (path: string, value: unknown, reason: string) => void,
): void {
    const endpoint = node.endpoint;
    const endpointReason = endpoint === undefined ? undefined : endpointProblem(endpoint);
    if (endpointReason) {
        add(`${at}.endpoint`, endpoint, endpointReason);
    }
    const lists = { platforms: node.platforms ?? [], emulated: node.emulated ?? [] };
    for (const [property, list] of Object.entries(lists)) {
        list.forEach((platform, i) => {
            const reason = platformProblem(platform);
            if (reason) {
                add(`${at}.${property}[${i}]`, platform, reason);
            }
        });
    }
    if (lists.platforms.length === 0) {
        add(`${at}.platforms`, node.platforms, "must name at least one platform, for example linux/arm64");
    }
    const emulated = new Set(lists.emulated.map(normalizePlatform));
    const native = lists.platforms.filter((platform) => !emulated.has(normalizePlatform(platform)));
    const families = [...new Set(native.map(nativeFamily))];
    if (families.length > 1 && native.every((platform) => !platformProblem(platform))) {
        add(
            `${at}.platforms`,
            lists.platforms,
            `no CPU runs ${families.join(" and ")} natively: give each its own node, or name what is emulated in \`emulated\``,
        );
    }
}

/** Why a text is no endpoint of a BuildKit daemon; undefined when it is one. */
export function endpointProblem(endpoint: string): string | undefined {
    const expected = "must be tcp://host:port, for example tcp://10.0.1.5:1234";
    let url: URL;
    try {
        url = new URL(endpoint);
    } catch {
        return expected;
    }
    if (url.protocol !== "tcp:" || url.hostname === "" || url.port === "") {
        return url.protocol === "unix:" ? `${expected}; a socket cannot do mutual TLS` : expected;
    }
    return url.username || url.search || url.hash || !["", "/"].includes(url.pathname) ? expected : undefined;
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
