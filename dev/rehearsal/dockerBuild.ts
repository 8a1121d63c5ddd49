import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { platformProblem } from "../../components/platform";
import { runBuildx } from "./buildx";
import { hashBuildContext, isDirectory } from "./contextHash";
import { imageFlags, list, namedContexts, text } from "./imageFlags";
import { containsUnknown, isObject, isSecret, reveal, unknown, type Properties, type Value } from "./properties";
import type { Provider, ProviderCall } from "./provider";
import { deleteManifest, registryKey, splitReference, type RegistryLogin } from "./registryDelete";
import type { ResourceState } from "./state";
import { dockerBuildDifference, type Difference } from "./steps";

const imageType = "docker-build:index:Image";
const indexType = "docker-build:index:Index";

/** The provider of `@pulumi/docker-build` 0.0.22 for what the components use, by the real buildx. */
export class DockerBuild implements Provider {
    readonly modelled = false;
    readonly needsReality = true;

    constructor(
        private readonly cwd: string,
        private readonly env: NodeJS.ProcessEnv,
        private readonly warn: (text: string) => void,
    ) {}

    handles(type: string): boolean {
        return type === imageType || type === indexType;
    }

    async check({ type, inputs }: ProviderCall): Promise<Properties> {
        const problems: string[] = [];
        const plain = reveal(inputs) as Properties;
        const result = { ...inputs };
        if (type === imageType) {
            const context = isObject(plain.context) ? plain.context : { location: "." };
            const dockerfile = isObject(plain.dockerfile) ? plain.dockerfile : {};
            result.context ??= { location: "." };
            if (!containsUnknown(context) && !containsUnknown(dockerfile)) {
                const checked = await this.checkContext(text(context.location) || ".", dockerfile, problems);
                if (Object.keys(checked).length > 0 && !isSecret(inputs.dockerfile)) {
                    result.dockerfile = checked;
                }
            }
            list(plain.platforms).forEach((platform, index) => {
                const problem =
                    platform === unknown || !/^linux(\/|$)|^[^/]*$/.test(text(platform))
                        ? undefined
                        : platformProblem(text(platform));
                if (problem !== undefined) {
                    problems.push(`platforms[${index}]: ${JSON.stringify(platform)} is ${problem}`);
                }
            });
            if (plain.exec === true) {
                problems.push("exec: not rehearsed; leave it out");
            }
            if (!containsUnknown(plain)) {
                collect(problems, () => imageFlags(plain));
            }
        } else if (!containsUnknown(plain.tag ?? null) && !/^[\w.:/@-]+$/.test(text(plain.tag))) {
            problems.push(`tag: invalid reference format (got ${JSON.stringify(plain.tag)})`);
        }
        if (problems.length > 0) {
            throw new Error(problems.join("\n"));
        }
        return result;
    }

    async difference({ type, inputs, old }: ProviderCall & { old: ResourceState }): Promise<Difference> {
        const difference = dockerBuildDifference(type, old.inputs, inputs);
        if (type === imageType) {
            const plain = reveal(inputs) as Properties;
            const pulled =
                plain.pull === true && (list(plain.exports).length > 0 || plain.push === true || plain.load === true);
            if (
                pulled ||
                containsUnknown(plain.context ?? null) ||
                (await this.contextHash(plain)) !== old.outputs.contextHash
            ) {
                difference.changed.push("contextHash");
            }
        }
        return difference;
    }

    computed({ type }: ProviderCall): string[] {
        return type === imageType ? ["contextHash", "digest", "ref"] : ["ref"];
    }

    previewWarning({ type, name, inputs }: ProviderCall): string | undefined {
        return type === imageType && inputs.buildOnPreview !== false && !containsUnknown(inputs)
            ? `${name}: the real provider would build this image in the preview; set buildOnPreview: false`
            : undefined;
    }

    async apply(call: ProviderCall): Promise<{ id: string; outputs: Properties }> {
        return call.type === imageType ? this.build(call) : this.createIndex(call);
    }

    /** Deletes the manifests, as the provider: those of an Image by its tags' repositories. */
    async delete({ type, inputs, outputs }: ResourceState): Promise<void> {
        const plain = reveal(inputs) as Properties;
        const references =
            type === indexType
                ? [plain.push === false ? "" : text(outputs.ref)]
                : [...new Set(list(plain.tags).map((tag) => repository(text(tag))))].map(
                      (name) => `${name}@${text(outputs.digest)}`,
                  );
        for (const reference of references.filter((candidate) => candidate.includes("@sha256:"))) {
            await deleteManifest(reference, logins(plain), this.warn);
        }
    }

    private async checkContext(
        location: string,
        dockerfile: { [key: string]: Value },
        problems: string[],
    ): Promise<Properties> {
        if (isRemote(location)) {
            return dockerfile;
        }
        if (!(await isDirectory(path.resolve(this.cwd, location)))) {
            problems.push(`context.location: ${JSON.stringify(location)}: not a valid directory or URL`);
        }
        const file = text(dockerfile.location);
        if (file && dockerfile.inline) {
            problems.push('dockerfile: only specify "file" or "inline", not both');
        }
        const result = file || dockerfile.inline ? dockerfile : { location: path.join(location, "Dockerfile") };
        const onDisk = text(result.location);
        if (onDisk && !isRemote(onDisk)) {
            await fs
                .access(path.resolve(this.cwd, onDisk))
                .catch(() => problems.push(`dockerfile.location: open ${onDisk}: no such file or directory`));
        }
        return result;
    }

