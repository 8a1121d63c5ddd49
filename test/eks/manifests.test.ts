import * as fc from "fast-check";
import { stringify } from "yaml";
import { EksExposure, EksProvisioning, EksSecurity, EksTaintEffect } from "../../components/eks/arguments";
import { type KubernetesObject } from "../../components/eks/objects";
import { groupSettings } from "../../components/eks/settings";
import { find, rendered } from "./support";

interface Container {
    [property: string]: unknown;
    env: { name: string; value: string }[];
    livenessProbe: { periodSeconds: number; failureThreshold: number };
}
interface PodSpec {
    [property: string]: unknown;
    nodeSelector: Record<string, string>;
    tolerations: { key: string; operator: string; value?: string; effect?: string }[];
    containers: [Container];
}
interface StatefulSetSpec {
    [property: string]: unknown;
    replicas: number;
    template: { metadata: { annotations: Record<string, string> }; spec: PodSpec };
    volumeClaimTemplates: { spec: { storageClassName: string } }[];
}

const specOf = (objects: KubernetesObject[], name = "ci-amd64") =>
    find(objects, "StatefulSet", name).spec as StatefulSetSpec;
const podOf = (objects: KubernetesObject[], name?: string) => specOf(objects, name).template.spec;
const text = (objects: KubernetesObject[]) =>
    objects.map((object) => stringify(object, { aliasDuplicateObjects: false, lineWidth: 0 })).join("---\n");

