import type * as pulumi from "@pulumi/pulumi";
import type { BuilderCredentials } from "../builder";
import type { FarmResources } from "../farm/resources";
import type { TlsKeyPair } from "../tls/arguments";

/** Where the machines of builders come from. */
export enum EksProvisioning {
    /** Managed node groups of this component, one per architecture and subnet. */
    NodeGroups = "node-groups",
    /** Machines of the cluster's own autoscaler, such as Karpenter: nothing but selectors and tolerations is made. */
    Cluster = "cluster",
}

/** How far a builder is kept from its machine. */
export enum EksSecurity {
    /** A privileged container: whoever builds can become root on the machine. For dedicated, tainted machines. */
    Privileged = "privileged",
    /**
     * A privileged container in a user namespace of its own (`hostUsers: false`): root in it is nobody on the machine. Needs
     * Kubernetes 1.33 and Linux 6.3. https://kubernetes.io/docs/concepts/workloads/pods/user-namespaces/
     */
    UserNamespace = "userns",
}

/** How clients reach the builders. */
export enum EksExposure {
    /** By name within the cluster: `<pod>.<service>.<namespace>.svc`. For runners in the same cluster. */
    Cluster = "cluster",
    /** By an internal network load balancer for each replica. For clients in or around the VPC. */
    InternalNlb = "internal-nlb",
    /** By `kubectl exec`, buildx's `kube-pod://`. For whoever may use the cluster; no port is open. */
    KubePod = "kube-pod",
}

/** What machines of node groups run. */
export enum EksOperatingSystem {
    /** Amazon Linux 2023. */
    AmazonLinux2023 = "al2023",
    /** Bottlerocket. https://bottlerocket.dev */
    Bottlerocket = "bottlerocket",
}

/** How machines of node groups are paid for. */
export enum EksCapacity {
    /** On demand. */
    OnDemand = "on-demand",
    /** Spot: cheaper, taken away with two minutes' notice, and without a fallback to on demand. */
    Spot = "spot",
}

/** What a taint does to pods that do not tolerate it. The names are those of Kubernetes. */
export enum EksTaintEffect {
    /** They are not scheduled. */
    NoSchedule = "NoSchedule",
    /** They are scheduled only where nothing else is free. */
    PreferNoSchedule = "PreferNoSchedule",
    /** They are not scheduled, and running ones have to leave. */
    NoExecute = "NoExecute",
}

/** A taint, which keeps other pods away. https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/ */
export interface EksTaint {
    /** Key, for example `kubernetes.io/arch`. */
    key: string;
    /** Value, for example `arm64`. Defaults to none. */
    value?: string;
    /** Effect. Defaults to `NoSchedule`. */
    effect?: EksTaintEffect;
}

/** The managed node groups of one architecture. https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html */
export interface EksNodeGroup {
    /**
     * Instance types, all of this architecture and of one size. Defaults to `c8g.xlarge` (arm64) and `c7i.xlarge` (amd64). With
     * `spot`, two at least and better three.
     */
    instanceTypes?: string[];
    /** Operating system. Defaults to Amazon Linux 2023. */
    operatingSystem?: EksOperatingSystem;
    /** How machines are paid for. Defaults to on demand. */
    capacity?: EksCapacity;
    /** Machines of each group that the autoscaler always keeps. Defaults to 0. */
    minSize?: number;
    /** Machines of each group at most. Defaults to the number of replicas. */
    maxSize?: number;
    /** Size of the disk for images and logs in GiB, 20 at least. Defaults to 50. */
    diskSizeGiB?: number;
    /**
     * Taint of the machines. Defaults to `multiarch-builder/builder=<builder>:NoSchedule`. Where other pods for arm64 share
     * the machines, `{ key: "kubernetes.io/arch", value: "arm64" }` is what such pods tolerate already.
     */
    taint?: EksTaint;
    /** Further labels of the machines. */
    labels?: Record<string, string>;
}

