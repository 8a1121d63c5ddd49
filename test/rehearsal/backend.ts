import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { basicAuth } from "../../dev/local/registry";

const tools = path.resolve(__dirname, "../../.tools/bin");

/** A real buildkitd and a real registry that wants a password, for the rehearsal's own builds. */
export interface Backend {
    folder: string;
    builder: string;
    repository: string;
    username: string;
    password: string;
    env: Record<string, string>;
    /** Tags of the repository, as the registry lists them. */
    tags(): Promise<string[]>;
    manifestExists(reference: string): Promise<boolean>;
    stop(): Promise<void>;
}

const username = "tester";
const password = "registry-password";
/** bcrypt of the password. */
const htpasswd = `${username}:$2a$05$nk9OBoa0QlJk.cURAV.p0.DPxcycbz0NCNUj.Fz.xT8YPiaoPJrwC\n`;

export async function startBackend(): Promise<Backend> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "rehearsal-test-"));
    const children: ChildProcess[] = [];
    const port = await freePort();
    const host = `127.0.0.1:${port}`;
    const write = (name: string, content: string) => {
        fs.writeFileSync(path.join(folder, name), content);
        return path.join(folder, name);
    };
    write("htpasswd", htpasswd);
    const registryConfig = write(
        "registry.yaml",
        `version: 0.1\nstorage: { filesystem: { rootdirectory: ${folder}/registry }, delete: { enabled: true } }\nhttp: { addr: "${host}" }\nauth: { htpasswd: { realm: test, path: ${folder}/htpasswd } }\n`,
    );
    const buildkitConfig = write(
        "buildkitd.toml",
        `[otel]\n  socketPath = "${folder}/otel.sock"\n[worker.containerd]\n  enabled = false\n[registry."${host}"]\n  http = true\n`,
    );
    const socket = `unix://${folder}/buildkitd.sock`;
    const start = (name: string, args: string[]) => {
        const log = fs.openSync(path.join(folder, `${name}.log`), "w");
        children.push(spawn(path.join(tools, name), args, { stdio: ["ignore", log, log] }));
    };
    start("registry", ["serve", registryConfig]);
    start("buildkitd", [
        "--config",
        buildkitConfig,
        "--addr",
        socket,
        "--root",
        `${folder}/buildkit`,
        "--oci-worker-snapshotter=native",
    ]);
    const env = {
        BUILDX_CONFIG: `${folder}/buildx`,
        DOCKER_CONFIG: `${folder}/docker`,
        TMPDIR: fs.mkdtempSync(path.join(folder, "tmp-")),
        MULTIARCH_BUILDX: path.join(tools, "buildx"),
    };
    const stop = async () => {
        await Promise.all(children.map(ended));
        fs.rmSync(folder, { recursive: true, force: true });
    };
    const authorization = `Basic ${basicAuth({ username, password })}`;
    const get = (url: string, accept = "*/*") =>
        fetch(`http://${host}/v2/${url}`, { headers: { authorization, accept } });
    try {
        await until("buildkitd", () =>
            execFileSync(path.join(tools, "buildctl"), ["--addr", socket, "debug", "workers"], { stdio: "pipe" }),
        );
        await until("the registry", async () => (await get("")).ok || Promise.reject(new Error("not ready")));
        const create = ["create", "--name", "trial", "--driver", "remote", "--platform", "linux/amd64", socket];
        execFileSync(path.join(tools, "buildx"), create, { env: { ...process.env, ...env }, stdio: "pipe" });
    } catch (error) {
        await stop();
        throw error;
    }
    return {
        folder,
        builder: "trial",
        repository: `${host}/team/app`,
        username,
        password,
        env,
        tags: async () => ((await (await get("team/app/tags/list")).json()) as { tags?: string[] | null }).tags ?? [],
        manifestExists: async (reference) =>
            (
                await get(
                    `team/app/manifests/${reference}`,
                    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json",
                )
            ).ok,
        stop,
    };
}

/** A build context around a static binary that exists wherever the tools were built. */
export function makeContext(folder: string): string {
    const context = fs.mkdtempSync(path.join(folder, "context-"));
    fs.copyFileSync(path.join(tools, "buildctl"), path.join(context, "app"));
    fs.writeFileSync(path.join(context, "version"), "1\n");
    fs.writeFileSync(
        path.join(context, "Dockerfile"),
        'FROM scratch\nARG VERSION\nARG TOKEN\nCOPY app version /\nRUN --mount=type=secret,id=token ["/app", "--version"]\nENTRYPOINT ["/app"]\n',
    );
    return context;
}

async function until(what: string, ready: () => unknown): Promise<void> {
    for (let attempt = 0; ; attempt++) {
        try {
            await ready();
            return;
        } catch (error) {
            if (attempt === 100) {
                throw new Error(`${what} did not start: ${String(error)}`);
            }
            await new Promise((resolve) => setTimeout(resolve, 100));
        }
    }
}

function ended(child: ChildProcess): Promise<void> {
    return new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) {
            resolve();
            return;
        }
        child.once("exit", () => resolve());
        child.kill("SIGTERM");
        setTimeout(() => child.kill("SIGKILL"), 5000).unref();
    });
}

function freePort(): Promise<number> {
    return new Promise((resolve, reject) => {
        const server = net.createServer().once("error", reject);
        server.listen(0, "127.0.0.1", () => {
            const { port } = server.address() as net.AddressInfo;
            server.close(() => resolve(port));
        });
    });
}
