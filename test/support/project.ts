import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { stringify } from "yaml";
import { type Farm, startFarm } from "../../dev/local/farm";
import { goEnvironment } from "../../dev/local/sample";
import { createSealer } from "../../dev/rehearsal/passphrase";
import { type RehearseResult, rehearse } from "../../dev/rehearsal/run";
import { basicAuth } from "../../dev/local/registry";

export const root = path.resolve(__dirname, "../..");

/** A folder that is removed when the tests of a file end. */
export function temporaryFolder(name: string): string {
    return fs.mkdtempSync(path.join(os.tmpdir(), `multiarch-${name}-`));
}

/** Starts a farm of its own: two native platforms and a cross-built one. */
export async function testFarm(dir: string, platforms = ["linux/amd64", "linux/386", "linux/arm64"]): Promise<Farm> {
    const nodes = platforms.map((platform) => ({
        name: platform.split("/").slice(1).join("-"),
        platforms: [platform],
    }));
    const mode = process.env.MULTIARCH_TEST_NODES === "containers" ? "containers" : "processes";
    return startFarm({ dir: path.join(dir, "farm"), nodes, mode });
}

/** The probe for a platform's RUN steps, compiled once per machine and source. */
export function probe(platform: string): string {
    const source = path.join(root, "test/support/probe");
    const file = path.join(root, ".tools/test", `probe-${platform.replaceAll("/", "-")}`);
    if (!fs.existsSync(file) || fs.statSync(file).mtimeMs < fs.statSync(path.join(source, "main.go")).mtimeMs) {
        fs.mkdirSync(path.dirname(file), { recursive: true });
        const partial = `${file}.${process.pid}`;
        const env = { ...process.env, ...goEnvironment(platform), GOFLAGS: "", GOWORK: "off" };
        const args = ["build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", partial, "."];
        const built = spawnSync("go", args, { cwd: source, env, encoding: "utf8" });
        if (built.status !== 0) {
            throw new Error(`compiling the probe for ${platform} failed: ${built.stderr}`);
        }
        fs.renameSync(partial, file);
    }
    return file;
}

/** A build context that holds the probe for each platform as `probe-<os>-<arch>`, a Dockerfile and further files. */
export function writeContext(
    dir: string,
    dockerfile: string,
    platforms = ["linux/amd64", "linux/386", "linux/arm64"],
    files: Record<string, string> = {},
): void {
    fs.mkdirSync(dir, { recursive: true });
    fs.writeFileSync(path.join(dir, "Dockerfile"), dockerfile);
    for (const platform of platforms) {
        fs.copyFileSync(probe(platform), path.join(dir, `probe-${platform.replaceAll("/", "-")}`));
    }
    Object.entries(files).forEach(([name, text]) => fs.writeFileSync(path.join(dir, name), text));
}

/** First lines of Dockerfiles for `writeContext`. */
export const fromProbe = `FROM scratch
ARG TARGETPLATFORM TARGETARCH
COPY probe-linux-\${TARGETARCH} /probe
`;

/** A checkout of this repository's own program with a stack of its own, run by the rehearsal engine. */
export class Project {
    readonly dir: string;
    /** Everything that the runs printed. */
    readonly log: string[] = [];
    private readonly stateFile: string;
    private sealer?: ReturnType<typeof createSealer>;

    constructor(
        readonly farm: Farm,
        base: string,
        name = "checkout",
        private readonly stack = "test",
        private readonly passphrase = "correct horse",
    ) {
        this.dir = path.join(base, name);
        fs.mkdirSync(this.dir, { recursive: true });
        for (const file of ["index.ts", "Pulumi.yaml", "package.json", "tsconfig.json", "tsconfig.pulumi.json"]) {
            fs.copyFileSync(path.join(root, file), path.join(this.dir, file));
        }
        for (const folder of ["components", "config", "assets"]) {
            fs.cpSync(path.join(root, folder), path.join(this.dir, folder), { recursive: true });
        }
        const modules = path.join(this.dir, "node_modules");
        if (!fs.existsSync(modules)) {
            fs.symlinkSync(path.join(root, "node_modules"), modules);
        }
        // One state for all checkouts of a stack, as a Pulumi backend has it.
        this.stateFile = path.join(base, `state-${stack}.json`);
    }

    /** Environment of a run: an empty Docker configuration, and a deadline for nodes that tests can wait for. */
    readonly env: Record<string, string> = {};

    get dockerConfig(): string {
        return path.join(this.dir, "docker");
    }