/** What a builder's pod asks for. */
export interface EksResources {
    /** Thousandths of a virtual CPU. Defaults to 85 % of the smallest instance type; one builder fills a machine then. */
    cpuMillis?: number;
    /** Memory in MiB, which is its limit too. Defaults to three quarters of the smallest instance type less 512 MiB. */
    memoryMiB?: number;
}

/** A toleration of a builder's pod, for taints of machines that are not made here. */
export interface EksToleration {
    /** Key of the taint. */
    key: string;
    /** Value of the taint. Defaults to any. */
    value?: string;
    /** Effect of the taint. Defaults to any. */
    effect?: EksTaintEffect;
}

/** The builders of one architecture. */
export interface EksNode {
    /** Builders, each with a cache of its own, 1 to 10. Defaults to 1. An image is always built by the same one. */
    replicas?: number;
    /** Further platforms that this CPU runs natively, for example `linux/386` on amd64. */
    platforms?: string[];
    /**
     * Platforms to run by emulation, ten times slower or worse; only on amd64, of `linux/ppc64le`, `linux/s390x`,
     * `linux/riscv64`, `linux/arm/v7` and `linux/arm/v6`. Record and outputs mark them. Defaults to none.
     */
    emulated?: string[];
    /** The managed node groups; only with `provisioning` `node-groups`. */
    group?: EksNodeGroup;
    /** What each pod asks for. */
    resources?: EksResources;
    /** Further labels that a machine must have, for example `karpenter.sh/nodepool: builders-arm64`. */
    nodeSelector?: Record<string, string>;
    /** Further taints that the pods tolerate. */
    tolerations?: EksToleration[];
}

/** The builders by architecture; at least one. */
export interface EksNodes {
    /** On x86 machines. */
    amd64?: EksNode;
    /** On Graviton machines. */
    arm64?: EksNode;
}

/**
 * The cache volume of each replica, from a StorageClass. It stays when a pod, the StatefulSet or a replica goes. Another size
 * is for claims that are made later: see docs/eks.md for growing one that exists.
 */
export interface EksCache {
    /** Size in GiB, 50 to 65536. Defaults to 100. */
    sizeGiB?: number;
    /** I/O operations per second, 3000 to 80000, at most 500 for each GiB. Defaults to 3000. */
    iops?: number;
    /** Throughput in MiB/s, 125 to 2000, at most a quarter of `iops`. Defaults to 125. */
    throughputMiBps?: number;
    /**
     * CSI driver that makes the volumes: `ebs.csi.aws.com`, or `ebs.csi.eks.amazonaws.com` for machines of EKS Auto Mode.
     * Defaults to `ebs.csi.aws.com`.
     */
    provisioner?: string;
    /** Existing StorageClass, which must bind volumes when a pod is scheduled. Defaults to a new encrypted gp3 class. */
    storageClassName?: string;
}

/** Who reaches the builders; mutual TLS is asked for in any case. */
export interface EksAccess {
    /** Namespaces of the cluster that builds come from. */
    namespaces?: string[];
    /** IPv4 networks that builds come from, /8 or smaller. */
    cidrs?: string[];
    /**
     * With `kube-pod`: groups of the cluster that may run commands in the builders' pods, as an access entry gives them.
     * Whoever may is root in those pods. Defaults to none, so only those whom the cluster lets do it already.
     */
    groups?: string[];
}

/** Where builders may connect to. */
export interface EksEgress {
    /** TCP ports. Defaults to 80 and 443; add 22 for Git over SSH. DNS is always open. */
    ports?: number[];
    /** IPv4 networks. Defaults to `0.0.0.0/0`. The metadata addresses are never open. */
    cidrs?: string[];
}

/** The internal load balancers, made by the AWS Load Balancer Controller, which the cluster must run. */
export interface EksLoadBalancer {
    /** Private subnets of the load balancers, one per zone. */
    subnetIds: pulumi.Input<string>[];
    /** Class of the controller: `eks.amazonaws.com/nlb` with EKS Auto Mode. Defaults to `service.k8s.aws/nlb`. */
    loadBalancerClass?: string;
}

