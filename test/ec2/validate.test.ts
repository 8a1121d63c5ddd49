import * as pulumi from "@pulumi/pulumi";
import type { Ec2BuildersArgs } from "../../components/ec2/arguments";
import { validateEc2 } from "../../components/ec2/validate";
import { least, refusal } from "./support";

function check(args: Partial<Ec2BuildersArgs>, name = "ci"): { errors: string[]; warnings: string[] } {
    const errors: string[] = [];
    const warnings: string[] = [];
    validateEc2(
        name,
        { ...least, ...args },
        (path, value, reason) =>
            errors.push(`${path}: ${reason}${value === undefined ? "" : ` (got ${JSON.stringify(value)})`}`),
        (path, text) => warnings.push(`${path}: ${text}`),
    );
    return { errors, warnings };
}

const amd64 = (node: object) => ({ nodes: { amd64: node } });
const arm64 = (node: object) => ({ nodes: { arm64: node } });
type Case = [trap: string, args: Partial<Ec2BuildersArgs>, message: RegExp];

describe("architecture and platforms", () => {
    const table: Case[] = [
        [
            "T01 an x86 type on the arm64 node",
            arm64({ instanceType: "c7i.xlarge" }),
            /^nodes\.arm64\.instanceType: has amd64 CPUs: put it under `nodes\.amd64`, or take one such as c8g\.xlarge \(got "c7i\.xlarge"\)$/,
        ],
        [
            "T01 a Graviton type on the amd64 node",
            amd64({ instanceType: "c7gn.xlarge" }),
            /nodes\.amd64\.instanceType: has arm64 CPUs: put it under `nodes\.arm64`/,
        ],
        ["T01 a Mac", arm64({ instanceType: "mac2.metal" }), /is a Mac/],
        ["T01 a GPU rack", arm64({ instanceType: "p6e-gb200.36xlarge" }), /is part of a GPU rack/],
        ["T01 no type at all", amd64({ instanceType: "c7i" }), /is no instance type; write one such as c7i\.xlarge/],
        [
            "T05 a platform twice, written differently",
            arm64({ platforms: ["linux/arm64", "linux/arm64/v8"] }),
            /nodes\.arm64\.platforms\[1\]: is `nodes\.arm64\.platforms\[0\]` already/,
        ],
        [
            "T06 another CPU's platform",
            amd64({ platforms: ["linux/arm64"] }),
            /nodes\.amd64\.platforms\[0\]: no amd64 CPU runs it: add the node `nodes\.arm64`/,
        ],
        ["T06 amd64 on Graviton", arm64({ platforms: ["linux/amd64"] }), /add the node `nodes\.amd64`/],
        [
            "T06 a foreign platform without opting in",
            amd64({ platforms: ["linux/s390x"] }),
            /opt in to emulation with `nodes\.amd64\.emulated: \["linux\/s390x"\]`/,
        ],
        [
            "T06 32-bit Arm on a Graviton4",
            arm64({ platforms: ["linux/arm/v7"] }),
            /few Graviton CPUs run 32-bit Arm, and this one does not: take a Graviton2 type such as c6g\.xlarge/,
        ],
        [
            "T06 an emulator on the arm64 node",
            arm64({ emulated: ["linux/s390x"] }),
            /emulation is offered on the amd64 node only/,
        ],
        [
            "T06 emulation of what is native",
            amd64({ emulated: ["linux/386"] }),
            /is native to this CPU: put it into `platforms`/,
        ],
        [
            "T06 emulation of Graviton",
            amd64({ emulated: ["linux/arm64"] }),
            /is native to Graviton: add the node `nodes\.arm64`/,
        ],
        [
            "T06 an emulator that is not offered",
            amd64({ emulated: ["linux/mips64"] }),
            /is not offered by emulation; these are: linux\/ppc64le, linux\/s390x/,
        ],
        [
            "T06 emulated where another node is native",
            {
                nodes: {
                    amd64: { emulated: ["linux/arm/v7"] },
                    arm64: { instanceType: "c6g.xlarge", platforms: ["linux/arm/v7"] },
                },
            },
            /nodes\.amd64\.emulated: is in `nodes\.arm64\.platforms` too/,
        ],
        [
            "a platform with a typo",
            amd64({ platforms: ["linux/i368"] }),
            /not a platform that BuildKit builds; did you mean/,
        ],
        [
            "T08 a builder's name",
            { builderName: "CI" },
            /^builderName: a builder's name must start with a lower-case letter/,
        ],
        ["T08 a name that ends in an architecture", { builderName: "ci-arm64" }, /must not end in an architecture/],
        ["T09 no node", { nodes: {} }, /^nodes: must hold at least one node: amd64, arm64 or both/],
        [
            "T09 a misspelt node",
            { nodes: { arm: {} } as never },
            /nodes\.arm: is no architecture; did you mean `arm64`\?/,
        ],
    ];
    test.each(table)("%s", (_, args, message) => {
        expect(check(args).errors).toContainEqual(expect.stringMatching(message));
    });

    test("what is fine", () => {
        const nodes = {
            amd64: {
                platforms: ["linux/386", "linux/amd64/v2"],
                emulated: ["linux/s390x", "linux/ppc64le", "linux/riscv64", "linux/arm/v6"],
            },
            arm64: { instanceType: "c6g.xlarge", platforms: ["linux/arm/v7"] },
        };
        expect(check({ nodes })).toEqual({ errors: [], warnings: [] });
        expect(check({})).toEqual({ errors: [], warnings: [] });
    });
});

