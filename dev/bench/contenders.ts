import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Farm, FarmNode } from "../local/farm";
import { NodeView } from "../../test/support/nodes";
import { Project, root } from "../../test/support/project";
import { type Workload, nativePlatforms } from "./workloads";
import { basicAuth } from "../local/registry";

/** Something that builds a workload for both native platforms, and what a run of it took. */
export interface Contender {
    name: string;
    farm: Farm;
    /** Builds the context; `force` makes it build although nothing has changed. Resolves to seconds. */
    build(workload: Workload, force: string | undefined): Promise<number>;
    context(workload: Workload): string;
}

const buildx = path.join(root, ".tools/bin/buildx");

/** What `npm run rehearse` runs. */
const { scripts } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8")) as {
    scripts: { rehearse: string };
};

/** This project's program, under the rehearsal engine: `npm run rehearse -- up` without the start of npm. */
export class OwnProgram implements Contender {
    private readonly projects = new Map<string, Project>();

    constructor(
        readonly farm: Farm,
        private readonly base: string,
        readonly name: "per-platform" | "single",
    ) {}

    context(workload: Workload): string {
        return path.join(this.project(workload).dir, "ctx");
    }

    async build(workload: Workload, force: string | undefined): Promise<number> {
        const project = this.project(workload);
        const image = {
            name: workload.name,
            context: "ctx",
            tags: ["bench"],
            platforms: nativePlatforms,
            strategy: this.name,
            ...(force ? { rebuild: force } : {}),
        };
        const { configFile, stateFile, env } = await project.prepare(image);
        const args = ["-c", `${scripts.rehearse} "$@"`, "rehearse", "up", "--config", configFile, "--state", stateFile];
        return timed("sh", args, { ...process.env, ...env });
    }

    private project(workload: Workload): Project {
        const known = this.projects.get(workload.name);
        if (known) {
            return known;
        }
        const stack = `${this.name}-${workload.name}`;
        const project = new Project(this.farm, this.base, stack, stack);
        project.env.DOCKER_AUTH_CONFIG = login(this.farm);
        this.projects.set(workload.name, project);
        return project;
    }
}

/** What a user would type: one multi-node `buildx build` with one cache ref for all platforms. */
export class PlainBuildx implements Contender {
    readonly name = "plain buildx build";
    private readonly env: NodeJS.ProcessEnv;

    constructor(
        readonly farm: Farm,
        private readonly base: string,
        private readonly platforms = nativePlatforms,
    ) {
        this.env = { ...process.env, DOCKER_CONFIG: path.join(base, "docker"), DOCKER_AUTH_CONFIG: login(farm) };
        farm.nodes.forEach((node, i) => this.register(node, i));
    }

    context(workload: Workload): string {
        return path.join(this.base, workload.name);
    }

    async build(workload: Workload): Promise<number> {
        const { address } = this.farm.registry;
        const cache = `type=registry,ref=${address}/cache:${workload.name}`;
        const args = ["build", "--builder", "plain", "--platform", this.platforms.join(","), "--provenance=false"];
        args.push("-t", `${address}/${workload.name}:bench`, "--push", "--cache-from", cache);
        args.push("--cache-to", `${cache},mode=max,image-manifest=true,oci-mediatypes=true`);
        return timed(buildx, [...args, "--progress=plain", this.context(workload)], this.env);
    }

    private register(node: FarmNode, i: number): void {
        const pki = path.join(this.farm.dir, "pki");
        const tls = `cacert=${pki}/server-ca.pem,cert=${pki}/client.pem,key=${pki}/client-key.pem`;
        const args = [
            "create",
            "--name",
            "plain",
            "--driver",
            "remote",
            "--node",
            `plain-${node.name}`,
            ...(i > 0 ? ["--append"] : []),
        ];
        args.push("--platform", node.platforms.join(","), "--driver-opt", `${tls},servername=${node.serverName}`);
        const made = spawnSync(buildx, [...args, node.endpoint], { env: this.env, encoding: "utf8" });
        if (made.status !== 0) {
            throw new Error(`registering ${node.name} failed: ${made.stderr}`);
        }
    }
}

/** The views of the nodes that a contender builds on. */
export function nodesOf({ farm }: Contender): NodeView[] {
    return farm.nodes.map((node) => new NodeView(farm, node));
}

function login({ registry }: Farm): string {
    const auth = basicAuth(registry);
    return JSON.stringify({ auths: { [registry.address]: { auth } } });
}

/** Runs a command to its end; gives its seconds. */
async function timed(program: string, args: string[], env: NodeJS.ProcessEnv): Promise<number> {
    const started = performance.now();
    const child = spawn(program, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    const keep = (chunk: Buffer) => (text = (text + chunk.toString()).slice(-4000));
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
    const seconds = (performance.now() - started) / 1000;
    if (code !== 0) {
        throw new Error(`${path.basename(program)} ${args.join(" ")} ended with ${String(code)}:\n${text}`);
    }
    return seconds;
}

/** Removes a farm's folder after its processes have ended. */
export async function endFarm(farm: Farm): Promise<void> {
    await farm.stop();
    fs.rmSync(path.dirname(farm.dir), { recursive: true, force: true });
}
