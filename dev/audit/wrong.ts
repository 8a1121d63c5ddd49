import * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as ebs from "@pulumi/aws/ebs";
import * as ec2 from "@pulumi/aws/ec2";
import * as ecr from "@pulumi/aws/ecr";
import * as eks from "@pulumi/aws/eks";
import * as iam from "@pulumi/aws/iam";
import * as kms from "@pulumi/aws/kms";
import * as route53 from "@pulumi/aws/route53";
import * as ssm from "@pulumi/aws/ssm";
import * as vpc from "@pulumi/aws/vpc";
import type * as pulumi from "@pulumi/pulumi";

function policy(statement: object): string {
    return JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] });
}

/** An instance that breaks every rule about one: public, without encryption, IMDSv2, role and monitoring, with a key in its user data. */
function machine(): void {
    // AWS's own example of an access key.
    const userData = "export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    const instance = new ec2.Instance("wrong", {
        ami: "ami-0123456789abcdef0",
        instanceType: "c7i.xlarge",
        associatePublicIpAddress: true,
        metadataOptions: { httpTokens: "optional" },
        rootBlockDevice: { encrypted: false },
        userDataBase64: Buffer.from(userData).toString("base64"),
    });
    const volume = new ebs.Volume("wrong", { availabilityZone: "eu-central-1a", size: 100, encrypted: false });
    new ec2.VolumeAttachment("wrong", { deviceName: "/dev/sdf", instanceId: instance.id, volumeId: volume.id });
    new cloudwatch.LogGroup("wrong", { name: "wrong" });
    new cloudwatch.LogGroup("short", { name: "short", retentionInDays: 7 });
    new cloudwatch.MetricAlarm("wrong", {
        comparisonOperator: "GreaterThanThreshold",
        evaluationPeriods: 1,
        actionsEnabled: false,
    });
    new ssm.Parameter("wrong", { type: "String", value: "open" });
    new ssm.Parameter("without-own-key", { type: "SecureString", value: "closed" });
}

/** Machines of a cluster that people may log in to, with a metadata service that answers pods. */
function clusterMachines(): void {
    new ec2.LaunchTemplate("wrong", { metadataOptions: { httpTokens: "optional", httpPutResponseHopLimit: 2 } });
    new eks.NodeGroup("wrong", {
        clusterName: "tools",
        nodeRoleArn: "arn:aws:iam::111122223333:role/wrong",
        subnetIds: ["subnet-0123456789abcdef0"],
        scalingConfig: { minSize: 0, maxSize: 1, desiredSize: 0 },
        remoteAccess: { ec2SshKey: "wrong" },
    });
}

/** A group open to the world in both directions that nothing uses, and a name without a machine. */
function network(): void {
    const group = new ec2.SecurityGroup("wrong", { name: "wrong" });
    const open = { securityGroupId: group.id, cidrIpv4: "0.0.0.0/0" };
    for (const port of [22, 80, 3389]) {
        const ports = { ipProtocol: "tcp", fromPort: port, toPort: port };
        new vpc.SecurityGroupIngressRule(`wrong-${port}`, { ...open, ...ports });
    }
    // Without ports the rules about "all protocols" see nothing.
    const all = { ipProtocol: "-1", fromPort: -1, toPort: -1 };
    new vpc.SecurityGroupIngressRule("wrong-all", { ...open, ...all });
    new vpc.SecurityGroupEgressRule("wrong-all-out", { ...open, ...all });
    const zone = new route53.Zone("wrong", { name: "wrong.io" });
    new route53.Record("wrong", { zoneId: zone.zoneId, name: "a", type: "A", ttl: 30, records: ["10.0.0.1"] });
}

/** Keys and repositories for everybody, and identities that may do everything. */
function rights(): void {
    new kms.Key("wrong", {
        enableKeyRotation: false,
        isEnabled: false,
        policy: policy({ Principal: "*", Action: "kms:*", Resource: "*" }),
    });
    new kms.Key("without-policy", { enableKeyRotation: true });
    const repository = new ecr.Repository("wrong", {
        imageTagMutability: "MUTABLE",
        encryptionConfigurations: [{ encryptionType: "AES256" }],
        imageScanningConfiguration: { scanOnPush: false },
    });
    const everybody = policy({ Principal: "*", Action: ["ecr:BatchGetImage", "ecr:PutImage"] });
    new ecr.RepositoryPolicy("wrong", { repository: repository.name, policy: everybody });
    const role = (name: string, AWS: string, managed: string) =>
        new iam.Role(name, {
            assumeRolePolicy: policy({ Principal: { AWS }, Action: "sts:AssumeRole" }),
            managedPolicyArns: [`arn:aws:iam::aws:policy/${managed}`],
        });
    role("wrong", "*", "AdministratorAccess");
    role("for-an-account", "111122223333", "IAMFullAccess");
    const github = "token.actions.githubusercontent.com";
    new iam.Role("any-workflow", {
        assumeRolePolicy: policy({
            Principal: { Federated: `arn:aws:iam::111122223333:oidc-provider/${github}` },
            Action: "sts:AssumeRoleWithWebIdentity",
            Condition: { StringLike: { [`${github}:sub`]: "*" } },
        }),
    });
    const allowed = (name: string, Action: pulumi.Input<string>[]) =>
        new iam.RolePolicy(name, { role: "wrong", policy: policy({ Action, Resource: "*" }) });
    allowed("everything", ["*"]);
    allowed("all-of-iam", ["iam:*"]);
    allowed("too-much", ["iam:PutRolePolicy", "sts:GetSessionToken", "s3:GetObject", "ssm:GetParameter", "ec2:*"]);
}

/** What the rules must find: each of them fails on something here, or it proves nothing about the components. */
export function wrong(): void {
    machine();
    clusterMachines();
    network();
    rights();
}
