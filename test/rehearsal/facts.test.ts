import { factsOf, renderFacts } from "../../dev/rehearsal/facts";
import { secret, unknown, type Properties } from "../../dev/rehearsal/properties";
import type { ResourceState } from "../../dev/rehearsal/resource";

function resource(type: string, name: string, inputs: Properties, more: Partial<ResourceState> = {}): ResourceState {
    return {
        ...{ urn: `urn:pulumi:s::p::${type}::${name}`, type, name, custom: true, inputs, dependencies: [] },
        ...{ retainOnDelete: false, deleteBeforeReplace: false, ignoreChanges: [], additionalSecretOutputs: [] },
        ...{ hooks: {}, modelled: true, id: name, outputs: inputs },
        ...more,
    };
}

/** `name: text` of every fact, with a mark before those to look at twice. */
function told(...resources: ResourceState[]): string[] {
    return factsOf(resources).map(({ subject, text, warning }) => `${warning ? "! " : ""}${subject}: ${text}`);
}

const groupId = "sg-0aaaaaaaaaaaaaaaa";
const group = resource("aws:ec2/securityGroup:SecurityGroup", "group", {}, { id: groupId });
const ingress = (inputs: Properties, name = "rule") =>
    resource("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", name, {
        ...{ securityGroupId: groupId, ipProtocol: "tcp", fromPort: 1234, toPort: 1234 },
        ...inputs,
    });

describe("what is reached from where", () => {
    it("a group without rules lets nobody in", () => {
        expect(told(group)).toEqual(expect.arrayContaining(["group: no inbound rule", "group: no outbound rule"]));
    });

    it.each<[string, Properties, string]>([
        ["a network", { cidrIpv4: "10.1.0.0/16" }, "group: tcp 1234 from 10.1.0.0/16"],
        ["a foreign group", { referencedSecurityGroupId: "sg-1" }, "group: tcp 1234 from sg-1"],
        ["its own group, by name", { referencedSecurityGroupId: groupId }, "group: tcp 1234 from group"],
        ["a list", { prefixListId: "pl-1" }, "group: tcp 1234 from pl-1"],
        ["several ports", { cidrIpv4: "10.1.0.0/16", toPort: 1300 }, "group: tcp 1234-1300 from 10.1.0.0/16"],
        [
            "every port",
            { cidrIpv4: "10.1.0.0/16", ipProtocol: "-1" },
            "group: all ports and protocols from 10.1.0.0/16",
        ],
        ["the world", { cidrIpv4: "0.0.0.0/0" }, "! group: tcp 1234 from EVERYWHERE (0.0.0.0/0)"],
        ["the world by IPv6", { cidrIpv6: "::/0" }, "! group: tcp 1234 from EVERYWHERE (::/0)"],
        ["what is not known", { referencedSecurityGroupId: unknown }, "group: tcp 1234 from [unknown]"],
    ])("%s", (_, inputs, expected) => {
        const facts = told(group, ingress(inputs));
        expect(facts).toContain(expected);
        expect(facts).not.toContain("group: no inbound rule");
    });

    it("inline rules and rules of other groups show up", () => {
        const inline = { fromPort: 22, toPort: 22, protocol: "tcp", cidrBlocks: ["0.0.0.0/0"] };
        const open = resource("aws:ec2/securityGroup:SecurityGroup", "open", { ingress: [inline] });
        const facts = told(open, ingress({ securityGroupId: "sg-other", cidrIpv4: "10.0.0.0/8" }));
        expect(facts).toContain("! open: tcp 22 from EVERYWHERE (0.0.0.0/0)");
        expect(facts).toContain("sg-other (not of this stack): tcp 1234 from 10.0.0.0/8");
    });

    it("what machines may connect to is told, and no reason to look twice", () => {
        const rule = resource("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "out", {
            ...{ securityGroupId: groupId, ipProtocol: "tcp", fromPort: 443, toPort: 443, cidrIpv4: "0.0.0.0/0" },
        });
        expect(told(group, rule)).toContain("group: may connect to anywhere (0.0.0.0/0), tcp 443");
    });
});

