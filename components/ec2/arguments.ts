import type * as pulumi from "@pulumi/pulumi";
import type { BuilderCredentials } from "../builder";
import type { FarmResources } from "../farm/resources";
import type { TlsKeyPair } from "../tls/arguments";
import type { Ec2BuildkitRelease, Ec2NodeProxy, Ec2NodeRegistry, Ec2RegistryMirror } from "./nodeArguments";

/** One builder instance. */
export interface Ec2Node {
    /**
     * Instance type; its CPU must be of this node's architecture. Defaults to `c8g.xlarge` (arm64) and `c7i.xlarge` (amd64).
     * Plain, because it decides the node's limits. https://aws.amazon.com/ec2/instance-types/
     */
    instanceType?: string;
    /** Virtual CPUs, for a family whose name does not tell them. */
    vcpus?: number;
    /** Memory in MiB, for a family whose name does not tell it. */
    memoryMiB?: number;
    /**
     * Image to boot, of this architecture, with cloud-init and the SSM agent. A change replaces the instance; the cache volume
     * stays. Defaults to the newest Amazon Linux 2023 when the instance is made; a newer one never replaces it by itself.
     */
    amiId?: pulumi.Input<string>;
    /**
     * Further platforms that this CPU runs natively, for example `linux/386` on amd64. `linux/arm/v7` only on CPUs that run
     * 32-bit Arm: `a1` and Graviton2 families.
     */
    platforms?: string[];
    /**
     * Platforms to run by emulation, ten times slower or worse; only on the amd64 node, of `linux/ppc64le`, `linux/s390x`,
     * `linux/riscv64`, `linux/arm/v7` and `linux/arm/v6`. Record and outputs mark them. Defaults to none.
     */
    emulated?: string[];
    /** Subnet of this node, for example in another zone. Defaults to the builder's. */
    subnetId?: pulumi.Input<string>;
    /** Size of the root volume in GiB, 20 at least. Defaults to 30. */
    rootSizeGiB?: number;
}

/** The builder instances; at least one. */
export interface Ec2Nodes {
    /** The x86 node. */
    amd64?: Ec2Node;
    /** The Graviton node. */
    arm64?: Ec2Node;
}

/** The cache volume of each node. https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html */
export interface Ec2Cache {
    /** Size in GiB, 50 to 65536. Defaults to 100. It can grow, never shrink. AWS takes a change only every six hours. */
    sizeGiB?: number;
    /** I/O operations per second, 3000 to 80000, at most 500 for each GiB. Defaults to 3000. */
    iops?: number;
    /** Throughput in MiB/s, 125 to 2000, at most a quarter of `iops`. Defaults to 125. */
    throughputMiBps?: number;
    /** Snapshot to start from, for example of a cache in another zone. A change replaces the volume. */
    snapshotId?: pulumi.Input<string>;
    /** Whether the volume stays when it is destroyed or replaced. Defaults to false: it is a cache. */
    retain?: boolean;
}

/** Who reaches the nodes: networks and groups, or Session Manager. There is no public address in any case. */
export interface Ec2Access {
    /** Security groups that builds come from. */
    securityGroupIds?: pulumi.Input<string>[];
    /** IPv4 networks that builds come from, /8 or smaller. */
    cidrs?: string[];
    /** Managed prefix lists that builds come from. */
    prefixListIds?: pulumi.Input<string>[];
    /**
     * Whether nodes are reached by port forwarding of Session Manager only, with no inbound rule at all. Whoever builds needs
     * the session-manager-plugin and the right to start sessions. Cannot be combined with other sources. Defaults to false.
     */
    ssm?: boolean;
}

/** Where nodes may connect to. */
export interface Ec2Egress {
    /** TCP ports. Defaults to 80 and 443; add 22 for Git over SSH. */
    ports?: number[];
    /** IPv4 networks. Defaults to `0.0.0.0/0`: base images and packages come from anywhere. */
    cidrs?: string[];
    /** Managed prefix lists, for example that of S3. */
    prefixListIds?: pulumi.Input<string>[];
}

