import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { IncomingMessage, Server, createServer, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { AddressInfo, type Socket, connect, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMux } from "../../dev/local/mux";
import { createPki } from "../../dev/local/pki";
import { writePki } from "../../dev/local/pkiFiles";

const mebibyte = 1024 ** 2;
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
const portOf = (server: { address(): unknown }) => (server.address() as AddressInfo).port;
const listen = (server: Server | ReturnType<typeof createTcpServer>) =>
    new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

describe("the registry's port", () => {
    const blob = randomBytes(50 * mebibyte);
    let folder: string;
    let ca: string;
    /** The mux's ends of its clients' connections. */
    const clients: Socket[] = [];
    const closing: { close(done: () => void): unknown }[] = [];

    beforeAll(async () => {
        folder = mkdtempSync(join(tmpdir(), "mux-"));
        const pki = await createPki({ nodes: [{ name: "registry", dnsNames: [], ipAddresses: ["127.0.0.1"] }] });
        writePki(folder, pki);
        ca = pki.serverCa.cert;
    });
    afterEach(async () => {
        clients.length = 0;
        await Promise.all(closing.splice(0).map((server) => new Promise<void>((resolve) => server.close(resolve))));
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    async function muxFor(target: Server | ReturnType<typeof createTcpServer>): Promise<number> {
        await listen(target);
        const certFile = join(folder, "server-registry.pem");
        const keyFile = join(folder, "server-registry-key.pem");
        const mux = createMux({ port: 0, targetPort: portOf(target), certFile, keyFile });
        mux.on("connection", (socket: Socket) => clients.push(socket));
        await listen(mux);
        closing.push(mux, target);
        return portOf(mux);
    }

    /** Answers the digest of what is put, and the blob to a GET. */
    function blobServer(): Server {
        return createServer((request, response) => {
            if (request.method === "GET") {
                response.end(blob);
                return;
            }
            void body(request).then((bytes) => response.end(sha256(bytes)));
        });
    }

    async function body(message: IncomingMessage, delayMs = 0): Promise<Buffer> {
        const chunks: Buffer[] = [];
        for await (const chunk of message) {
            chunks.push(chunk as Buffer);
            if (delayMs > 0 && chunks.length % 64 === 0) {
                await new Promise((resolve) => setTimeout(resolve, delayMs));
            }
        }
        return Buffer.concat(chunks);
    }

    function send(scheme: string, port: number, method: string, data?: Buffer, delayMs = 0): Promise<Buffer> {
        return new Promise((resolve, reject) => {
            const request = scheme === "https" ? httpsRequest : httpRequest;
            const call = request(`${scheme}://127.0.0.1:${port}/`, { method, agent: false, ca }, (response) => {
                body(response, delayMs).then(resolve, reject);
            });
            call.once("error", reject).end(data);
        });
    }

    it.each(["http", "https"])("carries 50 MiB both ways over %s", async (scheme) => {
        const port = await muxFor(blobServer());
        expect((await send(scheme, port, "PUT", blob)).toString()).toBe(sha256(blob));
        expect(sha256(await send(scheme, port, "GET"))).toBe(sha256(blob));
    });

    it("holds back for a slow reader instead of buffering", async () => {
        const port = await muxFor(blobServer());
        let most = 0;
        const look = setInterval(() => (most = Math.max(most, ...clients.map((client) => client.writableLength))), 2);
        const reading = send("http", port, "GET", undefined, 5).finally(() => clearInterval(look));
        expect(sha256(await reading)).toBe(sha256(blob));
        expect(most).toBeGreaterThan(0);
        expect(most).toBeLessThan(mebibyte);
    });

    it("passes on the end of one direction and keeps the other open", async () => {
        const echoAtEnd = createTcpServer({ allowHalfOpen: true }, (socket) => {
            const chunks: Buffer[] = [];
            socket
                .on("data", (chunk: Buffer) => chunks.push(chunk))
                .once("end", () => socket.end(Buffer.concat(chunks)));
        });
        const client = connect({ port: await muxFor(echoAtEnd), host: "127.0.0.1", allowHalfOpen: true });
        const chunks: Buffer[] = [];
        client.end("GET all of it");
        for await (const chunk of client) {
            chunks.push(chunk as Buffer);
        }
        expect(Buffer.concat(chunks).toString()).toBe("GET all of it");
    });

    it("ends the client's connection when nothing listens behind it", async () => {
        const target = createServer();
        const port = await muxFor(target);
        await new Promise((resolve) => target.close(resolve));
        closing.pop();
        await expect(send("http", port, "GET")).rejects.toThrow(/hang up|ECONNRESET/);
    });
});
