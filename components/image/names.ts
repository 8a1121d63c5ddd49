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
        .replaceAll("{tag}", tag)
        .replaceAll("{os}", parsed?.os ?? "linux")
        .replaceAll("{arch}", arch);
}

/** Whether a text is a tag. https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests */
export function isTag(text: string): boolean {
    return /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(text);
}

/** Why a text is no repository; undefined when it is one. https://github.com/distribution/reference/blob/main/regexp.go */
export function repositoryProblem(text: string): string | undefined {
    if (/^https?:/.test(text)) {
        return "must be without a scheme, for example 123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/api";
    }
    if (text.includes("@")) {
        return "must be a repository without a digest";
    }
    const [head = "", ...rest] = text.split("/");
    const hasHost = rest.length > 0 && (/[.:]/.test(head) || head === "localhost" || head !== head.toLowerCase());
    const path = hasHost ? rest : [head, ...rest];
    if (hasHost && !/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)(:\d{1,5})?$/.test(head)) {
        return "its registry host is not valid";
    }
    if (path.at(-1)?.includes(":")) {
        return "must be a repository without a tag; tags go into `tags`";
    }
    const component = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$/;
    return path.length > 0 && path.every((part) => component.test(part))
        ? undefined
        : "must be lower case: letters and digits, separated by `.`, `_`, `-` and `/`";
}

/**
 * The host of a repository's registry, as Docker reads it: a first part without a dot or colon is a path on Docker Hub.
 * https://github.com/distribution/reference/blob/main/normalize.go
 */
export function registryHost(repository: string): string {
    const [head = "", ...rest] = repository.split("/");
    return rest.length > 0 && (/[.:]/.test(head) || head === "localhost") ? head : "docker.io";
}
