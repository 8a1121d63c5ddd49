import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { isRemoteContext } from "../../components/image/context";
import type { BuildSteps } from "./buildSteps";
import { runBuildx } from "./buildx";
import { hashBuildContext, isDirectory } from "./contextHash";
import { asObject, imageFlags, list, namedContexts, text, texts } from "./imageFlags";
import { containsUnknown, isSecret, reveal, type Properties, type Value } from "./properties";
import type { Difference, Goal, Provider, ResourceState, Run } from "./resource";
import { changedInputs } from "./steps";

const imageType = "docker-build:index:Image";
const indexType = "docker-build:index:Index";

/** The provider of `@pulumi/docker-build` 0.0.22 for what the components use, by the real buildx. */
export class DockerBuild implements Provider {
    readonly modelled = false;
    readonly needsReality = true;

    private readonly hashes = new Map<string, Promise<string>>();

    constructor(
        private readonly cwd: string,
        private readonly env: NodeJS.ProcessEnv,
    ) {}

    handles(type: string): boolean {
        return type === imageType || type === indexType;
    }

    async check({ type, inputs }: Goal): Promise<Properties> {
        const plain = reveal(inputs) as Properties;
        const unpushed = type === indexType && plain.push === false;
        if (unpushed || plain.exec === true || plain.load === true) {
            throw new Error("exec, load and an Index that is not pushed are not rehearsed: take it out");
        }
        return type === imageType ? this.checkImage(inputs, plain) : inputs;
    }

    async difference({ type, inputs }: Goal, old: ResourceState): Promise<Difference> {
        const changed = changedInputs(withoutPasswords(old.inputs), withoutPasswords(inputs));
        if (type === indexType) {
            return { changed, replace: changed.includes("tag") };
        }
        const plain = reveal(inputs) as Properties;
        const unclear = plain.pull === true || containsUnknown(plain.context ?? null);
        if (unclear || (await this.contextHash(plain)) !== old.outputs.contextHash) {
            changed.push("contextHash");
        }
        return { changed, replace: false };
    }

    computed({ type }: Goal): string[] {
        return type === imageType ? ["contextHash", "digest", "ref"] : ["ref"];
    }

    async apply(goal: Goal, { progress, signal }: Run) {
        const plain = reveal(goal.inputs) as Properties;
        const what = texts(plain.platforms).join(", ") || goal.name;
        const buildx = (args: string[], more: NodeJS.ProcessEnv = {}, input = "") => {
            const env = { ...this.env, ...logins(plain), ...more };
            const watch = ({ current }: BuildSteps) => current && progress(current.step, current.extent);
            return runBuildx({ args, input, what, watch, signal, cwd: this.cwd, env });
        };
        return goal.type === imageType ? this.build(goal, plain, buildx) : this.createIndex(goal, plain, buildx);
    }

    /** Fills in the default Dockerfile, which the context hash covers. */
    private async checkImage(inputs: Properties, plain: Properties): Promise<Properties> {
        if (!containsUnknown(plain)) {
            imageFlags(inputs);
        }
        const location = locationOf(plain);
        const dockerfile = asObject(plain.dockerfile);
        if (isRemoteContext(location) || containsUnknown([plain.context ?? null, dockerfile])) {
            return inputs;
        }
        if (!(await isDirectory(path.resolve(this.cwd, location)))) {
            throw new Error(`context.location: ${JSON.stringify(location)}: not a valid directory or URL`);
        }
        if (dockerfile.inline || dockerfile.location || isSecret(inputs.dockerfile)) {
            return inputs;
        }
        return { ...inputs, dockerfile: { location: path.join(location, "Dockerfile") } };
    }

    /** The images of a run share contexts, and each asks before and during its build: every context is read once. */
    private contextHash(plain: Properties): Promise<string> {
        const dockerfile = text(asObject(plain.dockerfile).location);
        const key = JSON.stringify([locationOf(plain), dockerfile, namedContexts(plain)]);
        const hash =
            this.hashes.get(key) ?? hashBuildContext(this.cwd, locationOf(plain), dockerfile, namedContexts(plain));
        this.hashes.set(key, hash);
        return hash;
    }

    private async build({ name, inputs }: Goal, plain: Properties, buildx: Buildx) {
        const contextHash = await this.contextHash(plain);
        const folder = await fs.mkdtemp(path.join(this.env.TMPDIR ?? os.tmpdir(), "rehearsal-build-"));
        try {
            const metadataFile = path.join(folder, "metadata.json");
            const { args, env } = imageFlags(inputs);
            await buildx(
                ["build", ...args, "--progress=rawjson", "--metadata-file", metadataFile, locationOf(plain)],
                { ...env, BUILDX_METADATA_PROVENANCE: "disabled" },
                text(asObject(plain.dockerfile).inline),
            );
            const metadata = JSON.parse(await fs.readFile(metadataFile, "utf8")) as Record<string, Value>;
            const digest = text(metadata["containerimage.digest"]);
            const [tag = ""] = texts(plain.tags);
            const ref = tag && digest ? `${tag}@${digest}` : tag;
            return { id: digest || name, outputs: { ...inputs, contextHash, digest, ref } };
        } finally {
            await fs.rm(folder, { recursive: true, force: true });
        }
    }

    private async createIndex({ name, inputs }: Goal, plain: Properties, buildx: Buildx) {
        const tag = text(plain.tag);
        await buildx(["imagetools", "create", "--progress=rawjson", "--tag", tag, ...texts(plain.sources)]);
        const manifest = await buildx(["imagetools", "inspect", tag, "--format", "{{json .Manifest}}"]);
        const { digest } = JSON.parse(manifest) as { digest: string };
        return { id: name, outputs: { ...inputs, ref: `${tag}@${digest}` } };
    }
}

type Buildx = (args: string[], env?: NodeJS.ProcessEnv, input?: string) => Promise<string>;

function locationOf(plain: Properties): string {
    return text(asObject(plain.context).location) || ".";
}

/** Registry passwords are short-lived: they do not count as a change. */
export function withoutPasswords(inputs: Properties): Properties {
    const strip = (login: Value) => ({ ...asObject(login), password: null });
    const { registries, registry = null, ...others } = reveal(inputs) as Properties;
    return { ...others, registries: list(registries).map(strip), registry: strip(registry) };
}

/** Registry logins for the child alone: docker/cli reads them from this variable, so nothing is written. */
function logins(plain: Properties): Record<string, string> {
    const given = [...list(plain.registries), plain.registry ?? null].map(asObject);
    const auths = given
        .filter(({ username }) => text(username) !== "")
        .map((login) => {
            const auth = Buffer.from(`${text(login.username)}:${text(login.password)}`).toString("base64");
            return [registryKey(text(login.address)), { auth }] as const;
        });
    return auths.length === 0 ? {} : { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: Object.fromEntries(auths) }) };
}

/** The host under which Docker keeps a login. */
function registryKey(address: string): string {
    const host = address.replace(/^https?:\/\//, "").split("/")[0] ?? "";
    return /^(index\.|registry-1\.)?docker\.io$/.test(host) ? "https://index.docker.io/v1/" : host;
}