/** Mirrors of one registry, tried in order. https://docs.docker.com/build/buildkit/configure/#registry-mirror */
export interface EksRegistryMirror {
    /** Host of the registry, for example `docker.io`. */
    registry: string;
    /** Hosts of the mirrors, with a path if they have one. */
    mirrors: string[];
}

/** How builders talk to a registry. */
export interface EksRegistry {
    /** Host, with a port if it has one. */
    host: string;
    /** CA of the registry's certificate, PEM text. */
    ca?: string;
    /** Whether it speaks plain HTTP. Defaults to false. */
    http?: boolean;
}

/** Certificates of the builders and of the builder's own client; see BuilderTls. */
export interface EksTls {
    /** CA bundle that builders trust clients by, PEM text. */
    clientCa: pulumi.Input<string>;
    /** Certificate and key of each architecture's builders, by name `<builder>-<architecture>`, a secret. */
    nodeCertificates: pulumi.Input<Record<string, TlsKeyPair>>;
    /** The builder's client credentials, a secret; kept in parameters for CI jobs. */
    credentials: pulumi.Input<BuilderCredentials>;
}

/** Settings of builders on EKS. The Kubernetes provider of the cluster comes with the component's options (`providers`). */
export interface FarmEks {
    /** Name of the cluster. */
    clusterName: pulumi.Input<string>;
    /** Where the machines come from. Defaults to managed node groups. */
    provisioning?: EksProvisioning;
    /** Private subnets of the node groups, one per zone: a cache volume is bound to its zone. */
    subnetIds?: pulumi.Input<string>[];
    /** Whether nodes carry the policy of the VPC CNI, for clusters whose `aws-node` has no role of its own. Defaults to false. */
    vpcCniOnNodeRole?: boolean;
    /** Namespace of the builders, for them alone. Defaults to `buildkit-<builder>`. */
    namespace?: string;
    /** Whether the namespace is made, with the pod security level that builders need. Defaults to true. */
    createNamespace?: boolean;
    /** The builders. Plain, because it decides which resources exist. Defaults to one per architecture. */
    nodes?: EksNodes;
    /** The cache volume of each replica. */
    cache?: EksCache;
    /**
     * KMS key of the cache volumes and of the node groups' disks, by ARN; `kmsKeyArn` is for the parameters. Its policy must let the CSI driver's role and the
     * service-linked role of Auto Scaling use it. Defaults to the account's key for EBS.
     * https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
     */
    volumesKmsKeyArn?: pulumi.Input<string>;
    /** How far a builder is kept from its machine. Defaults to `privileged`. */
    security?: EksSecurity;
    /** How clients reach the builders. Defaults to `cluster`. */
    exposure?: EksExposure;
    /** The load balancers; only with `exposure` `internal-nlb`. */
    loadBalancer?: EksLoadBalancer;
    /** Who reaches the builders. */
    access?: EksAccess;
    /** Where builders may connect to. */
    egress?: EksEgress;
    /** Network of build steps in each pod, /22 or larger, not in use in or around the VPC. Defaults to `172.30.0.0/16`. */
    bridgeSubnet?: string;
    /** Seconds that running builds get when a pod stops, 30 to 3600. Defaults to 900, as long as EKS waits in an upgrade. */
    stopTimeoutSeconds?: number;
    /** Mirrors of registries. */
    mirrors?: EksRegistryMirror[];
    /** Registries with an own CA or without TLS. */
    registries?: EksRegistry[];
    /** Image of BuildKit by digest, for example from a mirror. Defaults to a release of `moby/buildkit` by its digest. */
    image?: pulumi.Input<string>;
}

/** Arguments of builders on EKS. */
export interface EksBuildersArgs extends FarmEks, FarmResources {
    /** Name of the builder, lower-case letters, digits and `-`, 46 at most. Defaults to the component's name. */
    builderName?: string;
    /** Certificates. Kept secret, and not stored with this component. */
    tls: EksTls;
    /** Repository that images are pushed to, for the record in its parameter. */
    imageRepositoryUrl?: pulumi.Input<string>;
    /** Repository of the cache, for the record in its parameter. */
    cacheRepositoryUrl?: pulumi.Input<string>;
}
