import * as aws from "@pulumi/aws/provider";
import * as pulumi from "@pulumi/pulumi";
import * as path from "node:path";
import { gunzipSync } from "node:zlib";
import { recordProblems } from "../../components/buildx/record";
import { secretProblem } from "../../components/ec2/userData";
import { runCommand } from "../support/commands";
import { type Recorded, type Recorder, isSecretValue, promiseOf, reveal } from "../support/recorder";
import { least, record } from "./support";

const region = "eu-central-1";
const account = "111122223333";

function ofType(run: Recorder, type: string): Recorded[] {
    return run.resources.filter((resource) => resource.type.endsWith(`:${type}`));
}

function userDataOf(run: Recorder, name: string): string {
    return gunzipSync(Buffer.from(run.get(name).inputs.userDataBase64 as string, "base64")).toString();
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
              "ci-amd64-awake",
              "ci-amd64-cache",
              "ci-amd64-cache-attachment",
              "ci-amd64-cache-full",
              "ci-amd64-from-group-sg-0123456789abcdef0",
              "ci-amd64-group",
              "ci-amd64-instance",
              "ci-amd64-instance-check",
              "ci-amd64-interface",
              "ci-amd64-policy",
              "ci-amd64-profile",
              "ci-amd64-role",
              "ci-amd64-system-check",
              "ci-amd64-to-443-0.0.0.0-0",
              "ci-amd64-to-80-0.0.0.0-0",
              "ci-arm64-awake",
              "ci-arm64-cache",
              "ci-arm64-cache-attachment",
              "ci-arm64-cache-full",
              "ci-arm64-from-group-sg-0123456789abcdef0",
              "ci-arm64-group",
              "ci-arm64-instance",
              "ci-arm64-instance-check",
              "ci-arm64-interface",
              "ci-arm64-policy",
              "ci-arm64-profile",
              "ci-arm64-role",
              "ci-arm64-system-check",
              "ci-arm64-to-443-0.0.0.0-0",
              "ci-arm64-to-80-0.0.0.0-0",
              "ci-key",
              "ci-logs",
              "ci-parameter-builder",
              "ci-parameter-client-ca",
              "ci-parameter-client-cert",
              "ci-parameter-client-key",
              "ci-parameter-server-amd64-cert",
              "ci-parameter-server-amd64-key",
              "ci-parameter-server-arm64-cert",
              "ci-parameter-server-arm64-key",
              "ci-parameter-server-client-ca",
            ]
        `);
        expect(new Set(run.resources.map(({ urn }) => urn)).size).toBe(run.resources.length);
        const component = run.get("ci").urn;
        expect(run.resources.filter(({ name, parent }) => name !== "ci" && parent !== component)).toEqual([]);
    });

    test("instances are private, protected and speak IMDSv2 only", () => {
        for (const [name, type] of [
            ["ci-amd64-instance", "c7i.xlarge"],
            ["ci-arm64-instance", "c8g.xlarge"],
        ] as const) {
            const { inputs } = run.get(name);
            expect(inputs).toMatchObject({
                instanceType: type,
                metadataOptions: {
                    httpEndpoint: "enabled",
                    httpTokens: "required",
                    httpPutResponseHopLimit: 1,
                    httpProtocolIpv6: "disabled",
                    instanceMetadataTags: "disabled",
                },
                rootBlockDevice: { volumeType: "gp3", volumeSize: 30, encrypted: true, deleteOnTermination: true },
                ebsOptimized: true,
                monitoring: true,
                instanceInitiatedShutdownBehavior: "stop",
                maintenanceOptions: { autoRecovery: "default" },
                disableApiTermination: true,
                forceDestroy: true,
                userDataReplaceOnChange: true,
            });
            expect((inputs.rootBlockDevice as { kmsKeyId: string }).kmsKeyId).toMatch(/^arn:aws:kms:/);
            for (const absent of [
                "associatePublicIpAddress",
                "keyName",
                "subnetId",
                "vpcSecurityGroupIds",
                "privateIp",
                "networkInterfaces",
                "userData",
            ]) {
                expect(inputs).not.toHaveProperty(absent);
            }
        }
    });

    test("one machine at a time holds address and cache; a newer base image replaces none", () => {
        const instance = run.get("ci-arm64-instance");
        expect(instance).toMatchObject({ deleteBeforeReplace: true, ignoreChanges: ["ami"] });
        expect(instance.inputs.primaryNetworkInterface).toEqual({
            networkInterfaceId: expect.stringMatching(/^eni-/) as string,
        });
        const attachment = run.get("ci-arm64-cache-attachment");
        expect(attachment).toMatchObject({ deleteBeforeReplace: true });
        expect(attachment.inputs).toMatchObject({ stopInstanceBeforeDetaching: true, deviceName: "/dev/sdf" });
        // The volume depends on nothing of the instance, so it outlives it.
        expect(run.get("ci-arm64-cache").dependencies.join()).not.toMatch(/instance|interface/);
    });

    test("cache volumes are encrypted and in the subnet's zone", () => {
        expect(run.get("ci-amd64-cache").inputs).toEqual({
            availabilityZone: `${region}a`,
            type: "gp3",
            size: 100,
            iops: 3000,
            throughput: 125,
            encrypted: true,
            kmsKeyId: run.get("ci-amd64-cache").inputs.kmsKeyId,
            tags: { Name: "ci-amd64-cache" },
        });
        expect(run.get("ci-amd64-cache").retainOnDelete).toBe(false);
    });

    test("only the given group reaches a node, on one port", () => {
        const rules = ofType(run, "SecurityGroupIngressRule");
        expect(rules).toHaveLength(2);
        for (const { inputs } of rules) {
            expect(inputs).toMatchObject({
                referencedSecurityGroupId: "sg-0123456789abcdef0",
                ipProtocol: "tcp",
                fromPort: 1234,
                toPort: 1234,
                description: "BuildKit clients, mutual TLS",
            });
            expect(inputs).not.toHaveProperty("cidrIpv4");
        }
        for (const { inputs } of ofType(run, "SecurityGroup")) {
            expect(inputs).not.toHaveProperty("ingress");
            expect(inputs).not.toHaveProperty("egress");
            expect(inputs.description).toMatch(/^BuildKit node ci-a/);
        }
        expect(
            ofType(run, "SecurityGroupEgressRule").map(({ inputs }) => [
                inputs.fromPort,
                inputs.toPort,
                inputs.cidrIpv4,
            ]),
        ).toEqual([80, 443, 80, 443].map((port) => [port, port, "0.0.0.0/0"]));
    });

    test("the first boot finds its rights, its rules and its certificate", () => {
        const needed = run.get("ci-arm64-instance").dependencies.map((urn) => urn.split("::").pop());
        expect(needed).toEqual(
            expect.arrayContaining([
                "ci-arm64-policy",
                "ci-arm64-to-443-0.0.0.0-0",
                "ci-parameter-server-arm64-cert",
                "ci-parameter-server-arm64-key",
                "ci-parameter-server-client-ca",
            ]),
        );
    });

    test("each node has a role of its own, for its own parameters", () => {
        const policy = JSON.parse(run.get("ci-arm64-policy").inputs.policy as string) as {
            Statement: { Sid: string; Resource: string | string[] }[];
        };
        const own = policy.Statement.find(({ Sid }) => Sid === "OwnCertificate")!.Resource;
        const path = `arn:aws:ssm:${region}:${account}:parameter/multiarch-builder/project/stack/ci/server`;
        expect(own).toEqual([`${path}/arm64/cert`, `${path}/arm64/key`, `${path}/client-ca`]);
        expect(ofType(run, "Role")).toHaveLength(2);
        expect(run.get("ci-arm64-role").inputs).not.toHaveProperty("managedPolicyArns");
    });

    test("TLS material is in encrypted parameters; keys are secrets and nowhere else", () => {
        const parameters = ofType(run, "Parameter").filter(({ inputs }) => inputs.type === "SecureString");
        const values: Record<string, unknown> = Object.fromEntries(
            parameters.map(({ inputs }) => [inputs.name as string, reveal(inputs.value)]),
        );
        const path = "/multiarch-builder/project/stack/ci";
        expect(values).toEqual({
            [`${path}/server/client-ca`]: "CLIENT-CA",
            [`${path}/server/amd64/cert`]: "CERT-amd64",
            [`${path}/server/amd64/key`]: "KEY-amd64",
            [`${path}/server/arm64/cert`]: "CERT-arm64",
            [`${path}/server/arm64/key`]: "KEY-arm64",
            [`${path}/client/ca`]: "SERVER-CA",
            [`${path}/client/cert`]: "CLIENT-CERT",
            [`${path}/client/key`]: "CLIENT-KEY",
        });
        for (const { inputs } of parameters) {
            expect(inputs.keyId).toMatch(/^arn:aws:kms:/);
            expect(inputs.tier).toBe("Standard");
            expect(isSecretValue(inputs.value) || !/KEY/.test(String(inputs.value))).toBe(true);
        }
        const others = run.resources.filter((resource) => !parameters.includes(resource));
        expect(JSON.stringify(others.map(({ inputs }) => inputs))).not.toMatch(/KEY-|CLIENT-KEY|CERT-/);
    });

    test("user data holds names only, and is the same every time", async () => {
        const text = userDataOf(run, "ci-arm64-instance");
        expect(text).toMatch(/^#cloud-config\n/);
        expect(text).toContain("/multiarch-builder/project/stack/ci/server/arm64/key");
        expect(text).not.toMatch(/PRIVATE KEY|KEY-arm64|CERT-arm64|CLIENT-CA/);
        const again = await record();
        expect(again.run.get("ci-arm64-instance").inputs.userDataBase64).toBe(
            run.get("ci-arm64-instance").inputs.userDataBase64,
        );
    });

    test("alarms stay calm while a node sleeps", () => {
        const alarms = ofType(run, "MetricAlarm");
        expect(alarms.map(({ name }) => name).filter((name) => name.startsWith("ci-arm64"))).toEqual(
            expect.arrayContaining([
                "ci-arm64-system-check",
                "ci-arm64-instance-check",
                "ci-arm64-cache-full",
                "ci-arm64-awake",
            ]),
        );
        expect(alarms.filter(({ inputs }) => inputs.treatMissingData !== "notBreaching")).toEqual([]);
        expect(run.get("ci-arm64-system-check").inputs).toMatchObject({
            name: "project-stack-ci-arm64-system-check",
            metricName: "StatusCheckFailed_System",
            alarmActions: [`arn:aws:automate:${region}:ec2:recover`],
        });
        expect(run.get("ci-arm64-instance-check").inputs.alarmActions).toEqual([
            `arn:aws:automate:${region}:ec2:reboot`,
        ]);
        expect(run.get("ci-arm64-cache-full").inputs).toMatchObject({
            namespace: "BuildKit/ci",
            metricName: "disk_used_percent",
        });
        expect(run.get("ci-arm64-awake").inputs).toMatchObject({
            statistic: "SampleCount",
            period: 3600,
            evaluationPeriods: 24,
        });
    });

    test("logs are encrypted and kept for a year", () => {
        expect(run.get("ci-logs").inputs).toMatchObject({
            name: "/multiarch-builder/project/stack/ci",
            retentionInDays: 365,
        });
        expect(run.get("ci-logs").inputs.kmsKeyId).toMatch(/^arn:aws:kms:/);
        expect(run.get("ci-key").inputs).toMatchObject({ enableKeyRotation: true, deletionWindowInDays: 30 });
    });

    test("the record is plain data without secrets that any stack can use", async () => {
        const nodes = await promiseOf(builders.nodes);
        expect(nodes.map(({ name, platforms, serverName }) => ({ name, platforms, serverName }))).toEqual([
            { name: "ci-amd64", platforms: ["linux/amd64"], serverName: "amd64.ci.internal" },
            { name: "ci-arm64", platforms: ["linux/arm64"], serverName: "arm64.ci.internal" },
        ]);
        expect(recordProblems({ name: "ci", nodes }, "")).toEqual([]);
        for (const node of nodes) {
            expect(node.endpoint).toMatch(/^tcp:\/\/10\.0\.\d+\.\d+:1234$/);
            expect(node.wake).toEqual({ kind: "ec2", region, instanceId: expect.stringMatching(/^i-/) as string });
            expect(node).not.toHaveProperty("access");
            expect(node).not.toHaveProperty("emulated");
        }
        expect(await pulumi.isSecret(builders.nodes)).toBe(false);
        const { inputs } = run.get("ci-parameter-builder");
        expect(inputs).toMatchObject({ type: "String", name: "/multiarch-builder/project/stack/ci/builder" });
        expect(JSON.parse(inputs.insecureValue as string)).toEqual({
            name: "ci",
            nodes,
            credentialsParameters: await promiseOf(builders.credentialsParameters),
        });
        expect((inputs.insecureValue as string).length).toBeLessThan(4096);
    });
});

describe("options", () => {
    test("with Session Manager there is no inbound rule at all", async () => {
        const { run, builders } = await record({ access: { ssm: true } });
        expect(ofType(run, "SecurityGroupIngressRule")).toEqual([]);
        const [node] = await promiseOf(builders.nodes);
        expect(node!.access).toEqual({ kind: "ssm", region, instanceId: node!.wake!.instanceId });
        expect(node!.endpoint).toMatch(/^tcp:\/\/10\.0\./);
    });

    test("networks and prefix lists, and other ways out", async () => {
        const { run } = await record({
            nodes: { amd64: {} },
            access: { cidrs: ["10.9.0.0/16"], prefixListIds: ["pl-0123456789abcdef0"] },
            egress: { ports: [443, 22], prefixListIds: ["pl-0123456789abcdef1"] },
        });
        expect(
            ofType(run, "SecurityGroupIngressRule").map(({ inputs }) => inputs.cidrIpv4 ?? inputs.prefixListId),
        ).toEqual(["10.9.0.0/16", "pl-0123456789abcdef0"]);
        expect(
            ofType(run, "SecurityGroupEgressRule").map(({ inputs }) => [inputs.fromPort, inputs.prefixListId]),
        ).toEqual([
            [443, "pl-0123456789abcdef1"],
            [22, "pl-0123456789abcdef1"],
        ]);
    });

    test("tags, boundary, path and prefix reach every resource that takes them", async () => {
        const boundary = "arn:aws:iam::111122223333:policy/edge";
        const { run } = await record({
            tags: { team: "platform" },
            permissionsBoundary: boundary,
            rolePath: "/ci/",
            namePrefix: "acme-",
            dns: { zoneName: "builders.internal" },
        });
        const untagged = ["VolumeAttachment", "RolePolicy", "Record", "Ec2Builders"];
        for (const { type, name, inputs } of run.resources.filter(
            (each) => !untagged.includes(each.type.split(":").pop()!),
        )) {
            expect([name, inputs.tags]).toEqual([
                name,
                { team: "platform", Name: expect.stringMatching(/^acme-ci/) as string },
            ]);
            expect([
                type,
                inputs.rootBlockDevice === undefined || "tags" in (inputs.rootBlockDevice as object),
            ]).toEqual([type, true]);
            const physical = inputs.namePrefix ?? inputs.name;
            if (physical !== undefined && !type.endsWith(":Zone")) {
                expect(physical).toMatch(/^\/?acme-/);
            }
        }
        for (const { inputs } of ofType(run, "Role")) {
            expect(inputs).toMatchObject({ permissionsBoundary: boundary, path: "/ci/" });
        }
        for (const { inputs } of ofType(run, "InstanceProfile")) {
            expect(inputs).toMatchObject({ path: "/ci/" });
        }
    });

    test("T86 names at their limits fit what AWS takes", async () => {
        const builderName = "b".repeat(63);
        const pair = { cert: "C", key: "K" };
        const { run } = await record({
            builderName,
            namePrefix: "p".repeat(24),
            tls: { ...least.tls, nodeCertificates: { [`${builderName}-amd64`]: pair, [`${builderName}-arm64`]: pair } },
        });
        for (const { inputs } of [...ofType(run, "Role"), ...ofType(run, "InstanceProfile")]) {
            expect((inputs.namePrefix as string).length).toBeLessThanOrEqual(38);
        }
        for (const { inputs } of ofType(run, "MetricAlarm")) {
            expect((inputs.name as string).length).toBeLessThanOrEqual(255);
        }
    });

    test("further native and emulated platforms are marked in the record", async () => {
        const { run, builders } = await record({
            nodes: {
                amd64: { platforms: ["linux/i386"], emulated: ["linux/s390x"] },
                arm64: { instanceType: "c6g.large", platforms: ["linux/arm/v7"] },
            },
        });
        const nodes = await promiseOf(builders.nodes);
        expect(nodes.map(({ platforms, emulated }) => ({ platforms, emulated }))).toEqual([
            { platforms: ["linux/amd64", "linux/386", "linux/s390x"], emulated: ["linux/s390x"] },
            { platforms: ["linux/arm64", "linux/arm/v7"], emulated: ["linux/arm/v7"] },
        ]);
        expect(recordProblems({ name: "ci", nodes }, "")).toEqual([]);
        expect(userDataOf(run, "ci-amd64-instance")).toMatch(/s390x/);
        expect(userDataOf(run, "ci-arm64-instance")).not.toMatch(/s390x/);
    });

    test("private names", async () => {
        const { run, builders } = await record({ dns: { zoneName: "builders.internal" } });
        expect(run.get("ci-zone").inputs).toMatchObject({
            name: "builders.internal",
            vpcs: [{ vpcId: "vpc-0a1b2c3d4e5f60718" }],
        });
        expect(run.get("ci-arm64-name").inputs).toMatchObject({ name: "arm64.builders.internal", type: "A", ttl: 30 });
        expect((await promiseOf(builders.nodes)).map(({ endpoint }) => endpoint)).toEqual([
            "tcp://amd64.builders.internal:1234",
            "tcp://arm64.builders.internal:1234",
        ]);
    });

    test("nodes that never sleep need no waking", async () => {
        const { run, builders } = await record({ idleStopMinutes: 0 });
        expect((await promiseOf(builders.nodes)).filter(({ wake }) => wake)).toEqual([]);
        expect(run.names().filter((name) => name.endsWith("-awake"))).toEqual([]);
    });

    test("a given key and a given image", async () => {
        const kmsKeyArn = `arn:aws:kms:${region}:${account}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
        const { run } = await record(
            { kmsKeyArn, nodes: { arm64: { amiId: "ami-0123456789abcdef0" } }, cache: { retain: true } },
            { answers: { "aws:ec2/getAmi:getAmi": () => ({ id: "ami-0123456789abcdef0", architecture: "arm64" }) } },
        );
        expect(ofType(run, "Key")).toEqual([]);
        expect(run.get("ci-arm64-cache").inputs.kmsKeyId).toBe(kmsKeyArn);
        expect(run.get("ci-arm64-cache").retainOnDelete).toBe(true);
        // An image that people set is a reason to replace the instance.
        expect(run.get("ci-arm64-instance")).toMatchObject({
            inputs: { ami: "ami-0123456789abcdef0" },
            ignoreChanges: [],
        });
    });

    test("a preview of a new stack, where no id is known", async () => {
        const { run } = await record({ dns: { zoneName: "builders.internal" } }, { preview: true });
        expect(run.names()).toEqual(
            expect.arrayContaining(["ci-amd64-instance", "ci-arm64-cache-attachment", "ci-parameter-builder"]),
        );
    });
});

