import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { hashSync } from "bcryptjs";
import { renderRegistryConfig, basicAuth } from "../../dev/local/registry";
import { toolsDir } from "../../dev/tools/build";

const username = "local";
const password = "a-password-of-the-test";

/** A real registry on a loopback port that wants a password. */
export class LocalTestRegistry {
    readonly login = { username, password };

    private constructor(
        readonly host: string,
        private readonly folder: string,
        private readonly child: ChildProcess,
    ) {}

    static async start(): Promise<LocalTestRegistry> {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tag-check-"));
        const port = await freePort();
        fs.writeFileSync(path.join(folder, "htpasswd"), `${username}:${hashSync(password, 4)}\n`);
        fs.writeFileSync(path.join(folder, "config.yml"), renderRegistryConfig(folder, port));
        const binary = path.join(toolsDir, "registry");
        const child = spawn(binary, ["serve", path.join(folder, "config.yml")], { stdio: "ignore" });
        const registry = new LocalTestRegistry(`127.0.0.1:${port}`, folder, child);
        for (let attempt = 0; ; attempt++) {
            const ready = await registry.call("GET", "").then(
                ({ status }) => status === 200,
                () => false,
            );
            if (ready) {
                return registry;
            }
            if (attempt === 100) {
                await registry.stop();
                throw new Error("the registry did not start in 10 s");
            }
            await new Promise((resolve) => setTimeout(resolve, 100));
        }
    }

    /** Pushes an image without layers under a tag; returns its digest. */
    async push(repository: string, tag: string, label: string): Promise<string> {
        const config = JSON.stringify({ architecture: "amd64", os: "linux", config: { Labels: { label } } });
        const digest = `sha256:${createHash("sha256").update(config).digest("hex")}`;
        const upload = await this.call("POST", `${repository}/blobs/uploads/`);
        const location = new URL(upload.headers.get("location") ?? "", `http://${this.host}`);
        location.searchParams.set("digest", digest);
        await this.call("PUT", location.href, config, "application/octet-stream");
        const mediaType = "application/vnd.oci.image.manifest.v1+json";
        const manifest = JSON.stringify({
            schemaVersion: 2,
            mediaType,
            config: { mediaType: "application/vnd.oci.image.config.v1+json", digest, size: config.length },
            layers: [],
        });
        const pushed = await this.call("PUT", `${repository}/manifests/${tag}`, manifest, mediaType);
        if (pushed.status !== 201) {
            throw new Error(`the push of ${repository}:${tag} was answered ${pushed.status}: ${await pushed.text()}`);
        }
        return pushed.headers.get("docker-content-digest") ?? "";
    }

    async stop(): Promise<void> {
        const ended = new Promise((resolve) => this.child.once("exit", resolve));
        if (this.child.exitCode === null && this.child.kill("SIGTERM")) {
            await ended;
        }
        fs.rmSync(this.folder, { recursive: true, force: true });
    }

    private call(method: string, target: string, body?: string, type?: string): Promise<Response> {
        const url = target.startsWith("http") ? target : `http://${this.host}/v2/${target}`;
        const authorization = `Basic ${basicAuth({ username, password })}`;
        return fetch(url, { method, body, headers: { authorization, ...(type ? { "content-type": type } : {}) } });
    }
}

export function freePort(): Promise<number> {
    return new Promise((resolve, reject) => {
        const server = net.createServer().once("error", reject);
        server.listen(0, "127.0.0.1", () => {
            const { port } = server.address() as net.AddressInfo;
            server.close(() => resolve(port));
        });
    });
}
