import { createHash } from "node:crypto";
import { formatPlatform, parsePlatform } from "../platform";

const maxTagLength = 128;

/**
 * The tag of a platform's cache: `<image>-<scope>-<os>-<arch>[-<variant>]`, with what a tag may not hold replaced by
 * `-`; a longer one than 128 characters is cut and ends in 8 hex digits of the whole text's SHA-256. Changing this
 * rebuilds every image of every user: the text is part of the contract.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
 */
export function cacheTag(image: string, scope: string, platform: string): string {
    const parsed = parsePlatform(platform);
    const parts = [image, scope, ...(parsed ? formatPlatform(parsed) : platform).split("/")];
    const whole = parts.join("-");
    const clean = whole.replace(/[^A-Za-z0-9_.-]/g, "-").replace(/^[.-]/, "_");
    if (clean.length <= maxTagLength) {
        return clean;
    }
    const hash = createHash("sha256").update(whole).digest("hex").slice(0, 8);
    return `${clean.slice(0, maxTagLength - 9)}-${hash}`;
}

/** The full cache ref of a platform. */
export function cacheRef(cacheRepositoryUrl: string, image: string, scope: string, platform: string): string {
    return `${cacheRepositoryUrl}:${cacheTag(image, scope, platform)}`;
}

/** The scopes to import from, the own one first: `main` is what every branch starts from. */
export function importScopes(scope: string): string[] {
    return scope === "main" ? ["main"] : [scope, "main"];
}

/** The tag of one platform's image from a pattern such as `{tag}-{os}-{arch}`; a variant follows its architecture. */
export function platformTag(pattern: string, tag: string, platform: string): string {
    const parsed = parsePlatform(platform);
    const arch = [parsed?.architecture ?? platform, ...(parsed?.variant ? [parsed.variant] : [])].join("-");
    return pattern
        .replaceAll("{os}", parsed?.os ?? "linux")
        .replaceAll("{arch}", arch)
        .replaceAll("{tag}", () => tag);
}

/** Whether a text is a tag. https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests */
export function isTag(text: string): boolean {
    return typeof text === "string" && /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(text);
}

/** What a tag is, for error texts. */
export const tagRule = "a tag holds letters, digits, `_`, `.` and `-`, 128 at most, not starting with `.` or `-`";

/** Why a text is no repository; undefined when it is one. https://github.com/distribution/reference/blob/main/regexp.go */
export function repositoryProblem(text: string): string | undefined {
    if (typeof text !== "string") {
        return "must be text, for example registry.acme.io/shop/api";
    }
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
        return "must be without a scheme, for example 123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/api";
    }
    if (text.includes("@")) {
        return "must be a repository without a digest";
    }
    const { host, path } = splitRepository(text);
    if (host !== undefined && !hostPattern.test(host)) {
        return "its registry host is not valid: a host name or address, and a port where it needs one";
    }
    if (path.at(-1)?.includes(":")) {
        return "must be a repository without a tag; tags go into `tags`";
    }
    if (path.join("/").length > maxRepositoryLength) {
        return `its path is longer than ${maxRepositoryLength} characters`;
    }
    const component = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$/;
    return path.every((part) => component.test(part))
        ? undefined
        : "must be lower case: letters and digits, separated by `.`, `_`, `-` and `/`";
}

const maxRepositoryLength = 255;
const hostPattern =
    /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*)(:\d{1,5})?$/;

/** The host of a repository's registry, as Docker reads it; Docker Hub's when it names none. */
export function registryHost(repository: string): string {
    const { host } = splitRepository(repository);
    return host === undefined || host === "index.docker.io" ? "docker.io" : host;
}

/**
 * A first part without a dot, a colon or a capital letter is no host but a path on Docker Hub.
 * https://github.com/distribution/reference/blob/main/normalize.go
 */
function splitRepository(text: string): { host?: string; path: string[] } {
    const [head = "", ...rest] = text.split("/");
    const isHost = rest.length > 0 && (/[.:]/.test(head) || head === "localhost" || head !== head.toLowerCase());
    return isHost ? { host: head, path: rest } : { path: [head, ...rest] };
}
