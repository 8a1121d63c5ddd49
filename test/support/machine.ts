import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Farm } from "../../dev/local/farm";
import { findProgram } from "../../dev/tools/requirements";
import { type Ended, runCommand, succeed } from "./commands";
import { type BuildRecord, parseBuilds } from "./nodes";
import { root } from "./project";
import { basicAuth } from "../../dev/local/registry";

export const newestBuildx = path.join(root, ".tools/bin/buildx");

/** What a person types: buildx by itself, or as plugin of the Docker CLI. */
export type Client = "buildx" | "docker buildx";

/** Why the Docker CLI cannot be used here; undefined when it can. */
export function dockerMissing(): string | undefined {
    const docker = findProgram("docker");
    if (!docker) {
        return "no `docker` in PATH";
    }
    const { status } = spawnSync(docker, ["--version"], { encoding: "utf8", timeout: 10_000 });
    return status === 0 ? undefined : `\`docker --version\` ended with ${String(status)}`;
}

/** A person's machine: a Docker configuration of its own with buildx as plugin, and a login at the registry. */
export class Machine {
    readonly dockerConfig: string;
    readonly env: NodeJS.ProcessEnv;

    constructor(
        readonly farm: Farm,
        readonly dir: string,
        private readonly buildx = newestBuildx,
    ) {
        this.dockerConfig = path.join(dir, "docker");
        // No engine: what is registered must work without one, and one of this machine must not help.
        this.env = {
            PATH: process.env.PATH,
            HOME: dir,
            DOCKER_CONFIG: this.dockerConfig,
            DOCKER_HOST: "unix:///nonexistent/docker.sock",
        };
        const plugins = path.join(this.dockerConfig, "cli-plugins");
        fs.mkdirSync(plugins, { recursive: true });
        fs.symlinkSync(buildx, path.join(plugins, "docker-buildx"));
    }

    get store(): string {
        return path.join(this.dockerConfig, "buildx");
    }

    /** A login as `docker login` stores it. */
    get login(): string {
        const { address } = this.farm.registry;
        const auth = basicAuth(this.farm.registry);
        return JSON.stringify({ auths: { [address]: { auth } } });
    }

    logIn(): void {
        fs.writeFileSync(path.join(this.dockerConfig, "config.json"), this.login, { mode: 0o600 });
    }

    logOut(): void {
        fs.rmSync(path.join(this.dockerConfig, "config.json"), { force: true });
    }

    /** Types a command of buildx; it has to succeed. */
    type(client: Client, args: string[], cwd = this.dir, env: Record<string, string> = {}): Promise<string> {
        const options = { cwd, env: { ...this.env, ...env } };
        return client === "buildx"
            ? succeed(this.buildx, args, options)
            : succeed("docker", ["buildx", ...args], options);
    }

    /** Runs `multiarch-builder`. */
    cli(args: string[], input = ""): Promise<Ended> {
        const main = ["--import", require.resolve("tsx"), path.join(root, "cli/main.ts")];
        return runCommand(process.execPath, [...main, ...args], { env: this.env, cwd: this.dir, input });
    }

    /** The builds that each node of a registered builder remembers, asked with what is registered and nothing else. */
    builds(builder: string): Record<string, BuildRecord[]> {
        const file = path.join(this.store, "instances", builder);
        const { Nodes } = JSON.parse(fs.readFileSync(file, "utf8")) as {
            Nodes: { Name: string; Endpoint: string; DriverOpts: Record<string, string> }[];
        };
        const entries = Nodes.map(({ Name, Endpoint, DriverOpts: { servername, cacert, cert, key } }) => {
            const tls = ["--tlsservername", servername!, "--tlscacert", cacert!, "--tlscert", cert!, "--tlskey", key!];
            const args = ["--addr", Endpoint, ...tls, "debug", "histories", "--format", "{{json .}}"];
            const { status, stdout, stderr } = spawnSync(path.join(root, ".tools/bin/buildctl"), args, {
                encoding: "utf8",
            });
            if (status !== 0) {
                throw new Error(`buildctl debug histories on ${Name} failed: ${stderr}`);
            }
            return [Name, parseBuilds(stdout)] as const;
        });
        return Object.fromEntries(entries);
    }
}
