import { type ChildProcess, execFile, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import { promisify } from "node:util";
import { until } from "../../support/processes";
import { root } from "../../support/project";

const run = promisify(execFile);
const version = "5.2.5";

/** moto, an emulator of AWS, in an environment of its own below `.tools`; made once per checkout. https://docs.getmoto.org */
async function installed(): Promise<string> {
    const folder = path.join(root, ".tools/test", `moto-${version}`);
    const program = path.join(folder, "bin/moto_server");
    if (!fs.existsSync(path.join(folder, "complete"))) {
        await run("python3", ["-m", "venv", "--clear", folder]);
        const packages = [`moto[server,ec2]==${version}`];
        await run(path.join(folder, "bin/pip"), ["install", "--quiet", "--disable-pip-version-check", ...packages]);
        fs.writeFileSync(path.join(folder, "complete"), "");
    }
    return program;
}

/** A running moto server. */
export class Moto {
    private constructor(
        readonly url: string,
        private readonly server: ChildProcess,
    ) {}

    static async start(): Promise<Moto> {
        const program = await installed();
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