const everything = {
    security: EksSecurity.UserNamespace,
    exposure: EksExposure.InternalNlb,
    loadBalancer: { subnetIds: ["subnet-a", "subnet-b"] },
    access: { namespaces: ["runners"], cidrs: ["10.1.0.0/16"] },
    egress: { ports: [443, 22], cidrs: ["10.0.0.0/8", "168.0.0.0/7"] },
    mirrors: [{ registry: "docker.io", mirrors: ["mirror.internal/docker-hub"] }],
    registries: [
        { host: "registry.internal:5000", ca: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n" },
    ],
    nodes: {
        amd64: { replicas: 2, emulated: ["linux/s390x"], group: { instanceTypes: ["c7i.2xlarge"] } },
        arm64: { group: { taint: { key: "kubernetes.io/arch", value: "arm64" } } },
    },
};

describe("the objects", () => {
    it("are as they were", () => {
        expect(text(rendered())).toMatchSnapshot();
        expect(text(rendered(everything))).toMatchSnapshot();
    });

    it("are in the builder's namespace, but for those that have none", () => {
        const outside = rendered({ namespace: "ci-builders" }).filter((o) => o.metadata.namespace !== "ci-builders");
        expect(outside.map(({ kind }) => kind)).toEqual(["Namespace", "StorageClass"]);
        expect(rendered({ createNamespace: false }).map(({ kind }) => kind)).not.toContain("Namespace");
    });

    it("hold a key in the Secret alone, and no certificate in an annotation or label", () => {
        for (const object of rendered(everything)) {
            const secret = object.kind === "Secret";
            expect([object.kind, JSON.stringify(object).includes("KEY-")]).toEqual([object.kind, secret]);
            expect(JSON.stringify(object.metadata)).not.toMatch(/CERT|KEY|BEGIN/);
        }
    });
});

describe("a pod", () => {
    it("is privileged and, with `userns`, in a user namespace of its own", () => {
        expect(podOf(rendered())).not.toHaveProperty("hostUsers");
        expect(podOf(rendered({ security: EksSecurity.UserNamespace })).hostUsers).toBe(false);
        for (const security of Object.values(EksSecurity)) {
            expect(podOf(rendered({ security })).containers[0].securityContext).toEqual({ privileged: true });
        }
    });

    it("has no token, no rights and none of the machine's namespaces", () => {
        const spec = podOf(rendered());
        expect(spec).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false });
        expect(find(rendered(), "ServiceAccount").automountServiceAccountToken).toBe(false);
        expect(rendered().map(({ kind }) => kind)).not.toContain("RoleBinding");
        for (const absent of ["hostNetwork", "hostPID", "hostIPC"]) {
            expect(spec).not.toHaveProperty(absent);
        }
        expect(JSON.stringify(spec)).not.toContain("hostPath");
    });

    it("is told to stop once and gets the time of its builds", () => {
        expect(podOf(rendered()).terminationGracePeriodSeconds).toBe(900);
        const spec = podOf(rendered({ stopTimeoutSeconds: 60 }));
        expect(spec.terminationGracePeriodSeconds).toBe(60);
        expect(spec.containers[0]).not.toHaveProperty("lifecycle");
    });

    it("is not ended by a probe while it is slow", () => {
        const { periodSeconds, failureThreshold } = podOf(rendered()).containers[0].livenessProbe;
        expect(periodSeconds * failureThreshold).toBeGreaterThanOrEqual(600);
    });

    it("keeps the emulators that it was told and no other", () => {
        const emulators = (name: string) =>
            podOf(rendered(everything), name).containers[0].env.find((each) => each.name === "EMULATORS")!.value;
        expect([emulators("ci-amd64"), emulators("ci-arm64")]).toEqual(["buildkit-qemu-s390x", ""]);
    });

    it("asks for most of its machine, and its memory is its limit", () => {
        const resources = (objects: KubernetesObject[]) => podOf(objects).containers[0].resources;
        expect(resources(rendered())).toEqual({
            requests: { cpu: "3400m", memory: "5632Mi", "ephemeral-storage": "1Gi" },
            limits: { memory: "5632Mi" },
        });
        const given = { nodes: { amd64: { resources: { cpuMillis: 1500, memoryMiB: 2048 } } } };
        expect(resources(rendered(given))).toMatchObject({ requests: { cpu: "1500m", memory: "2048Mi" } });
        expect(JSON.stringify(find(rendered(given), "ConfigMap", "ci-amd64").data)).toContain("max-parallelism = 2");
    });

    it("goes to machines of its architecture, and to the builder's own where there are some", () => {
        expect(podOf(rendered(), "ci-arm64").nodeSelector).toEqual({
            "kubernetes.io/arch": "arm64",
            "kubernetes.io/os": "linux",
            "multiarch-builder/builder": "ci",
        });
        const shared = rendered({
            provisioning: EksProvisioning.Cluster,
            nodes: {
                arm64: {
                    nodeSelector: { "karpenter.sh/nodepool": "builders" },
                    tolerations: [
                        { key: "kubernetes.io/arch", effect: EksTaintEffect.NoSchedule },
                        { key: "a", value: "b" },
                    ],
                },
            },
        });
        const spec = podOf(shared, "ci-arm64");
        expect(spec.nodeSelector).toEqual({
            "kubernetes.io/arch": "arm64",
            "kubernetes.io/os": "linux",
            "karpenter.sh/nodepool": "builders",
        });
        expect(spec.tolerations).toEqual([
            { key: "kubernetes.io/arch", operator: "Exists", effect: "NoSchedule" },
            { key: "a", operator: "Equal", value: "b" },
        ]);
    });
});

describe("pods are made anew", () => {
    const annotations = (objects: KubernetesObject[], name?: string) =>
        specOf(objects, name).template.metadata.annotations;
    const before = annotations(rendered());

    it("for another configuration", () => {
        const after = annotations(rendered({ mirrors: [{ registry: "docker.io", mirrors: ["m.internal"] }] }));
        expect(after["multiarch-builder/config"]).not.toBe(before["multiarch-builder/config"]);
    });

    it("for another certificate of their own", () => {
        expect([before, annotations(rendered(), "ci-arm64")].map((each) => each["multiarch-builder/tls"])).toEqual([
            "SUM-ci-amd64",
            "SUM-ci-arm64",
        ]);
    });

    it("but not for another number of replicas or another size of volumes to come", () => {
        const replicas = rendered({ nodes: { amd64: { replicas: 3 } } });
        expect(specOf(replicas).template).toEqual(specOf(rendered()).template);
        expect(specOf(replicas).replicas).toBe(3);
    });
});