describe("the identity that wakes nodes", () => {
    afterEach(() => pulumi.runtime.setAllConfig({}));
    const wakeOf = async (args: Parameters<typeof record>[0] = {}, opts?: () => pulumi.ComponentResourceOptions) =>
        (await promiseOf((await record(args, { opts })).builders.nodes))[0]!.wake;

    test("is that of the stack's configuration", async () => {
        const roles = [{ roleArn: "arn:aws:iam::1:role/hop" }, { roleArn: "arn:aws:iam::2:role/deploy" }];
        pulumi.runtime.setAllConfig({ "aws:profile": "builders", "aws:assumeRoles": JSON.stringify(roles) });
        expect(await wakeOf()).toMatchObject({ profile: "builders", roleArn: "arn:aws:iam::2:role/deploy" });
    });

    test("is that of a provider made in code", async () => {
        pulumi.runtime.setAllConfig({ "aws:profile": "other" });
        const wake = await wakeOf({}, () => ({
            providers: [new aws.Provider("own", { profile: "builders", region })],
        }));
        expect(wake).toMatchObject({ profile: "builders" });
    });

    test("can be given", async () => {
        pulumi.runtime.setAllConfig({ "aws:profile": "other" });
        const wakeIdentity = { profile: "waker", roleArn: "arn:aws:iam::111122223333:role/waker" };
        expect(await wakeOf({ wakeIdentity })).toMatchObject(wakeIdentity);
    });
});

