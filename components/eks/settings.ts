import { type Architecture, instanceTypeFacts } from "../ec2/instanceTypes";
import { isEmulatedOnly } from "../ec2/platforms";
import { architecturesOf, defaultInstanceTypes } from "../ec2/settings";
import { normalizePlatform } from "../platform";
import {
    EksCapacity,
    EksExposure,
    type EksNode,
    type EksNodeGroup,
    EksOperatingSystem,
    EksProvisioning,
    EksSecurity,
    type EksTaint,
    EksTaintEffect,
    type FarmEks,
} from "./arguments";
import type { ManifestSettings, NodeSettings, TlsFiles } from "./objects";

/** Defaults of the builder. */
export const defaults = {
    replicas: 1,
    cacheSizeGiB: 100,
    iops: 3000,
    throughputMiBps: 125,
    provisioner: "ebs.csi.aws.com",
    bridgeSubnet: "172.30.0.0/16",
    stopTimeoutSeconds: 900,
    egressPorts: [80, 443],
    egressCidrs: ["0.0.0.0/0"],
    loadBalancerClass: "service.k8s.aws/nlb",
    diskSizeGiB: 50,
    minSize: 0,
} as const;

/** Label of the machines of a builder's node groups, and key of their taint. */
export const builderLabel = "multiarch-builder/builder";

/** The namespace of a builder. */
export function namespaceOf(builderName: string, { namespace }: Pick<FarmEks, "namespace">): string {
    return namespace ?? `buildkit-${builderName}`;
}

/** Whether node groups are made. */
export function hasGroups({ provisioning }: Pick<FarmEks, "provisioning">): boolean {
    return (provisioning ?? EksProvisioning.NodeGroups) === EksProvisioning.NodeGroups;
}

/** Name and server name of each architecture's builders, for its certificate: replicas share it. */
export function eksTlsNodes(
    builderName: string,
    args: Pick<FarmEks, "nodes" | "namespace">,
): { name: string; serverName: string }[] {
    return architecturesOf(args).map((architecture) => {
        const name = `${builderName}-${architecture}`;
        return { name, serverName: serverNameOf(name, namespaceOf(builderName, args)) };
    });
}

/** The host name on a certificate: that of the service, whatever address a client takes. */
export function serverNameOf(name: string, namespace: string): string {
    return `${name}.${namespace}.svc`;
}

/** The machines of one architecture. */
export interface GroupSettings {
    instanceTypes: string[];
    operatingSystem: EksOperatingSystem;
    capacity: EksCapacity;
    minSize: number;
    maxSize: number;
    diskSizeGiB: number;
    taint: EksTaint & { effect: EksTaintEffect };
    labels: Record<string, string>;
}

/** The node group of an architecture with every default filled in. */
export function groupSettings(builderName: string, architecture: Architecture, node: EksNode): GroupSettings {
    const given: EksNodeGroup = node.group ?? {};
    const minSize = given.minSize ?? defaults.minSize;
    return {
        instanceTypes: given.instanceTypes ?? [defaultInstanceTypes[architecture]],
        operatingSystem: given.operatingSystem ?? EksOperatingSystem.AmazonLinux2023,
        capacity: given.capacity ?? EksCapacity.OnDemand,
        minSize,
        maxSize: given.maxSize ?? Math.max(minSize, node.replicas ?? defaults.replicas),
        diskSizeGiB: given.diskSizeGiB ?? defaults.diskSizeGiB,
        taint: {
            ...(given.taint ?? { key: builderLabel, value: builderName }),
            effect: given.taint?.effect ?? EksTaintEffect.NoSchedule,
        },
        labels: { ...given.labels, [builderLabel]: builderName },
    };
}

/** Machines that a group begins with: replicas are dealt out to the groups. The autoscaler takes over from there. */
export function firstSize(
    { minSize, maxSize }: GroupSettings,
    replicas: number,
    index: number,
    groups: number,
): number {
    const share = Math.ceil((replicas - index) / groups);
    return Math.min(maxSize, Math.max(minSize, share));
}

