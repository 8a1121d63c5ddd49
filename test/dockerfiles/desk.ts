import * as fs from "node:fs";
import * as path from "node:path";
import type { Builder } from "../../components/builder";
import { isNative } from "../../dev/local/emulation";
import type { Farm } from "../../dev/local/farm";
import { runCommand } from "../support/commands";
import { Machine, newestBuildx } from "../support/machine";
import { bases, basesContext } from "./bases";
import { dockerfiles } from "./page";

/** One step of a build as buildx tells of it. */
export interface Step {
    /** For example `[linux/amd64->arm64 build 6/6] RUN go build`. */
    name: string;
    cached: boolean;
    /** What it printed. */
    log: string;
}

export interface Build {
    steps: Step[];
    /** What buildx printed that is no step; the error of a build that failed. */
    message: string;
    failed: boolean;
    /** Folder with the files of each image, by `<os>_<arch>[_<variant>]`. */
    out: string;
}

export interface BuildOptions {
    builder: string;
    platforms: string[];
    args?: string[];
    env?: Record<string, string>;
}

/** A person's machine with builders, who builds the page's Dockerfiles. */
export class Desk {
    private readonly machine: Machine;
    private readonly texts = dockerfiles();
    private number = 0;

    private constructor(
        private readonly farm: Farm,
        private readonly dir: string,
    ) {
        this.machine = new Machine(farm, dir);
        this.machine.logIn();
    }

    /** Registers the builders, each with the platforms of its nodes, and pushes the stand-ins of base images. */
    static async open(farm: Farm, dir: string, builders: Record<string, Record<string, string[]>>): Promise<Desk> {
        const desk = new Desk(farm, dir);
        for (const [name, nodes] of Object.entries(builders)) {
            await desk.register(name, nodes);
        }
        const [first] = Object.keys(builders);
        for (const [image, { dockerfile, architectures }] of Object.entries(bases)) {
            const output = `type=image,name=${desk.standIn(image)},push=true,compression=uncompressed,oci-mediatypes=true`;
            const platforms = architectures.map((architecture) => `linux/${architecture}`).join();
            const args = ["build", "--builder", first!, "--platform", platforms, "--provenance=false", "-f", "-"];
            const { status, stderr } = await runCommand(newestBuildx, [...args, "--output", output, basesContext], {
                env: desk.machine.env,
                input: dockerfile,
                seconds: 300,
            });
            if (status !== 0) {
                throw new Error(`making the stand-in of ${image} failed:\n${stderr}`);
            }
        }
        return desk;
    }

    /** A new build context. */
    context(files: Record<string, string>): string {
        const folder = path.join(this.dir, `context-${++this.number}`);
        for (const [name, text] of Object.entries(files)) {
            fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
            fs.writeFileSync(path.join(folder, name), text);
        }
        return folder;
    }

    /** Builds a Dockerfile of the page, whether it succeeds or not. */
    async build(name: string, context: string, options: BuildOptions): Promise<Build> {
        const out = path.join(this.dir, `out-${++this.number}`);
        const args = ["--platform", options.platforms.join(), "--provenance=false", "--progress=rawjson"];
        const { status, stderr } = await this.run(name, context, options, [
            ...args,
            "--output",
            `type=local,dest=${out}`,
        ]);
        return { ...parseProgress(stderr), failed: status !== 0, out };
    }

    /** Builds and pushes; gives the reference. */
    async push(name: string, context: string, options: BuildOptions): Promise<string> {
        const reference = `${this.farm.registry.address}/${name}:pushed`;
        const args = ["--platform", options.platforms.join(), "--provenance=false", "-t", reference, "--push"];
        const { status, stderr } = await this.run(name, context, options, args);
        if (status !== 0) {
            throw new Error(stderr);
        }
        return reference;
    }

    /** What BuildKit's own checks say of a Dockerfile of the page: the names of the rules. */
    async check(name: string, builder: string): Promise<string[]> {
        const context = this.context({ "nothing.txt": "" });
        const { stdout, stderr } = await this.run(name, context, { builder, platforms: [] }, [
            "--call=check,format=json",
        ]);
        const start = stdout.indexOf("{");
        if (start < 0) {
            throw new Error(`the check of ${name} printed no result:\n${stdout}\n${stderr}`);
        }
        const { warnings } = JSON.parse(stdout.slice(start)) as { warnings?: { ruleName: string }[] };
        return (warnings ?? []).map(({ ruleName }) => ruleName);
    }

    private run(name: string, context: string, { builder, args = [], env = {} }: BuildOptions, more: string[]) {
        const replaced = Object.keys(bases).flatMap((image) => [
            "--build-context",
            `${image}=docker-image://${this.standIn(image)}`,
        ]);
        return runCommand(
            newestBuildx,
            ["build", "--builder", builder, "-f", "-", ...replaced, ...more, ...args, context],
            {
                env: { ...this.machine.env, ...env },
                input: this.texts.get(name)!,
                seconds: 300,
            },
        );
    }

    private standIn(image: string): string {
        return `${this.farm.registry.address}/base/${image}`;
    }

    private async register(name: string, nodes: Record<string, string[]>): Promise<void> {
        const record: Builder = {
            name,
            nodes: Object.entries(nodes).map(([node, platforms]) => {
                const { endpoint, serverName } = this.farm.nodes.find((candidate) => candidate.name === node)!;
                const emulated = platforms.filter((platform) => !isNative(platform));
                return { name: `${name}-${node}`, platforms, emulated, endpoint, serverName };
            }),
        };
        const outputs = JSON.stringify({ builder: record, builderCredentials: this.farm.credentials });
        const { status, stderr } = await this.machine.cli(["use"], outputs);
        if (status !== 0) {
            throw new Error(`registering ${name} failed: ${stderr}`);
        }
    }
}

interface Progress {
    vertexes?: { digest: string; name: string; cached?: boolean }[];
    logs?: { vertex: string; data: string }[];
}

/** The instructions in the output of `--progress=rawjson`, without the look-up of contexts and base images. */
export function parseProgress(text: string): { steps: Step[]; message: string } {
    const steps = new Map<string, Step>();
    const message: string[] = [];
    for (const line of text.split("\n").filter(Boolean)) {
        if (!line.startsWith("{")) {
            message.push(line);
            continue;
        }
        const { vertexes = [], logs = [] } = JSON.parse(line) as Progress;
        for (const { digest, name, cached = false } of vertexes) {
            const known = steps.get(digest);
            steps.set(digest, { name, cached: cached || (known?.cached ?? false), log: known?.log ?? "" });
        }
        for (const { vertex, data } of logs) {
            const step = steps.get(vertex);
            if (step) {
                step.log += Buffer.from(data, "base64").toString();
            }
        }
    }
    return {
        steps: [...steps.values()].filter(({ name }) => /^\[[^\]]*\d\/\d+\] [A-Z]/.test(name)),
        message: message.join("\n"),
    };
}
