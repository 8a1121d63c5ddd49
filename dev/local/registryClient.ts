import { type LocalRegistry, basicAuth } from "./registry";

/** One platform of an image as the registry has it. */
export interface StoredPlatform {
    /** Platform from the index; from the image's configuration when there is no index. */
    platform: string;
    digest: string;
    /** Architecture from the image's own configuration. */
    architecture: string;
}

interface Descriptor {
    digest: string;
    mediaType?: string;
    platform?: { os: string; architecture: string; variant?: string };
}

interface Manifest {
    manifests?: Descriptor[];
    config?: Descriptor;
}

interface ImageConfig {
    os: string;
    architecture: string;
    variant?: string;
}

const manifestTypes = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** Reads an image back from the registry: every platform's manifest and configuration. */
export async function readImage(
    registry: LocalRegistry,
    repository: string,
    digest: string,
): Promise<StoredPlatform[]> {
    const top = await get<Manifest>(registry, `${repository}/manifests/${digest}`);
    const children = top.manifests ?? [{ digest } satisfies Descriptor];
    const images = children.filter(({ platform }) => platform?.architecture !== "unknown");
    return Promise.all(
        images.map(async (child: Descriptor) => {
            const manifest =
                child.digest === digest
                    ? top
                    : await get<Manifest>(registry, `${repository}/manifests/${child.digest}`);
            if (!manifest.config) {
                throw new Error(`${repository}@${child.digest} in the registry has no image configuration`);
            }
            const config = await get<ImageConfig>(registry, `${repository}/blobs/${manifest.config.digest}`);
            return {
                platform: platformText(child.platform ?? config),
                digest: child.digest,
                architecture: config.architecture,
            };
        }),
    );
}

/** What is wrong with an image that was read back; empty when every platform holds its own architecture. */
export function readBackProblems(stored: StoredPlatform[], wanted: string[]): string[] {
    const missing = wanted
        .filter((platform) => !stored.some((image) => image.platform === platform))
        .map(
            (platform) =>
                `${platform} is missing in the registry, it has ${stored.map((image) => image.platform).join(", ")}`,
        );
    const wrong = stored
        .filter(({ platform, architecture }) => platform.split("/")[1] !== architecture)
        .map(({ platform, architecture }) => `the image for ${platform} says architecture ${architecture}`);
    return [...missing, ...wrong];
}

function platformText({ os, architecture, variant }: ImageConfig): string {
    // arm64 has one variant, v8, that some builders write and some leave out.
    return [os, architecture, ...(variant && architecture !== "arm64" ? [variant] : [])].join("/");
}

async function get<T>(registry: LocalRegistry, path: string): Promise<T> {
    const login = basicAuth(registry);
    const url = `http://${registry.address}/v2/${path}`;
    const response = await fetch(url, { headers: { accept: manifestTypes, authorization: `Basic ${login}` } });
    if (!response.ok) {
        throw new Error(`GET ${url}: ${response.status} ${response.statusText}`);
    }
    return (await response.json()) as T;
}
