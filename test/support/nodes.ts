import { spawnSync } from "node:child_process";
import * as path from "node:path";
import type { Farm, FarmNode } from "../../dev/local/farm";
import { root } from "./project";

/** One build as a node remembers it. */
export interface BuildRecord {
    platform: string;
    completedSteps: number;
    cachedSteps: number;
    totalSteps: number;
    error?: string;
}

/** A node as its operator sees it: by buildctl over mutual TLS. */
export class NodeView {
    constructor(
        private readonly farm: Farm,
        private readonly node: FarmNode,
    ) {}

    /** The builds that this node ran, oldest first. */
    builds(): BuildRecord[] {
        return parseBuilds(this.buildctl("debug", "histories", "--format", "{{json .}}"));
    }

    /** Removes everything that the node has cached. */
    wipe(): void {
        this.buildctl("prune", "--all");
    }

    buildctl(...args: string[]): string {
        const pki = path.join(this.farm.dir, "pki");
        const tls = ["--tlsservername", this.node.serverName, "--tlscacert", path.join(pki, "server-ca.pem")];
        const client = ["--tlscert", path.join(pki, "client.pem"), "--tlskey", path.join(pki, "client-key.pem")];
        const all = ["--addr", this.node.endpoint, ...tls, ...client, ...args];
        const { status, stdout, stderr } = spawnSync(path.join(root, ".tools/bin/buildctl"), all, { encoding: "utf8" });
        if (status !== 0) {
            throw new Error(`buildctl ${args.join(" ")} on ${this.node.name} failed: ${stderr}`);
        }
        return stdout;
    }
}

/** The builds in the output of `buildctl debug histories --format '{{json .}}'`, oldest first. */
export function parseBuilds(histories: string): BuildRecord[] {
    const lines = histories.split("\n").filter(Boolean);
    const events = lines.map((line) => JSON.parse(line) as HistoryEvent).filter((event) => event.record);
    return events
        .map(({ record }) => record!)
        .sort((a, b) => timeOf(a.CreatedAt) - timeOf(b.CreatedAt))
        .map((record) => ({
            platform: record.FrontendAttrs?.platform ?? "",
            completedSteps: record.numCompletedSteps ?? 0,
            cachedSteps: record.numCachedSteps ?? 0,
            totalSteps: record.numTotalSteps ?? 0,
            error: record.error?.message,
        }));
}

interface Timestamp {
    seconds: number;
    nanos?: number;
}

function timeOf({ seconds, nanos }: Timestamp): number {
    return seconds + (nanos ?? 0) / 1e9;
}

interface HistoryEvent {
    record?: {
        CreatedAt: Timestamp;
        FrontendAttrs?: Record<string, string>;
        numCompletedSteps?: number;
        numCachedSteps?: number;
        numTotalSteps?: number;
        error?: { message?: string };
    };
}

/** The view of a farm's node by name. */
export function nodeView(farm: Farm, name: string): NodeView {
    const node = farm.nodes.find((candidate) => candidate.name === name);
    if (!node) {
        throw new Error(`no node ${name}; there are ${farm.nodes.map((each) => each.name).join(", ")}`);
    }
    return new NodeView(farm, node);
}
