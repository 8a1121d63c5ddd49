import * as path from "node:path";
import { type Builder } from "../../components/builder";
import { recordProblems } from "../../components/buildx/record";
import {
    type EksBuildersArgs,
    EksCapacity,
    EksExposure,
    EksOperatingSystem,
    EksProvisioning,
    EksSecurity,
} from "../../components/eks/arguments";
import { type KubernetesObject } from "../../components/eks/objects";
import { runCommand } from "../support/commands";
import { type Recorded, type Recorder, isSecretValue, promiseOf, reveal } from "../support/recorder";
import { type Cluster, least, record, rendered } from "./support";

// Programs of their own load both SDKs, and a machine may be busy.
jest.setTimeout(300_000);

const region = "eu-central-1";
const subnets = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"];

function ofType(run: Recorder, type: string): Recorded[] {
    return run.resources.filter((resource) => resource.type.endsWith(`:${type}`));
}

function kubernetes(run: Recorder): Recorded[] {
    return run.resources.filter(({ type }) => type.startsWith("kubernetes:"));
}

describe("what is made", () => {
    let run: Recorder;
    let builders: Awaited<ReturnType<typeof record>>["builders"];
    beforeAll(async () => {
        ({ run, builders } = await record());
    });

    test("all of it, each once and below the component", () => {
        expect(run.names()).toMatchInlineSnapshot(`
            [
              "ci",
              "ci-amd64-builders",
              "ci-amd64-config",
              "ci-amd64-group-subnet-0123456789abcdef0",
              "ci-amd64-service",
              "ci-amd64-template",
              "ci-amd64-tls",
              "ci-arm64-builders",
              "ci-arm64-config",
              "ci-arm64-group-subnet-0123456789abcdef0",
              "ci-arm64-service",
              "ci-arm64-template",
              "ci-arm64-tls",
              "ci-key",
              "ci-namespace",
              "ci-network-policy",
              "ci-node-role",
              "ci-node-role-images",
              "ci-node-role-worker",
              "ci-parameter-builder",
              "ci-parameter-client-ca",
              "ci-parameter-client-cert",
              "ci-parameter-client-key",
              "ci-service-account",
              "ci-storage-class",
              "cluster",
            ]
        `);
        expect(new Set(run.resources.map(({ urn }) => urn)).size).toBe(run.resources.length);
        const component = run.get("ci").urn;
        const others = run.resources.filter(
            ({ name, parent }) => !["ci", "cluster"].includes(name) && parent !== component,
        );
        expect(others).toEqual([]);
    });

    test("the objects of Kubernetes are exactly those that are rendered", () => {
        const key = ({ kind, metadata }: KubernetesObject) => `${kind}/${metadata.name}`;
        const made = kubernetes(run).map(({ inputs }) => reveal(inputs) as KubernetesObject);
        const expected = rendered();
        expect(made.map(key).sort()).toEqual(expected.map(key).sort());
        for (const object of expected) {
            const own = made.find((each) => key(each) === key(object))!;
            if (object.kind === "StatefulSet") {
                const annotations = (each: KubernetesObject) =>
                    (each.spec as { template: { metadata: { annotations: Record<string, string> } } }).template.metadata
                        .annotations;
                const sum = annotations(own)["multiarch-builder/tls"]!;
                expect(sum).toMatch(/^[0-9a-f]{32}$/);
                annotations(object)["multiarch-builder/tls"] = sum;
            }
            expect(own).toEqual(object);
        }
    });

    test("keys are secrets in the state, and digests of certificates are none", () => {
        const secret = run.get("ci-arm64-tls").inputs;
        expect(isSecretValue(secret.stringData)).toBe(true);
        expect(reveal(secret.stringData)).toEqual({
            "ca.pem": "CLIENT-CA",
            "cert.pem": "CERT-ci-arm64",
            "key.pem": "KEY-ci-arm64",
        });
        const hiding = kubernetes(run).filter(({ inputs }) =>
            JSON.stringify(inputs).includes("4dabf18193072939515e22adb298388d"),
        );
        expect(hiding.map(({ name }) => name).sort()).toEqual(["ci-amd64-tls", "ci-arm64-tls"]);
        const elsewhere = run.resources.filter(({ name }) => !/-tls$|-parameter-client-/.test(name));
        expect(JSON.stringify(elsewhere)).not.toMatch(/KEY|CLIENT-CERT|CERT-/);
    });

    test("node groups are private to the builders, by architecture", () => {
        for (const [architecture, amiType, instanceType] of [
            ["amd64", "AL2023_x86_64_STANDARD", "c7i.xlarge"],
            ["arm64", "AL2023_ARM_64_STANDARD", "c8g.xlarge"],
        ] as const) {
            const group = run.get(`ci-${architecture}-group-subnet-0123456789abcdef0`);
            expect(group.inputs).toEqual({
                clusterName: "tools",
                nodeGroupNamePrefix: `ci-${architecture}-`,
                nodeRoleArn: expect.stringMatching(/:role\/ci-node-/) as string,
                subnetIds: ["subnet-0123456789abcdef0"],
                amiType,
                capacityType: "ON_DEMAND",
                instanceTypes: [instanceType],
                scalingConfig: { minSize: 0, maxSize: 1, desiredSize: 1 },
                labels: { "multiarch-builder/builder": "ci" },
                taints: [{ key: "multiarch-builder/builder", value: "ci", effect: "NO_SCHEDULE" }],
                updateConfig: { maxUnavailable: 1 },
                nodeRepairConfig: { enabled: true },
                launchTemplate: { id: expect.stringMatching(/^lt-/) as string, version: "1" },
                tags: { Name: `ci-${architecture}` },
            });
            expect(group.ignoreChanges).toEqual(["scalingConfig.desiredSize"]);
        }
    });

    test("machines speak IMDSv2 to themselves alone, and their disks are encrypted", () => {
        const { inputs } = run.get("ci-arm64-template");
        expect(inputs).toMatchObject({
            metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1, httpProtocolIpv6: "disabled" },
            blockDeviceMappings: [
                {
                    deviceName: "/dev/xvda",
                    ebs: { encrypted: "true", volumeType: "gp3", volumeSize: 50, deleteOnTermination: "true" },
                },
            ],
        });
        for (const absent of [
            "instanceType",
            "imageId",
            "keyName",
            "networkInterfaces",
            "iamInstanceProfile",
            "userData",
        ]) {
            expect(inputs).not.toHaveProperty(absent);
        }
    });

    test("the machines' role joins the cluster and pulls images, and no more", () => {
        expect(
            ofType(run, "RolePolicyAttachment")
                .map(({ inputs }) => inputs.policyArn)
                .sort(),
        ).toEqual([
            "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly",
            "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
        ]);
        expect(ofType(run, "RolePolicy")).toEqual([]);
        const trust = JSON.parse(run.get("ci-node-role").inputs.assumeRolePolicy as string) as { Statement: unknown[] };
        expect(trust.Statement).toMatchObject([
            { Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" },
        ]);
        const needed = run
            .get("ci-amd64-group-subnet-0123456789abcdef0")
            .dependencies.map((urn) => urn.split("::").pop());
        expect(needed).toEqual(expect.arrayContaining(["ci-node-role-worker", "ci-node-role-images"]));
    });

    test("pods come after all that they need, and services after their pods", () => {
        const needs = (name: string) => run.get(name).dependencies.map((urn) => urn.split("::").pop());
        expect(needs("ci-arm64-builders")).toEqual(
            expect.arrayContaining([
                "ci-namespace",
                "ci-storage-class",
                "ci-service-account",
                "ci-network-policy",
                "ci-arm64-config",
                "ci-arm64-tls",
                "ci-arm64-group-subnet-0123456789abcdef0",
            ]),
        );
        expect(needs("ci-arm64-builders")).not.toContain("ci-arm64-service");
        expect(needs("ci-arm64-service")).toEqual(["ci-arm64-builders"]);
        expect(needs("ci-amd64-tls")).toEqual(["ci-namespace"]);
    });

    test("the record is that of any other backend, in the same parameter", async () => {
        const nodes = await promiseOf(builders.nodes);
        expect(nodes).toEqual(
            ["amd64", "arm64"].map((architecture) => ({
                name: `ci-${architecture}`,
                platforms: [`linux/${architecture}`],
                endpoint: `tcp://ci-${architecture}-0.ci-${architecture}.buildkit-ci.svc:1234`,
                serverName: `ci-${architecture}.buildkit-ci.svc`,
            })),
        );
        const { inputs } = run.get("ci-parameter-builder");
        expect(inputs).toMatchObject({
            name: "/multiarch-builder/project/stack/ci/builder",
            type: "String",
            tier: "Standard",
        });
        const builder = JSON.parse(inputs.insecureValue as string) as Builder;
        expect(recordProblems(builder, "")).toEqual([]);
        const path = "/multiarch-builder/project/stack/ci/client";
        expect(builder).toEqual({
            name: "ci",
            nodes,
            credentialsParameters: { region, ca: `${path}/ca`, cert: `${path}/cert`, key: `${path}/key` },
        });
        for (const [part, value] of Object.entries({ ca: "SERVER-CA", cert: "CLIENT-CERT", key: "CLIENT-KEY" })) {
            const { value: stored, type } = run.get(`ci-parameter-client-${part}`).inputs;
            expect([type, isSecretValue(stored), reveal(stored)]).toEqual(["SecureString", true, value]);
        }
    });

    test("the outputs", async () => {
        expect(await promiseOf(builders.namespace)).toBe("buildkit-ci");
        expect(await promiseOf(builders.nodeGroupNames)).toHaveLength(2);
        expect(await promiseOf(builders.nodeRoleArn)).toMatch(/:role\/ci-node-/);
        expect(await promiseOf(builders.kmsKeyArn)).toMatch(/^arn:aws:kms:/);
        expect(await promiseOf(builders.recordParameter)).toBe("/multiarch-builder/project/stack/ci/builder");
        expect(await promiseOf(builders.credentialsParameters)).toMatchObject({ region });
    });
});

