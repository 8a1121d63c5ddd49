/** What nodes download, pinned. `npm run verify:pins` compares it with what the publishers serve. */
export const buildkitRelease = {
    version: "v0.32.2",
    baseUrl: "https://github.com/moby/buildkit/releases/download",
    sha256: {
        amd64: "2975d0f651ad96ba8b80b9992ae1f9a964f4408569af5b6dc36544165c3926af",
        arm64: "9e8f46bf309ec0ab262967be5538a4dbe06be756a82621f98253933bac5dcf92",
    },
} as const;

/** The container image of BuildKit, one digest for both architectures. */
export const buildkitImage =
    "moby/buildkit:v0.33.1@sha256:cec9f139f45e93c5c69c60f8b07cfad9f43f4ef6b6a6cd917527fea5ff2e3dea";

/** Address of a release tarball. */
export function releaseUrl(baseUrl: string, version: string, architecture: string): string {
    return `${baseUrl.replace(/\/+$/, "")}/${version}/buildkit-${version}.linux-${architecture}.tar.gz`;
}
