import { createHash } from "node:crypto";
import type { EksExposure, EksSecurity, EksTaintEffect } from "./arguments";

/** An object of the Kubernetes API as it is sent. Values that the renderer only places are of type `T`. */
export interface KubernetesObject {
    apiVersion: string;
    kind: string;
    metadata: {
        name: string;
        namespace?: string;
        labels?: Record<string, string>;
        annotations?: Record<string, unknown>;
    };
    [property: string]: unknown;
}

/** A rendered object and the suffix of its resource's name. */
export interface Part {
    suffix: string;
    object: KubernetesObject;
}

/** Everything that the objects of one builder are made from. `T` is text, or an Input of it within the component. */
export interface ManifestSettings<T = string> {
    builderName: string;
    namespace: string;
    createNamespace: boolean;
    security: EksSecurity;
    exposure: EksExposure;
    /** Image of BuildKit with its digest. */
    image: T;
    bridgeSubnet: string;
    /** Grace period of the pods. */
    stopTimeoutSeconds: number;
    cache: CacheSettings<T>;
    access: { namespaces: string[]; cidrs: string[]; groups: string[] };
    egress: { ports: number[]; cidrs: string[] };
    mirrors: { registry: string; mirrors: string[] }[];
    registries: { host: string; ca?: string; http?: boolean }[];
    /** Only with exposure `internal-nlb`. */
    loadBalancer?: LoadBalancerSettings<T>;
    nodes: NodeSettings<T>[];
}

/** The cache volumes. */
export interface CacheSettings<T = string> {
    sizeGiB: number;
    iops: number;
    throughputMiBps: number;
    kmsKeyArn?: T;
    provisioner: string;
    /** An existing class; without it, one is made. */
    storageClassName?: string;
}

/** The internal load balancers. */
export interface LoadBalancerSettings<T = string> {
    loadBalancerClass: string;
    /** Ids of the subnets, separated by commas. */
    subnetIds: T;
    /** Networks of these subnets, which connections come from. */
    subnetCidrs: T[];
}

/** The builders of one architecture. */
export interface NodeSettings<T = string> {
    architecture: "amd64" | "arm64";
    /** Name of StatefulSet, Service and Secret: `<builder>-<architecture>`. Pods end in their replica's number. */
    name: string;
    /** Everything that is routed to them, their own architecture first. */
    platforms: string[];
    /** What of it runs by emulation and needs an emulator. */
    emulated: string[];
    /** What the record marks so that they may offer it. */
    marked: string[];
    replicas: number;
    cpuMillis: number;
    memoryMiB: number;
    nodeSelector: Record<string, string>;
    tolerations: { key: string; value?: string; effect?: EksTaintEffect }[];
    tls: TlsFiles<T>;
}

/** TLS material of the builders of one architecture. */
export interface TlsFiles<T = string> {
    /** CA bundle that clients are trusted by. */
    ca: T;
    cert: T;
    key: T;
    /** Changes with the certificates; without a secret in it. */
    checksum: T;
}

/** Name of the port that clients reach. */
export const portName = "buildkit";

/** Name of the only container. */
export const containerName = "buildkitd";

/** Name of the account that pods run under. It may do nothing. */
export function serviceAccountName({ builderName }: Pick<ManifestSettings, "builderName">): string {
    return builderName;
}

/** Labels that every object carries. */
export function labelsOf(builderName: string): Record<string, string> {
    return {
        "app.kubernetes.io/name": "buildkitd",
        "app.kubernetes.io/instance": builderName,
        "app.kubernetes.io/part-of": "multiarch-builder",
    };
}

/** Labels of the pods of one architecture, by which they are found. */
export function nodeLabels(builderName: string, architecture: string): Record<string, string> {
    return { ...labelsOf(builderName), "app.kubernetes.io/component": architecture };
}

/** Names of the pods of one architecture. */
export function podNames({ name, replicas }: Pick<NodeSettings, "name" | "replicas">): string[] {
    return Array.from({ length: replicas }, (_, i) => `${name}-${i}`);
}

/** A short digest of what pods must be made anew for. */
export function checksum(...texts: string[]): string {
    return createHash("sha256").update(JSON.stringify(texts)).digest("hex").slice(0, 32);
}
