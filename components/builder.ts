/**
 * The `Builder` record: the only contract between the infrastructure that runs BuildKit and everything that uses it.
 * Plain data without secrets, the same whichever backend made it; it fits into one SSM parameter.
 */
export interface Builder {
    /** Name of the buildx builder: lower case, starts with a letter, then letters, digits, `.`, `_`, `-`. */
    name: string;
    /** The BuildKit nodes, in routing order. */
    nodes: BuilderNode[];
    /** Repository that images are pushed to when an image names none, without a tag. */
    imageRepositoryUrl?: string;
    /** Repository of the registry cache, without a tag. */
    cacheRepositoryUrl?: string;
    /** SSM parameters from which a CI job reads its client credentials. */
    credentialsParameters?: CredentialsParameters;
}

/** One BuildKit daemon. */
export interface BuilderNode {
    /** Name of the node within the builder, for example `ci-arm64`. */
    name: string;
    /** Platforms that are routed to this node, for example `linux/arm64`. */
    platforms: string[];
    /** Platforms that this node runs by emulation. It may advertise these and nothing else beyond what its own CPU runs. */
    emulated?: string[];
    /** Number of this node among those of one platform, from 0; the name of an image chooses one. Defaults to 0. */
    replica?: number;
    /** Address of the daemon: `tcp://10.0.1.5:1234`, or `kube-pod://buildkitd-0?namespace=builders` for `kubectl exec`. */
    endpoint: string;
    /** Name that the daemon's certificate carries. */
    serverName: string;
    /** How a sleeping node is started before use. */
    wake?: NodeWake;
    /** How the node is reached when its address is not routable from the client. */
    access?: NodeAccess;
}

/** How a sleeping node is started. */
export interface NodeWake {
    /** Kind of machine: `ec2`. */
    kind: string;
    /** AWS region of the instance. */
    region: string;
    /** Id of the instance. */
    instanceId: string;
    /** AWS profile to start it with. */
    profile?: string;
    /** Role to assume to start it. */
    roleArn?: string;
}

/** How a node is reached that has no routable address. */
export interface NodeAccess {
    /** Kind of access: `ssm` (port forwarding by Session Manager). */
    kind: string;
    /** AWS region of the instance. */
    region: string;
    /** Id of the instance. */
    instanceId: string;
    /** AWS profile to open the tunnel with. */
    profile?: string;
    /** Role to assume to open the tunnel. */
    roleArn?: string;
}

/** Names of the SSM parameters that hold client credentials. */
export interface CredentialsParameters {
    /** AWS region of the parameters. */
    region: string;
    /** Parameter with the CA that signed the nodes' certificates. */
    ca: string;
    /** Parameter with the client certificate. */
    cert: string;
    /** Parameter with the client key. */
    key: string;
}

/** Client credentials of a builder, all PEM text. The key is a secret. */
export interface BuilderCredentials {
    /** CA that signed the nodes' server certificates. */
    ca: string;
    /** Client certificate. */
    cert: string;
    /** Private key of the client certificate. */
    key: string;
}