describe("compute and storage", () => {
    const table: Case[] = [
        ["T15 a GPU type", amd64({ instanceType: "g4dn.xlarge" }), /has accelerators that a build does not use/],
        ["T15 a whole machine", arm64({ instanceType: "c8g.metal-24xl" }), /takes many minutes to start/],
        ["a Xen type", amd64({ instanceType: "c4.xlarge" }), /previous generation \(Xen\)/],
        [
            "a family whose name tells no size",
            amd64({ instanceType: "u7i-6tb.112xlarge" }),
            /nodes\.amd64\.vcpus: is missing: the name u7i-6tb\.112xlarge does not tell it/,
        ],
        [
            "more memory than there is",
            amd64({ memoryMiB: 16_384 }),
            /nodes\.amd64\.memoryMiB: c7i\.xlarge has 8192 only/,
        ],
        [
            "T28 stopping too early",
            { idleStopMinutes: 4 },
            /^idleStopMinutes: must be a whole number from 5 to 1440, or 0 for never \(got 4\)$/,
        ],
        ["T28 stopping too late", { idleStopMinutes: 1441 }, /idleStopMinutes: must be/],
        [
            "T31 a small root",
            amd64({ rootSizeGiB: 19 }),
            /nodes\.amd64\.rootSizeGiB: must be a whole number from 20 to 65536/,
        ],
        ["T31 a small cache", { cache: { sizeGiB: 49 } }, /cache\.sizeGiB: must be a whole number from 50 to 65536/],
        ["T31 half a GiB", { cache: { sizeGiB: 100.5 } }, /cache\.sizeGiB: must be a whole number/],
        ["T31 too few operations", { cache: { iops: 2999 } }, /cache\.iops: must be a whole number from 3000 to 80000/],
        [
            "T31 more operations than the size takes",
            { cache: { sizeGiB: 50, iops: 25_001 } },
            /cache\.iops: a volume of 50 GiB takes 25000 at most/,
        ],
        [
            "T31 more throughput than operations carry",
            { cache: { throughputMiBps: 751 } },
            /cache\.throughputMiBps: must be at most a quarter of `cache\.iops` \(3000\), so 750/,
        ],
        [
            "T35 an alias",
            { kmsKeyArn: "arn:aws:kms:eu-central-1:111122223333:alias/ci" },
            /kmsKeyArn: must be the ARN of a key, .*not an alias or an id/,
        ],
        ["T35 an id", { kmsKeyArn: "1234abcd-12ab-34cd-56ef-1234567890ab" }, /kmsKeyArn: must be the ARN of a key/],
        [
            "an AMI's id",
            amd64({ amiId: "resolve:ssm:/x" }),
            /nodes\.amd64\.amiId: must be an id such as ami-0123456789abcdef0/,
        ],
        [
            "a snapshot's id",
            { cache: { snapshotId: "vol-0123456789abcdef0" } },
            /cache\.snapshotId: must be an id such as snap-/,
        ],
        [
            "a stop without time",
            { stopTimeoutSeconds: 5 },
            /stopTimeoutSeconds: must be a whole number from 30 to 3600/,
        ],
        ["the wrong kind", { cache: "100" as never }, /^cache: must be an object with sizeGiB/],
        ["a size as text", { cache: { sizeGiB: "100" as never } }, /cache\.sizeGiB: must be a whole number/],
        [
            "an Output that decides what is made",
            amd64({ instanceType: pulumi.output("c7i.xlarge") }),
            /nodes\.amd64\.instanceType: must be a plain value, no Output/,
        ],
    ];
    test.each(table)("%s", (_, args, message) => {
        expect(check(args).errors).toContainEqual(expect.stringMatching(message));
    });

    test.each<[string, Partial<Ec2BuildersArgs>, RegExp]>([
        [
            "T14 CPU credits",
            amd64({ instanceType: "t3.xlarge" }),
            /nodes\.amd64\.instanceType: t3\.xlarge earns CPU credits/,
        ],
        ["T14 little memory", arm64({ instanceType: "c8g.medium" }), /less than 2 vCPUs or 4 GiB/],
        [
            "a drain that EC2 may cut short",
            { stopTimeoutSeconds: 3600 },
            /EC2 may switch a stopping instance off before that/,
        ],
    ])("warning: %s", (_, args, message) => {
        expect(check(args)).toEqual({ errors: [], warnings: [expect.stringMatching(message)] });
    });
});

