import { docker, dockerText } from "./docker";
import { EngineError, adviceFor } from "./problems";
import type { ContainerSpec, PublishedPort } from "./specs";
import { tarOf } from "./tar";
import { sha256 } from "../files";
import { lastLines } from "../../tools/requirements";

const farmLabel = "multiarch-builder.farm";
const dirLabel = "multiarch-builder.dir";
const fingerprintLabel = "multiarch-builder.fingerprint";

/** Everything of one farm on an engine: containers and volumes carry a label that follows from its folder. */
export class FarmContainers {
    private readonly id: string;

    constructor(private readonly dir: string) {
        this.id = sha256(dir).slice(0, 12);
    }

    /** Name of a container and of its volume. */
    nameOf(name: string): string {
        return `multiarch-builder-${this.id}-${name}`;
    }

    /** Whether exactly these containers run, made of the same parts. */
    async runs(names: string[], fingerprint: string): Promise<boolean> {
        const format = `{{.Names}} {{.State}} {{.Label "${fingerprintLabel}"}}`;
        const found = (await docker(["ps", "--all", ...this.mine, "--format", format])).split("\n").filter(Boolean);
        const wanted = names.map((name) => `${this.nameOf(name)} running ${fingerprint}`);
        return found.length === wanted.length && wanted.every((line) => found.includes(line));
    }

    /** Names of the running containers, without the farm's part. */
    async running(): Promise<string[]> {
        const names = await docker(["ps", ...this.mine, "--format", "{{.Names}}"]);
        return lines(names).map((name) => name.slice(this.nameOf("").length));
    }

    /** Makes and starts containers in place of those that are there; volumes stay. `made` is told of each new volume. */
    async start(
        specs: ContainerSpec[],
        ports: PublishedPort[],
        fingerprint: string,
        signal: AbortSignal,
        made: (volume: string) => void,
    ): Promise<void> {
        await this.removeContainers();
        const there = await this.volumes();
        const labels = this.labels({ [fingerprintLabel]: fingerprint });
        const publish = ports.flatMap(({ host, container }) => ["--publish", `127.0.0.1:${host}:${container}`]);
        for (const [i, { name, image, options, command, volume, files }] of specs.entries()) {
            signal.throwIfAborted();
            const own = this.nameOf(name);
            if (!there.includes(own)) {
                await docker(["volume", "create", ...this.labels({}), own]);
                made(own);
            }
            const network = i === 0 ? publish : ["--network", `container:${this.nameOf(specs[0]!.name)}`];
            const create = ["create", "--name", own, ...labels, ...network, "--volume", `${own}:${volume}`];
            // Engines that map users give no privileges within a mapping.
            await docker([...create, "--userns", "host", ...options, image, ...command]);
            // By the API and not as mounts: a remote engine or a virtual machine cannot see this machine's files.
            const relative = Object.entries(files).map(([path, text]) => [path.replace(/^\//, ""), text] as const);
            await docker(["cp", "-", `${own}:/`], { input: tarOf(Object.fromEntries(relative)) });
            await docker(["start", own]);
        }
    }

    /** An error about a container, with the end of its log and the remedy where one is known. */
    async failure(name: string, what: string): Promise<EngineError> {
        const log = lastLines(await dockerText(["logs", "--tail", "15", this.nameOf(name)]), 15);
        const advice = adviceFor(log);
        return new EngineError(`${name} ${what}${advice ? `: ${advice}` : ""}; last lines of its log:\n${log}`);
    }

    /** Removes the containers; returns how many there were. */
    async removeContainers(): Promise<number> {
        const found = lines(await docker(["ps", "--all", "--quiet", ...this.mine]));
        if (found.length > 0) {
            await docker(["rm", "--force", "--volumes", ...found]);
        }
        return found.length;
    }

    async removeVolumes(names: string[]): Promise<void> {
        if (names.length > 0) {
            await docker(["volume", "rm", "--force", ...names]);
        }
    }

    async volumes(): Promise<string[]> {
        return lines(await docker(["volume", "ls", "--quiet", ...this.mine]));
    }

    private get mine(): string[] {
        return ["--filter", `label=${farmLabel}=${this.id}`];
    }

    private labels(more: Record<string, string>): string[] {
        const all = { [farmLabel]: this.id, [dirLabel]: this.dir, ...more };
        return Object.entries(all).flatMap(([key, value]) => ["--label", `${key}=${value}`]);
    }
}

function lines(text: string): string[] {
    return text.split("\n").filter(Boolean);
}
