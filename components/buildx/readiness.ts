import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Builder, BuilderCredentials, BuilderNode } from "../builder";
import { credentialsProblems } from "./credentials";
import { needsCredentials } from "./kubePod";
import { advertisedProblem } from "./native";
import { callTimeoutMs, explainCallFailure, listWorkers } from "./workers";

/** How long a node may take to answer, in seconds, when the caller sets nothing. A running one answers in milliseconds. */
export const defaultReadySeconds = 30;

const retryMs = 500;
const freshMs = 10_000;

interface NodeCheck {
    node: BuilderNode;
    started: number;
    ended?: number;
    problem?: string;
    done: Promise<void>;
}

/** Checks of this process by builder and credentials: what runs, and what has just succeeded, is not asked twice. */
const checks = new Map<string, Map<string, NodeCheck>>();

/**
 * Waits until every given node answers, over mutual TLS or by `kubectl exec`, and offers what the record says. Throws one
 * error that lists each node asked by this process for the same builder, also by a call that runs at the same time.
 */
export async function waitUntilReady(
    builder: Builder,
    nodes: readonly BuilderNode[],
    credentials: BuilderCredentials,
    seconds = readySeconds(),
    /** Nodes that may take longer, by name: they have just been started. */
    longer: ReadonlyMap<string, number> = new Map(),
): Promise<void> {
    const wrong = nodes.some(needsCredentials) ? credentialsProblems(credentials, new Date()) : [];
    if (wrong.length > 0) {
        throw new Error(`builder "${builder.name}" cannot be reached: ${wrong.join("; ")}`);
    }
    const session = sessionOf(builder, credentials);
    const own = nodes.map((node) =>
        startCheck(session, node, credentials, Math.max(seconds, longer.get(node.name) ?? 0)),
    );
    await Promise.all(own.map((check) => check.done));
    if (own.some((check) => check.problem !== undefined)) {
        await Promise.all([...session.values()].map((check) => check.done));
        throw new Error(describeFailure(builder, [...session.values()]));
    }
}

/** The deadline from the environment, in seconds. */
export function readySeconds(env: NodeJS.ProcessEnv = process.env): number {
    const text = env.MULTIARCH_BUILDER_READY_SECONDS;
    if (text === undefined || text === "") {
        return defaultReadySeconds;
    }
    const seconds = Number(text);
    if (!(seconds > 0 && seconds <= 3600)) {
        throw new Error(
            `MULTIARCH_BUILDER_READY_SECONDS must be a number from 1 to 3600 (got ${JSON.stringify(text)})`,
        );
    }
    return seconds;
}

function sessionOf(builder: Builder, { ca, cert, key }: BuilderCredentials): Map<string, NodeCheck> {
    const id = createHash("sha256")
        .update(JSON.stringify([builder.name, ca, cert, key]))
        .digest("hex");
    const session = checks.get(id) ?? new Map<string, NodeCheck>();
    checks.set(id, session);
    return session;
}

function startCheck(
    session: Map<string, NodeCheck>,
    node: BuilderNode,
    credentials: BuilderCredentials,
    seconds: number,
): NodeCheck {
    const id = JSON.stringify(node);
    const known = session.get(id);
    const usable = known && (known.ended === undefined || (!known.problem && Date.now() - known.ended < freshMs));
    if (usable) {
        return known;
    }
    const check: NodeCheck = { node, started: Date.now(), done: Promise.resolve() };
    check.done = askUntilReady(node, credentials, seconds).then((problem) => {
        check.problem = problem;
        check.ended = Date.now();
    });
    session.set(id, check);
    return check;
}

/** Asks until the node answers, the deadline passes, or an answer will not get better; returns the problem. */
async function askUntilReady(
    node: BuilderNode,
    credentials: BuilderCredentials,
    seconds: number,
): Promise<string | undefined> {
    const deadline = Date.now() + seconds * 1000;
    for (let tries = 1; ; tries++) {
        try {
            const workers = await listWorkers(node, credentials, Math.min(callTimeoutMs(node), seconds * 1000));
            return advertisedProblem(node, workers[0]?.platforms ?? []);
        } catch (error) {
            const { text, permanent } = explainCallFailure(error);
            if (permanent || Date.now() + retryMs >= deadline) {
                return tries === 1 ? text : `${text} (tried ${tries} times in ${seconds} s)`;
            }
        }
        await sleep(retryMs);
    }
}

function describeFailure(builder: Builder, all: NodeCheck[]): string {
    const bad = all.filter((check) => check.problem !== undefined);
    const lines = all.map(({ node, problem }) => `\n  - ${describeNode(node)}: ${problem ?? "ready"}`);
    const how = all.every(({ node }) => needsCredentials(node)) ? " over mutual TLS" : "";
    return (
        `builder "${builder.name}" is not ready: ${bad.length} of ${all.length} nodes asked${how} cannot be ` +
        `used; nothing was built on them and no tag has moved.${lines.join("")}`
    );
}

function describeNode(node: BuilderNode): string {
    const serverName = needsCredentials(node) ? `, server name ${node.serverName}` : "";
    return `${node.name} (${node.endpoint}${serverName}, ${node.platforms.join(", ")})`;
}
