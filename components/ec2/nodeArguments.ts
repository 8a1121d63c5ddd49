/** Mirrors of one registry, tried in order. https://docs.docker.com/build/buildkit/configure/#registry-mirror */
export interface Ec2RegistryMirror {
    /** Host of the registry, for example `docker.io`. */
    registry: string;
    /** Hosts of the mirrors, with a path if they have one. */
    mirrors: string[];
}

/** How nodes talk to a registry. */
export interface Ec2NodeRegistry {
    /** Host, with a port if it has one. */
    host: string;
    /** CA of the registry's certificate, PEM text. */
    ca?: string;
    /** Whether it speaks plain HTTP. Defaults to false. */
    http?: boolean;
}

/** HTTP proxy of a node. */
export interface Ec2NodeProxy {
    /** Proxy for http, a URL without a password: user data is no place for one. */
    http?: string;
    /** Proxy for https, a URL without a password. */
    https?: string;
    /** Hosts and networks without a proxy, separated by commas. */
    noProxy?: string;
}

/** A release of BuildKit. https://github.com/moby/buildkit/releases */
export interface Ec2BuildkitRelease {
    /** Version, for example `v0.32.2`. */
    version: string;
    /** SHA-256 of the amd64 tarball. */
    amd64Sha256: string;
    /** SHA-256 of the arm64 tarball. */
    arm64Sha256: string;
    /** Where `<version>/buildkit-<version>.linux-<architecture>.tar.gz` is. Defaults to GitHub's downloads; a mirror in S3 works. */
    baseUrl?: string;
}
