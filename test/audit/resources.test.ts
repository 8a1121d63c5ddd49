import * as net from "node:net";
import { named, programs } from "../../dev/audit/programs";
import { type AwsResource, recordAws } from "../../dev/audit/record";
import { userDataOf } from "../../dev/audit/plan";
import type { Properties } from "../../dev/rehearsal/properties";
import type { PolicyDocument } from "../iam/evaluator";

const keyArn = /^arn:aws:kms:[a-z0-9-]+:\d{12}:key\//;
const anywhere = ["0.0.0.0/0", "::/0"];
const encrypted = { encrypted: true, kmsKeyId: expect.stringMatching(keyArn) as string };

/** What makes a resource of each type safe, whatever the program asks for. A type that is not here is refused. */
const safe: Record<string, (inputs: Properties, resource: AwsResource) => void> = {
    "aws:ec2/instance:Instance": (inputs) => {
        expect(inputs).toMatchObject({
            metadataOptions: {
                httpEndpoint: "enabled",
                httpTokens: "required",
                httpPutResponseHopLimit: 1,
                httpProtocolIpv6: "disabled",
            },
            rootBlockDevice: { ...encrypted, deleteOnTermination: true },
            iamInstanceProfile: expect.any(String) as string,
            primaryNetworkInterface: { networkInterfaceId: expect.stringMatching(/^eni-/) as string },
            ebsOptimized: true,
            monitoring: true,
            disableApiTermination: true,
            instanceInitiatedShutdownBehavior: "stop",
        });
        // Addresses, groups and logins of its own, and disks that the component does not know.
        for (const property of [
            ...["associatePublicIpAddress", "ipv6AddressCount", "ipv6Addresses", "subnetId", "vpcSecurityGroupIds"],
            ...["keyName", "getPasswordData", "ebsBlockDevices", "networkInterfaces", "userData"],
        ]) {
            expect(inputs).not.toHaveProperty(property);
        }
        expect(userDataOf(inputs).user_data).toMatch(/^#cloud-config\n/);
        expect(userDataOf(inputs).user_data).not.toMatch(/PRIVATE KEY|AKIA|\[secret\]/);
    },
    "aws:ebs/volume:Volume": (inputs) => expect(inputs).toMatchObject(encrypted),
    "aws:ec2/volumeAttachment:VolumeAttachment": (inputs) =>
        expect(inputs).toMatchObject({ stopInstanceBeforeDetaching: true }),
    "aws:ec2/networkInterface:NetworkInterface": (inputs) => {
        expect(inputs).toMatchObject({
            sourceDestCheck: true,
            securityGroups: [expect.stringMatching(/^sg-/) as string],
        });
        expect(Object.keys(inputs).filter((key) => key.startsWith("ipv6"))).toEqual([]);
    },
    "aws:ec2/securityGroup:SecurityGroup": (inputs) => {
        expect(inputs).toMatchObject({ description: expect.stringMatching(/\w/) as string });
        // Inline rules and separate ones undo each other.
        expect(inputs).not.toHaveProperty("ingress");
        expect(inputs).not.toHaveProperty("egress");
    },
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": (inputs) => {
        expect(inputs).toMatchObject({ ipProtocol: "tcp", fromPort: 1234, toPort: 1234 });
        const sources = [inputs.cidrIpv4, inputs.cidrIpv6, inputs.prefixListId, inputs.referencedSecurityGroupId];
        expect(sources.filter((source) => source !== undefined)).toHaveLength(1);
        expect(anywhere).not.toContain(sources.find((source) => source !== undefined));
    },
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": (inputs) => {
        expect(inputs).toMatchObject({ ipProtocol: "tcp", toPort: inputs.fromPort });
        expect([22, 80, 443]).toContain(inputs.fromPort);
    },
    "aws:iam/role:Role": (inputs) => {
        for (const property of ["managedPolicyArns", "inlinePolicies"]) {
            expect(inputs).not.toHaveProperty(property);
        }
        const { Statement } = JSON.parse(inputs.assumeRolePolicy as string) as PolicyDocument;
        for (const { Principal, Condition = {} } of Statement) {
            expect(JSON.stringify(Principal)).toMatch(
                /^\{"(Service":"(ec2|pods\.eks)\.amazonaws\.com|Federated":"arn:aws:iam::.*)"\}$/,
            );
            // Tokens are taken by audience and subject, and pods by cluster, namespace and account.
            const keys = Object.values(Condition).flatMap((condition) => Object.keys(condition));
            if (JSON.stringify(Principal).includes("Federated")) {
                expect(keys.map((key) => key.split(":").pop())).toEqual(expect.arrayContaining(["aud", "sub"]));
            } else {
                expect(keys).toHaveLength(JSON.stringify(Principal).includes("pods") ? 3 : 0);
            }
        }
    },
    "aws:iam/rolePolicy:RolePolicy": (inputs) => expect(inputs.policy).toMatch(/OwnCertificate|ReadRecord/),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": (inputs) => {
        expect(inputs.clientIdLists).toHaveLength(1);
        // A list that was given once stays. AWS knows the authorities of public issuers.
        expect(inputs).not.toHaveProperty("thumbprintLists");
    },
    // Without session tags a trust policy could not tell one service account from another.
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": (inputs) =>
        expect(inputs.disableSessionTags ?? false).toBe(false),
    "aws:iam/instanceProfile:InstanceProfile": (inputs) => expect(inputs.role).toBeDefined(),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": (inputs) =>
        expect(inputs.policyArn).toMatch(
            /^arn:aws:iam::aws:policy\/(AmazonEKSWorkerNodePolicy|AmazonEC2ContainerRegistryPullOnly|AmazonEKS_CNI_Policy)$/,
        ),
    "aws:ec2/launchTemplate:LaunchTemplate": (inputs) => {
        expect(inputs.metadataOptions).toMatchObject({
            httpTokens: "required",
            httpPutResponseHopLimit: 1,
            httpProtocolIpv6: "disabled",
        });
        for (const disk of inputs.blockDeviceMappings as Properties[]) {
            expect(disk.ebs).toMatchObject({ encrypted: "true", deleteOnTermination: "true" });
        }
        // Addresses and groups are the cluster's.
        for (const property of ["keyName", "networkInterfaces", "vpcSecurityGroupIds", "iamInstanceProfile"]) {
            expect(inputs).not.toHaveProperty(property);
        }
        expect(userDataOf(inputs).user_data ?? "").not.toMatch(/PRIVATE KEY|AKIA|\[secret\]/);
    },
    "aws:eks/nodeGroup:NodeGroup": (inputs) => expect(inputs).not.toHaveProperty("remoteAccess"),
    "aws:ssm/parameter:Parameter": (inputs) => {
        if (inputs.type === "SecureString") {
            expect(inputs.keyId).toMatch(keyArn);
            expect(inputs.value).toBeDefined();
        } else {
            expect(inputs).toMatchObject({
                type: "String",
                name: expect.stringMatching(/\/(builder|ci|ci-pr)$/) as string,
            });
            expect(inputs.insecureValue).not.toMatch(/\[secret\]|PRIVATE|"key":"(?!\/|@CREDENTIALS@\/)/);
        }
    },
    "aws:cloudwatch/logGroup:LogGroup": (inputs) => {
        expect(inputs.kmsKeyId).toMatch(keyArn);
        expect(inputs.retentionInDays).toBeGreaterThanOrEqual(365);
    },
    "aws:cloudwatch/metricAlarm:MetricAlarm": (inputs) => {
        expect(inputs.treatMissingData).toBe("notBreaching");
        expect(inputs.actionsEnabled).not.toBe(false);
    },
    "aws:kms/key:Key": (inputs) => {
        expect(inputs).toMatchObject({ enableKeyRotation: true, policy: expect.any(String) as string });
        expect(inputs.deletionWindowInDays ?? 30).toBe(30);
        expect(inputs).not.toHaveProperty("bypassPolicyLockoutSafetyCheck");
    },
    "aws:kms/alias:Alias": (inputs) => expect(inputs.name).toMatch(/^alias\//),
    "aws:ecr/repository:Repository": (inputs, { name }) => {
        const cache = name.endsWith("-cache");
        expect(inputs).toMatchObject({
            encryptionConfigurations: [{ encryptionType: "KMS" }],
            imageScanningConfiguration: { scanOnPush: !cache },
        });
        // Images go only when they are asked to; a cache can be built again.
        expect(inputs.forceDelete).toBe(cache);
    },
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": (inputs) => expect(inputs.policy).toContain('"expire"'),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": (inputs) => expect(inputs.policy).not.toContain("Delete"),
    // Without a VPC it would be public.
    "aws:route53/zone:Zone": (inputs) =>
        expect(inputs.vpcs).toEqual([{ vpcId: expect.stringMatching(/^vpc-/) as string }]),
    "aws:route53/record:Record": (inputs) => {
        for (const address of inputs.records as string[]) {
            expect(privateNetworks.check(address)).toBe(true);
        }
    },
};

const privateNetworks = new net.BlockList();
privateNetworks.addSubnet("10.0.0.0", 8);

/** Types that take no tags. */
const untagged = [
    ...[
        "VolumeAttachment",
        "RolePolicy",
        "RolePolicyAttachment",
        "LifecyclePolicy",
        "RepositoryPolicy",
        "Alias",
        "Record",
    ],
];

const all = new Map<string, AwsResource[]>();

beforeAll(async () => {
    for (const [name, program] of Object.entries(programs)) {
        all.set(name, await recordAws(program));
    }
}, 300_000);

test.each(Object.keys(programs))("every resource of %s is safe", (program) => {
    for (const resource of all.get(program)!) {
        const check = safe[resource.type];
        if (!check) {
            throw new Error(`${resource.type}: say in this test what makes it safe`);
        }
        try {
            check(resource.inputs, resource);
        } catch (error) {
            throw new Error(`${resource.name}: ${(error as Error).message}`);
        }
    }
});

test("the programs make every type", () => {
    const types = new Set([...all.values()].flat().map(({ type }) => type));
    expect([...types].sort()).toEqual(Object.keys(safe).sort());
});

test.each(["never asleep, named and tagged", "eks", "CI systems"])(
    "tags, prefix, path and boundary reach every resource of %s that takes them",
    (program) => {
        const resources = all.get(program)!;
        for (const { type, name, inputs } of resources) {
            if (untagged.some((each) => type.endsWith(`:${each}`))) {
                continue;
            }
            expect([name, inputs.tags]).toEqual([name, expect.objectContaining(named.tags)]);
            const physical = inputs.nodeGroupNamePrefix ?? inputs.namePrefix ?? inputs.name;
            if (typeof physical === "string") {
                expect([name, physical]).toEqual([name, expect.stringMatching(/^\/?acme-/)]);
            }
            const disks = [inputs.rootBlockDevice, ...((inputs.tagSpecifications as Properties[]) ?? [])];
            for (const disk of disks.filter((each) => each !== undefined)) {
                expect([name, disk]).toEqual([name, expect.objectContaining({ tags: inputs.tags })]);
            }
        }
        const ofType = (suffix: string) => resources.filter(({ type }) => type.endsWith(`:${suffix}`));
        expect(ofType("Role").length).toBeGreaterThan(0);
        for (const { inputs } of ofType("Role")) {
            expect(inputs).toMatchObject({ permissionsBoundary: named.permissionsBoundary, path: named.rolePath });
        }
        for (const { inputs } of ofType("InstanceProfile")) {
            expect(inputs.path).toBe(named.rolePath);
        }
    },
);