const metadata = { httpTokens: "required", httpPutResponseHopLimit: 1 };
const root = { encrypted: true, kmsKeyId: "arn:aws:kms:r:1:key/k", volumeSize: 30 };
const machine = (inputs: Properties) =>
    resource("aws:ec2/instance:Instance", "node", {
        ...{ instanceType: "c8g.xlarge", primaryNetworkInterface: { networkInterfaceId: "eni-1" } },
        ...{ metadataOptions: metadata, rootBlockDevice: root },
        ...inputs,
    });

describe("machines", () => {
    const card = resource(
        "aws:ec2/networkInterface:NetworkInterface",
        "card",
        { subnetId: "subnet-1", securityGroups: [groupId] },
        { id: "eni-1", outputs: { privateIp: "10.0.0.9" } },
    );

    it("have an address of their network interface only", () => {
        const facts = told(group, card, machine({}));
        expect(facts).toContain("node: no public address; 10.0.0.9 in subnet-1, security group group");
        expect(facts).toContain("node: IMDSv2 only, hop limit 1: not for containers on a bridge");
        expect(facts.filter((fact) => fact.startsWith("!"))).toEqual([]);
    });

    it.each<[string, Properties, RegExp]>([
        ["a public address", { associatePublicIpAddress: true }, /^! node: A PUBLIC ADDRESS/],
        ["an address as the subnet says", { primaryNetworkInterface: null }, /^! node: a public address if the subnet/],
        ["a key pair", { keyName: "mine" }, /^! node: SSH key pair mine$/],
        ["IMDSv1", { metadataOptions: {} }, /^! node: IMDSv1 IS ALLOWED, no hop limit is set$/],
        ["two hops", { metadataOptions: { ...metadata, httpPutResponseHopLimit: 2 } }, /^! node: .*hop limit 2$/],
        ["a root volume in clear", { rootBlockDevice: { volumeSize: 30 } }, /^! node \(root volume\): NOT ENCRYPTED$/],
        ["a type without a price", { instanceType: "z9z.large" }, /^! node: 2\.40 USD a month asleep.*NOT KNOWN/],
    ])("%s is to be looked at twice", (_, inputs, expected) => {
        expect(told(card, machine(inputs)).filter((fact) => expected.test(fact))).toHaveLength(1);
    });
});

const policy = (...statements: object[]) => JSON.stringify({ Version: "2012-10-17", Statement: statements });
const allow = { Sid: "It", Effect: "Allow" };

