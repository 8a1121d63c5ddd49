import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { status } from "@grpc/grpc-js";
import type { BuilderCredentials } from "../../components/builder";
import { explainCallFailure, listWorkers } from "../../components/buildx/workers";
import { createCa, issueClient, issueServer } from "../../dev/local/pki";

const notTls =
    "something that does not speak TLS answers there: check the port, and that buildkitd has its tls settings";
const refusedClient = "the node refused the client certificate: it has expired there or another CA signed it";
const wrongCa = "the node's certificate is not signed by the `ca` of the credentials";
const wrongName = "the node's certificate does not carry the record's `serverName`";
const expired = "the node's certificate has expired: renew it and restart it";

describe("failures in words", () => {
    const lost = (last: string) => `No connection established. Last error: ${last}`;
    test.each<[string, object | null | undefined | string, string, boolean]>([
        [
            "refused",
            { code: 14, details: lost("Error: connect ECONNREFUSED 10.0.0.1:1234") },
            "connection refused: nothing listens there",
            false,
        ],
        [
            "no such host",
            { code: 14, details: "Name resolution failed for target dns:nowhere:1234" },
            "the host name does not resolve from here",
            false,
        ],
        [
            "unreachable",
            { code: 14, details: lost("Error: connect EHOSTUNREACH 10.0.0.1:1234") },
            "no route to the address: check the security group, the VPC and the VPN",
            false,
        ],
        ["expired", { code: 14, details: lost("Error: certificate has expired") }, expired, true],
        ["another CA", { code: 14, details: lost("Error: unable to verify the first certificate") }, wrongCa, true],
        [
            "self-signed",
            { code: 14, details: lost("Error: self-signed certificate in certificate chain") },
            wrongCa,
            true,
        ],
        [
            "another name",
            {
                code: 14,
                details: lost(
                    "Hostname/IP does not match certificate's altnames: Host: x. is not in the cert's altnames",
                ),
            },
            wrongName,
            true,
        ],
        // The two texts are those of buildkitd 0.33.1.
        [
            "client of another CA",
            {
                code: 14,
                details: lost(
                    "80AC:error:0A000418:SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca:rec_layer_s3.c:1601:SSL alert number 48",
                ),
            },
            refusedClient,
            true,
        ],
        [
            "client expired there",
            { code: 14, details: lost("Error: SSL routines:ssl3_read_bytes:sslv3 alert certificate expired") },
            refusedClient,
            true,
        ],
        [
            "no TLS",
            {
                code: 14,
                details: lost(
                    "Error: write EPROTO C0:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number",
                ),
            },
            notTls,
            true,
        ],
        [
            "deadline",
            { code: status.DEADLINE_EXCEEDED, details: "Deadline exceeded after 5.0s" },
            "no answer: packets are dropped on the way, or the daemon hangs",
            false,
        ],
        ["not BuildKit", { code: status.UNIMPLEMENTED, details: "unknown service" }, "unknown service", true],
        ["anything else", { code: 14, details: "Connection dropped" }, "Connection dropped", false],
        ["no details", { code: 2, details: "", message: "2 UNKNOWN" }, "2 UNKNOWN", false],
        ["an error", new Error("Invalid URL"), "Invalid URL", false],
        ["a text", "odd", "odd", false],
        ["null", null, "null", false],
        ["undefined", undefined, "undefined", false],
    ])("%s", (_, error, text, permanent) => {
        expect(explainCallFailure(error)).toEqual({ text, permanent });
    });
});

describe("what really happens on a connection", () => {
    const day = 24 * 3600_000;
    const validity = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + day) };
    const past = { notBefore: new Date(Date.now() - 2 * day), notAfter: new Date(Date.now() - day) };
    let credentials: BuilderCredentials;
    let servers: Server[] = [];
    const sockets = new Set<Socket>();

    async function listen(server: Server): Promise<string> {
        servers.push(server);
        server.on("connection", (socket: Socket) => sockets.add(socket));
        await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
        return `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
    }

    async function explain(endpoint: string, serverName = "amd64.ci", timeoutMs = 3000) {
        const error: unknown = await listWorkers({ endpoint, serverName }, credentials, timeoutMs).catch(
            (e: unknown) => e,
        );
        return explainCallFailure(error).text;
    }

    let secure: (options?: { expired?: boolean; otherCa?: boolean }) => Promise<string>;

    beforeAll(async () => {
        const serverCa = await createCa("server CA", validity);
        const clientCa = await createCa("client CA", validity);
        const otherCa = await createCa("other CA", validity);
        credentials = { ca: serverCa.cert, ...(await issueClient(clientCa, validity)) };
        secure = async (options = {}) => {
            const names = { name: "amd64", dnsNames: ["amd64.ci"], ipAddresses: [] };
            const pair = await issueServer(
                options.otherCa ? otherCa : serverCa,
                names,
                options.expired ? past : validity,
            );
            const tls = {
                ...pair,
                ca: clientCa.cert,
                requestCert: true,
                rejectUnauthorized: true,
                ALPNProtocols: ["h2"],
            };
            const server = createTlsServer(tls);
            server.on("tlsClientError", () => undefined);
            return listen(server);
        };
    });

    afterEach(async () => {
        sockets.forEach((socket) => socket.destroy());
        await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
        servers = [];
        sockets.clear();
    });

    test("nothing listens", async () => {
        const server = createServer();
        const endpoint = await listen(server);
        await new Promise((done) => server.close(done));
        servers = [];
        expect(await explain(endpoint)).toBe("connection refused: nothing listens there");
    });

    test("a call that was refused does not connect once the node listens, which would keep it awake", async () => {
        const before = createServer();
        const endpoint = await listen(before);
        await new Promise((done) => before.close(done));
        servers = [];
        await explain(endpoint);
        const server = createServer();
        servers.push(server);
        const connected = jest.fn((socket: Socket) => void socket.destroy());
        server.on("connection", connected);
        await new Promise<void>((done) => server.listen(Number(new URL(endpoint).port), "127.0.0.1", done));
        // gRPC's own backoff is a second, a fifth more or less.
        await new Promise((done) => setTimeout(done, 2500));
        expect(connected).not.toHaveBeenCalled();
    });

    test("a plain HTTP server listens", async () => {
        const server = createServer((socket) => {
            socket.on("error", () => undefined);
            socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\nClient sent an HTTP request"));
        });
        expect(await explain(await listen(server))).toBe(notTls);
    });

    test("the node's certificate is of another CA", async () => {
        expect(await explain(await secure({ otherCa: true }))).toBe(wrongCa);
    });

    test("the node's certificate has another name", async () => {
        expect(await explain(await secure(), "arm64.ci")).toBe(wrongName);
    });

    test("the node's certificate has expired", async () => {
        expect(await explain(await secure({ expired: true }))).toBe(expired);
    });

    test("it answers nothing", async () => {
        const server = createServer((socket) => socket.on("error", () => undefined));
        const text = await explain(await listen(server), "amd64.ci", 500);
        expect(text).toBe("no answer: packets are dropped on the way, or the daemon hangs");
    });
});