describe("variants", () => {
    test("replicas are nodes with numbers, and dealt out to the zones", async () => {
        const { run, builders } = await record({ subnetIds: subnets, nodes: { amd64: { replicas: 3 } } });
        expect(
            (await promiseOf(builders.nodes)).map(({ name, replica, endpoint }) => [name, replica, endpoint]),
        ).toEqual([0, 1, 2].map((i) => [`ci-amd64-${i}`, i, `tcp://ci-amd64-${i}.ci-amd64.buildkit-ci.svc:1234`]));
        expect(ofType(run, "NodeGroup").map(({ inputs }) => [inputs.subnetIds, inputs.scalingConfig])).toEqual([
            [[subnets[0]], { minSize: 0, maxSize: 3, desiredSize: 2 }],
            [[subnets[1]], { minSize: 0, maxSize: 3, desiredSize: 1 }],
        ]);
    });

    test("load balancers: their names are in the record", async () => {
        const { run, builders } = await record({
            exposure: EksExposure.InternalNlb,
            access: { cidrs: ["10.0.0.0/16"] },
            loadBalancer: { subnetIds: subnets },
            nodes: { arm64: { replicas: 2 } },
        });
        const endpoints = (await promiseOf(builders.nodes)).map(({ endpoint }) => endpoint);
        expect(new Set(endpoints).size).toBe(2);
        endpoints.forEach((endpoint) =>
            expect(endpoint).toMatch(/^tcp:\/\/k8s-[0-9a-f-]+\.elb\.eu-central-1\.amazonaws\.com:1234$/),
        );
        const { metadata } = run.get("ci-arm64-balancer-1").inputs as unknown as KubernetesObject;
        expect(metadata.annotations!["service.beta.kubernetes.io/aws-load-balancer-subnets"]).toBe(subnets.join(","));
    });

    test("kube-pod: pods are the endpoints", async () => {
        const { builders } = await record({
            exposure: EksExposure.KubePod,
            access: { groups: ["ci"] },
            namespace: "b",
        });
        expect((await promiseOf(builders.nodes)).map(({ endpoint }) => endpoint)).toEqual([
            "kube-pod://ci-amd64-0?namespace=b",
            "kube-pod://ci-arm64-0?namespace=b",
        ]);
    });

    test("machines of the cluster: nothing of AWS but parameters and their key", async () => {
        const { run, builders } = await record({
            provisioning: EksProvisioning.Cluster,
            subnetIds: undefined,
            nodes: { arm64: { nodeSelector: { "karpenter.sh/nodepool": "builders" } } },
        });
        const types = run.resources.map(({ type }) => type).filter((type) => type.startsWith("aws:"));
        expect([...new Set(types)].sort()).toEqual(["aws:kms/key:Key", "aws:ssm/parameter:Parameter"]);
        expect(await promiseOf(builders.nodeGroupNames)).toEqual([]);
        expect(await promiseOf(builders.nodeRoleArn)).toBe("");
    });

    test("T03 Bottlerocket: images by architecture, two disks, user namespaces switched on", async () => {
        const group = { operatingSystem: EksOperatingSystem.Bottlerocket };
        const { run } = await record({
            security: EksSecurity.UserNamespace,
            nodes: { amd64: { group }, arm64: { group } },
        });
        expect(ofType(run, "NodeGroup").map(({ inputs }) => inputs.amiType)).toEqual([
            "BOTTLEROCKET_x86_64",
            "BOTTLEROCKET_ARM_64",
        ]);
        const { blockDeviceMappings, userData } = run.get("ci-arm64-template").inputs;
        expect(blockDeviceMappings).toMatchObject([
            { deviceName: "/dev/xvda", ebs: { encrypted: "true" } },
            { deviceName: "/dev/xvdb", ebs: { encrypted: "true", volumeSize: 50 } },
        ]);
        expect(Buffer.from(userData as string, "base64").toString()).toBe(
            '[settings.kernel.sysctl]\n"user.max_user_namespaces" = "16384"\n',
        );
    });

    test("a taint that EKS keeps to itself is registered by the kubelet", async () => {
        const taint = { key: "kubernetes.io/arch", value: "arm64" };
        const { run } = await record({
            nodes: {
                arm64: { group: { taint } },
                amd64: { group: { taint, operatingSystem: EksOperatingSystem.Bottlerocket } },
            },
        });
        expect(ofType(run, "NodeGroup").map(({ inputs }) => inputs.taints)).toEqual([[], []]);
        const userData = (name: string) => Buffer.from(run.get(name).inputs.userData as string, "base64").toString();
        expect(userData("ci-arm64-template")).toMatchSnapshot();
        expect(userData("ci-amd64-template")).toBe(
            '[settings.kubernetes.node-taints]\n"kubernetes.io/arch" = ["arm64:NoSchedule"]\n',
        );
    });

    test("spot, sizes, keys, names and tags reach what they are for", async () => {
        const volumesKmsKeyArn = `arn:aws:kms:${region}:111122223333:key/12345678-1234-1234-1234-123456789012`;
        const { run } = await record({
            volumesKmsKeyArn,
            vpcCniOnNodeRole: true,
            namePrefix: "acme-",
            rolePath: "/ci/",
            permissionsBoundary: "arn:aws:iam::111122223333:policy/boundary",
            tags: { team: "infra" },
            nodes: {
                arm64: {
                    group: {
                        capacity: EksCapacity.Spot,
                        instanceTypes: ["c8g.xlarge", "c7g.xlarge", "c6g.xlarge"],
                        minSize: 1,
                        maxSize: 4,
                        diskSizeGiB: 80,
                        labels: { team: "infra" },
                    },
                },
            },
        });
        const group = ofType(run, "NodeGroup")[0]!.inputs;
        expect(group).toMatchObject({
            capacityType: "SPOT",
            scalingConfig: { minSize: 1, maxSize: 4, desiredSize: 1 },
            labels: { team: "infra", "multiarch-builder/builder": "ci" },
            nodeGroupNamePrefix: "acme-ci-arm64-",
        });
        expect(run.get("ci-arm64-template").inputs.blockDeviceMappings).toMatchObject([
            { ebs: { kmsKeyId: volumesKmsKeyArn, volumeSize: 80 } },
        ]);
        expect((run.get("ci-storage-class").inputs.parameters as Record<string, string>).kmsKeyId).toBe(
            volumesKmsKeyArn,
        );
        expect(run.get("ci-node-role").inputs).toMatchObject({
            path: "/ci/",
            permissionsBoundary: "arn:aws:iam::111122223333:policy/boundary",
        });
        expect(ofType(run, "RolePolicyAttachment")).toHaveLength(3);
        for (const type of ["NodeGroup", "LaunchTemplate", "Role", "Key", "Parameter"]) {
            ofType(run, type)
                .filter((each) => each.type.startsWith("aws:"))
                .forEach(({ inputs }) => expect(inputs.tags).toMatchObject({ team: "infra" }));
        }
    });

    test("a preview with nothing known makes the same resources", async () => {
        const [preview, update] = [await record({}, { preview: true }), await record()];
        expect(preview.run.names()).toEqual(update.run.names());
    });
});