describe("who may do what", () => {
    const role = resource("aws:iam/role:Role", "role", {
        assumeRolePolicy: policy({ ...allow, Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }),
    });
    const grant = (statement: object) =>
        resource("aws:iam/rolePolicy:RolePolicy", "policy", {
            role: "role",
            policy: policy({ ...allow, ...statement }),
        });

    it("a role, who takes it, and its statements with actions, resources and conditions", () => {
        const key = resource("aws:kms/key:Key", "key", {}, { outputs: { arn: "arn:aws:kms:r:1:key/k" } });
        const statement = {
            ...{ Action: ["kms:Decrypt"], Resource: "arn:aws:kms:r:1:key/k" },
            Condition: { StringEquals: { "kms:ViaService": "ssm.r.amazonaws.com" } },
        };
        expect(told(role, key, grant(statement))).toEqual(
            expect.arrayContaining([
                "role: It: assumed by ec2.amazonaws.com",
                "role: It: kms:Decrypt → key, when kms:ViaService StringEquals ssm.r.amazonaws.com",
            ]),
        );
    });

    it.each<[string, object, string]>([
        ["any action", { Action: "*", Resource: "r" }, "! role: It: * → r"],
        ["any action of a service", { Action: ["s3:*"], Resource: "r" }, "! role: It: s3:* → r"],
        ["all but some", { NotAction: "iam:*", Resource: "r" }, "! role: It: ALL BUT iam:* → r"],
        ["any resource", { Action: "s3:GetObject", Resource: "*" }, "! role: It: s3:GetObject → ANY RESOURCE"],
        ["one of several", { Action: "s3:Get", Resource: ["r", "*"] }, "! role: It: s3:Get → ANY RESOURCE"],
        [
            "any, by a call without resources",
            { Action: "cloudwatch:PutMetricData", Resource: "*" },
            "role: It: cloudwatch:PutMetricData → any (the calls take no resource)",
        ],
        ["a denial of everything", { Effect: "Deny", Action: "*", Resource: "*" }, "role: It: never * → ANY RESOURCE"],
        ["a denial", { Effect: "Deny", Action: "s3:Put", Resource: "r" }, "role: It: never s3:Put → r"],
    ])("%s", (_, statement, expected) => expect(told(role, grant(statement))).toContain(expected));

    it("managed policies and roles for everybody show up", () => {
        const attached = resource("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "a", {
            role: "role",
            policyArn: "arn:aws:iam::aws:policy/AdministratorAccess",
        });
        const open = resource("aws:iam/role:Role", "open", {
            assumeRolePolicy: policy({ ...allow, Principal: "*", Action: "sts:AssumeRole" }),
            managedPolicyArns: ["arn:mine"],
        });
        expect(told(role, attached, open)).toEqual(
            expect.arrayContaining([
                "! role: everything that arn:aws:iam::aws:policy/AdministratorAccess allows",
                "! open: It: assumed by *",
                "! open: everything that arn:mine allows",
            ]),
        );
    });

    it("policies of keys and repositories tell who, and everybody", () => {
        const of = (statement: object) => policy({ ...allow, Action: "ecr:BatchGetImage", ...statement });
        const repository = (document: string) =>
            resource("aws:ecr/repositoryPolicy:RepositoryPolicy", "p", { repository: "shop", policy: document });
        const one = of({ Principal: { AWS: ["arn:aws:iam::1:root", "arn:aws:iam::2:root"] } });
        expect(told(repository(one))).toContain(
            "shop: It: arn:aws:iam::1:root, arn:aws:iam::2:root may ecr:BatchGetImage",
        );
        expect(told(repository(of({ Principal: "*" })))).toContain("! shop: It: EVERYBODY may ecr:BatchGetImage");
        const organization = of({ Principal: "*", Condition: { StringEquals: { "aws:PrincipalOrgID": "o-1" } } });
        expect(told(repository(organization))).toContain(
            "shop: It: * may ecr:BatchGetImage, when aws:PrincipalOrgID StringEquals o-1",
        );
    });

    it("a policy that is not known yet says so", () => {
        const later = resource("aws:iam/rolePolicy:RolePolicy", "policy", { role: "role", policy: unknown });
        expect(told(role, later)).toContain("role: a policy that is known only after the update");
    });
});

