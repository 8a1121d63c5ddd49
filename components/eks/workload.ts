import { emulatorFiles } from "../node/nodeConf";
import { nodePort, paths } from "../node/paths";
import { EksSecurity } from "./arguments";
import { configFiles } from "./config";
import {
    type KubernetesObject,
    type ManifestSettings,
    type NodeSettings,
    type Part,
    checksum,
    containerName,
    nodeLabels,
    portName,
    serviceAccountName,
} from "./objects";
import { unreachable } from "./policy";
import { storageClassName } from "./storage";

/** What runs for one architecture: its configuration, its TLS material and its StatefulSet. */
export function workload<T>(settings: ManifestSettings<T>, node: NodeSettings<T>): Part[] {
    const { architecture, name, tls } = node;
    const metadata = {
        name,
        namespace: settings.namespace,
        labels: nodeLabels(settings.builderName, architecture),
    };
    const files = configFiles(settings, node);
    return [
        {
            suffix: `${architecture}-config`,
            object: {
                apiVersion: "v1",
                kind: "ConfigMap",
                metadata,
                data: Object.fromEntries(files.map(({ key, text }) => [key, text])),
            },
        },
        {
            suffix: `${architecture}-tls`,
            object: {
                apiVersion: "v1",
                kind: "Secret",
                metadata,
                type: "Opaque",
                stringData: { "ca.pem": tls.ca, "cert.pem": tls.cert, "key.pem": tls.key },
            },
        },
        { suffix: `${architecture}-builders`, object: statefulSet(settings, node, metadata, files) },
    ];
}

function statefulSet<T>(
    settings: ManifestSettings<T>,
    node: NodeSettings<T>,
    metadata: KubernetesObject["metadata"],
    files: ReturnType<typeof configFiles>,
): KubernetesObject {
    const labels = nodeLabels(settings.builderName, node.architecture);
    return {
        apiVersion: "apps/v1",
        kind: "StatefulSet",
        metadata,
        spec: {
            serviceName: node.name,
            replicas: node.replicas,
            // A replica whose machine is missing keeps no other one waiting.
            podManagementPolicy: "Parallel",
            updateStrategy: { type: "RollingUpdate" },
            persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
            selector: { matchLabels: labels },
            template: {
                metadata: {
                    labels,
                    annotations: {
                        // A change makes the pods anew, one after another.
                        "multiarch-builder/config": checksum(...files.flatMap(({ path, text }) => [path, text])),
                        "multiarch-builder/tls": node.tls.checksum,
                        // Autoscalers do not move a pod away to save a machine.
                        "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
                        "karpenter.sh/do-not-disrupt": "true",
                    },
                },
                spec: podSpec(settings, node, labels, files),
            },
            volumeClaimTemplates: [claim(settings)],
        },
    };
}

function podSpec<T>(
    settings: ManifestSettings<T>,
    node: NodeSettings<T>,
    labels: Record<string, string>,
    files: ReturnType<typeof configFiles>,
): object {
    return {
        ...(settings.security === EksSecurity.UserNamespace ? { hostUsers: false } : {}),
        serviceAccountName: serviceAccountName(settings),
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        // SIGTERM makes the daemon refuse new clients and end when its builds have.
        terminationGracePeriodSeconds: settings.stopTimeoutSeconds,
        nodeSelector: { "kubernetes.io/arch": node.architecture, "kubernetes.io/os": "linux", ...node.nodeSelector },
        tolerations: node.tolerations.map(({ key, value, effect }) => ({
            key,
            operator: value === undefined ? "Exists" : "Equal",
            ...(value === undefined ? {} : { value }),
            ...(effect === undefined ? {} : { effect }),
        })),
        topologySpreadConstraints: [
            {
                maxSkew: 1,
                topologyKey: "kubernetes.io/hostname",
                whenUnsatisfiable: "ScheduleAnyway",
                labelSelector: { matchLabels: labels },
            },
        ],
        containers: [container(settings, node)],
        volumes: [
            {
                name: "config",
                configMap: { name: node.name, items: files.map(({ key, path }) => ({ key, path })) },
            },
            { name: "tls", secret: { secretName: node.name, defaultMode: 0o400 } },
        ],
    };
}

function container<T>(settings: ManifestSettings<T>, { emulated, cpuMillis, memoryMiB }: NodeSettings<T>): object {
    return {
        name: containerName,
        image: settings.image,
        imagePullPolicy: "IfNotPresent",
        command: ["/bin/sh", `${paths.config}/start.sh`],
        env: [
            { name: "EMULATORS", value: emulatorFiles(emulated).join(" ") },
            { name: "UNREACHABLE", value: unreachable.join(" ") },
        ],
        ports: [{ name: portName, containerPort: nodePort, protocol: "TCP" }],
        // A user namespace takes the privileges away again on the machine.
        securityContext: { privileged: true },
        // Memory is the pod's alone, so that a build is not ended for others' use; spare CPU is a build's to take.
        resources: {
            requests: { cpu: `${cpuMillis}m`, memory: `${memoryMiB}Mi`, "ephemeral-storage": "1Gi" },
            limits: { memory: `${memoryMiB}Mi` },
        },
        startupProbe: probe(["debug", "workers"], { periodSeconds: 3, timeoutSeconds: 10, failureThreshold: 100 }),
        readinessProbe: probe(["debug", "workers"], { periodSeconds: 15, timeoutSeconds: 20, failureThreshold: 4 }),
        // Ten minutes without an answer: a builder under load is slow and not dead.
        livenessProbe: probe(["debug", "info"], { periodSeconds: 60, timeoutSeconds: 30, failureThreshold: 10 }),
        terminationMessagePolicy: "FallbackToLogsOnError",
        volumeMounts: [
            { name: "cache", mountPath: paths.cache },
            { name: "config", mountPath: paths.config, readOnly: true },
            { name: "tls", mountPath: paths.tls, readOnly: true },
        ],
    };
}

function probe(buildctl: string[], timing: object): object {
    return { exec: { command: ["buildctl", ...buildctl] }, ...timing };
}

function claim<T>(settings: ManifestSettings<T>): object {
    return {
        metadata: { name: "cache" },
        spec: {
            // Two daemons on one cache would spoil it.
            accessModes: ["ReadWriteOncePod"],
            storageClassName: storageClassName(settings),
            resources: { requests: { storage: `${settings.cache.sizeGiB}Gi` } },
        },
    };
}