    /** Writes the stack's configuration and runs a command on it. */
    async run(
        image: Record<string, unknown> | undefined,
        options: {
            command?: "preview" | "up" | "destroy";
            config?: Record<string, unknown>;
            signal?: AbortSignal;
        } = {},
    ): Promise<RehearseResult> {
        return rehearse({
            command: options.command ?? "up",
            projectDir: this.dir,
            stack: this.stack,
            ...(await this.prepare(image, options.config)),
            signal: options.signal,
            log: (line) => this.log.push(line),
        });
    }

    /** Writes the stack's configuration; gives what a run of it needs. */
    async prepare(image: Record<string, unknown> | undefined, config: Record<string, unknown> = {}) {
        const configFile = path.join(this.dir, `Pulumi.${this.stack}.yaml`);
        fs.writeFileSync(configFile, await this.configuration(image, config), { mode: 0o600 });
        const env: Record<string, string> = {
            DOCKER_CONFIG: this.dockerConfig,
            MULTIARCH_BUILDER_READY_SECONDS: "5",
            PULUMI_CONFIG_PASSPHRASE: this.passphrase,
            ...this.env,
        };
        return { configFile, stateFile: this.stateFile, env };
    }

    private async configuration(
        image: Record<string, unknown> | undefined,
        overrides: Record<string, unknown>,
    ): Promise<string> {
        const sealer = await (this.sealer ??= createSealer(this.passphrase));
        const secure = (text: string) => ({ secure: sealer.seal(text) });
        const { nodes, credentials, registry } = this.farm;
        const config = {
            backend: "endpoints",
            endpoints: nodes.map(({ platforms, emulated, endpoint, serverName }) => ({
                platforms,
                endpoint,
                serverName,
                emulated,
            })),
            credentials: { ca: credentials.ca, cert: credentials.cert, key: secure(credentials.key) },
            registry: {
                imageRepositoryUrl: `${registry.address}/app`,
                cacheRepositoryUrl: `${registry.address}/cache`,
                credentials: { username: registry.username, password: secure(registry.password) },
            },
            ...(image ? { image: sealed(image, secure) } : {}),
            ...(sealed(overrides, secure) as object),
        };
        const namespaced = Object.fromEntries(
            Object.entries(config).map(([key, value]) => [`multiarch-builder:${key}`, value]),
        );
        return stringify({ encryptionsalt: sealer.encryptionSalt, config: namespaced });
    }
}

/** A value of the configuration to encrypt. */
export class Secret {
    constructor(readonly text: string) {}
}

function sealed(value: unknown, secure: (text: string) => object): unknown {
    if (value instanceof Secret) {
        return secure(value.text);
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
        return value;
    }
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, sealed(inner, secure)]));
}

/** A registry as a user with a login sees it. */
export class RegistryView {
    constructor(private readonly farm: Farm) {}

    async get(pathname: string): Promise<{ status: number; digest: string; body: unknown }> {
        const { address } = this.farm.registry;
        // The farm's own registry is on loopback and speaks both; any other has TLS only.
        const scheme = address.startsWith("127.0.0.1:") ? "http" : "https";
        const response = await fetch(`${scheme}://${address}/v2/${pathname}`, {
            headers: {
                authorization: `Basic ${basicAuth(this.farm.registry)}`,
                accept: "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json",
            },
        });
        const text = await response.text();
        return {
            status: response.status,
            digest: response.headers.get("docker-content-digest") ?? "",
            body: text.startsWith("{") ? JSON.parse(text) : text,
        };
    }

    /** The digest that a tag points to; empty when there is no such tag. */
    async tagDigest(repository: string, tag: string): Promise<string> {
        const { status, digest } = await this.get(`${repository}/manifests/${tag}`);
        return status === 200 ? digest : "";
    }

    async tags(repository: string): Promise<string[]> {
        const { body } = await this.get(`${repository}/tags/list`);
        return ((body as { tags?: string[] | null }).tags ?? []).sort();
    }

    /** The platforms of an index, each with the architecture that the image's own configuration says. */
    async platforms(repository: string, reference: string): Promise<Record<string, string>> {
        const index = (await this.get(`${repository}/manifests/${reference}`)).body as {
            manifests: { digest: string; platform: { os: string; architecture: string; variant?: string } }[];
        };
        const entries = await Promise.all(
            index.manifests.map(async ({ digest, platform }) => {
                const manifest = (await this.get(`${repository}/manifests/${digest}`)).body as {
                    config: { digest: string };
                };
                const config = (await this.get(`${repository}/blobs/${manifest.config.digest}`)).body as {
                    architecture: string;
                };
                const name = [platform.os, platform.architecture, platform.variant].filter(Boolean).join("/");
                return [name, config.architecture];
            }),
        );
        return Object.fromEntries(entries) as Record<string, string>;
    }
}
