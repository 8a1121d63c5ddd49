import type { Builder } from "../../../components/builder";
import {
    EksExposure,
    type EksNode,
    EksProvisioning,
    EksSecurity,
    type FarmEks,
} from "../../../components/eks/arguments";
import { type KubernetesObject, type ManifestSettings, type TlsFiles, checksum } from "../../../components/eks/objects";
import { recordNodes } from "../../../components/eks/record";
import { groupSettings, manifestSettings, namespaceOf } from "../../../components/eks/settings";
import { storageClassName } from "../../../components/eks/storage";
import { validateEksSettings } from "../../../components/eks/validate";
import { without } from "../../../components/objects";
import { buildkitImage } from "../../../components/node/pins";
import type { Pki } from "../../local/pki";

/** The architecture of this machine, and the one that it cannot run. */
export const [own, foreign] = process.arch === "arm64" ? (["arm64", "amd64"] as const) : (["amd64", "arm64"] as const);
export const platform = `linux/${own}`;

/** Name of the builder that most checks are about. */
export const builderName = "proof";

/** What a check sets; the rest is as the component has it by default. */
export type Variant = Partial<FarmEks> & { builderName?: string; replicas?: number };

/** Labels and taint that a node of the builder's node groups carries. */
export const { labels: nodeLabels, taint } = groupSettings(builderName, own, {});

function argsOf(variant: Variant): FarmEks {
    const { replicas, ...given } = without(variant, "builderName");
    const node: EksNode = { replicas, resources: { cpuMillis: 250, memoryMiB: 1024 } };
    return {
        clusterName: "proof",
        ...(given.provisioning === EksProvisioning.Cluster ? {} : { subnetIds: ["subnet-0123456789abcdef0"] }),
        nodes: { [own]: node, [foreign]: node },
        cache: { sizeGiB: 50 },
        ...(given.exposure === EksExposure.KubePod ? {} : { access: { cidrs: ["10.0.0.0/8"] } }),
        stopTimeoutSeconds: 300,
        ...given,
    };
}

/** Everything that a builder's objects are made from, of arguments that the component would take. */
export function settingsOf(variant: Variant, tls: TlsFiles): ManifestSettings {
    const [name, args] = [variant.builderName ?? builderName, argsOf(variant)];
    validateEksSettings(
        name,
        args,
        (path, _, reason) => {
            throw new Error(`${path} of a builder of this proof ${reason}`);
        },
        () => undefined,
    );
    return manifestSettings(name, args, {
        image: buildkitImage,
        tls: () => tls,
        loadBalancer:
            args.exposure === EksExposure.InternalNlb
                ? { subnetIds: "subnet-0123456789abcdef0", subnetCidrs: ["10.0.1.0/24"] }
                : undefined,
    });
}

const noTls = { ca: "", cert: "", key: "", checksum: "" };

/** The record of a builder, with the nodes that this machine can run. */
export function recordOf(variant: Variant): Builder {
    const settings = settingsOf(variant, noTls);
    const nodes = settings.nodes.filter(({ architecture }) => architecture === own);
    return { name: settings.builderName, nodes: recordNodes({ ...settings, nodes }, (pod) => pod) };
}

/** Builders of every kind and at the limits of what may be set: an API server must take all that is rendered for them. */
export const everyVariant: readonly Variant[] = [
    ...Object.values(EksSecurity).flatMap((security) => [
        { security, exposure: EksExposure.Cluster },
        { security, exposure: EksExposure.KubePod, access: { groups: ["ci", "https://example.com/#team"] } },
        {
            security,
            exposure: EksExposure.InternalNlb,
            loadBalancer: { subnetIds: ["subnet-0123456789abcdef0"] },
            replicas: 2,
        },
    ]),
    { builderName: `b${"-0".repeat(22)}x`, namespace: "n".repeat(63), replicas: 2 },
    {
        builderName: "a",
        namespace: "0",
        provisioning: EksProvisioning.Cluster,
        nodes: {
            amd64: {
                replicas: 10,
                platforms: ["linux/386"],
                emulated: ["linux/s390x"],
                resources: { cpuMillis: 250, memoryMiB: 1024 },
                nodeSelector: { "karpenter.sh/nodepool": "builders" },
                tolerations: [{ key: "kubernetes.io/arch", value: "amd64" }, { key: "any" }],
            },
        },
        cache: { storageClassName: "existing.class", sizeGiB: 65536 },
        egress: { ports: [22, 443], cidrs: ["10.0.0.0/8", "0.0.0.0/0"] },
        mirrors: [{ registry: "docker.io", mirrors: ["mirror.example.com:5000"] }],
        stopTimeoutSeconds: 3600,
    },
];

/** The namespace of a variant. */
export function namespaceFor({ builderName: name = builderName, ...args }: Variant): string {
    return namespaceOf(name, args);
}

/** Mode `userns`, in a namespace of its own. */
export const inUserNamespaces: Variant = { security: EksSecurity.UserNamespace, namespace: "userns" };

/** Names that the daemons' certificate carries. */
export const serverNames = {
    name: "buildkitd",
    dnsNames: [{}, inUserNamespaces].flatMap((variant) => recordOf(variant).nodes.map(({ serverName }) => serverName)),
    ipAddresses: [],
};

/** TLS material of the daemons. */
export function tlsOf({ clientCa, servers }: Pki): TlsFiles {
    const { cert, key } = servers.get(serverNames.name)!;
    return { ca: clientCa.cert, cert, key, checksum: checksum(clientCa.cert, cert) };
}

/** Volumes for claims to find, in place of those that the driver of EBS would make. */
export function cacheVolumes(): KubernetesObject[] {
    return [{ replicas: 2 }, inUserNamespaces].flatMap((variant: Variant) => {
        const settings = settingsOf(variant, noTls);
        const name = storageClassName(settings);
        return Array.from({ length: variant.replicas ?? 1 }, (_, i) => ({
            apiVersion: "v1",
            kind: "PersistentVolume",
            metadata: { name: `${name}-${i}` },
            spec: {
                storageClassName: name,
                capacity: { storage: `${settings.cache.sizeGiB}Gi` },
                accessModes: ["ReadWriteOncePod"],
                persistentVolumeReclaimPolicy: "Retain",
                hostPath: { path: `/var/lib/volumes/${name}-${i}`, type: "DirectoryOrCreate" },
            },
        }));
    });
}
