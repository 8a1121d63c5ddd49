import { isObject, type Value } from "./properties";

type Entry = { [key: string]: Value };

/** One `--cache-from` or `--cache-to` entry as the provider serialises it; empty when disabled (provider/internal/cache.go). */
export function cacheEntry(entry: Entry, direction: "cacheFrom" | "cacheTo"): string {
    if (entry.disabled === true) {
        return "";
    }
    const known = ["registry", "local", "inline", "gha", "raw", "disabled"];
    const other = Object.keys(entry).find((key) => !known.includes(key));
    if (other !== undefined) {
        throw new Error(
            `${direction}: the cache type ${JSON.stringify(other)} is not rehearsed; known: registry, local, inline, gha, raw`,
        );
    }
    const parts: string[] = [];
    const to = direction === "cacheTo";
    if (isObject(entry.inline)) {
        parts.push("type=inline");
    }
    if (isObject(entry.local)) {
        const { local } = entry;
        parts.push(
            ...(to
                ? [
                      "type=local",
                      attribute("dest", local.dest),
                      ...compression(local),
                      ...flags(local, { "ignore-error": "ignoreError" }),
                  ]
                : ["type=local", attribute("src", local.src), attribute("digest", local.digest)]),
        );
    }
    if (isObject(entry.registry)) {
        const { registry } = entry;
        parts.push("type=registry", attribute("ref", registry.ref));
        if (to) {
            parts.push(attribute("mode", registry.mode), ...flags(registry, { "ignore-error": "ignoreError" }));
            if (typeof registry.ociMediaTypes === "boolean") {
                parts.push(
                    ...flags(registry, { "oci-mediatypes": "ociMediaTypes", "image-manifest": "imageManifest" }),
                );
            }
            parts.push(...compression(registry));
        }
    }
    if (isObject(entry.gha)) {
        parts.push(
            "type=gha",
            attribute("scope", entry.gha.scope),
            ...(to ? [attribute("mode", entry.gha.mode), ...flags(entry.gha, { "ignore-error": "ignoreError" })] : []),
        );
    }
    return oneType(direction, [...parts, raw(entry.raw)]);
}

/** One `--output` entry as the provider serialises it; empty when disabled (provider/internal/export.go). */
export function exportEntry(entry: Entry): string {
    if (entry.disabled === true) {
        return "";
    }
    const parts: string[] = [];
    for (const kind of ["tar", "local"]) {
        const target = entry[kind];
        if (isObject(target)) {
            parts.push(`type=${kind}`, attribute("dest", target.dest));
        }
    }
    for (const kind of ["registry", "image"]) {
        const image = entry[kind];
        if (isObject(image)) {
            parts.push(
                `type=${kind}`,
                ...flags(image, { push: "push", "push-by-digest": "pushByDigest", insecure: "insecure" }),
            );
            parts.push(attribute("dangling-name-prefix", image.danglingNamePrefix));
            parts.push(
                ...flags(image, {
                    "name-canonical": "nameCanonical",
                    unpack: "unpack",
                    store: "store",
                    "oci-mediatypes": "ociMediaTypes",
                }),
            );
            parts.push(...compression(image), ...names(image), ...annotations(image));
        }
    }
    for (const kind of ["oci", "docker"]) {
        const archive = entry[kind];
        if (isObject(archive)) {
            parts.push(
                `type=${kind}`,
                attribute("dest", archive.dest),
                ...flags(archive, { tar: "tar", "oci-mediatypes": "ociMediaTypes" }),
            );
            parts.push(...compression(archive), ...annotations(archive), ...names(archive));
        }
    }
    if (isObject(entry.cacheonly)) {
        parts.push("type=cacheonly");
    }
    return oneType("exports", [...parts, raw(entry.raw)]);
}

/** Whether an export pushes to a registry. */
export function isPushed(entry: string): boolean {
    return /(^|,)type=registry(,|$)/.test(entry)
        ? !/(^|,)push=false(,|$)/.test(entry)
        : /(^|,)type=image(,|$)/.test(entry) && /(^|,)push=true(,|$)/.test(entry);
}

/** The provider drops all three unless a level is set. */
function compression(options: Entry): string[] {
    const level = typeof options.compressionLevel === "number" ? options.compressionLevel : 0;
    if (level === 0) {
        return [];
    }
    return [
        attribute("compression", options.compression),
        attribute("compression-level", Math.min(level, 22)),
        ...flags(options, { "force-compression": "forceCompression" }),
    ];
}

function names(options: Entry): string[] {
    const list = Array.isArray(options.names) ? options.names.map(String) : [];
    // Of several names only the last one counts, in the provider as in buildx.
    return list.map((name) => `name=${name}`);
}

function annotations(options: Entry): string[] {
    const entries = isObject(options.annotations) ? Object.entries(options.annotations) : [];
    return entries
        .map(([key, value]) => `annotation.${key}=${typeof value === "string" ? value : JSON.stringify(value)}`)
        .sort();
}

function flags(options: Entry, keys: Record<string, string>): string[] {
    return Object.entries(keys).flatMap(([flag, key]) =>
        typeof options[key] === "boolean" ? [`${flag}=${String(options[key])}`] : [],
    );
}

function attribute(key: string, value: Value | undefined): string {
    return value === undefined || value === null || value === ""
        ? ""
        : `${key}=${typeof value === "object" ? JSON.stringify(value) : String(value)}`;
}

function raw(value: Value | undefined): string {
    return typeof value === "string" ? value : "";
}

function oneType(property: string, parts: string[]): string {
    const text = parts.filter((part) => part !== "").join(",");
    if ((text.match(/type=/g) ?? []).length > 1) {
        throw new Error(`${property} should only specify one type (got ${text})`);
    }
    return text;
}
