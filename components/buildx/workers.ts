import {
    Client,
    ClientOptions,
    Metadata,
    ServiceError,
    status,
    credentials as channelCredentials,
} from "@grpc/grpc-js";
import type { BuilderCredentials, BuilderNode } from "../builder";
import { formatPlatform } from "../platform";
import { isPodEndpoint } from "./kubePod";
import { PodCallError, podWorkers } from "./kubectl";
import { type WorkerRecord, parseListWorkersResponse } from "./workersMessage";

/** What a BuildKit worker says of itself. */
export interface WorkerInfo {
    /** Platforms that it advertises, its own first. */
    platforms: string[];
    labels: Record<string, string>;
    /** BuildKit's version. */
    version: string;
}

/** How long one call may take, in milliseconds: `kubectl` may have to log in first. */
export function callTimeoutMs({ endpoint }: Pick<BuilderNode, "endpoint">): number {
    return isPodEndpoint(endpoint) ? 20_000 : 5000;
}

/** Asks a BuildKit daemon for its workers, over mutual TLS or by `kubectl exec`. */
export async function listWorkers(
    node: Pick<BuilderNode, "endpoint" | "serverName">,
    credentials: BuilderCredentials,
    timeoutMs = callTimeoutMs(node),
): Promise<WorkerInfo[]> {
    if (isPodEndpoint(node.endpoint)) {
        const workers = await podWorkers(node.endpoint, timeoutMs);
        return workers.map(({ platforms, labels, buildkitVersion }) => ({
            platforms: platforms.map(formatPlatform),
            labels: labels ?? {},
            version: buildkitVersion?.version ?? "",
        }));
    }
    return listWorkersByTls(node, credentials, timeoutMs);
}

/**
 * Asks over mutual TLS. A finished handshake proves nothing: under TLS 1.3 a client without a valid certificate is refused
 * at its first call only.
 */
async function listWorkersByTls(
    node: Pick<BuilderNode, "endpoint" | "serverName">,
    credentials: BuilderCredentials,
    timeoutMs: number,
): Promise<WorkerInfo[]> {
    const client = new Client(
        new URL(node.endpoint).host,
        channelCredentials.createSsl(
            Buffer.from(credentials.ca),
            Buffer.from(credentials.key),
            Buffer.from(credentials.cert),
        ),
        channelOptions(node.serverName),
    );
    try {
        const records = await new Promise<WorkerRecord[]>((resolve, reject) => {
            client.makeUnaryRequest(
                "/moby.buildkit.v1.Control/ListWorkers",
                // The request asks for nothing in particular.
                () => Buffer.alloc(0),
                parseListWorkersResponse,
                {},
                new Metadata(),
                { deadline: Date.now() + timeoutMs },
                (error: ServiceError | null, value?: WorkerRecord[]) =>
                    error || !value ? reject(error ?? new Error("empty answer")) : resolve(value),
            );
        });
        return records.map(({ platforms, ...record }) => ({
            ...record,
            platforms: platforms.map(({ os, architecture, variant }) =>
                formatPlatform({ os, architecture, ...(variant ? { variant } : {}) }),
            ),
        }));
    } finally {
        client.close();
    }
}

function channelOptions(serverName: string): ClientOptions {
    return {
        "grpc.ssl_target_name_override": serverName,
        "grpc.default_authority": serverName,
        // Endpoints are private addresses; a proxy of the environment is not for them, and buildx uses none either.
        "grpc.enable_http_proxy": 0,
        // A channel is used for one call; a shared pool would keep a refused connection for the next try.
        "grpc.use_local_subchannel_pool": 1,
        // After a refused connection grpc-js connects anew in the background, even once the channel is closed, and what
        // is connected keeps a node from going to sleep. Six days stand for never: closing doubles it, and setTimeout takes 24.
        "grpc.initial_reconnect_backoff_ms": 2 ** 29,
        "grpc.max_reconnect_backoff_ms": 2 ** 29,
    };
}

/** What went wrong in a call, in words that say what to do, and whether trying again is of no use. */
export function explainCallFailure(error: unknown): { text: string; permanent: boolean } {
    if (error instanceof PodCallError) {
        return { text: error.message, permanent: error.permanent };
    }
    const { code, details, message } = (error ?? {}) as Partial<ServiceError>;
    const raw = details || message || String(error);
    const known = callFailures.find(([pattern]) => pattern.test(raw));
    if (known) {
        return { text: known[1], permanent: known[2] };
    }
    if (code === status.DEADLINE_EXCEEDED) {
        return { text: "no answer: packets are dropped on the way, or the daemon hangs", permanent: false };
    }
    return { text: raw, permanent: code === status.UNIMPLEMENTED };
}

const callFailures: [pattern: RegExp, text: string, permanent: boolean][] = [
    [
        /wrong version number|packet length too long|http request|record layer failure/i,
        "something that does not speak TLS answers there: check the port, and that buildkitd has its tls settings",
        true,
    ],
    [/ECONNREFUSED/, "connection refused: nothing listens there", false],
    [/ENOTFOUND|EAI_AGAIN|Name resolution failed/, "the host name does not resolve from here", false],
    [
        /EHOSTUNREACH|ENETUNREACH|ETIMEDOUT/,
        "no route to the address: check the security group, the VPC and the VPN",
        false,
    ],
    [/certificate has expired|CERT_HAS_EXPIRED/i, "the node's certificate has expired: renew it and restart it", true],
    [
        /self.signed certificate|unable to (get|verify)|UNABLE_TO_/i,
        "the node's certificate is not signed by the `ca` of the credentials",
        true,
    ],
    [
        /does not match certificate|ERR_TLS_CERT_ALTNAME|altnames/i,
        "the node's certificate does not carry the record's `serverName`",
        true,
    ],
    [
        /alert|SSL routines|bad certificate|certificate required/i,
        "the node refused the client certificate: it has expired there or another CA signed it",
        true,
    ],
];