describe("encryption", () => {
    const arn = "arn:aws:kms:r:1:key/k";
    const key = resource("aws:kms/key:Key", "key", { enableKeyRotation: true }, { outputs: { arn } });
    it.each<[string, string, Properties, string]>([
        ["a volume", "aws:ebs/volume:Volume", { encrypted: true, kmsKeyId: arn }, "it: encrypted with key"],
        [
            "a volume with the default key",
            "aws:ebs/volume:Volume",
            { encrypted: true },
            "it: encrypted with the account's own key for EBS",
        ],
        ["a volume in clear", "aws:ebs/volume:Volume", { kmsKeyId: arn }, "! it: NOT ENCRYPTED"],
        [
            "a parameter",
            "aws:ssm/parameter:Parameter",
            { type: "SecureString", keyId: arn, value: secret("x") },
            "it: encrypted with key",
        ],
        [
            "a secret in clear",
            "aws:ssm/parameter:Parameter",
            { type: "String", value: secret("x") },
            "! it: A SECRET, NOT ENCRYPTED",
        ],
        [
            "a parameter without a secret",
            "aws:ssm/parameter:Parameter",
            { type: "String", insecureValue: "x" },
            "it: not encrypted, holds no secret",
        ],
        ["logs", "aws:cloudwatch/logGroup:LogGroup", {}, "it: encrypted with AWS's own key for logs"],
        [
            "a repository",
            "aws:ecr/repository:Repository",
            { encryptionConfigurations: [{ encryptionType: "KMS", kmsKey: arn }] },
            "it: encrypted with key",
        ],
        ["a repository by default", "aws:ecr/repository:Repository", {}, "it: encrypted with AWS's own key (AES256)"],
        ["a key", "aws:kms/key:Key", { enableKeyRotation: true }, "it: a key of its own, rotated every year"],
        ["a key for ever", "aws:kms/key:Key", {}, "! it: A KEY THAT IS NEVER ROTATED"],
    ])("%s", (_, type, inputs, expected) => expect(told(key, resource(type, "it", inputs))).toContain(expected));
});

test("what costs while nobody builds is summed up", () => {
    const disk = { size: 200, iops: 4000, throughput: 250, encrypted: true };
    const facts = told(machine({}), resource("aws:ebs/volume:Volume", "disk", disk));
    expect(facts).toEqual(
        expect.arrayContaining([
            "node: 2.40 USD a month asleep, its root volume; 0.1595 USD more for each hour awake (c8g.xlarge)",
            "disk: 26.00 USD a month",
            expect.stringMatching(/^all of it: 28\.40 USD a month while everything sleeps that can/),
        ]),
    );
});

