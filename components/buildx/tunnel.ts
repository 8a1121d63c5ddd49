import type { StartSessionCommandOutput } from "@aws-sdk/client-ssm";
import { setTimeout as sleep } from "node:timers/promises";
import type { BuilderNode, NodeAccess } from "../builder";
import { type AwsClientConfig, awsClientConfig, awsErrorCode, explainIdentityError } from "./awsIdentity";
import { type Forwarding, forward, requireSessionPlugin } from "./sessionPlugin";

/** How long the agent of a machine that has just been started may take to register with Session Manager. */
const registrationSeconds = 120;

/** Session Manager ends a session without traffic after 20 minutes by default, one at least; a long RUN step sends nothing. */
const keepAliveMs = 45_000;

export interface TunnelOptions {
    /** Seconds that each node's agent may take, by name of the node. Defaults to 120. */
    seconds?: ReadonlyMap<string, number>;
    /** Milliseconds between two tries. Defaults to 3000. */
    pollMs?: number;
    /** Sends something through a tunnel, so that it is not ended for being silent. */
    ping?: (node: BuilderNode) => Promise<unknown>;
}

/** Tunnels of this process by region, instance and port; each ends with the process. */
const tunnels = new Map<string, Promise<Forwarding>>();

/** Those of them that are open. */
const opened = new Map<string, Forwarding>();

/** Throws when this machine cannot open the tunnels that the nodes need; says so before anything is woken. */
export async function requireTunnelTools(nodes: readonly BuilderNode[]): Promise<void> {
    if (nodes.some((node) => node.access)) {
        await requireSessionPlugin();
    }
}

/**
 * Opens a port forwarding of Session Manager for each node that is reached by one, on a free local port, and keeps it until
 * this program ends. Yields the endpoints by name of the node; nodes without `access` are left out. All nodes that cannot be
 * reached are in one error.
 */
export async function openTunnels(
    nodes: readonly BuilderNode[],
    log: (line: string) => void,
    options: TunnelOptions = {},
): Promise<Map<string, string>> {
    const remote = nodes.filter((node) => node.access);
    await requireTunnelTools(remote);
    const results = await Promise.allSettled(remote.map((node) => tunnelTo(node, node.access!, log, options)));
    const failures = results.flatMap((result) =>
        result.status === "rejected" ? [(result.reason as Error).message] : [],
    );
    if (failures.length > 0) {
        const lines = failures.map((failure) => `\n  - ${failure}`).join("");
        throw new Error(
            `${failures.length} of ${remote.length} nodes cannot be reached by Session Manager; nothing was built.${lines}`,
        );
    }
    return new Map(
        results.flatMap((result, i) =>
            result.status === "fulfilled" ? [[remote[i]!.name, localEndpoint(result.value.port)]] : [],
        ),
    );
}

/** The nodes with the endpoints of the tunnels that this process has open. */
export function throughTunnels(nodes: readonly BuilderNode[]): BuilderNode[] {
    return nodes.map((node) => {
        const tunnel = node.access && opened.get(keyOf(node, node.access));
        return tunnel ? { ...node, endpoint: localEndpoint(tunnel.port) } : node;
    });
}

/** Ends all tunnels of this process. They end with it anyway. */
export async function closeTunnels(): Promise<void> {
    const all = [...opened.values()];
    all.forEach((tunnel) => tunnel.close());
    await Promise.all(all.map((tunnel) => tunnel.ended));
}

function localEndpoint(port: number): string {
    return `tcp://127.0.0.1:${port}`;
}

function keyOf(node: BuilderNode, { region, instanceId }: NodeAccess): string {
    return `${region}/${instanceId}/${portOf(node)}`;
}

function portOf(node: BuilderNode): string {
    return new URL(node.endpoint).port;
}

function tunnelTo(
    node: BuilderNode,
    access: NodeAccess,
    log: (line: string) => void,
    options: TunnelOptions,
): Promise<Forwarding> {
    const key = keyOf(node, access);
    const known = tunnels.get(key);
    if (known) {
        return known;
    }
    const tunnel = open(node, access, log, options);
    tunnels.set(key, tunnel);
    tunnel.then(
        (forwarding) => {
            opened.set(key, forwarding);
            const through = { ...node, endpoint: localEndpoint(forwarding.port) };
            const timer = setInterval(() => void options.ping?.(through).catch(() => undefined), keepAliveMs);
            timer.unref();
            void forwarding.ended.then(() => {
                clearInterval(timer);
                tunnels.delete(key);
                opened.delete(key);
            });
        },
        () => tunnels.delete(key),
    );
    return tunnel;
}

async function open(
    node: BuilderNode,
    access: NodeAccess,
    log: (line: string) => void,
    { seconds, pollMs = 3000 }: TunnelOptions,
): Promise<Forwarding> {
    const what = `${node.name} (${access.instanceId}, ${access.region})`;
    try {
        if (access.kind !== "ssm") {
            throw new Error(`this version does not know access of kind ${JSON.stringify(access.kind)}`);
        }
        const config = await awsClientConfig(access);
        const deadline = Date.now() + 1000 * (seconds?.get(node.name) ?? registrationSeconds);
        const session = await startSession(node, access, config, { deadline, pollMs, log });
        const tunnel = await forward(
            session,
            { Target: access.instanceId },
            access.region,
            await credentialsEnv(config),
        );
        log(`${node.name}: port ${tunnel.port} of this machine is forwarded to it by Session Manager`);
        return tunnel;
    } catch (error) {
        throw new Error(`${what}: ${explainTunnelError(error, access)}`);
    }
}

/** Starts a session, waiting for the agent of a machine that has just been started. */
async function startSession(
    node: BuilderNode,
    access: NodeAccess,
    config: AwsClientConfig,
    { deadline, pollMs, log }: { deadline: number; pollMs: number; log: (line: string) => void },
): Promise<StartSessionCommandOutput> {
    const { SSMClient, StartSessionCommand } = await import("@aws-sdk/client-ssm");
    const client = new SSMClient(config);
    const command = new StartSessionCommand({
        Target: access.instanceId,
        DocumentName: "AWS-StartPortForwardingSession",
        Parameters: { portNumber: [portOf(node)] },
        Reason: "multiarch-builder",
    });
    for (let tries = 1; ; tries++) {
        try {
            return await client.send(command);
        } catch (error) {
            if (awsErrorCode(error) !== "TargetNotConnected" || Date.now() + pollMs > deadline) {
                throw error;
            }
        }
        if (tries === 1) {
            log(`${node.name}: waiting for its agent to register with Session Manager`);
        }
        await sleep(pollMs);
    }
}

/** The same identity for the plugin, which needs one where sessions are encrypted with a KMS key. */
async function credentialsEnv({ credentials }: AwsClientConfig): Promise<Record<string, string>> {
    if (typeof credentials !== "function") {
        return {};
    }
    const { accessKeyId, secretAccessKey, sessionToken } = await credentials();
    return {
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_SESSION_TOKEN: sessionToken ?? "",
    };
}

function explainTunnelError(error: unknown, access: NodeAccess): string {
    if (awsErrorCode(error) === "TargetNotConnected") {
        return (
            "its agent is not connected to Session Manager: it needs a way to the ssm and ssmmessages endpoints (NAT or VPC " +
            "endpoints), its role, and the SSM agent on its image"
        );
    }
    const raw = error instanceof Error ? error.message : String(error);
    return (
        explainIdentityError(error, access, "ssm:StartSession on the instance and on AWS-StartPortForwardingSession") ??
        raw
    );
}
