import * as pulumi from "@pulumi/pulumi";
import {
    EksCapacity,
    type EksBuildersArgs,
    EksExposure,
    type EksNode,
    EksProvisioning,
    EksSecurity,
    EksTaintEffect,
} from "../../components/eks/arguments";
import { validateEks } from "../../components/eks/validate";
import { MultiArchBuilder } from "../../components/multiArchBuilder";
import { least, refusal } from "./support";

function check(args: Partial<EksBuildersArgs>, name = "ci"): { errors: string[]; warnings: string[] } {
    const errors: string[] = [];
    const warnings: string[] = [];
    validateEks(
        name,
        { ...least, ...args },
        (path, value, reason) =>
            errors.push(`${path}: ${reason}${value === undefined ? "" : ` (got ${JSON.stringify(value)})`}`),
        (path, text) => warnings.push(`${path}: ${text}`),
    );
    return { errors, warnings };
}

const amd64 = (node: EksNode) => ({ nodes: { amd64: node } });
const arm64 = (node: EksNode) => ({ nodes: { arm64: node } });
const onCluster = { provisioning: EksProvisioning.Cluster, subnetIds: undefined };
const byNlb = {
    exposure: EksExposure.InternalNlb,
    access: { cidrs: ["10.0.0.0/16"] },
    loadBalancer: { subnetIds: ["subnet-0123456789abcdef0"] },
};
const byPod = { exposure: EksExposure.KubePod, access: undefined };
/** An argument as other languages may give it. */
const any = (value: unknown) => value as never;
type Case = [trap: string, args: Partial<EksBuildersArgs>, message: RegExp];

function refuses(table: Case[]): void {
    test.each(table)("%s", (_, args, message) => {
        const { errors } = check(args);
        expect(errors).toEqual([expect.stringMatching(message)]);
    });
}

test("the least is enough, in every shape", () => {
    const shapes: Partial<EksBuildersArgs>[] = [
        {},
        amd64({}),
        byNlb,
        byPod,
        { ...byPod, access: { groups: ["ci"] } },
        { ...onCluster, ...arm64({ nodeSelector: { "karpenter.sh/nodepool": "builders" } }) },
        {
            security: EksSecurity.UserNamespace,
            namespace: "b",
            createNamespace: false,
            cache: { storageClassName: "fast" },
        },
        { access: { cidrs: ["10.0.0.0/16"] }, egress: { ports: [443], cidrs: ["0.0.0.0/0"] } },
        { clusterName: pulumi.output("x"), subnetIds: [pulumi.output("x")], image: pulumi.output("x") },
    ];
    for (const shape of shapes) {
        expect([shape, check(shape)]).toEqual([shape, { errors: [], warnings: [] }]);
    }
});