describe("a cluster", () => {
    const service = (spec: Properties, annotations: Properties = {}) =>
        resource("kubernetes:core/v1:Service", "service", {
            metadata: { annotations },
            spec: { ports: [{ port: 1234 }], ...spec },
        });
    const internal = { "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal" };

    it.each<[string, ResourceState, string]>([
        ["a Service", service({ type: "ClusterIP" }), "service: port 1234, ClusterIP: no address outside the cluster"],
        [
            "an internal load balancer",
            service({ type: "LoadBalancer", loadBalancerSourceRanges: ["10.0.0.0/8"] }, internal),
            "service: port 1234 by an internal load balancer, from 10.0.0.0/8",
        ],
        [
            "a public load balancer",
            service({ type: "LoadBalancer" }),
            "! service: port 1234 by A PUBLIC LOAD BALANCER, from EVERYWHERE",
        ],
    ])("%s", (_, made, expected) => expect(told(made)).toContain(expected));

    it("network policies, and one that lets everybody in", () => {
        const policyOf = (ingress: Properties[]) =>
            resource("kubernetes:networking.k8s.io/v1:NetworkPolicy", "policy", {
                spec: {
                    ingress,
                    egress: [{ to: [{ ipBlock: { cidr: "0.0.0.0/0", except: ["169.254.169.254/32"] } }], ports: [] }],
                },
            });
        const namespaces = [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "runners" } } }];
        const rule = { ports: [{ protocol: "TCP", port: 1234 }] };
        expect(told(policyOf([{ ...rule, from: namespaces }]))).toEqual(
            expect.arrayContaining([
                "policy: tcp 1234 from namespaces kubernetes.io/metadata.name=runners",
                "policy: may connect to 0.0.0.0/0 but 169.254.169.254/32, all ports",
            ]),
        );
        expect(told(policyOf([]))).toContain("policy: nothing inbound");
        expect(told(policyOf([rule]))).toContain("! policy: tcp 1234 from EVERYWHERE");
    });

    it.each<[string, Properties, string]>([
        [
            "privileged pods",
            { automountServiceAccountToken: false },
            "! pods: PRIVILEGED: root on its machine, no token of the cluster",
        ],
        [
            "those in a user namespace",
            { automountServiceAccountToken: false, hostUsers: false },
            "pods: privileged in a user namespace, no token of the cluster",
        ],
        [
            "those with a token and the host's network",
            { hostUsers: false, hostNetwork: true },
            "! pods: privileged in a user namespace, A TOKEN OF THE CLUSTER, hostNetwork",
        ],
    ])("%s", (_, pod, expected) => {
        const containers = [{ securityContext: { privileged: true } }];
        const spec = { template: { spec: { containers, ...pod } } };
        expect(told(resource("kubernetes:apps/v1:StatefulSet", "pods", { spec }))).toContain(expected);
    });

    it("roles, and one for every pod", () => {
        const role = (names?: string[]) =>
            resource("kubernetes:rbac.authorization.k8s.io/v1:Role", "role", {
                rules: [{ verbs: ["create"], resources: ["pods/exec"], ...(names ? { resourceNames: names } : {}) }],
            });
        expect(told(role(["ci-0"]))).toContain("role: create pods/exec → ci-0");
        expect(told(role())).toContain("! role: create pods/exec → ANY");
    });

    it("disks, metadata and cost of its machines and claims", () => {
        const disk = { volumeSize: 50, encrypted: "true" };
        const template = resource(
            "aws:ec2/launchTemplate:LaunchTemplate",
            "template",
            { metadataOptions: metadata, blockDeviceMappings: [{ deviceName: "/dev/xvda", ebs: disk }] },
            { id: "lt-1" },
        );
        const nodes = resource("aws:eks/nodeGroup:NodeGroup", "nodes", {
            instanceTypes: ["c8g.xlarge"],
            scalingConfig: { desiredSize: 2 },
            launchTemplate: { id: "lt-1" },
        });
        const storage = resource("kubernetes:storage.k8s.io/v1:StorageClass", "class", {
            metadata: { name: "fast" },
            parameters: { type: "gp3", iops: "4000", throughput: "250" },
        });
        const claim = { storageClassName: "fast", resources: { requests: { storage: "200Gi" } } };
        const pods = resource("kubernetes:apps/v1:StatefulSet", "pods", {
            spec: { replicas: 2, volumeClaimTemplates: [{ spec: claim }] },
        });
        expect(told(template, nodes, storage, pods)).toEqual(
            expect.arrayContaining([
                "template: IMDSv2 only, hop limit 1: not for containers on a bridge",
                "template (/dev/xvda): encrypted with the account's own key for EBS",
                "! class: NOT ENCRYPTED",
                `nodes: ${(2 * (0.15952 * 730 + 4)).toFixed(2)} USD a month`,
                "pods: 52.00 USD a month",
            ]),
        );
    });
});

describe("for people", () => {
    it("what several resources have in common stands once, and warnings are counted", () => {
        const volume = (name: string, encrypted: boolean) =>
            resource("aws:ebs/volume:Volume", name, { encrypted, size: 100 });
        const lines = renderFacts(factsOf([volume("a", false), volume("b", false), volume("c", true)]));
        expect(lines).toContain("! a, b: NOT ENCRYPTED");
        expect(lines).toContain("  a, b, c: 8.00 USD a month, each");
        expect(lines.at(-1)).toBe("2 to look at twice (!)");
        expect(renderFacts(factsOf([volume("c", true)])).at(-1)).toBe("nothing to look at twice");
    });

    it("a program without cloud resources has none, and no secret is shown", () => {
        expect(renderFacts(factsOf([resource("docker-build:index:Image", "image", {})]))).toEqual([]);
        const hidden = resource("aws:ssm/parameter:Parameter", "p", { type: "SecureString", value: secret("hush") });
        expect(JSON.stringify(factsOf([hidden]))).not.toContain("hush");
    });
});
