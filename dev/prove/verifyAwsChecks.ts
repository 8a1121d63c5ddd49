import { EC2Client, StopInstancesCommand, waitUntilInstanceStopped } from "@aws-sdk/client-ec2";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Builder, BuilderCredentials, BuilderNode } from "../../components/builder";
import { awsClientConfig } from "../../components/buildx/awsIdentity";
import { platformEntry } from "../../components/buildx/entries";
import { registerForBuild } from "../../components/buildx/registration";
import { closeTunnels, throughTunnels } from "../../components/buildx/tunnel";
import { sleepingNodes, wakeNodes } from "../../components/buildx/wake";
import { listWorkers } from "../../components/buildx/workers";
import { cacheRef } from "../../components/image/names";
import { type Built, build, buildx, stepsOfContext, writeContext } from "./verifyAwsBuild";
import type { Finding, Report } from "./verifyAwsReport";

export interface VerifyOptions {
    builder: Builder;
    credentials: BuilderCredentials;
    /** Repositories without a tag; without them nothing of the registry is checked. */
    repository?: string;
    cacheRepository?: string;
    /** Whether nodes may be stopped. */
    stop: boolean;
    /** Size of the context for measuring the way to a node. */
    contextMiB: number;
    /** Seconds that a node may take to stop. Defaults to 1200: running builds are drained first. */
    stopSeconds?: number;
    /** Seconds between two looks at a stopping node. Defaults to 5. */
    pollSeconds?: number;
    /** Folder for contexts; the caller removes it. */
    dir: string;
    log: (line: string) => void;
    signal: AbortSignal;
}

type Measured = Pick<Finding, "measured" | "detail"> & { result?: Finding["result"] };

/** The checks that only a real account can answer, one node after another, then the registry's. */
export class Verification {
    readonly id = randomBytes(4).toString("hex");
    private readonly findings: Finding[] = [];
    private readonly left: string[] = [];
    private readonly digests = new Map<string, string>();
    /** Entry of the buildx store by name of the node. */
    private readonly entries = new Map<string, string>();
    private rounds = 0;

    constructor(private readonly options: VerifyOptions) {}

    async run(): Promise<Report> {
        const { builder } = this.options;
        for (const node of builder.nodes) {
            await this.node(node);
        }
        await this.index();
        await this.cacheImport();
        return { builder: builder.name, findings: this.findings, left: this.left };
    }

    private async node(node: BuilderNode): Promise<void> {
        const context = writeContext(path.join(this.options.dir, node.name));
        const awake = await this.check("node answers", node, async () => {
            await this.register(node);
            return { measured: {}, detail: "woken if it slept, reached, registered" };
        });
        if (!awake) {
            return;
        }
        await this.check("way to the node", node, () => this.way(node));
        await this.check("node cache", node, async () => {
            const first = await this.build(node, context);
            const second = await this.build(node, context);
            const told = `${of(first)} steps cached at first, ${of(second)} the second time`;
            return cachedOrNot(first.cached === 0 && isCached(second), told, {
                firstSeconds: first.seconds,
                secondSeconds: second.seconds,
            });
        });
        await this.check("push by digest", node, () => this.push(node, context));
        await this.check("cache export", node, () => this.exportCache(node, context));
        const slept = await this.check("start latency", node, () => this.sleepAndWake(node));
        if (slept) {
            await this.check("cache volume after a stop", node, async () => {
                const third = await this.build(node, context);
                return cachedOrNot(isCached(third), `${of(third)} steps cached`, { seconds: third.seconds });
            });
        }
    }

