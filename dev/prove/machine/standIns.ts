import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import * as https from "node:https";
import type { AddressInfo } from "node:net";
import { join, normalize } from "node:path";
import { pipeline } from "node:stream";
import { succeed } from "../../../test/support/commands";
import { until } from "../../../test/support/processes";
import { freePort } from "../../../test/wake/support/moto";
import type { KeyPair } from "../../local/pki";
import { toolsDir } from "../../tools/build";
import { pythonEnvironment } from "../../tools/python";

/** SSM, played by moto. https://docs.getmoto.org */
export class Parameters {
    private constructor(
        readonly port: number,
        private readonly server: ChildProcess,
        private readonly client: SSMClient,
    ) {}

    static async start(region: string, log: (line: string) => void): Promise<Parameters> {
        const bin = await pythonEnvironment("moto", log);
        const port = await freePort();
        const server = spawn(join(bin, "moto_server"), ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
        const endpoint = `http://127.0.0.1:${port}`;
        const credentials = { accessKeyId: "proof", secretAccessKey: "proof" };
        const parameters = new Parameters(port, server, new SSMClient({ region, endpoint, credentials }));
        const answers = () =>
            fetch(`${endpoint}/moto-api/`).then(
                ({ ok }) => ok,
                () => false,
            );
        try {
            await until("moto answers", answers, 120);
        } catch (error) {
            parameters.stop();
            throw error;
        }
        return parameters;
    }

    /** Puts parameters as the stack does. */
    async put(values: Record<string, string>): Promise<void> {
        for (const [Name, Value] of Object.entries(values)) {
            await this.client.send(new PutParameterCommand({ Name, Value, Type: "SecureString", Overwrite: true }));
        }
    }

    stop(): void {
        this.client.destroy();
        this.server.kill();
    }
}

/** A registry, on loopback. */
export class Registry {
    private constructor(
        readonly port: number,
        private readonly server: ChildProcess,
    ) {}

    /** Starts it, with everything that it keeps in a folder. */
    static async start(folder: string): Promise<Registry> {
        const port = await freePort();
        const config = { version: 0.1, storage: { filesystem: { rootdirectory: folder } } };
        mkdirSync(folder);
        const file = join(folder, "config.yml");
        writeFileSync(file, JSON.stringify({ ...config, http: { addr: `127.0.0.1:${port}` } }));
        const server = spawn(join(toolsDir, "registry"), ["serve", file], { stdio: "ignore" });
        const registry = new Registry(port, server);
        const answers = () =>
            fetch(`http://${registry.address}/v2/`).then(
                ({ ok }) => ok,
                () => false,
            );
        await until("the registry answers", answers, 60).catch((error: unknown) => {
            registry.stop();
            throw error;
        });
        return registry;
    }

    get address(): string {
        return `127.0.0.1:${this.port}`;
    }

    /** The architectures of an image's index. */
    async architectures(name: string, tag: string): Promise<string[]> {
        const headers = { accept: "application/vnd.oci.image.index.v1+json" };
        const index = await fetch(`http://${this.address}/v2/${name}/manifests/${tag}`, { headers });
        const { manifests } = (await index.json()) as { manifests: { platform: { architecture: string } }[] };
        return manifests.map(({ platform }) => platform.architecture).sort();
    }

    stop(): void {
        this.server.kill();
    }
}

/** Serves the files below a folder over TLS, on loopback. */
export class Downloads {
    private constructor(private readonly server: https.Server) {}

    static async start(folder: string, { cert, key }: KeyPair): Promise<Downloads> {
        const server = https.createServer({ cert, key }, (request, response) => {
            const file = join(folder, normalize(decodeURIComponent(request.url ?? "/")));
            if (!existsSync(file) || !statSync(file).isFile()) {
                response.writeHead(404).end();
                return;
            }
            response.writeHead(200, { "content-length": statSync(file).size });
            pipeline(createReadStream(file), response, () => undefined);
        });
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        return new Downloads(server);
    }

    get port(): number {
        return (this.server.address() as AddressInfo).port;
    }

    stop(): void {
        this.server.closeAllConnections();
        this.server.close();
    }
}

/** Makes a folder of Debian packages a source for apt. https://wiki.debian.org/DebianRepository/Format */
export async function publishPackages(packages: string, folder: string): Promise<void> {
    mkdirSync(folder, { recursive: true });
    const stanzas: string[] = [];
    for (const name of readdirSync(packages).filter((file) => file.endsWith(".deb"))) {
        const content = readFileSync(join(packages, name));
        const control = await succeed("dpkg-deb", ["--field", join(packages, name)], { env: process.env });
        const sha256 = createHash("sha256").update(content).digest("hex");
        stanzas.push(`${control.trimEnd()}\nFilename: ./${name}\nSize: ${content.length}\nSHA256: ${sha256}\n`);
        writeFileSync(join(folder, name), content);
    }
    writeFileSync(join(folder, "Packages"), stanzas.join("\n"));
}