describe("what only the account can tell", () => {
    const subnet = { id: "subnet-0123456789abcdef0", vpcId: "vpc-1", availabilityZone: `${region}a` };
    const vpc = { id: "vpc-1", cidrBlock: "10.0.0.0/16", cidrBlockAssociations: [], enableDnsSupport: true };
    const getSubnet = "aws:ec2/getSubnet:getSubnet";
    const getVpc = "aws:ec2/getVpc:getVpc";

    /** What a program that does this in such an account ends with. */
    async function outcome(args: Parameters<typeof record>[0], answers: Record<string, object>) {
        const script = path.join(__dirname, "fixtures/inAccount.ts");
        const input = JSON.stringify({ args, answers });
        return runCommand(process.execPath, ["--import", require.resolve("tsx"), script], { env: process.env, input });
    }

    test.each<[string, Parameters<typeof record>[0], Record<string, object>, RegExp]>([
        [
            "another VPC's subnet",
            { vpcId: "vpc-0123456789abcdef0" },
            { [getSubnet]: subnet, [getVpc]: vpc },
            /`vpcId`: is vpc-0123456789abcdef0, but subnet .* is in vpc-1/,
        ],
        [
            "T44 a bridge in the VPC",
            {},
            { [getVpc]: { ...vpc, cidrBlockAssociations: [{ cidrBlock: "172.30.0.0/20" }] } },
            /`bridgeSubnet`: 172\.30\.0\.0\/16 overlaps the VPC's 172\.30\.0\.0\/20/,
        ],
        [
            "T50 DNS off",
            { dns: { zoneName: "builders.internal" } },
            { [getVpc]: { ...vpc, enableDnsSupport: false } },
            /`dns`: .* has DNS support off/,
        ],
        [
            "T50 another zone",
            { dns: { zoneName: "builders.internal", zoneId: "Z1" } },
            { "aws:route53/getZone:getZone": { zoneId: "Z1", name: "acme.io.", privateZone: true } },
            /`dns\.zoneName`: is builders\.internal, but zone Z1 is acme\.io/,
        ],
        [
            "T50 a public zone",
            { dns: { zoneName: "acme.io", zoneId: "Z1" } },
            { "aws:route53/getZone:getZone": { zoneId: "Z1", name: "acme.io.", privateZone: false } },
            /is a public zone/,
        ],
        [
            "T02 an image for the other CPU",
            { nodes: { arm64: { amiId: "ami-0123456789abcdef0" } } },
            { "aws:ec2/getAmi:getAmi": { id: "ami-0123456789abcdef0", architecture: "x86_64" } },
            /`nodes\.arm64\.amiId`: ami-0123456789abcdef0 is for x86_64, and this node's CPU is arm64/,
        ],
        [
            "T35 a key of another region",
            { kmsKeyArn: `arn:aws:kms:us-east-1:${account}:key/1234abcd-12ab-34cd-56ef-1234567890ab` },
            {},
            /`kmsKeyArn`: .* is in another region; volumes in eu-central-1 need/,
        ],
        [
            "T64 a certificate that a parameter does not hold",
            { tls: { ...least.tls, clientCa: "x".repeat(4097) } },
            {},
            /server\/client-ca has 4097 bytes, and a standard parameter takes 4096/,
        ],
        [
            "a node with half of a certificate",
            {
                nodes: { amd64: {} },
                tls: { ...least.tls, nodeCertificates: { "ci-amd64": { cert: "C" } as never } },
            },
            {},
            /`tls\.nodeCertificates` has no key for ci-amd64; it has ci-amd64/,
        ],
    ])("%s", async (_, args, answers, message) => {
        const { status, stdout } = await outcome(args, answers);
        expect(stdout).toMatch(message);
        expect(status).toBe(3);
    });

    test("T43 a subnet that gives public addresses", async () => {
        const warn = jest.spyOn(pulumi.log, "warn").mockResolvedValue();
        await record({}, { answers: { [getSubnet]: () => ({ ...subnet, mapPublicIpOnLaunch: true }) } });
        const told = warn.mock.calls.map(([text]) => text);
        warn.mockRestore();
        expect(told).toEqual(
            Array(2).fill(
                "`subnetId`: subnet-0123456789abcdef0 gives machines public addresses, so it is probably a public subnet. Nodes " +
                    "get none, and without a NAT gateway or endpoints they reach nothing: take a private subnet",
            ),
        );
    });

    test("T25 a private key in user data", () => {
        // No key: the first line of one.
        const told =
            "the user data of ci-arm64 holds a private key or an AWS access key; give certificates only (`registries[].ca`)";
        expect(secretProblem("ci-arm64", "-----BEGIN EC PRIVATE KEY-----")).toBe(told);
        expect(secretProblem("ci-arm64", "export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE")).toBe(told);
        expect(secretProblem("ci-arm64", "-----BEGIN CERTIFICATE-----")).toBeUndefined();
    });
});