    /** Measures what a build sees of the network: round trips with a new connection each, and the transfer of a context. */
    private async way(node: BuilderNode): Promise<Measured> {
        const { contextMiB, credentials, dir } = this.options;
        const [reachable] = throughTunnels([node]);
        const trips: number[] = [];
        for (let i = 0; i < 11; i++) {
            const started = performance.now();
            await listWorkers(reachable!, credentials, 10_000);
            trips.push(performance.now() - started);
        }
        const small = await this.build(node, writeContext(path.join(dir, "small"), 1));
        const bytes = (contextMiB * 1024 * 1024) / stepsOfContext;
        const large = await this.build(node, writeContext(path.join(dir, "large"), Math.ceil(bytes)));
        fs.rmSync(path.join(dir, "large"), { recursive: true });
        const roundTripMs = trips.sort((a, b) => a - b)[5]!;
        const mibPerSecond = contextMiB / Math.max(0.001, large.seconds - small.seconds);
        return {
            measured: { roundTripMs, mibPerSecond, smallSeconds: small.seconds, largeSeconds: large.seconds },
            detail:
                `${node.access ? "Session Manager" : "direct"}: ${roundTripMs.toFixed(0)} ms for a call over a new connection; ` +
                `${contextMiB} MiB of context at ${mibPerSecond.toFixed(1)} MiB/s`,
        };
    }

    private async push(node: BuilderNode, context: string): Promise<Measured> {
        const { repository } = this.options;
        if (!repository) {
            return skipped("no image repository is known");
        }
        const output = `type=image,name=${repository},push-by-digest=true,push=true,oci-mediatypes=true`;
        const { digest, seconds } = await this.build(node, context, ["--output", output]);
        this.digests.set(node.name, digest);
        this.left.push(`${repository}@${digest}`);
        return { measured: { seconds }, detail: digest };
    }

    private async exportCache(node: BuilderNode, context: string): Promise<Measured> {
        const ref = this.cacheOf(node);
        if (!ref) {
            return skipped("no cache repository is known");
        }
        const cache = `type=registry,ref=${ref},mode=max,image-manifest=true,oci-mediatypes=true`;
        const { seconds } = await this.build(node, context, ["--cache-to", cache]);
        this.left.push(ref);
        return { measured: { seconds }, detail: ref };
    }

    /** Stops a node, then measures from the call that starts it until it answers over mutual TLS. */
    private async sleepAndWake(node: BuilderNode): Promise<Measured> {
        const { log, stop, stopSeconds = 1200, pollSeconds = 5 } = this.options;
        if (!stop || !node.wake) {
            return skipped(stop ? "it never sleeps" : "--no-stop was given");
        }
        // A tunnel of before leads nowhere afterwards.
        await closeTunnels();
        const client = new EC2Client(await awsClientConfig(node.wake));
        const id = { InstanceIds: [node.wake.instanceId] };
        log(`${node.name}: stopping it`);
        await client.send(new StopInstancesCommand(id));
        const patience = { client, maxWaitTime: stopSeconds, minDelay: pollSeconds, maxDelay: pollSeconds };
        await waitUntilInstanceStopped(patience, id);
        // What this process knows of the node is of before.
        await sleepingNodes([node]);
        const started = Date.now();
        await wakeNodes([node], log, { pollMs: 500 });
        const runningSeconds = (Date.now() - started) / 1000;
        await this.register(node);
        const answersSeconds = (Date.now() - started) / 1000;
        return {
            measured: { runningSeconds, answersSeconds },
            detail: `runs after ${runningSeconds.toFixed(1)} s, answers over mutual TLS after ${answersSeconds.toFixed(1)} s`,
        };
    }

    /** Makes an index of what the nodes pushed, then tries to move its tag. */
    private async index(): Promise<void> {
        const { builder, repository, dir, signal } = this.options;
        const sources = [...this.digests.values()].map((digest) => `${repository}@${digest}`);
        const [first] = builder.nodes.filter(({ name }) => this.digests.has(name));
        if (!repository || !first) {
            return;
        }
        const tag = `${repository}:verify-${this.id}`;
        const made = await this.check("index", undefined, async () => {
            await buildx(["imagetools", "create", "--tag", tag, ...sources], signal);
            const raw = await buildx(["imagetools", "inspect", "--raw", tag], signal);
            const { manifests = [] } = JSON.parse(raw) as { manifests?: unknown[] };
            this.left.push(tag);
            // One source alone is tagged as it is.
            const complete = sources.length === 1 || manifests.length === sources.length;
            return cachedOrNot(complete, `${tag} with ${sources.length} platforms`, { platforms: sources.length });
        });
        if (made) {
            await this.check("immutable tag", undefined, async () => {
                // Its tunnel was closed when another node was stopped.
                await this.register(first);
                const output = `type=image,name=${repository},push-by-digest=true,push=true,oci-mediatypes=true`;
                const other = await this.build(first, writeContext(path.join(dir, "other")), ["--output", output]);
                this.left.push(`${repository}@${other.digest}`);
                return this.refusal(tag, `${repository}@${other.digest}`);
            });
        }
    }

