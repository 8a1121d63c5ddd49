import { isObject, isSecret, reveal, type Properties, type Value } from "./properties";

/** Attributes of cache and export entries by type: the provider's name, then BuildKit's. */
type Attributes = Record<string, Record<string, string>>;

const image = { push: "push", pushByDigest: "push-by-digest", ociMediaTypes: "oci-mediatypes", names: "name" };
const exportTypes: Attributes = { image, registry: image, cacheonly: {} };
const cacheFromTypes: Attributes = { registry: { ref: "ref" } };
const cacheToTypes: Attributes = {
    registry: {
        ref: "ref",
        mode: "mode",
        ignoreError: "ignore-error",
        ociMediaTypes: "oci-mediatypes",
        imageManifest: "image-manifest",
    },
};

/** The flags of `buildx build`, in a fixed order; secret values go into the environment. */
export function imageFlags(inputs: Properties): { args: string[]; env: Record<string, string> } {
    const plain = reveal(inputs) as Properties;
    const inline = asObject(plain.dockerfile).inline;
    const secrets = pairs(plain.secrets);
    const buildArgs = pairs(plain.buildArgs);
    const isHidden = (name: string) => isSecret(inputs.buildArgs) || isSecret(asObject(inputs.buildArgs)[name]);
    const hidden = buildArgs.filter(([name]) => isHidden(name));
    const reserved = hidden.find(([name]) => /^(PATH|HOME|(DOCKER|BUILDX|BUILDKIT)_.*)$/.test(name));
    if (reserved !== undefined) {
        throw new Error(`buildArgs.${reserved[0]}: as a secret it would change buildx itself; rename it`);
    }
    const flags: [name: string, values: string[]][] = [
        ["builder", [text(asObject(plain.builder).name)]],
        ["file", [inline ? "-" : text(asObject(plain.dockerfile).location)]],
        ["add-host", texts(plain.addHosts)],
        ["build-arg", buildArgs.map(([name, value]) => (isHidden(name) ? name : `${name}=${value}`))],
        ["build-context", Object.entries(namedContexts(plain)).map((named) => named.join("="))],
        ["cache-from", list(plain.cacheFrom).map((entry) => attributes("cacheFrom", cacheFromTypes, entry))],
        ["cache-to", list(plain.cacheTo).map((entry) => attributes("cacheTo", cacheToTypes, entry))],
        ["label", pairs(plain.labels).map((label) => label.join("="))],
        ["network", [text(plain.network)]],
        ["platform", [texts(plain.platforms).join(",")]],
        ["target", [text(plain.target)]],
        ["output", list(plain.exports).map((entry) => attributes("exports", exportTypes, entry))],
        ["output", [plain.push === true ? "type=registry" : ""]],
        ["tag", texts(plain.tags)],
        ["secret", secrets.map(([id], index) => `id=${id},env=REHEARSAL_SECRET_${index}`)],
        ["ssh", list(plain.ssh).map((entry) => sshFlag(asObject(entry)))],
        ["no-cache", [plain.noCache === true ? "true" : ""]],
        ["pull", [plain.pull === true ? "true" : ""]],
        ["provenance", ["false"]],
    ];
    const secretValues = secrets.map(([, value], index) => [`REHEARSAL_SECRET_${index}`, value] as const);
    return {
        args: flags.flatMap(([name, values]) => values.filter(Boolean).map((value) => `--${name}=${value}`)),
        env: Object.fromEntries([...hidden, ...secretValues]),
    };
}

/** Locations of the further contexts, by name. */
export function namedContexts(plain: Properties): Record<string, string> {
    const named = Object.entries(asObject(asObject(plain.context).named)).sort();
    return Object.fromEntries(named.map(([name, value]) => [name, text(asObject(value).location)]));
}

/** One cache or export entry, as `type=registry,ref=…`; empty when it is disabled. */
function attributes(property: string, types: Attributes, value: Value): string {
    const { disabled, raw, ...entry } = asObject(value);
    const [type = "", ...others] = Object.keys(entry);
    const options = asObject(entry[type]);
    const known = types[type] ?? {};
    const unknown = Object.keys(options).filter((key) => !(key in known));
    if (disabled === true || type === "") {
        return disabled === true ? "" : text(raw);
    }
    if (!(type in types) || raw || others.length + unknown.length > 0) {
        const got = [type, ...others, ...unknown].join(", ");
        throw new Error(`${property}: ${got} is not rehearsed; one of ${JSON.stringify(types)} or raw is`);
    }
    const parts = Object.entries(known).flatMap(([key, name]) => {
        const option = options[key] ?? null;
        return [option].flat().map((part) => (text(part) === "" ? "" : `,${name}=${text(part)}`));
    });
    return `type=${type}${parts.join("")}`;
}

function sshFlag({ id, paths }: { [key: string]: Value }): string {
    return [text(id), texts(paths).join(",")].filter((part) => part !== "").join("=");
}

/** Names and texts in the order of their names. */
function pairs(value: Value | undefined): [string, string][] {
    const sorted = Object.entries(asObject(value)).sort(([a], [b]) => (a < b ? -1 : 1));
    return sorted.map(([name, inner]) => [name, text(inner)]);
}

export function asObject(value: Value | undefined): { [key: string]: Value } {
    return isObject(value) ? value : {};
}

export function list(value: Value | undefined): Value[] {
    return Array.isArray(value) ? value : [];
}

export function texts(value: Value | undefined): string[] {
    return list(value).map(text);
}

export function text(value: Value | undefined): string {
    return typeof value === "object" || value === undefined ? "" : String(value);
}
