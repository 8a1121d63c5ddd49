import type { EC2Client, Instance } from "@aws-sdk/client-ec2";
import { setTimeout as sleep } from "node:timers/promises";
import type { BuilderNode, NodeWake } from "../builder";
import { awsClientConfig, awsErrorCode, describeIdentity, explainIdentityError } from "./awsIdentity";

/** How long a node may take from its start until BuildKit answers. A first boot installs BuildKit and formats the volume. */
export const wakeSeconds = { start: 240, firstBoot: 900 } as const;

export interface WakeOptions {
    /** Seconds until a node must run. Defaults to 240. */
    seconds?: number;
    /** Milliseconds between two looks at an instance. Defaults to 3000. */
    pollMs?: number;
}

const freshMs = 60_000;

/** Nodes that this process wakes or has just found running, by instance. */
const woken = new Map<string, { ended?: number; done: Promise<Date | undefined> }>();

/**
 * Starts the machines of sleeping nodes and waits until they run; nodes without `wake` are left alone. Yields how many seconds
 * each may still take until BuildKit answers, by name. All nodes that cannot be started are in one error.
 */
export async function wakeNodes(
    nodes: readonly BuilderNode[],
    log: (line: string) => void,
    options: WakeOptions = {},
): Promise<Map<string, number>> {
    const sleepers = nodes.filter((node) => node.wake);
    const results = await Promise.allSettled(sleepers.map((node) => wakeOnce(node, node.wake!, log, options)));
    const failures = results.flatMap((result) =>
        result.status === "rejected" ? [(result.reason as Error).message] : [],
    );
    if (failures.length > 0) {
        const lines = failures.map((failure) => `\n  - ${failure}`).join("");
        throw new Error(`${failures.length} of ${sleepers.length} nodes cannot be woken; nothing was built.${lines}`);
    }
    return new Map(
        results.flatMap((result, i) => {
            const until = result.status === "fulfilled" ? result.value : undefined;
            return until ? [[sleepers[i]!.name, Math.max(0, Math.ceil((until.getTime() - Date.now()) / 1000))]] : [];
        }),
    );
}

/** The nodes among these that do not run: they went to sleep after they had been woken, or were stopped. */
export async function sleepingNodes(nodes: readonly BuilderNode[]): Promise<BuilderNode[]> {
    const asked = await Promise.all(
        nodes.map(async (node) => {
            if (!node.wake) {
                return [];
            }
            const instance = await describe(await clientFor(node.wake), node.wake);
            woken.delete(keyOf(node.wake));
            return stateOf(instance) === "running" || stateOf(instance) === "pending" ? [] : [node];
        }),
    );
    return asked.flat();
}

function keyOf({ region, instanceId }: NodeWake): string {
    return `${region}/${instanceId}`;
}

/** One wake at a time for an instance, and none for one that has just been found running. */
function wakeOnce(
    node: BuilderNode,
    wake: NodeWake,
    log: (line: string) => void,
    options: WakeOptions,
): Promise<Date | undefined> {
    const known = woken.get(keyOf(wake));
    if (known && (known.ended === undefined || Date.now() - known.ended < freshMs)) {
        return known.done;
    }
    const entry: { ended?: number; done: Promise<Date | undefined> } = { done: wakeNode(node, wake, log, options) };
    woken.set(keyOf(wake), entry);
    entry.done.then(
        () => (entry.ended = Date.now()),
        () => woken.delete(keyOf(wake)),
    );
    return entry.done;
}

/** Wakes one node; yields when BuildKit must answer, or undefined for a machine that has been running for long. */
async function wakeNode(
    node: BuilderNode,
    wake: NodeWake,
    log: (line: string) => void,
    { seconds = wakeSeconds.start, pollMs = 3000 }: WakeOptions,
): Promise<Date | undefined> {
    const what = `${node.name} (${wake.instanceId}, ${wake.region})`;
    if (wake.kind !== "ec2") {
        throw new Error(
            `${what}: this version does not know how to wake a machine of kind ${JSON.stringify(wake.kind)}`,
        );
    }
    const deadline = Date.now() + seconds * 1000;
    let told = "";
    const tell = (line: string) => {
        if (line !== told) {
            log(`${node.name}: ${line}`);
        }
        told = line;
    };
    try {
        const client = await clientFor(wake);
        for (let last = ""; ; await sleep(pollMs)) {
            const instance = await describe(client, wake);
            const state = stateOf(instance);
            if (state === "running") {
                return answersUntil(instance, tell);
            }
            const step = state === "stopped" ? await start(client, wake, instance) : explainState(state);
            tell(step);
            last = step;
            if (Date.now() + pollMs > deadline) {
                throw new Error(`it does not run after ${seconds} s; the last thing seen: ${last}`);
            }
        }
    } catch (error) {
        throw new Error(`${what}: ${explainWakeError(error, wake)}`);
    }
}

