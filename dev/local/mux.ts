import { existsSync, readFileSync } from "node:fs";
import { Server, Socket, connect, createServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";

/** One loopback port in front of a plain HTTP server, for clients that speak TLS and for clients that do not. */
export interface MuxConfig {
    port: number;
    targetPort: number;
    certFile: string;
    keyFile: string;
}

const host = "127.0.0.1";
const tlsHandshake = 0x16;
const firstByteTimeoutMs = 60_000;

/** Tells TLS from plain HTTP by the first byte of a connection. */
export function createMux(config: MuxConfig): Server {
    const tls = createTlsServer(
        { cert: readFileSync(config.certFile), key: readFileSync(config.keyFile), ALPNProtocols: ["http/1.1"] },
        (socket) => forward(socket, config.targetPort),
    );
    tls.on("tlsClientError", (error) => console.error(`TLS client: ${error.message}`));
    return createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
        const abandon = () => socket.destroy();
        socket.once("error", abandon);
        socket.setTimeout(firstByteTimeoutMs, abandon);
        socket.once("end", abandon);
        socket.once("readable", () => {
            const chunk = socket.read() as Buffer | null;
            if (chunk === null) {
                return;
            }
            socket.off("error", abandon).off("end", abandon).off("timeout", abandon).setTimeout(0);
            socket.unshift(chunk);
            if (chunk[0] === tlsHandshake) {
                // Node's TLS socket takes what is already buffered before it reads from the connection.
                tls.emit("connection", socket);
            } else {
                forward(socket, config.targetPort);
            }
        });
    });
}

/** Pipes both ways with backpressure; an end of one side is passed on, an error ends both. */
function forward(client: Socket, targetPort: number): void {
    const target = connect({ port: targetPort, host, allowHalfOpen: true, noDelay: true });
    const destroyBoth = () => {
        client.destroy();
        target.destroy();
    };
    client.once("error", destroyBoth).once("close", () => target.destroy());
    target.once("error", destroyBoth).once("close", () => client.destroySoon());
    client.pipe(target);
    target.pipe(client);
}

function main(file: string | undefined): void {
    if (file === undefined || file.startsWith("-")) {
        console.error(
            "Usage: mux CONFIG.json\n\nCONFIG.json: { port, targetPort, certFile, keyFile }. Started by the local farm.",
        );
        process.exit(file === "--help" ? 0 : 2);
    }
    const config = JSON.parse(readFileSync(file, "utf8")) as MuxConfig;
    const mux = createMux(config);
    mux.once("error", (error) => {
        console.error(`cannot listen on ${host}:${config.port}: ${error.message}`);
        process.exit(1);
    });
    mux.listen(config.port, host, () => console.log(`${host}:${config.port} -> ${host}:${config.targetPort}`));
    process.once("SIGTERM", () => process.exit(0));
    // Nobody finds this process any more when the farm's folder was deleted.
    setInterval(() => existsSync(file) || process.exit(0), 5000);
}

if (require.main === module) {
    main(process.argv[2]);
}