describe("what only the account or the cluster can tell", () => {
    const tools = {
        name: "tools",
        version: "1.36",
        vpcConfig: { vpcId: "vpc-0a1b2c3d4e5f60718" },
        kubernetesNetworkConfigs: [{ ipFamily: "ipv4", serviceIpv4Cidr: "10.100.0.0/16" }],
        computeConfigs: [] as object[],
    };
    const being = (changes: object): Cluster => ({ "aws:eks/getCluster:getCluster": { ...tools, ...changes } });
    const podSecurity = (level: string): Cluster => ({
        "kubernetes:core/v1:Namespace": {
            metadata: { name: "b", labels: { "pod-security.kubernetes.io/enforce": level } },
        },
    });
    const classMode = (volumeBindingMode: string): Cluster => ({
        "kubernetes:storage.k8s.io/v1:StorageClass": { volumeBindingMode },
    });
    const addon = (configurationValues: string): Cluster => ({ "aws:eks/getAddon:getAddon": { configurationValues } });

    /** What a program that does this in such a cluster ends with: 0 and names of resources, or 3 and the error. */
    async function outcome(args: Partial<EksBuildersArgs>, cluster: Cluster) {
        const script = path.join(__dirname, "fixtures/inCluster.ts");
        const input = JSON.stringify({ args, cluster });
        return runCommand(process.execPath, ["--import", require.resolve("tsx"), script], { env: process.env, input });
    }

    test.each<[string, Partial<EksBuildersArgs>, Cluster, RegExp]>([
        [
            "T93 user namespaces on an old cluster",
            { security: EksSecurity.UserNamespace },
            being({ version: "1.32" }),
            /`security`: user namespaces for pods need Kubernetes 1\.33, and tools runs 1\.32: upgrade it, or take `privileged`/,
        ],
        [
            "an IPv6 cluster",
            {},
            being({ kubernetesNetworkConfigs: [{ ipFamily: "ipv6" }] }),
            /`clusterName`: pods of tools have IPv6 addresses/,
        ],
        [
            "T44 the cluster's services where build steps are",
            { bridgeSubnet: "10.100.0.0/16" },
            {},
            /`bridgeSubnet`: 10\.100\.0\.0\/16 overlaps the VPC's 10\.100\.0\.0\/16/,
        ],
        [
            "T44 the VPC where build steps are",
            { bridgeSubnet: "10.0.0.0/20" },
            {},
            /`bridgeSubnet`: 10\.0\.0\.0\/20 overlaps the VPC's 10\.0\.0\.0\/16/,
        ],
        [
            "T100 a namespace that takes no privileged pods",
            { createNamespace: false, namespace: "b" },
            podSecurity("restricted"),
            /`namespace`: b takes no privileged pods \(pod-security\.kubernetes\.io\/enforce=restricted\)/,
        ],
        [
            "T95 a class that binds too early",
            { cache: { storageClassName: "fast" } },
            classMode("Immediate"),
            /`cache\.storageClassName`: fast makes volumes before their zone is known \(volumeBindingMode Immediate\)/,
        ],
        [
            "a certificate that is not there",
            {
                nodes: { amd64: {} },
                tls: { ...least.tls, nodeCertificates: { "ci-amd64": { cert: "CERT", key: "" } } },
            },
            {},
            /`tls\.nodeCertificates` has no key for ci-amd64/,
        ],
    ])("%s", async (_, args, cluster, message) => {
        const { status, stdout } = await outcome(args, cluster);
        expect(stdout).toMatch(message);
        expect(status).toBe(3);
    });

    test.each<[string, Partial<EksBuildersArgs>, Cluster]>([
        ["a namespace without a level", { createNamespace: false, namespace: "b" }, {}],
        ["a namespace for privileged pods", { createNamespace: false, namespace: "b" }, podSecurity("privileged")],
        ["a class that waits", { cache: { storageClassName: "fast" } }, classMode("WaitForFirstConsumer")],
        ["user namespaces on a newer cluster", { security: EksSecurity.UserNamespace }, being({ version: "1.33" })],
    ])("%s is fine", async (_, args, cluster) => {
        const { run } = await record(args, { cluster });
        expect(run.names()).toContain("ci-amd64-builders");
    });

    test.each<[string, Cluster, RegExp]>([
        [
            "T99 a version that ended",
            being({ version: "1.30" }),
            /`clusterName`: tools runs Kubernetes 1\.30, which is out of/,
        ],
        [
            "T101 policies that nobody enforces",
            addon(""),
            /the add-on vpc-cni of tools does not enforce NetworkPolicies/,
        ],
    ])("%s is warned of", async (_, cluster, message) => {
        expect((await record({}, { cluster })).warnings.join("\n")).toMatch(message);
    });

    test("a cluster without that add-on tells nothing", async () => {
        const cluster = { "aws:eks/getAddon:getAddon": { missing: true } };
        expect((await record({}, { cluster })).warnings).toEqual([]);
    });

    test("Auto Mode makes volumes by a driver of its own", async () => {
        const cluster = being({ computeConfigs: [{ enabled: true }] });
        const args = {
            provisioning: EksProvisioning.Cluster,
            subnetIds: undefined,
            nodes: { arm64: { nodeSelector: { a: "b" } } },
        };
        expect((await record(args, { cluster })).warnings.join()).toMatch(
            /volumes of its machines are made by ebs\.csi\.eks\.amazonaws\.com/,
        );
        const own = { ...args, cache: { provisioner: "ebs.csi.eks.amazonaws.com" } };
        expect((await record(own, { cluster })).warnings).toEqual([]);
    });

    test("without a provider they would go to whichever cluster kubectl is at", async () => {
        await expect(record({}, { provider: false })).rejects.toThrow(/`providers`: no Kubernetes provider is given/);
    });
});