describe("names", () => {
    refuses([
        [
            "T08 a builder's name",
            { builderName: "CI" },
            /^builderName: a builder's name must start with a lower-case letter/,
        ],
        ["T08 a name that ends in an architecture", { builderName: "ci-arm64" }, /must not end in an architecture/],
        [
            "a name that is none in Kubernetes",
            { builderName: "ci.main" },
            /^builderName: a builder's name must hold only lower-case letters, digits and inner `-`, 46 at most/,
        ],
        [
            "a name whose pods' label would not fit",
            { builderName: "b".repeat(47) },
            /46 at most: it names objects in Kubernetes/,
        ],
        [
            "no cluster",
            { clusterName: any(undefined) },
            /^clusterName: is missing: the name of an EKS cluster that exists/,
        ],
        [
            "the cluster's ARN",
            { clusterName: "arn:aws:eks:eu-central-1:111122223333:cluster/tools" },
            /^clusterName: must be the name of a cluster, not its ARN/,
        ],
        [
            "a namespace",
            { namespace: "CI_Builders" },
            /^namespace: must have at most 63 lower-case letters, digits and inner `-` \(got "CI_Builders"\)$/,
        ],
        ["a namespace of 64 characters", { namespace: "b".repeat(64) }, /^namespace: must have at most 63/],
        ["a namespace of the cluster", { namespace: "kube-system" }, /^namespace: is one of the cluster's own/],
        [
            "the default namespace, made",
            { namespace: "default" },
            /^namespace: is one of the cluster's own: builders need one for themselves, such as buildkit-ci/,
        ],
        [
            "a namespace of runners",
            { access: { namespaces: ["ci_runners"] } },
            /^access\.namespaces\[0\]: is no name of a namespace: it must have at most 63/,
        ],
        [
            "a class",
            { cache: { storageClassName: "Fast" } },
            /^cache\.storageClassName: must be the name of a StorageClass/,
        ],
        ["T86 a role's path", { rolePath: "ci" }, /^rolePath: must start and end with `\/`/],
    ]);

    test("the component's name counts where no other is given", () => {
        expect(check({}, "ci_x").errors).toEqual([expect.stringMatching(/^name: a builder's name must hold only/)]);
    });
});

describe("machines", () => {
    refuses([
        [
            "T01 an x86 type on arm64",
            arm64({ group: { instanceTypes: ["c7i.xlarge"] } }),
            /^nodes\.arm64\.group\.instanceTypes\[0\]: has amd64 CPUs: put it under `nodes\.amd64`/,
        ],
        [
            "T04 both architectures in one group",
            arm64({ group: { instanceTypes: ["c8g.xlarge", "c7i.xlarge"] } }),
            /^nodes\.arm64\.group\.instanceTypes\[1\]: has amd64 CPUs/,
        ],
        ["T15 a GPU", amd64({ group: { instanceTypes: ["g5.xlarge"] } }), /has accelerators that a build does not use/],
        [
            "no type",
            amd64({ group: { instanceTypes: [] }, resources: { cpuMillis: 1000, memoryMiB: 2048 } }),
            /^nodes\.amd64\.group\.instanceTypes: must name 1 to 20 instance types/,
        ],
        [
            "a type twice",
            amd64({ group: { instanceTypes: ["c7i.xlarge", "c7i.xlarge"] } }),
            /instanceTypes\[1\]: is `nodes\.amd64\.group\.instanceTypes\[0\]` already/,
        ],
        [
            "T12 spot with one type",
            amd64({ group: { capacity: EksCapacity.Spot } }),
            /^nodes\.amd64\.group\.instanceTypes: must name at least two types for spot/,
        ],
        [
            "fewer machines than replicas",
            amd64({ replicas: 3, group: { maxSize: 2 } }),
            /^nodes\.amd64\.group\.maxSize: leaves room for 2 machines in all groups, and 3 replicas need one each/,
        ],
        [
            "more at least than at most",
            amd64({ group: { minSize: 3, maxSize: 2 } }),
            /^nodes\.amd64\.group\.minSize: must be at most `nodes\.amd64\.group\.maxSize` \(2\)/,
        ],
        [
            "a small disk",
            amd64({ group: { diskSizeGiB: 10 } }),
            /^nodes\.amd64\.group\.diskSizeGiB: must be a whole number of GiB from 20 to 16384/,
        ],
        [
            "T96 no zone to be in",
            { subnetIds: [] },
            /^subnetIds: must name at least one private subnet for the node groups, one per zone/,
        ],
        [
            "a subnet twice",
            { subnetIds: ["subnet-0123456789abcdef0", "subnet-0123456789abcdef0"] },
            /^subnetIds\[1\]: is `subnetIds\[0\]` already/,
        ],
        [
            "what is no subnet",
            { subnetIds: ["vpc-0123456789abcdef0"] },
            /^subnetIds\[0\]: must be an id such as subnet-/,
        ],
        ["T35 an alias of a key", { volumesKmsKeyArn: "alias/ebs" }, /^volumesKmsKeyArn: must be the ARN of a KMS key/],
        [
            "an operating system",
            amd64({ group: { operatingSystem: any("al2") } }),
            /^nodes\.amd64\.group\.operatingSystem: must be one of al2023, bottlerocket/,
        ],
        [
            "a label that EKS keeps",
            amd64({ group: { labels: { "eks.amazonaws.com/team": "ci" } } }),
            /^nodes\.amd64\.group\.labels\["eks\.amazonaws\.com\/team"\]: is of a domain that EKS keeps for itself/,
        ],
        [
            "the builder's own label",
            amd64({ group: { labels: { "multiarch-builder/builder": "x" } } }),
            /is set by the builder itself: take another key/,
        ],
        [
            "a label's key",
            amd64({ group: { labels: { "a b": "x" } } }),
            /^nodes\.amd64\.group\.labels\["a b"\]: must be a name of at most 63 letters/,
        ],
        [
            "a label's value",
            amd64({ group: { labels: { team: "a b" } } }),
            /^nodes\.amd64\.group\.labels\["team"\]: must have at most 63 letters/,
        ],
        [
            "T92 EKS's spelling of an effect",
            amd64({ group: { taint: { key: "a", effect: any("NO_SCHEDULE") } } }),
            /^nodes\.amd64\.group\.taint\.effect: must be one of NoSchedule, PreferNoSchedule, NoExecute \(got "NO_SCHEDULE"\)$/,
        ],
        [
            "a taint's key",
            amd64({ group: { taint: { key: "-" } } }),
            /^nodes\.amd64\.group\.taint\.key: must be a name/,
        ],
        [
            "a taint's value",
            amd64({ group: { taint: { key: "a", value: "b/c" } } }),
            /^nodes\.amd64\.group\.taint\.value: must have at most 63/,
        ],
        [
            "groups where none are made",
            { ...onCluster, ...arm64({ nodeSelector: { a: "b" }, group: {} }) },
            /^nodes\.arm64\.group: has no use with `provisioning` `cluster`/,
        ],
        [
            "subnets where no groups are made",
            { ...onCluster, subnetIds: least.subnetIds, ...arm64({ nodeSelector: { a: "b" } }) },
            /^subnetIds: has no use with `provisioning` `cluster`/,
        ],
        [
            "T98 Auto Mode's own pool for arm64",
            { ...onCluster, ...arm64({ nodeSelector: { "karpenter.sh/nodepool": "general-purpose" } }) },
            /is EKS Auto Mode's own pool, which has no arm64 machines: make a NodePool for arm64/,
        ],
        [
            "another architecture by hand",
            amd64({ nodeSelector: { "kubernetes.io/arch": "arm64" } }),
            /^nodes\.amd64\.nodeSelector\["kubernetes\.io\/arch"\]: is amd64 for these builders/,
        ],
        [
            "a toleration without a key",
            amd64({ tolerations: [{ key: "" }] }),
            /^nodes\.amd64\.tolerations\[0\]\.key: must be a name/,
        ],
    ]);

    test.each<Case>([
        [
            "T11 spot has no fallback",
            amd64({ group: { capacity: EksCapacity.Spot, instanceTypes: ["c7i.xlarge", "c6i.xlarge"] } }),
            /^nodes\.amd64\.group\.capacity: a group on spot has no fallback to on demand, and a build ends with its machine; name three types or more/,
        ],
        ["T14 credits", amd64({ group: { instanceTypes: ["t3.xlarge"] } }), /earns CPU credits/],
        [
            "types of several sizes",
            amd64({ group: { instanceTypes: ["c7i.xlarge", "c7i.2xlarge"] } }),
            /are of several sizes/,
        ],
        [
            "other pods on privileged machines",
            amd64({ group: { taint: { key: "a", effect: EksTaintEffect.PreferNoSchedule } } }),
            /other pods may come to these machines, and whoever builds is root there/,
        ],
        [
            "privileged beside other pods",
            { ...onCluster, ...arm64({}) },
            /^nodes\.arm64\.nodeSelector: binds builders to no machines of their own: they run beside other pods/,
        ],
        [
            "T91 a grace period that EKS does not wait for",
            { stopTimeoutSeconds: 1200 },
            /^stopTimeoutSeconds: EKS waits 15 minutes for a pod/,
        ],
        ["public clients", { access: { cidrs: ["8.8.8.0/24"] } }, /^access\.cidrs\[0\]: 8\.8\.8\.0\/24 is public/],
    ])("%s is warned of", (_, args, message) => {
        expect(check(args)).toEqual({ errors: [], warnings: [expect.stringMatching(message)] });
    });

    test("in a user namespace other pods are no neighbours to warn of", () => {
        expect(check({ ...onCluster, ...arm64({}), security: EksSecurity.UserNamespace }).warnings).toEqual([]);
    });
});

describe("builders", () => {
    refuses([
        ["T09 none", { nodes: {} }, /^nodes: must hold at least one node: amd64, arm64 or both/],
        ["an architecture", { nodes: any({ amd64: {}, riscv64: {} }) }, /^nodes\.riscv64: is unknown/],
        [
            "no replica",
            amd64({ replicas: 0 }),
            /^nodes\.amd64\.replicas: must be a whole number from 1 to 10 \(got 0\)$/,
        ],
        ["too many", amd64({ replicas: 11 }), /^nodes\.amd64\.replicas: must be a whole number from 1 to 10/],
        ["half a replica", amd64({ replicas: 1.5 }), /^nodes\.amd64\.replicas: must be a whole number/],
        [
            "T06 another CPU's platform",
            amd64({ platforms: ["linux/arm64"] }),
            /^nodes\.amd64\.platforms\[0\]: no amd64 CPU runs it: add the node `nodes\.arm64`/,
        ],
        ["T06 32-bit Arm on a Graviton4", arm64({ platforms: ["linux/arm/v7"] }), /few Graviton CPUs run 32-bit Arm/],
        [
            "T06 one type of several without 32-bit Arm",
            arm64({ platforms: ["linux/arm/v7"], group: { instanceTypes: ["c6g.xlarge", "c7g.xlarge"] } }),
            /few Graviton CPUs run 32-bit Arm/,
        ],
        [
            "T06 emulated where another is native",
            {
                nodes: {
                    amd64: { emulated: ["linux/arm/v7"] },
                    arm64: { platforms: ["linux/arm/v7"], group: { instanceTypes: ["c6g.xlarge"] } },
                },
            },
            /^nodes\.amd64\.emulated: is in `nodes\.arm64\.platforms` too/,
        ],
        [
            "more CPUs than there are",
            amd64({ resources: { cpuMillis: 4000 } }),
            /^nodes\.amd64\.resources\.cpuMillis: no pod would fit: of 4000, the system needs some for itself \(got 4000\)$/,
        ],
        [
            "more memory than there is",
            amd64({ resources: { memoryMiB: 8192 } }),
            /^nodes\.amd64\.resources\.memoryMiB: no pod would fit: of 8192/,
        ],
        [
            "a machine that leaves too little",
            amd64({ group: { instanceTypes: ["t3.micro"] } }),
            /leave a builder \d+ MiB of memory, and it needs 1024 at least/,
        ],
        [
            "T31 too many operations",
            { cache: { sizeGiB: 50, iops: 30000 } },
            /^cache\.iops: a volume of 50 GiB takes 25000 at most/,
        ],
        [
            "T31 too much throughput",
            { cache: { throughputMiBps: 1000 } },
            /^cache\.throughputMiBps: must be at most a quarter of `cache\.iops` \(3000\), so 750/,
        ],
        [
            "what a class decides",
            { cache: { storageClassName: "fast", iops: 4000 } },
            /^cache\.iops: is decided by the given `cache\.storageClassName`/,
        ],
        [
            "a driver that makes no gp3",
            { cache: { provisioner: "efs.csi.aws.com" } },
            /^cache\.provisioner: must be one of ebs\.csi\.aws\.com, ebs\.csi\.eks\.amazonaws\.com/,
        ],
        [
            "an image by tag",
            { image: "moby/buildkit:latest" },
            /^image: must be an image by its digest, such as registry\.acme\.io\/moby\/buildkit@sha256:/,
        ],
        ["a security mode", { security: any("rootless") }, /^security: must be one of privileged, userns/],
        [
            "T22 a short grace period",
            { stopTimeoutSeconds: 10 },
            /^stopTimeoutSeconds: must be a whole number of seconds from 30 to 3600/,
        ],
    ]);

    test("a record that no parameter holds", () => {
        const names = { builderName: "b".repeat(46), namespace: "n".repeat(63) };
        const nodeCertificates = {
            [`${names.builderName}-amd64`]: { cert: "c", key: "k" },
            [`${names.builderName}-arm64`]: { cert: "c", key: "k" },
        };
        const args = {
            ...names,
            nodes: { amd64: { replicas: 6 }, arm64: { replicas: 6 } },
            tls: { ...least.tls, nodeCertificates },
        };
        expect(check(args).errors).toEqual([
            expect.stringMatching(/^nodes: make a record of about \d+ bytes, and a parameter takes 4096/),
        ]);
        expect(check({ nodes: { amd64: { replicas: 8 }, arm64: { replicas: 8 } } }).errors).toEqual([]);
    });
});

describe("who reaches them", () => {
    refuses([
        [
            "T42 nobody",
            { access: {} },
            /^access: names nobody: give `namespaces` of runners in the cluster or `cidrs` of other clients/,
        ],
        ["T40 everybody", { access: { cidrs: ["0.0.0.0/0"] } }, /^access\.cidrs\[0\]: is open to far too much/],
        ["an IPv6 network", { access: { cidrs: ["fd00::/8"] } }, /^access\.cidrs\[0\]: must be an IPv4 network/],
        [
            "a namespace twice",
            { access: { namespaces: ["a", "a"] } },
            /^access\.namespaces\[1\]: is `access\.namespaces\[0\]` already/,
        ],
        [
            "T40 a load balancer for all",
            { ...byNlb, access: { namespaces: ["runners"] } },
            /^access\.cidrs: must name the networks of clients: a load balancer without would be open/,
        ],
        [
            "a load balancer nowhere",
            { ...byNlb, loadBalancer: undefined },
            /^loadBalancer\.subnetIds: must name at least one private subnet, one per zone/,
        ],
        [
            "a load balancer's subnet twice",
            { ...byNlb, loadBalancer: { subnetIds: ["subnet-0123456789abcdef0", "subnet-0123456789abcdef0"] } },
            /^loadBalancer\.subnetIds\[1\]: is `loadBalancer\.subnetIds\[0\]` already/,
        ],
        [
            "a load balancer's class",
            { ...byNlb, loadBalancer: { ...byNlb.loadBalancer, loadBalancerClass: "alb" } },
            /^loadBalancer\.loadBalancerClass: must be one of service\.k8s\.aws\/nlb, eks\.amazonaws\.com\/nlb/,
        ],
        [
            "a load balancer that nobody asked for",
            { loadBalancer: byNlb.loadBalancer },
            /^loadBalancer: has no use with `exposure` `cluster`/,
        ],
        [
            "networks where no port is open",
            { ...byPod, access: { cidrs: ["10.0.0.0/16"] } },
            /^access\.cidrs: has no use with `exposure` `kube-pod`: no port is open/,
        ],
        [
            "groups where nobody comes by kubectl",
            { access: { namespaces: ["a"], groups: ["ci"] } },
            /^access\.groups: has no use with `exposure` `cluster`/,
        ],
        [
            "everybody who has signed in",
            { ...byPod, access: { groups: ["system:authenticated"] } },
            /^access\.groups\[0\]: must be a group of your own/,
        ],
        ["an exposure", { exposure: any("public-nlb") }, /^exposure: must be one of cluster, internal-nlb, kube-pod/],
        ["no way out", { egress: { ports: [] } }, /^egress: lets builders connect nowhere/],
        ["T45 a port", { egress: { ports: [0] } }, /^egress\.ports\[0\]: must be a whole number from 1 to 65535/],
        [
            "host bits",
            { egress: { cidrs: ["10.0.0.1/8"] } },
            /^egress\.cidrs\[0\]: has leading zeros or bits outside its prefix; write 10\.0\.0\.0\/8/,
        ],
        ["T44 a small bridge", { bridgeSubnet: "172.30.0.0/24" }, /^bridgeSubnet: is too small/],
        [
            "T44 a bridge over clients",
            { access: { cidrs: ["172.30.0.0/16"] } },
            /^bridgeSubnet: overlaps .*access\.cidrs/,
        ],
        [
            "a mirror with a scheme",
            { mirrors: [{ registry: "docker.io", mirrors: ["https://mirror.internal"] }] },
            /^mirrors\[0\]\.mirrors\[0\]: must be a host/,
        ],
        [
            "certificates that are missing",
            { tls: any({}) },
            /^tls: is missing clientCa, nodeCertificates, credentials: take them from a BuilderTls for `eksTlsNodes\(…\)`/,
        ],
        [
            "a certificate that is missing",
            { tls: { ...least.tls, nodeCertificates: { "ci-amd64": { cert: "c", key: "k" } } } },
            /^tls\.nodeCertificates\["ci-arm64"\]: is missing$/,
        ],
        [
            "T64 an argument with a typo",
            any({ subnetId: "subnet-0123456789abcdef0" }),
            /^subnetId: is unknown; did you mean `subnetIds`\?/,
        ],
        ["an Output that decides", { namespace: any(pulumi.output("x")) }, /^namespace: must be a plain value/],
        [
            "labels that are known late",
            amd64({ nodeSelector: any(pulumi.output({})) }),
            /^nodes\.amd64\.nodeSelector: must be a plain value/,
        ],
    ]);
});

test("a farm tells what is wrong with its builders on EKS", () => {
    const { clusterName, subnetIds } = least;
    const farm = () => new MultiArchBuilder("ci.main", { eks: { clusterName, subnetIds, access: {} } });
    expect(farm).toThrow(/`builderName`: a builder's name must hold only .*\n {2}- `eks\.access`: names nobody/s);
});

test("all is told at once, before anything is made", () => {
    const message = refusal({ subnetIds: [], access: {}, image: "moby/buildkit" });
    expect(message).toMatch(
        /^invalid arguments of the EKS builders "ci":\n {2}- `subnetIds`.*\n {2}- `access`.*\n {2}- `image`/s,
    );
});
