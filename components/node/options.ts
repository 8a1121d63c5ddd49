/** Everything that one builder node is made from. Names and numbers only: no value here is a secret. */
export interface NodeOptions {
    /** Name of the buildx builder, for metrics and messages. */
    builderName: string;
    /** Name of the node within the builder, for example `ci-arm64`. */
    nodeName: string;
    /** CPU architecture of the machine. */
    architecture: "amd64" | "arm64";
    /** Platforms that are routed to this node, native ones first. */
    platforms: string[];
    /** Platforms that this node runs by emulation. */
    emulated: string[];
    /** Name that the node's certificate must carry. */
    serverName: string;
    /** AWS region of the parameters. */
    region: string;
    /** SSM parameters with the node's TLS material. */
    parameters: NodeParameters;
    /** Id of the cache volume, `vol-…`. */
    cacheVolumeId: string;
    /** Size of the cache volume in GiB. */
    cacheSizeGiB: number;
    /** vCPUs of the machine: as many build steps run at once. */
    vcpus: number;
    /** Memory of the machine in MiB, from which the ceiling for build steps comes. */
    memoryMiB: number;
    /** Minutes without a client and a build after which the machine powers itself off; 0 for never. */
    idleStopMinutes: number;
    /** Seconds that a stop waits for running builds. */
    stopTimeoutSeconds: number;
    /** Subnet of the bridge that build steps are on, for example `172.30.0.0/16`. */
    bridgeSubnet: string;
    /** Mirrors of registries. */
    mirrors: NodeRegistryMirror[];
    /** Registries with a CA of their own or without TLS. */
    registries: NodeRegistry[];
    /** Proxy of the node's own downloads and of pulls and pushes. */
    proxy?: NodeProxy;
    /** The BuildKit release to run. */
    buildkit: NodeBuildkitRelease;
    /** CloudWatch log group that takes the node's logs. Without it they stay in the journal. */
    logGroupName?: string;
}

/** Names (or ARNs) of the SSM parameters that a node reads. */
export interface NodeParameters {
    serverCert: string;
    serverKey: string;
    clientCa: string;
}

/** Hosts that are asked before a registry itself, each a host with an optional path. */
export interface NodeRegistryMirror {
    registry: string;
    mirrors: string[];
}

/** A registry that the public defaults do not fit. */
export interface NodeRegistry {
    /** Host with an optional port. */
    host: string;
    /** PEM text of the CA that signed its certificate. */
    ca?: string;
    /** Whether it speaks plain HTTP. */
    http?: boolean;
}

/** Proxy addresses without credentials: user data is readable on the machine. */
export interface NodeProxy {
    http?: string;
    https?: string;
    noProxy?: string;
}

/** A release tarball, found at `<baseUrl>/<version>/buildkit-<version>.linux-<architecture>.tar.gz`. */
export interface NodeBuildkitRelease {
    version: string;
    /** SHA-256 of the tarball for this node's architecture, in hexadecimal. */
    sha256: string;
    baseUrl: string;
}
