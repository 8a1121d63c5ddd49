import { type ChildProcess, spawn } from "node:child_process";
import * as net from "node:net";
import * as path from "node:path";
import { pythonEnvironment } from "../../../dev/tools/python";
import { until } from "../../support/processes";

/** A running moto server, an emulator of AWS. https://docs.getmoto.org */
export class Moto {
    private constructor(
        readonly url: string,
        private readonly server: ChildProcess,
    ) {}

    static async start(): Promise<Moto> {
        const program = path.join(await pythonEnvironment("moto"), "moto_server");
        const port = await freePort();
        const server = spawn(program, ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
        const url = `http://127.0.0.1:${port}`;
        await until(
            "moto answers",
            () =>
                fetch(`${url}/moto-api/`).then(
                    (answer) => answer.ok,
                    () => false,
                ),
            60,
        );
        return new Moto(url, server);
    }

    async stop(): Promise<void> {
        const ended = new Promise((resolve) => this.server.once("exit", resolve));
        this.server.kill();
        await ended;
    }
}

/** A port of this machine that nothing listens on. */
export async function freePort(): Promise<number> {
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as net.AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return port;
}