    private async refusal(tag: string, source: string): Promise<Measured> {
        try {
            await buildx(["imagetools", "create", "--tag", tag, source], this.options.signal);
        } catch (error) {
            const { message } = error as Error;
            const detail = message.trim().split("\n").at(-1)!.slice(0, 200);
            return { measured: {}, detail, result: /immutable/i.test(message) ? "ok" : "failed" };
        }
        return { measured: {}, detail: `${tag} was moved: the repository's tags are mutable`, result: "failed" };
    }

    /** Lets a node build what only another one has built: everything has to come from the registry's cache. */
    private async cacheImport(): Promise<void> {
        const { builder, dir } = this.options;
        const [source, target] = builder.nodes.filter((node) => this.left.includes(this.cacheOf(node) ?? ""));
        await this.check("cache import", target, async () => {
            if (!source || !target) {
                return skipped("it takes two nodes and a cache repository");
            }
            await this.register(target);
            const args = ["--cache-from", `type=registry,ref=${this.cacheOf(source)!}`];
            const { cached, steps, seconds } = await this.build(target, path.join(dir, source.name), args, source);
            const told = `${cached} of ${steps} steps from the cache that ${source.name} exported`;
            return cachedOrNot(cached === stepsOfContext, told, { seconds });
        });
    }

    private cacheOf(node: BuilderNode): string | undefined {
        const { cacheRepository } = this.options;
        return cacheRepository && cacheRef(cacheRepository, "verify", this.id, node.platforms[0]!);
    }

    /** Each time under another name: what has answered under one a moment ago is not asked again. */
    private async register(node: BuilderNode): Promise<void> {
        const { builder, credentials, log } = this.options;
        const round: Builder = { ...builder, name: `verify-${this.id}-round${++this.rounds}`, nodes: [node] };
        const demand = { platforms: [node.platforms[0]!], image: "verify" };
        await registerForBuild(round, credentials, demand, log);
        this.entries.set(node.name, platformEntry(round, node.platforms[0]!, demand.image)!.name);
    }

    /** Builds on a node for its own first platform, or for another node's. */
    private build(node: BuilderNode, context: string, args: string[] = [], as = node): Promise<Built> {
        const entry = this.entries.get(node.name)!;
        return build({ entry, platform: as.platforms[0]!, context, args }, this.options.signal);
    }

    private async check(
        check: string,
        node: BuilderNode | undefined,
        measure: () => Promise<Measured>,
    ): Promise<boolean> {
        this.options.signal.throwIfAborted();
        this.options.log(`${node ? `${node.name}: ` : ""}${check}`);
        const about = { check, ...(node ? { node: node.name } : {}) };
        try {
            const { result = "ok", ...found } = await measure();
            this.findings.push({ ...about, result, ...found });
            return result === "ok";
        } catch (error) {
            this.options.signal.throwIfAborted();
            const detail = (error as Error).message.trim().replace(/\s*\n\s*/g, " | ");
            this.findings.push({ ...about, result: "failed", measured: {}, detail });
            return false;
        }
    }
}

function skipped(detail: string): Measured {
    return { measured: {}, detail, result: "skipped" };
}

function cachedOrNot(ok: boolean, detail: string, measured: Record<string, number>): Measured {
    return { measured, detail, result: ok ? "ok" : "failed" };
}

function isCached({ steps, cached }: Built): boolean {
    return steps === stepsOfContext && cached === steps;
}

function of({ steps, cached }: Built): string {
    return `${cached} of ${steps}`;
}
