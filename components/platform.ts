/** A platform as BuildKit and the OCI image specification name it, normalised. */
export interface Platform {
    os: string;
    architecture: string;
    variant?: string;
}

/** The platforms that a typo is compared with. The list is for suggestions only: every Linux platform that parses is taken. */
const wellKnown = [
    "linux/amd64",
    "linux/arm64",
    "linux/arm/v7",
    "linux/arm/v6",
    "linux/386",
    "linux/ppc64le",
    "linux/s390x",
    "linux/riscv64",
    "linux/loong64",
    "linux/mips64le",
    "linux/mips64",
    "linux/ppc64",
    "linux/amd64/v2",
    "linux/amd64/v3",
    "linux/amd64/v4",
    "linux/arm/v5",
];

const architectures = new Set(wellKnown.map((platform) => platform.split("/")[1]));

/** Other names of architectures; some fix the variant, whatever is written after them. */
const aliases = new Map<string, [architecture: string, variant?: string]>([
    ["i386", ["386"]],
    ["x86_64", ["amd64"]],
    ["x86-64", ["amd64"]],
    ["aarch64", ["arm64"]],
    ["armhf", ["arm", "v7"]],
    ["armel", ["arm", "v6"]],
]);

/**
 * Parses and normalises a platform as containerd does: `linux/x86_64` is `linux/amd64`, `linux/arm64/v8` is
 * `linux/arm64`, `linux/arm` is `linux/arm/v7`. Returns undefined for what is no Linux platform with a known
 * architecture. https://github.com/containerd/platforms/blob/main/database.go
 */
export function parsePlatform(text: string): Platform | undefined {
    // A record or a list may come from YAML or another language, with anything in it.
    const parts = typeof text === "string" ? text.trim().toLowerCase().split("/") : [];
    if (parts.length < 2 || parts.length > 3 || parts[0] !== "linux") {
        return undefined;
    }
    const [architecture, aliasVariant] = aliases.get(parts[1] ?? "") ?? [parts[1] ?? ""];
    if (!architectures.has(architecture)) {
        return undefined;
    }
    const variant = normalVariant(architecture, aliasVariant ?? parts[2]);
    if (variant === null) {
        return undefined;
    }
    return { os: "linux", architecture, ...(variant ? { variant } : {}) };
}

/** The variant to keep, undefined for the default one, null for one that does not exist. */
function normalVariant(architecture: string, variant: string | undefined): string | undefined | null {
    const numbered = variant !== undefined && /^\d/.test(variant) ? `v${variant}` : variant;
    switch (architecture) {
        case "amd64":
            return numbered === undefined || numbered === "v1"
                ? undefined
                : /^v[234]$/.test(numbered)
                  ? numbered
                  : null;
        case "arm64":
            return numbered === undefined || numbered === "v8" || numbered === "v8.0"
                ? undefined
                : /^v[89](\.\d)?$/.test(numbered)
                  ? numbered.replace(/\.0$/, "")
                  : null;
        case "arm":
            return numbered === undefined ? "v7" : /^v[5678]$/.test(numbered) ? numbered : null;
        default:
            return numbered === undefined ? undefined : null;
    }
}

/** The platform as text: `linux/arm/v7`. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
    return [os, architecture, ...(variant ? [variant] : [])].join("/");
}

/** The normal form of a platform's text; a text that does not parse is returned as it is. */
export function normalizePlatform(text: string): string {
    const platform = parsePlatform(text);
    return platform ? formatPlatform(platform) : text;
}

/** The platform within a name: `arm64`, `arm-v7`. Names of resources, entries and nodes end in it. */
export function architectureSuffix(text: string): string {
    return normalizePlatform(text).split("/").slice(1).join("-");
}

/**
 * The CPU family that runs a platform natively: amd64 with its levels and 386 are one; arm64 is one; everything else
 * stands alone. 32-bit Arm is no part of arm64: most Graviton CPUs cannot run it.
 */
export function nativeFamily(text: string): string {
    const architecture = parsePlatform(text)?.architecture ?? text;
    return architecture === "386" ? "amd64" : architecture;
}

/** Why a text is not taken as a platform, with the nearest valid one; undefined when it is taken. */
export function platformProblem(text: string): string | undefined {
    if (parsePlatform(text)) {
        return undefined;
    }
    if (typeof text !== "string") {
        return "must be text, for example linux/arm64";
    }
    const os = text.trim().toLowerCase().split("/")[0] ?? "";
    if (/^(windows|darwin|macos)/.test(os)) {
        return "only Linux images are built; use a platform such as linux/amd64 or linux/arm64";
    }
    return `not a platform that BuildKit builds; did you mean ${JSON.stringify(nearestPlatform(text))}?`;
}

function nearestPlatform(text: string): string {
    const alone = normalizePlatform(`linux/${text.trim()}`);
    return parsePlatform(alone) ? alone : nearest(text.toLowerCase(), wellKnown);
}

/** The candidate with the smallest edit distance to a text. */
export function nearest(text: string, candidates: readonly string[]): string {
    let best = candidates[0] ?? "";
    let distance = Infinity;
    // A text of a megabyte is no typo, and comparing it would take minutes.
    const start = text.slice(0, 64);
    for (const candidate of candidates) {
        const d = editDistance(start, candidate);
        if (d < distance) {
            [best, distance] = [candidate, d];
        }
    }
    return best;
}

function editDistance(a: string, b: string): number {
    let row = Array.from({ length: b.length + 1 }, (_, j) => j);
    for (let i = 1; i <= a.length; i++) {
        const next = [i];
        for (let j = 1; j <= b.length; j++) {
            const substituted = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
            next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
        }
        row = next;
    }
    return row[b.length] ?? 0;
}