describe("the cache", () => {
    it("is each replica's own, of an encrypted class, and stays", () => {
        const objects = rendered({ cache: { sizeGiB: 200, iops: 6000, throughputMiBps: 500 } });
        expect(find(objects, "StorageClass")).toMatchObject({
            metadata: { name: "buildkit-ci-ci-cache" },
            provisioner: "ebs.csi.aws.com",
            parameters: { type: "gp3", encrypted: "true", iops: "6000", throughput: "500" },
            volumeBindingMode: "WaitForFirstConsumer",
            allowVolumeExpansion: true,
        });
        expect(specOf(objects)).toMatchObject({
            persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
            volumeClaimTemplates: [
                {
                    spec: {
                        accessModes: ["ReadWriteOncePod"],
                        storageClassName: "buildkit-ci-ci-cache",
                        resources: { requests: { storage: "200Gi" } },
                    },
                },
            ],
        });
    });

    it("can be of a class that exists", () => {
        const objects = rendered({ cache: { storageClassName: "fast" } });
        expect(objects.map(({ kind }) => kind)).not.toContain("StorageClass");
        expect(specOf(objects).volumeClaimTemplates[0]!.spec.storageClassName).toBe("fast");
    });
});

describe("the network policy", () => {
    const policy = (args: Parameters<typeof rendered>[0]) => find(rendered(args), "NetworkPolicy").spec;
    const credentials = ["169.254.169.254/32", "169.254.170.2/32", "169.254.170.23/32"];

    it("lets in whom it names, on one port", () => {
        expect(policy({ access: { namespaces: ["runners"], cidrs: ["10.0.0.0/16"] } })).toMatchObject({
            policyTypes: ["Ingress", "Egress"],
            ingress: [
                {
                    from: [
                        { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "runners" } } },
                        { ipBlock: { cidr: "10.0.0.0/16" } },
                    ],
                    ports: [{ protocol: "TCP", port: 1234 }],
                },
            ],
        });
    });

    it("lets in load balancers by their subnets, and nobody where clients come by kubectl", () => {
        expect(JSON.stringify(policy(everything))).toContain('{"ipBlock":{"cidr":"10.0.0.0/20"}}');
        expect(policy({ exposure: EksExposure.KubePod, access: undefined })).toMatchObject({ ingress: [] });
    });

    it("keeps builds from the machine's credentials, whatever else is open", () => {
        expect(policy({})).toMatchObject({
            egress: [
                {
                    ports: [
                        { protocol: "UDP", port: 53 },
                        { protocol: "TCP", port: 53 },
                    ],
                },
                {
                    to: [{ ipBlock: { cidr: "0.0.0.0/0", except: credentials } }],
                    ports: [{ port: 80 }, { port: 443 }],
                },
            ],
        });
        expect(policy({ egress: { cidrs: ["10.0.0.0/8", "168.0.0.0/7"] } })).toMatchObject({
            egress: [{}, { to: [{ ipBlock: { cidr: "10.0.0.0/8" } }, { ipBlock: { except: credentials } }] }],
        });
        const { env } = podOf(rendered()).containers[0];
        expect(
            env
                .find(({ name }) => name === "UNREACHABLE")!
                .value.split(" ")
                .map((each) => `${each}/32`),
        ).toEqual(credentials);
    });
});