describe("network", () => {
    const table: Case[] = [
        [
            "T40 the whole Internet",
            { access: { cidrs: ["0.0.0.0/0"] } },
            /access\.cidrs\[0\]: is open to far too much.*nodes are never public \(got "0\.0\.0\.0\/0"\)/,
        ],
        [
            "T40 the whole Internet in halves",
            { access: { cidrs: ["0.0.0.0/1", "128.0.0.0/1"] } },
            /access\.cidrs\[1\]: is open to far too much/,
        ],
        ["T40 IPv6", { access: { cidrs: ["::/0"] } }, /must be an IPv4 network: the nodes have no IPv6 address/],
        ["T42 nobody", { access: {} }, /^access: names nobody: give `securityGroupIds`.*or `ssm: true`/],
        ["T42 nothing given", { access: undefined }, /^access: names nobody/],
        ["two ways at once", { access: { ssm: true, cidrs: ["10.0.0.0/16"] } }, /access\.ssm: cannot be combined/],
        ["host bits", { access: { cidrs: ["10.0.0.5/16"] } }, /write 10\.0\.0\.0\/16/],
        [
            "a source twice",
            { access: { cidrs: ["10.0.0.0/16", "10.0.0.0/16"] } },
            /access: is named twice.*10\.0\.0\.0\/16/,
        ],
        [
            "a group's name instead of its id",
            { access: { securityGroupIds: ["runners"] } },
            /access\.securityGroupIds\[0\]: must be an id such as sg-/,
        ],
        [
            "T44 a bridge in the clients' network",
            { access: { cidrs: ["172.30.1.0/24"] } },
            /bridgeSubnet: overlaps `access\.cidrs\[0\]` \(172\.30\.1\.0\/24\)/,
        ],
        ["T44 a small bridge", { bridgeSubnet: "172.30.0.0/23" }, /bridgeSubnet: is too small: .*\/22 at least/],
        ["T44 a public bridge", { bridgeSubnet: "8.8.0.0/16" }, /must be a private IPv4 network/],
        ["T45 no port", { egress: { ports: [0] } }, /egress\.ports\[0\]: must be a whole number from 1 to 65535/],
        ["no way out", { egress: { cidrs: [] } }, /egress: lets nodes connect nowhere/],
        ["no subnet", { subnetId: undefined }, /subnetId: is missing: the private subnet/],
        [
            "a subnet's ARN",
            { subnetId: "arn:aws:ec2:eu-central-1:1:subnet/subnet-1" },
            /subnetId: must be an id such as subnet-/,
        ],
        [
            "T50 a zone with a dot at its end",
            { dns: { zoneName: "builders.internal." } },
            /dns\.zoneName: must be a domain name/,
        ],
        [
            "a proxy with a password",
            { proxy: { https: "http://user:hunter2@proxy:3128" } },
            /proxy\.https: must be http:\/\/host:port, without a password/,
        ],
        [
            "a mirror as URL",
            { mirrors: [{ registry: "docker.io", mirrors: ["https://mirror.acme.io"] }] },
            /mirrors\[0\]\.mirrors\[0\]: must be a host/,
        ],
    ];
    test.each(table)("%s", (_, args, message) => {
        expect(check(args).errors).toContainEqual(expect.stringMatching(message));
    });

    test("a password in a proxy is in no error", () => {
        expect(check({ proxy: { https: "http://user:hunter2@proxy:3128" } }).errors.join()).not.toContain("hunter2");
    });

    test("T43, warning: public clients, which reach no private address", () => {
        expect(check({ access: { cidrs: ["203.0.113.0/24"] } }).warnings).toEqual([
            expect.stringMatching(/is public: nodes have private addresses only/),
        ]);
    });
});