    private contextHash(plain: Properties): Promise<string> {
        const context = isObject(plain.context) ? plain.context : {};
        const dockerfile = isObject(plain.dockerfile) ? plain.dockerfile : {};
        return hashBuildContext(
            this.cwd,
            text(context.location) || ".",
            text(dockerfile.location),
            namedContexts(context),
        );
    }

    private async build({ inputs, urn, progress, signal }: ProviderCall): Promise<{ id: string; outputs: Properties }> {
        const plain = reveal(inputs) as Properties;
        const contextHash = await this.contextHash(plain);
        const folder = await fs.mkdtemp(path.join(this.env.TMPDIR ?? os.tmpdir(), "rehearsal-build-"));
        try {
            const metadataFile = path.join(folder, "metadata.json");
            await fs.writeFile(metadataFile, "", { mode: 0o600 });
            const { args, env } = imageFlags(plain, inputs);
            const context = isObject(plain.context) ? plain.context : {};
            const dockerfile = isObject(plain.dockerfile) ? plain.dockerfile : {};
            if (list(plain.exports).length === 0 && plain.push !== true && plain.load !== true) {
                this.warn(`${urn}: no exports were specified, so the build only remains in the build cache`);
            }
            await runBuildx({
                args: [
                    "build",
                    ...args,
                    "--progress=rawjson",
                    "--metadata-file",
                    metadataFile,
                    text(context.location) || ".",
                ],
                cwd: this.cwd,
                env: { ...this.env, ...env, ...credentials(plain), BUILDX_METADATA_PROVENANCE: "disabled" },
                input: text(dockerfile.inline),
                progress,
                signal,
            });
            const written = await fs.readFile(metadataFile, "utf8");
            const metadata = (written ? JSON.parse(written) : {}) as Record<string, unknown>;
            const found = metadata["containerimage.digest"];
            const digest = typeof found === "string" ? found : "";
            const tags = list(plain.tags).map(text);
            const ref = digest
                ? (tags.map((tag) => withDigest(tag, digest)).find((candidate) => candidate !== undefined) ??
                  tags[0] ??
                  "")
                : (tags[0] ?? "");
            return { id: digest || (urn.split("::").pop() ?? urn), outputs: { ...inputs, contextHash, digest, ref } };
        } finally {
            await fs.rm(folder, { recursive: true, force: true });
        }
    }

    private async createIndex({ inputs, name, signal }: ProviderCall): Promise<{ id: string; outputs: Properties }> {
        const plain = reveal(inputs) as Properties;
        const tag = text(plain.tag);
        const pushed = plain.push !== false;
        const run = (args: string[]) =>
            runBuildx({
                args: ["imagetools", ...args],
                cwd: this.cwd,
                env: { ...this.env, ...credentials(plain) },
                signal,
            });
        await run([
            "create",
            "--progress=plain",
            "--tag",
            tag,
            ...(pushed ? [] : ["--dry-run"]),
            ...list(plain.sources).map(text),
        ]);
        if (!pushed) {
            return { id: name, outputs: { ...inputs, ref: tag } };
        }
        const manifest = JSON.parse(await run(["inspect", tag, "--format", "{{json .Manifest}}"])) as {
            digest: string;
        };
        return { id: name, outputs: { ...inputs, ref: withDigest(tag, manifest.digest) ?? tag } };
    }
}

/** `repository:tag@digest` for a fully qualified tag. */
export function withDigest(tag: string, digest: string): string | undefined {
    const { host } = splitReference(tag);
    const name = tag.split("@")[0] ?? "";
    // Only names in their full form count: `docker.io/library/alpine`, not `alpine` or `docker.io/alpine`.
    if (!tag.startsWith(`${host}/`) || /^docker\.io\/[^/]+$/.test(name)) {
        return undefined;
    }
    return `${/:[^/]+$/.test(name.slice(host.length)) ? name : `${name}:latest`}@${digest}`;
}

/** Registry logins for the child alone: docker/cli reads them from this variable, so nothing is written. */
function credentials(plain: Properties): Record<string, string> {
    const auths = logins(plain).map(({ address, username, password }) => [
        registryKey(address),
        { auth: Buffer.from(`${username}:${password}`).toString("base64") },
    ]);
    return auths.length > 0
        ? { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: Object.fromEntries(auths) as unknown }) }
        : {};
}

function logins(plain: Properties): RegistryLogin[] {
    return [...list(plain.registries), plain.registry ?? null]
        .filter(isObject)
        .map(({ address, username, password }) => ({
            address: text(address),
            username: text(username),
            password: text(password),
        }))
        .filter(({ username }) => username !== "");
}

function repository(tag: string): string {
    return (tag.split("@")[0] ?? "").replace(/:[^:/]+$/, "");
}

function isRemote(location: string): boolean {
    return /^(https?:\/\/|git:\/\/|github\.com\/|git@)/.test(location);
}

function collect(problems: string[], check: () => unknown): void {
    try {
        check();
    } catch (error) {
        problems.push((error as Error).message);
    }
}
