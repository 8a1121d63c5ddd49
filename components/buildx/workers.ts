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

/** What a BuildKit worker says of itself. */
export interface WorkerInfo {
    /** Platforms that it advertises, its own first. */
    platforms: string[];
    labels: Record<string, string>;
    /** BuildKit's version. */
    version: string;
}

// The few fields of BuildKit's control API that are read here.
// https://github.com/moby/buildkit/blob/v0.33.1/api/services/control/control.proto and api/types/worker.proto
const schema = {
    nested: {
        ListWorkersRequest: { fields: {} },
        ListWorkersResponse: { fields: { record: { rule: "repeated", type: "WorkerRecord", id: 1 } } },
        WorkerRecord: {
            fields: {
                labels: { keyType: "string", type: "string", id: 2 },
                platforms: { rule: "repeated", type: "Platform", id: 3 },
                version: { type: "Version", id: 5 },
            },
        },
        Platform: {
            fields: {
                architecture: { type: "string", id: 1 },
                os: { type: "string", id: 2 },
                variant: { type: "string", id: 3 },
            },
        },
        Version: { fields: { version: { type: "string", id: 2 } } },
        Control: {
            methods: { ListWorkers: { requestType: "ListWorkersRequest", responseType: "ListWorkersResponse" } },
        },
    },
};

interface ListWorkersResponse {
    record: {
        labels: Record<string, string>;
        platforms: { architecture: string; os: string; variant: string }[];
        version: { version: string } | null;
    }[];
}

interface Method {
    path: string;
    requestSerialize(value: object): Buffer;
    responseDeserialize(bytes: Buffer): object;
}

async function listWorkersMethod(): Promise<Method> {
    // Loaded with the first call: a run that builds nothing does without it.
    const { fromJSON } = await import("@grpc/proto-loader");
    const definition = fromJSON(schema as Parameters<typeof fromJSON>[0], { defaults: true });
    return (definition.Control as unknown as Record<"ListWorkers", Method>).ListWorkers;
}

/**
 * Asks a BuildKit daemon for its workers over mutual TLS. A finished handshake proves nothing: under TLS 1.3 a client
 * without a valid certificate is refused at its first call only.
 */
export async function listWorkers(
    node: Pick<BuilderNode, "endpoint" | "serverName">,
    credentials: BuilderCredentials,
    timeoutMs: number,
): Promise<WorkerInfo[]> {
    const method = await listWorkersMethod();
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
        const response = await new Promise<ListWorkersResponse>((resolve, reject) => {
            client.makeUnaryRequest(
                "/moby.buildkit.v1.Control/ListWorkers",
                (value: object) => method.requestSerialize(value),
                (bytes: Buffer) => method.responseDeserialize(bytes) as ListWorkersResponse,
                {},
                new Metadata(),
                { deadline: Date.now() + timeoutMs },
                (error: ServiceError | null, value?: ListWorkersResponse) =>
                    error || !value ? reject(error ?? new Error("empty answer")) : resolve(value),
            );
        });
        return response.record.map((record) => ({
            platforms: record.platforms.map(({ os, architecture, variant }) =>
                formatPlatform({ os, architecture, ...(variant ? { variant } : {}) }),
            ),
            labels: record.labels,
            version: record.version?.version ?? "",
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
    };
}

/** What went wrong in a call, in words that say what to do, and whether trying again is of no use. */
export function explainCallFailure(error: unknown): { text: string; permanent: boolean } {
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
