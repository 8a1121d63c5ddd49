import { cacheEntry, exportEntry, isPushed } from "./buildxFlags";
import { isObject, isSecret, type Properties, type Value } from "./properties";

/** The flags of `buildx build`, in a fixed order; secret values go into the environment. */
export function imageFlags(
    plain: Properties,
    wire: Properties = plain,
): { args: string[]; env: Record<string, string> } {
    const args: string[] = [];
    const env: Record<string, string> = {};
    const flag = (name: string, value: string) => {
        if (value !== "") {
            args.push(`--${name}`, value);
        }
    };
    const builder = isObject(plain.builder) ? plain.builder : {};
    const dockerfile = isObject(plain.dockerfile) ? plain.dockerfile : {};
    const context = isObject(plain.context) ? plain.context : {};
    flag("builder", text(builder.name));
    flag("file", dockerfile.inline ? "-" : text(dockerfile.location));
    list(plain.addHosts).forEach((host) => flag("add-host", text(host)));
    for (const [name, value] of entries(plain.buildArgs)) {
        const given = isSecret(wire.buildArgs) || (isObject(wire.buildArgs) && isSecret(wire.buildArgs[name]));
        if (given) {
            if (/^(PATH|HOME|(DOCKER|BUILDX|BUILDKIT)_.*)$/.test(name)) {
                throw new Error(
                    `buildArgs.${name}: a secret build argument of this name would change buildx itself; rename it`,
                );
            }
            env[name] = text(value);
        }
        flag("build-arg", given ? name : `${name}=${text(value)}`);
    }
    for (const [name, location] of Object.entries(namedContexts(context)).sort()) {
        flag("build-context", `${name}=${location}`);
    }
    list(plain.cacheFrom).forEach((entry) => flag("cache-from", isObject(entry) ? cacheEntry(entry, "cacheFrom") : ""));
    list(plain.cacheTo).forEach((entry) => flag("cache-to", isObject(entry) ? cacheEntry(entry, "cacheTo") : ""));
    entries(plain.labels).forEach(([name, value]) => flag("label", `${name}=${text(value)}`));
    flag("network", text(plain.network));
    flag("platform", list(plain.platforms).map(text).join(","));
    flag("target", text(plain.target));
    const exports = list(plain.exports).map((entry) => (isObject(entry) ? exportEntry(entry) : ""));
    exports.push(plain.push === true ? "type=registry" : "", plain.load === true ? "type=docker" : "");
    exports.forEach((entry) => flag("output", entry));
    if (list(plain.tags).length === 0 && exports.some((entry) => isPushed(entry) && !entry.includes("name="))) {
        throw new Error("exports: at least one tag or export name is needed when pushing to a registry");
    }
    list(plain.tags).forEach((tag) => flag("tag", text(tag)));
    entries(plain.secrets).forEach(([id, value], index) => {
        env[`REHEARSAL_SECRET_${index}`] = text(value);
        flag("secret", `id=${id},env=REHEARSAL_SECRET_${index}`);
    });
    list(plain.ssh).forEach((entry) => {
        const { id, paths } = isObject(entry) ? entry : {};
        flag("ssh", `${text(id)}${list(paths).length > 0 ? `=${list(paths).map(text).join(",")}` : ""}`);
    });
    args.push(
        ...(plain.noCache === true ? ["--no-cache"] : []),
        ...(plain.pull === true ? ["--pull"] : []),
        "--provenance=false",
    );
    return { args, env };
}

export function namedContexts(context: { [key: string]: Value }): Record<string, string> {
    return Object.fromEntries(
        entries(context.named).map(([name, value]) => [name, isObject(value) ? text(value.location) : text(value)]),
    );
}

export function entries(value: Value | undefined): [string, Value][] {
    return isObject(value) ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)) : [];
}

export function list(value: Value | undefined): Value[] {
    return Array.isArray(value) ? value : [];
}

export function text(value: Value | undefined): string {
    return typeof value === "string"
        ? value
        : typeof value === "number" || typeof value === "boolean"
          ? String(value)
          : "";
}
