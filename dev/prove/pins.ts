import { createHash } from "node:crypto";
import { releaseUrl } from "../../components/node/pins";

/** A pinned release tarball. */
export interface PinnedRelease {
    baseUrl: string;
    version: string;
    architecture: string;
    sha256: string;
}

/** Where images are looked up. */
export interface ImageServers {
    registry: string;
    /** Address that gives a token for pulling, without its scope. */
    token: string;
}

const dockerHub: ImageServers = {
    registry: "https://registry-1.docker.io",
    token: "https://auth.docker.io/token?service=registry.docker.io",
};

const manifests = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];

/** Downloads a release and compares its SHA-256. Returns what was found to hold. */
export async function verifyRelease({ baseUrl, version, architecture, sha256 }: PinnedRelease): Promise<string> {
    return verifyDownload(releaseUrl(baseUrl, version, architecture), sha256);
}

/** Downloads a file and compares its SHA-256. Returns what was found to hold. */
export async function verifyDownload(url: string, sha256: string): Promise<string> {
    const response = await get(url);
    const hash = createHash("sha256");
    for await (const chunk of response.body ?? []) {
        hash.update(chunk as Uint8Array);
    }
    const got = hash.digest("hex");
    if (got !== sha256) {
        throw new Error(`${url} has SHA-256 ${got}, pinned is ${sha256}: find out why before you change the pin`);
    }
    return `${url} ${sha256}`;
}

/**
 * Asks what a pinned image's tag stands for, `name:tag@digest`. Returns what was found to hold. Docker builds official
 * images, which have no `/` in their names, anew under the same tags: of those the digest itself is asked for.
 */
export async function verifyImage(image: string, servers: ImageServers = dockerHub): Promise<string> {
    const [, name = "", tag = "", digest = ""] = /^([^:@]+):([^@]+)@(sha256:[0-9a-f]{64})$/.exec(image) ?? [];
    if (name === "") {
        throw new Error(`${image} is no pinned image: it must be name:tag@sha256:…`);
    }
    const official = !name.includes("/");
    const repository = official ? `library/${name}` : name;
    const answer = await get(`${servers.token}&scope=repository:${repository}:pull`);
    const { token } = (await answer.json()) as { token?: string };
    const headers = { authorization: `Bearer ${token ?? ""}`, accept: manifests.join(", ") };
    const response = await get(`${servers.registry}/v2/${repository}/manifests/${official ? digest : tag}`, headers);
    const got = `sha256:${createHash("sha256")
        .update(Buffer.from(await response.arrayBuffer()))
        .digest("hex")}`;
    if (got !== digest) {
        throw new Error(
            `${name}:${tag} is ${got}, pinned is ${digest}: the tag was moved; find out why before you change the pin`,
        );
    }
    return image;
}

async function get(url: string, headers?: Record<string, string>): Promise<Response> {
    let response: Response;
    try {
        response = await fetch(url, { headers, redirect: "follow" });
    } catch (error) {
        const cause = (error as { cause?: Error }).cause;
        throw new Error(`cannot reach ${url}: ${cause?.message ?? (error as Error).message}`);
    }
    if (!response.ok) {
        throw new Error(`${url} answered ${response.status}`);
    }
    return response;
}