/** What a pod asks for unless told otherwise: a machine less what the kubelet and the cluster's own pods need. */
export function resourcesOf(types: string[], given: EksNode["resources"]): { cpuMillis: number; memoryMiB: number } {
    const facts = types.map((type) => instanceTypeFacts(type));
    const least = (values: (number | undefined)[]) => Math.min(...values.map((value) => value ?? 0));
    return {
        cpuMillis: given?.cpuMillis ?? least(facts.map((each) => each?.vcpus)) * 850,
        memoryMiB: given?.memoryMiB ?? Math.floor(least(facts.map((each) => each?.memoryMiB)) * 0.75) - 512,
    };
}

/** What of the settings may be known later only. */
export interface Known<T = string> {
    image: T;
    volumesKmsKeyArn?: T;
    /** Ids of the load balancers' subnets, separated by commas, and their networks. */
    loadBalancer?: { subnetIds: T; subnetCidrs: T[] };
    /** TLS material by name `<builder>-<architecture>`. */
    tls: (name: string) => TlsFiles<T>;
}

/** Everything that the objects of a builder are made from, of checked arguments. */
export function manifestSettings<T>(builderName: string, args: FarmEks, known: Known<T>): ManifestSettings<T> {
    const { cache, access, egress } = args;
    return {
        builderName,
        namespace: namespaceOf(builderName, args),
        createNamespace: args.createNamespace ?? true,
        security: args.security ?? EksSecurity.Privileged,
        exposure: args.exposure ?? EksExposure.Cluster,
        image: known.image,
        bridgeSubnet: args.bridgeSubnet ?? defaults.bridgeSubnet,
        stopTimeoutSeconds: args.stopTimeoutSeconds ?? defaults.stopTimeoutSeconds,
        cache: {
            sizeGiB: cache?.sizeGiB ?? defaults.cacheSizeGiB,
            iops: cache?.iops ?? defaults.iops,
            throughputMiBps: cache?.throughputMiBps ?? defaults.throughputMiBps,
            kmsKeyArn: known.volumesKmsKeyArn,
            provisioner: cache?.provisioner ?? defaults.provisioner,
            storageClassName: cache?.storageClassName,
        },
        access: { namespaces: access?.namespaces ?? [], cidrs: access?.cidrs ?? [], groups: access?.groups ?? [] },
        egress: {
            ports: [...new Set(egress?.ports ?? defaults.egressPorts)],
            cidrs: [...(egress?.cidrs ?? defaults.egressCidrs)],
        },
        mirrors: args.mirrors ?? [],
        registries: args.registries ?? [],
        loadBalancer: known.loadBalancer && {
            loadBalancerClass: args.loadBalancer?.loadBalancerClass ?? defaults.loadBalancerClass,
            ...known.loadBalancer,
        },
        nodes: architecturesOf(args).map((architecture) =>
            nodeSettings(builderName, architecture, args, known.tls(`${builderName}-${architecture}`)),
        ),
    };
}

/** Platforms of a builder's nodes, native ones and emulated ones. */
export function eksPlatforms(builderName: string, args: FarmEks): string[] {
    const tls = { ca: "", cert: "", key: "", checksum: "" };
    return architecturesOf(args).flatMap((each) => nodeSettings(builderName, each, args, tls).platforms);
}

function nodeSettings<T>(
    builderName: string,
    architecture: Architecture,
    args: FarmEks,
    tls: TlsFiles<T>,
): NodeSettings<T> {
    const given = args.nodes?.[architecture] ?? {};
    const group = groupSettings(builderName, architecture, given);
    const emulated = unique(given.emulated ?? []);
    const platforms = unique([`linux/${architecture}`, ...(given.platforms ?? []), ...emulated]);
    return {
        architecture,
        name: `${builderName}-${architecture}`,
        platforms,
        emulated,
        marked: platforms.filter((each) => emulated.includes(each) || isEmulatedOnly(architecture, each)),
        replicas: given.replicas ?? defaults.replicas,
        ...resourcesOf(group.instanceTypes, given.resources),
        nodeSelector: { ...given.nodeSelector, ...(hasGroups(args) ? { [builderLabel]: builderName } : {}) },
        tolerations: [...(hasGroups(args) ? [group.taint] : []), ...(given.tolerations ?? [])],
        tls,
    };
}

function unique(platforms: string[]): string[] {
    return [...new Set(platforms.map(normalizePlatform))];
}