describe("names and the rest", () => {
    const table: Case[] = [
        [
            "T86 a prefix that names have no room for",
            { namePrefix: "a".repeat(25) },
            /namePrefix: must start with a letter and hold at most 24/,
        ],
        ["a prefix that AWS keeps", { namePrefix: "aws-ci-" }, /AWS keeps `aws`, `ssm` and `sg-` for itself/],
        [
            "a parameter path that AWS keeps",
            { parameterPrefix: "/ssm/ci" },
            /parameterPrefix: must be a path such as \/ci\/builders/,
        ],
        ["a parameter path with a slash at its end", { parameterPrefix: "/ci/" }, /parameterPrefix: must be a path/],
        ["a path that is too deep", { parameterPrefix: "/a".repeat(12) }, /11 levels/],
        ["a role path without slashes", { rolePath: "ci" }, /rolePath: must start and end with `\/`/],
        [
            "a boundary that is no policy",
            { permissionsBoundary: "arn:aws:iam::111122223333:role/x" },
            /permissionsBoundary: must be the ARN of a policy/,
        ],
        ["a tag of AWS", { tags: { "aws:team": "x" } }, /tags\["aws:team"\]: a tag must not start with `aws:`/],
        ["no certificates", { tls: undefined }, /^tls: is missing clientCa, nodeCertificates, credentials/],
        [
            "half of the certificates",
            { tls: { clientCa: "x" } as never },
            /tls: is missing nodeCertificates, credentials: take them from a BuilderTls/,
        ],
        [
            "days that CloudWatch does not keep",
            { monitoring: { logRetentionDays: 10 } },
            /CloudWatch keeps logs for 1, 3, 5/,
        ],
        ["an alarm without sense", { idleStopMinutes: 0, monitoring: { awakeHours: 12 } }, /awakeHours: has no use/],
        [
            "a version without v",
            { buildkit: { version: "0.32.2", amd64Sha256: "a".repeat(64), arm64Sha256: "a".repeat(64) } },
            /buildkit\.version: must be a version such as v0\.32\.2/,
        ],
        [
            "a digest with its algorithm",
            { buildkit: { version: "v0.32.2", amd64Sha256: `sha256:${"a".repeat(64)}`, arm64Sha256: "a".repeat(64) } },
            /buildkit\.amd64Sha256: must be the SHA-256/,
        ],
        [
            "a download without TLS",
            {
                buildkit: {
                    version: "v0.32.2",
                    amd64Sha256: "a".repeat(64),
                    arm64Sha256: "a".repeat(64),
                    baseUrl: "http://mirror",
                },
            },
            /buildkit\.baseUrl: must be an https URL/,
        ],
    ];
    test.each(table)("%s", (_, args, message) => {
        expect(check(args).errors).toContainEqual(expect.stringMatching(message));
    });

    test("the longest names that there may be", () => {
        expect(check({ builderName: "b".repeat(63), namePrefix: "p".repeat(24) }).errors).toEqual([]);
    });

    test("everything is told at once, and secrets are not quoted", () => {
        const tls = { clientCa: "hunter2" } as never;
        const message = refusal({
            access: {},
            cache: { iops: 1 },
            nodes: { amd64: { instanceType: "c8g.large" } },
            tls,
        });
        expect(message).toMatch(
            /invalid arguments of the EC2 builders "ci":[^]*nodes\.amd64\.instanceType[^]*access[^]*tls/,
        );
        expect(message).toMatch(/cache\.iops/);
        expect(message).not.toContain("hunter2");
    });
});
