/**
 * The buildx that `builder-setup` downloads where a CI image has none, by SHA-256. The sums are those with which Docker's own
 * image of the CLI is built: https://github.com/docker-library/repo-info/blob/master/repos/docker/remote/dind.md
 */
export const buildxRelease = {
    version: "0.37.0",
    baseUrl: "https://github.com/docker/buildx/releases/download",
    sha256: {
        amd64: "ae43fa08c796b44efc86d7a63c55f73f7c35f3101188dea7bf93bcd6f99577ba",
        arm64: "d263ce31bd2c9e9210aaa2c7537c67802bccabcd342e4c9fe4907085ddb41aa5",
    },
    /** The oldest version that the scripts use when it is there: the oldest whose store files are tested. */
    oldest: "0.23.0",
} as const;

/** Address of the program for a Linux architecture. */
export function buildxUrl(baseUrl: string, version: string, architecture: string): string {
    return `${baseUrl.replace(/\/+$/, "")}/v${version}/buildx-v${version}.linux-${architecture}`;
}