/** Asks EC2 to start a stopped instance; yields what happens. Throws when trying again is of no use. */
async function start(client: EC2Client, { instanceId }: NodeWake, instance: Instance): Promise<string> {
    const { StartInstancesCommand } = await import("@aws-sdk/client-ec2");
    // What EC2 says of an instance that it could not start, or that fell over at once.
    const { Code: reason = "", Message: message = "" } = instance.StateReason ?? {};
    if (/^Client\.(InternalError|InvalidKMSKey|VolumeLimitExceeded)|^Server\.InternalError/.test(reason)) {
        const before = Date.now() - startedAt(instance) < wakeSeconds.start * 1000;
        if (before) {
            throw new Error(
                `EC2 started it and it stopped at once (${message || reason}). With a KMS key of your own, this identity needs ` +
                    "kms:CreateGrant on it",
            );
        }
    }
    try {
        await client.send(new StartInstancesCommand({ InstanceIds: [instanceId] }));
        return "it sleeps; starting it";
    } catch (error) {
        const code = awsErrorCode(error);
        if (code === "InsufficientInstanceCapacity") {
            const place = `${instance.InstanceType ?? "its type"} in ${instance.Placement?.AvailabilityZone ?? "its zone"}`;
            return `AWS has no capacity for ${place} at this moment; trying again (another instance type or zone would help)`;
        }
        if (code === "IncorrectInstanceState" || code === "RequestLimitExceeded") {
            return "EC2 is not done with its last change of state; trying again";
        }
        throw error;
    }
}

function explainState(state: string): string {
    switch (state) {
        case "pending":
            return "it is starting";
        case "stopping":
            return "it is just going to sleep; it is started again once it has stopped";
        case "terminated":
        case "shutting-down":
            throw new Error(
                `the instance is ${state}: run \`pulumi up\` on the stack that owns the builder, which makes a new one`,
            );
        default:
            return `it is ${state}`;
    }
}

/** When BuildKit must answer; undefined for a machine that has been up for long. */
function answersUntil(instance: Instance, tell: (line: string) => void): Date | undefined {
    const started = startedAt(instance);
    const first = isFirstBoot(instance);
    const until = started + (first ? wakeSeconds.firstBoot : wakeSeconds.start) * 1000;
    if (!(until > Date.now())) {
        return undefined;
    }
    const left = Math.ceil((until - Date.now()) / 1000);
    tell(`it runs${first ? ", for the first time" : ""}; BuildKit has ${left} s to answer`);
    return new Date(until);
}

function startedAt(instance: Instance): number {
    return instance.LaunchTime?.getTime() ?? 0;
}

/**
 * Whether an instance has never been stopped: each start sets `LaunchTime` anew, while its first interface stays attached
 * since the instance was made.
 */
function isFirstBoot(instance: Instance): boolean {
    const primary = instance.NetworkInterfaces?.find(({ Attachment }) => (Attachment?.DeviceIndex ?? 0) === 0);
    const made = primary?.Attachment?.AttachTime?.getTime();
    return made !== undefined && startedAt(instance) - made < 120_000;
}

async function clientFor(wake: NodeWake): Promise<EC2Client> {
    const { EC2Client } = await import("@aws-sdk/client-ec2");
    return new EC2Client(await awsClientConfig(wake));
}

async function describe(client: EC2Client, { instanceId }: NodeWake): Promise<Instance> {
    const { DescribeInstancesCommand } = await import("@aws-sdk/client-ec2");
    const answer = await client.send(new DescribeInstancesCommand({ InstanceIds: [instanceId] }));
    const instance = answer.Reservations?.flatMap(({ Instances }) => Instances ?? [])[0];
    if (!instance) {
        throw Object.assign(new Error("no such instance"), { name: "InvalidInstanceID.NotFound" });
    }
    return instance;
}

function stateOf(instance: Instance): string {
    return instance.State?.Name ?? "unknown";
}

function explainWakeError(error: unknown, wake: NodeWake): string {
    const raw = error instanceof Error ? error.message : String(error);
    if (/^InvalidInstanceID/.test(awsErrorCode(error))) {
        return (
            `there is no such instance for ${describeIdentity(wake)}: either that is another account, or the instance is gone ` +
            "(run `pulumi up` on the stack that owns the builder)"
        );
    }
    return explainIdentityError(error, wake, "ec2:DescribeInstances and ec2:StartInstances") ?? raw;
}