describe("clients reach", () => {
    it("each pod by its own name", () => {
        expect(find(rendered(), "Service", "ci-amd64").spec).toMatchObject({
            clusterIP: "None",
            publishNotReadyAddresses: true,
            ports: [{ port: 1234 }],
        });
        expect(specOf(rendered()).serviceName).toBe("ci-amd64");
    });

    it("each replica by an internal load balancer of its own, open to whom it names", () => {
        const objects = rendered(everything);
        const balancers = objects.filter(
            (each) => (each.spec as { type?: string } | undefined)?.type === "LoadBalancer",
        );
        expect(balancers.map(({ metadata }) => metadata.name)).toEqual(["ci-amd64-0", "ci-amd64-1", "ci-arm64-0"]);
        for (const { metadata, spec } of balancers) {
            expect(metadata.annotations).toMatchObject({
                "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
                "service.beta.kubernetes.io/aws-load-balancer-subnets": "subnet-a,subnet-b",
                "service.beta.kubernetes.io/aws-load-balancer-attributes": "load_balancing.cross_zone.enabled=true",
                "service.beta.kubernetes.io/aws-load-balancer-listener-attributes.TCP-1234":
                    "tcp.idle_timeout.seconds=6000",
            });
            expect(spec).toMatchObject({
                loadBalancerClass: "service.k8s.aws/nlb",
                loadBalancerSourceRanges: ["10.1.0.0/16"],
                allocateLoadBalancerNodePorts: false,
                selector: { "statefulset.kubernetes.io/pod-name": metadata.name },
            });
        }
    });

    it("pods by kubectl, with no more rights than that", () => {
        const objects = rendered({
            exposure: EksExposure.KubePod,
            access: { groups: ["ci"] },
            nodes: { amd64: { replicas: 2 } },
        });
        const resourceNames = ["ci-amd64-0", "ci-amd64-1"];
        expect(find(objects, "Role").rules).toEqual([
            { apiGroups: [""], resources: ["pods"], resourceNames, verbs: ["get"] },
            { apiGroups: [""], resources: ["pods/exec"], resourceNames, verbs: ["create", "get"] },
        ]);
        expect(find(objects, "RoleBinding").subjects).toEqual([
            { apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "ci" },
        ]);
    });
});

describe("whatever the arguments are", () => {
    const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,20}[a-z0-9])?$/);
    const settings = fc.record({
        namespace: label,
        security: fc.constantFrom(...Object.values(EksSecurity)),
        exposure: fc.constantFrom(EksExposure.Cluster, EksExposure.KubePod),
        createNamespace: fc.boolean(),
        nodes: fc.record(
            {
                amd64: fc.record({
                    replicas: fc.integer({ min: 1, max: 10 }),
                    group: fc.record({
                        taint: fc.record({
                            key: label,
                            value: label,
                            effect: fc.constantFrom(...Object.values(EksTaintEffect)),
                        }),
                    }),
                }),
                arm64: fc.record({ replicas: fc.integer({ min: 1, max: 10 }) }),
            },
            { requiredKeys: ["amd64"] },
        ),
    });

    it("no two objects are one, and all names are names", () => {
        fc.assert(
            fc.property(settings, (args) => {
                const objects = rendered(args);
                const keys = objects.map(({ kind, metadata }) => `${kind}/${metadata.namespace}/${metadata.name}`);
                expect(new Set(keys).size).toBe(keys.length);
                for (const { metadata } of objects) {
                    expect(metadata.name).toMatch(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/);
                }
            }),
        );
    });

    it("pods tolerate the taint of their machines and select them by labels that they have", () => {
        fc.assert(
            fc.property(settings, (args) => {
                const group = groupSettings("ci", "amd64", args.nodes.amd64);
                const { tolerations, nodeSelector } = podOf(rendered(args));
                expect(tolerations).toContainEqual({ ...group.taint, operator: "Equal" });
                expect({ ...group.labels, ...nodeSelector }).toEqual({ ...nodeSelector, ...group.labels });
            }),
        );
    });

    it("the template of the pods depends on no number of replicas", () => {
        fc.assert(
            fc.property(settings, fc.integer({ min: 1, max: 10 }), (args, replicas) => {
                const other = { ...args, nodes: { ...args.nodes, amd64: { ...args.nodes.amd64, replicas } } };
                expect(specOf(rendered(other)).template).toEqual(specOf(rendered(args)).template);
            }),
        );
    });
});