/** Private DNS names of the nodes, `<architecture>.<zone name>`. */
export interface Ec2Dns {
    /** Name of the private zone, for example `builders.internal`. Plain, because certificates carry it. */
    zoneName: string;
    /** Id of an existing private zone of that name. Defaults to a new one for the VPC of the nodes. */
    zoneId?: pulumi.Input<string>;
}

/** Log group and alarms. */
export interface Ec2Monitoring {
    /** Days that logs are kept; one of the numbers CloudWatch takes. Defaults to 365. */
    logRetentionDays?: number;
    /** What alarms notify, for example ARNs of SNS topics. Defaults to nothing: alarms then only recover and reboot. */
    alarmActionArns?: pulumi.Input<string>[];
    /** Hours without a pause after which a node that should sleep raises an alarm, 2 to 168. Defaults to 24. */
    awakeHours?: number;
}

/** AWS identity under which a build starts sleeping nodes and opens tunnels. */
export interface Ec2WakeIdentity {
    /** Profile of the AWS configuration. Defaults to `aws:profile` of the stack or its provider. */
    profile?: pulumi.Input<string>;
    /** Role to assume. Defaults to the last of `aws:assumeRoles` of the stack. */
    roleArn?: pulumi.Input<string>;
}

/** Certificates of the nodes and of the builder's own client; see BuilderTls. */
export interface Ec2Tls {
    /** CA bundle that nodes trust clients by, PEM text. */
    clientCa: pulumi.Input<string>;
    /** Certificate and key of each node by name, a secret. */
    nodeCertificates: pulumi.Input<Record<string, TlsKeyPair>>;
    /** The builder's client credentials, a secret; kept in parameters for CI jobs. */
    credentials: pulumi.Input<BuilderCredentials>;
}

/** Settings of builders on EC2. */
export interface FarmEc2 {
    /** Subnet of the nodes, private, with a way out (NAT or endpoints). It fixes the zone of the cache volumes. */
    subnetId: pulumi.Input<string>;
    /** The subnet's VPC, checked when given. Defaults to the subnet's. */
    vpcId?: pulumi.Input<string>;
    /** The nodes. Plain, because it decides which resources exist. Defaults to one per architecture. */
    nodes?: Ec2Nodes;
    /** The cache volume of each node. */
    cache?: Ec2Cache;
    /**
     * Minutes without a client after which a node powers itself off, 5 to 1440, or 0 for never. Defaults to 20. A build starts
     * it again; only its disks cost then.
     */
    idleStopMinutes?: number;
    /** Seconds that running builds get when a node stops, 30 to 3600. Defaults to 900. */
    stopTimeoutSeconds?: number;
    /** Who reaches the nodes. Defaults to port forwarding of Session Manager only (`ssm: true`), with no inbound rule at all. */
    access?: Ec2Access;
    /** Where nodes may connect to. */
    egress?: Ec2Egress;
    /** Network of build steps on each node, /22 or larger, not in use in or around the VPC. Defaults to `172.30.0.0/16`. */
    bridgeSubnet?: string;
    /** Mirrors of registries. */
    mirrors?: Ec2RegistryMirror[];
    /** Registries with an own CA or without TLS. */
    registries?: Ec2NodeRegistry[];
    /** HTTP proxy of the nodes and of pulls. */
    proxy?: Ec2NodeProxy;
    /** BuildKit's release. */
    buildkit?: Ec2BuildkitRelease;
    /** Private DNS names. Defaults to none: clients use addresses. */
    dns?: Ec2Dns;
    /** Log group and alarms. */
    monitoring?: Ec2Monitoring;
    /** Identity that starts sleeping nodes. */
    wakeIdentity?: Ec2WakeIdentity;
}

/** Arguments of builders on EC2. */
export interface Ec2BuildersArgs extends FarmEc2, FarmResources {
    /** Name of the builder. Defaults to the component's name. */
    builderName?: string;
    /** Certificates. Kept secret, and not stored with this component. */
    tls: Ec2Tls;
    /** Repository that images are pushed to, for the record in its parameter. */
    imageRepositoryUrl?: pulumi.Input<string>;
    /** Repository of the cache, for the record in its parameter. */
    cacheRepositoryUrl?: pulumi.Input<string>;
}
