import * as fc from "fast-check";
import { builderNameProblem } from "../../components/buildx/entries";
import type { BuildRegistryArgs } from "../../components/registry/arguments";
import { BuildRegistry } from "../../components/registry/buildRegistry";
import { leastEc2 } from "../support/problems";
import type { Recorded } from "../support/recorder";
import { record, recorder } from "./support";

/** What AWS takes, by property of a type; Terraform puts 26 characters after a name's prefix. */
const rules: Record<string, Record<string, RegExp>> = {
    // https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
    "aws:iam/role:Role": {
        namePrefix: /^[\w+=,.@-]{1,38}$/,
        path: /^(?=.{1,512}$)\/([\x21-\x7e]+\/)?$/,
        description: /^[\t\n\r\x20-\x7e\xa1-\xff]{0,1000}$/,
    },
    "aws:iam/instanceProfile:InstanceProfile": { namePrefix: /^[\w+=,.@-]{1,102}$/ },
    "aws:iam/rolePolicy:RolePolicy": { policy: /^[\x20-\x7e]{1,10240}$/ },
    // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
    "aws:ec2/securityGroup:SecurityGroup": {
        namePrefix: /^(?!sg-)[\w .:/()#,@[\]+=&;{}!$*-]{1,229}$/i,
        description: /^[\w .:/()#,@[\]+=&;{}!$*-]{1,255}$/,
    },
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": { description: /^[\w .:/()#,@[\]+=&;{}!$*-]{0,255}$/ },
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": { description: /^[\w .:/()#,@[\]+=&;{}!$*-]{0,255}$/ },
    // https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
    "aws:cloudwatch/logGroup:LogGroup": { name: /^(?!aws\/)[.\-_/#A-Za-z0-9]{1,512}$/ },
    // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    "aws:cloudwatch/metricAlarm:MetricAlarm": {
        name: /^[\x20-\x7e]{1,255}$/,
        alarmDescription: /^[^]{0,1024}$/,
        namespace: /^(AWS\/EC2|[^:][\w.\-/#:]{0,254})$/,
    },
    // https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
    "aws:ssm/parameter:Parameter": {
        name: /^(?!\/(aws|ssm))(?=.{1,950}$)(\/[A-Za-z0-9_.-]+){1,15}$/i,
        description: /^[^]{0,1024}$/,
    },
    "aws:kms/key:Key": { description: /^[^]{0,8192}$/, policy: /^[\t\n\r\x20-\xff]{1,32768}$/ },
    // https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html
    "aws:kms/alias:Alias": { name: /^(?=.{1,256}$)alias\/(?!aws\/)[A-Za-z0-9/_-]+$/ },
    "aws:route53/zone:Zone": { name: /^[a-z0-9.-]{1,255}$/, comment: /^[^]{0,256}$/ },
    "aws:route53/record:Record": { name: /^[a-z0-9.-]{1,255}$/ },
    "aws:ecr/repository:Repository": {
        name: /^(?=.{2,256}$)[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/,
    },
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": { policy: /^[\x20-\x7e]{100,30720}$/ },
    "aws:ecr/repositoryPolicy:RepositoryPolicy": { policy: /^[\x20-\x7e]{0,10240}$/ },
    "aws:ec2/networkInterface:NetworkInterface": { description: /^[\x20-\x7e]{0,255}$/ },
};

/** Every name, text and tag that AWS would not take. */
function refused(resources: Recorded[]): unknown[] {
    return resources.flatMap(({ type, name, inputs }) => {
        const texts = Object.entries(rules[type] ?? {}).filter(([property, rule]) => {
            const value = inputs[property];
            return value !== undefined && !rule.test(value as string);
        });
        const tags = Object.entries((inputs.tags ?? {}) as Record<string, string>).filter(
            ([key, value]) => !/^[\p{L}\p{Z}\p{N}_.:/=+@-]{1,128}$/u.test(key) || !/^.{0,256}$/.test(value),
        );
        return [
            ...texts.map(([property]) => [type, name, property, inputs[property]]),
            ...tags.map(([key, value]) => [type, name, `tags.${key}`, value]),
        ];
    });
}

const word = (characters: string, maxLength: number) =>
    fc.string({ unit: fc.constantFrom(...characters), minLength: 1, maxLength });
const letters = "abcdefghijklmnopqrstuvwxyz";
const project = word(`${letters}ABC0123456789_.-`, 100);
const builderName = fc
    .tuple(fc.constantFrom(...letters), word(`${letters}0123456789._-`, 62))
    .map(([first, rest]) => first + rest)
    .filter((name) => builderNameProblem(name) === undefined);
const namePrefix = fc
    .tuple(fc.constantFrom("b", "Z"), word(`${letters}ABC0123456789-`, 23))
    .map(([first, rest]) => first + rest);

async function made(names: {
    project: string;
    stack: string;
    builderName: string;
    namePrefix?: string;
    parameterPrefix?: string;
}): Promise<Recorded[]> {
    const { project, stack, ...args } = names;
    const certificate = { cert: "C", key: "K" };
    const nodeCertificates = { [`${args.builderName}-amd64`]: certificate, [`${args.builderName}-arm64`]: certificate };
    const tls = { ...leastEc2.tls, nodeCertificates };
    const { run } = await record({ ...args, tls, dns: { zoneName: "builders.internal" } }, { project, stack });
    return run.resources;
}

describe("names at their limits", () => {
    const longest = {
        project: "p".repeat(100),
        stack: "s".repeat(100),
        builderName: "b".repeat(63),
        namePrefix: "n".repeat(24),
    };

    test("the longest of everything", async () => {
        const resources = await made(longest);
        expect(new Set(resources.map(({ type }) => type)).size).toBeGreaterThan(14);
        expect(refused(resources)).toEqual([]);
    });

    test("the longest parameter path, with the record in its parameter", async () => {
        const parameterPrefix = `${"/a".repeat(10)}/${"b".repeat(491)}`;
        const resources = await made({ ...longest, parameterPrefix });
        expect(refused(resources)).toEqual([]);
        const recordOf = resources.find(({ name }) => name === "ci-parameter-builder")!.inputs.insecureValue as string;
        expect(Buffer.byteLength(recordOf)).toBeLessThanOrEqual(4096);
    });

    test("the rules are rules", () => {
        const at = (type: string, inputs: object) =>
            refused([{ type, name: "x", inputs } as unknown as Recorded]).length;
        expect(at("aws:iam/role:Role", { namePrefix: "x".repeat(39) })).toBe(1);
        expect(at("aws:ssm/parameter:Parameter", { name: "/a".repeat(16) })).toBe(1);
        expect(at("aws:ssm/parameter:Parameter", { name: "/aws/a" })).toBe(1);
        expect(at("aws:kms/alias:Alias", { name: "alias/aws/ecr" })).toBe(1);
        expect(at("aws:ecr/repository:Repository", { name: "A" })).toBe(1);
        expect(at("aws:ebs/volume:Volume", { tags: { team: "x".repeat(257) } })).toBe(1);
    });

    test("any names that there may be", async () => {
        await fc.assert(
            fc.asyncProperty(
                fc.record(
                    { project, stack: project, builderName, namePrefix },
                    { requiredKeys: ["project", "stack", "builderName"] },
                ),
                async (names) => {
                    expect(refused(await made(names))).toEqual([]);
                },
            ),
            { numRuns: 8 },
        );
    }, 300_000);

    test.each<[string, BuildRegistryArgs]>([
        ["short", { repositories: ["a0"], createKmsKey: true }],
        [
            "long",
            { repositories: [`${"r".repeat(120)}/${"s".repeat(119)}`], namePrefix: "acme-team/", createKmsKey: true },
        ],
        [
            "shared with many",
            { repositories: ["a0"], pullPrincipals: [...Array(90).keys()].map((i) => `${111111111111 + i}`) },
        ],
    ])("%s names of repositories, their keys and policies", async (_, args) => {
        const run = recorder();
        await run.install();
        new BuildRegistry("Räg istry/", args);
        await run.settle();
        expect(refused(run.resources)).toEqual([]);
        expect(run.resources.filter(({ type }) => type.startsWith("aws:ecr/repository:")).length).toBe(2);
    });
});
