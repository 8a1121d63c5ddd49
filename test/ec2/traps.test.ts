import { readFileSync } from "node:fs";
import * as path from "node:path";
import * as support from "../support/problems";

/**
 * The table of what people get wrong on AWS, by the ids of the design's list of traps. Each one is told before anything is
 * created, by one test here with the whole text; or it is told later, by a test in another file; or it cannot be made, since
 * no argument leads there.
 */
type Row = [trap: string, what: string, args: object, message: string];

/** The traps that have a test in this file. */
const told = new Set<string>();

function rows(list: Row[]): Row[] {
    list.forEach(([trap]) => told.add(trap));
    return list;
}

/** AWS's own example of an access key's id. */
const accessKey = "AKIAIOSFODNN7EXAMPLE";
const amd64 = (node: object) => ({ nodes: { amd64: node } });
const arm64 = (node: object) => ({ nodes: { arm64: node } });
const keyArn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
/** A PEM text that does not compress, as certificates do not. */
const certificate = (seed: number) =>
    `-----BEGIN CERTIFICATE-----\n${Array.from({ length: 20 }, (_, i) => digits(seed * 100 + i)).join("\n")}\n-----END CERTIFICATE-----\n`;
const digits = (seed: number) =>
    Array.from({ length: 5 }, (_, i) =>
        Math.sin(seed * 7 + i)
            .toString(36)
            .slice(3),
    ).join("");

describe("builders on EC2", () => {
    const errors = rows([
        [
            "T01",
            "an x86 type on the arm64 node",
            arm64({ instanceType: "c7i.xlarge" }),
            '`nodes.arm64.instanceType`: has amd64 CPUs: put it under `nodes.amd64`, or take one such as c8g.xlarge (got "c7i.xlarge")',
        ],
        [
            "T01",
            "a flex type, which is x86, on the arm64 node",
            arm64({ instanceType: "c7i-flex.xlarge" }),
            '`nodes.arm64.instanceType`: has amd64 CPUs: put it under `nodes.amd64`, or take one such as c8g.xlarge (got "c7i-flex.xlarge")',
        ],
        [
            "T01",
            "a Graviton type on the amd64 node",
            amd64({ instanceType: "c7gn.xlarge" }),
            '`nodes.amd64.instanceType`: has arm64 CPUs: put it under `nodes.arm64`, or take one such as c7i.xlarge (got "c7gn.xlarge")',
        ],
        [
            "T01",
            "a Graviton type with a g in the middle on the amd64 node",
            amd64({ instanceType: "im4gn.large" }),
            '`nodes.amd64.instanceType`: has arm64 CPUs: put it under `nodes.arm64`, or take one such as c7i.xlarge (got "im4gn.large")',
        ],
        [
            "T01",
            "a type that looks like Graviton and has a GPU",
            arm64({ instanceType: "g4dn.xlarge" }),
            '`nodes.arm64.instanceType`: has accelerators that a build does not use and that cost a multiple: take a c, m or r type (got "g4dn.xlarge")',
        ],
        [
            "T01",
            "a Mac",
            arm64({ instanceType: "mac2.metal" }),
            '`nodes.arm64.instanceType`: is a Mac, which runs no Linux and is billed for 24 hours at least: take a c, m or r type (got "mac2.metal")',
        ],
        [
            "T01",
            "a part of a GPU rack",
            arm64({ instanceType: "p6e-gb200.36xlarge" }),
            '`nodes.arm64.instanceType`: is part of a GPU rack that cannot be started alone: take a c, m or r type (got "p6e-gb200.36xlarge")',
        ],
        [
            "T01",
            "a family without a size",
            amd64({ instanceType: "c7i" }),
            '`nodes.amd64.instanceType`: is no instance type; write one such as c7i.xlarge (got "c7i")',
        ],
        [
            "T01",
            "a size that does not exist",
            amd64({ instanceType: "c7i.constructor" }),
            '`nodes.amd64.instanceType`: is no instance type; write one such as c7i.xlarge (got "c7i.constructor")',
        ],
        [
            "T05",
            "a platform twice, written differently",
            arm64({ platforms: ["linux/arm64", "linux/arm64/v8"] }),
            '`nodes.arm64.platforms[1]`: is `nodes.arm64.platforms[0]` already: take one out (got "linux/arm64/v8")',
        ],
        [
            "T06",
            "another CPU's platform on the amd64 node",
            amd64({ platforms: ["linux/arm64"] }),
            '`nodes.amd64.platforms[0]`: no amd64 CPU runs it: add the node `nodes.arm64` (got "linux/arm64")',
        ],
        [
            "T06",
            "another CPU's platform on the arm64 node",
            arm64({ platforms: ["linux/amd64"] }),
            '`nodes.arm64.platforms[0]`: no arm64 CPU runs it: add the node `nodes.amd64` (got "linux/amd64")',
        ],
        [
            "T06",
            "a foreign platform without opting in",
            amd64({ platforms: ["linux/s390x"] }),
            '`nodes.amd64.platforms[0]`: no amd64 CPU runs it; opt in to emulation with `nodes.amd64.emulated: ["linux/s390x"]` (got "linux/s390x")',
        ],
        [
            "T06",
            "32-bit Arm on a Graviton4",
            arm64({ platforms: ["linux/arm/v7"] }),
            '`nodes.arm64.platforms[0]`: few Graviton CPUs run 32-bit Arm, and this one does not: take a Graviton2 type such as c6g.xlarge, or name it in `nodes.amd64.emulated` (got "linux/arm/v7")',
        ],
        [
            "T06",
            "an emulator on the arm64 node",
            arm64({ emulated: ["linux/s390x"] }),
            '`nodes.arm64.emulated[0]`: emulation is offered on the amd64 node only: put it into `nodes.amd64.emulated` (got "linux/s390x")',
        ],
        [
            "T06",
            "emulation of what is native",
            amd64({ emulated: ["linux/386"] }),
            '`nodes.amd64.emulated[0]`: is native to this CPU: put it into `platforms` (got "linux/386")',
        ],
        [
            "T06",
            "emulation of Graviton",
            amd64({ emulated: ["linux/arm64"] }),
            '`nodes.amd64.emulated[0]`: is native to Graviton: add the node `nodes.arm64` (got "linux/arm64")',
        ],
        [
            "T06",
            "an emulator that is not offered",
            amd64({ emulated: ["linux/mips64"] }),
            '`nodes.amd64.emulated[0]`: is not offered by emulation; these are: linux/ppc64le, linux/s390x, linux/riscv64, linux/arm/v7, linux/arm/v6 (got "linux/mips64")',
        ],
        [
            "T06",
            "a platform emulated where another node runs it",
            {
                nodes: {
                    amd64: { emulated: ["linux/arm/v7"] },
                    arm64: { instanceType: "c6g.xlarge", platforms: ["linux/arm/v7"] },
                },
            },
            '`nodes.amd64.emulated`: is in `nodes.arm64.platforms` too, where it runs natively: take it out here (got "linux/arm/v7")',
        ],
        [
            "T06",
            "a platform with a typo",
            amd64({ platforms: ["linux/i368"] }),
            '`nodes.amd64.platforms[0]`: not a platform that BuildKit builds; did you mean "linux/386"? (got "linux/i368")',
        ],
        [
            "T08",
            "a builder's name in capitals",
            { builderName: "CI" },
            '`builderName`: a builder\'s name must start with a lower-case letter and hold only lower-case letters, digits, `.`, `_` and `-`, 63 at most (got "CI")',
        ],
        [
            "T08",
            "a builder's name that ends in an architecture",
            { builderName: "ci-arm64" },
            '`builderName`: a builder\'s name must not end in an architecture: such names are used for the entries of single platforms (got "ci-arm64")',
        ],
        [
            "T08",
            "a builder's name that is too long",
            { builderName: "b".repeat(64) },
            '`builderName`: a builder\'s name must start with a lower-case letter and hold only lower-case letters, digits, `.`, `_` and `-`, 63 at most (got "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")',
        ],
        [
            "T08",
            "a builder's name that Docker keeps",
            { builderName: "default" },
            "`builderName`: a builder's name must not be `default`: buildx keeps that name for Docker's own builder (got \"default\")",
        ],
        ["T09", "no node", { nodes: {} }, "`nodes`: must hold at least one node: amd64, arm64 or both (got {})"],
        [
            "T15",
            "a type with a GPU",
            amd64({ instanceType: "g6.xlarge" }),
            '`nodes.amd64.instanceType`: has accelerators that a build does not use and that cost a multiple: take a c, m or r type (got "g6.xlarge")',
        ],
        [
            "T15",
            "a whole machine",
            arm64({ instanceType: "c8g.metal-24xl" }),
            '`nodes.arm64.instanceType`: is a whole machine that takes many minutes to start, longer than a build waits: take another size (got "c8g.metal-24xl")',
        ],
        [
            "T15",
            "a previous generation on Xen",
            amd64({ instanceType: "c4.xlarge" }),
            '`nodes.amd64.instanceType`: is of a previous generation (Xen), where the cache volume cannot be found by its id: take generation 5 or later (got "c4.xlarge")',
        ],
        [
            "T14",
            "a type that has too little memory for anything",
            arm64({ instanceType: "t4g.nano" }),
            '`nodes.arm64.instanceType`: has 512 MiB of memory, and a builder needs 1024 at least, 8192 for most builds (got "t4g.nano")',
        ],
        [
            "T22",
            "a drain without time",
            { stopTimeoutSeconds: 29 },
            "`stopTimeoutSeconds`: must be a whole number of seconds from 30 to 3600 (got 29)",
        ],
        [
            "T22",
            "a drain that never ends",
            { stopTimeoutSeconds: 3601 },
            "`stopTimeoutSeconds`: must be a whole number of seconds from 30 to 3600 (got 3601)",
        ],
        [
            "T24",
            "user data that EC2 does not take",
            {
                ...amd64({}),
                registries: Array.from({ length: 20 }, (_, i) => ({ host: `r${i}.internal`, ca: certificate(i) })),
            },
            "`registries`: the user data of node ci-amd64 has N bytes compressed, EC2 takes 16384: give fewer or shorter registry CAs (`registries[].ca`), or an image that trusts them already",
        ],
        [
            "T25",
            "an access key in user data",
            { ...amd64({}), proxy: { https: "http://proxy.internal:3128", noProxy: accessKey } },
            "`registries`: the user data of ci-amd64 holds a private key or an AWS access key; give certificates only (`registries[].ca`)",
        ],
        [
            "T25",
            "a private key as a registry's CA",
            // A header without a key.
            { registries: [{ host: "registry.internal", ca: "-----BEGIN EC PRIVATE KEY-----" }] },
            "`registries[0].ca`: must be the PEM text of a CA certificate and nothing else",
        ],
        [
            "T28",
            "a stop too early",
            { idleStopMinutes: 4 },
            "`idleStopMinutes`: must be a whole number of minutes from 5 to 1440, or 0 for never (got 4)",
        ],
        [
            "T28",
            "a stop too late",
            { idleStopMinutes: 1441 },
            "`idleStopMinutes`: must be a whole number of minutes from 5 to 1440, or 0 for never (got 1441)",
        ],
        [
            "T28",
            "a stop in the past",
            { idleStopMinutes: -1 },
            "`idleStopMinutes`: must be a whole number of minutes from 5 to 1440, or 0 for never (got -1)",
        ],
        [
            "T31",
            "a root volume that is too small",
            amd64({ rootSizeGiB: 19 }),
            "`nodes.amd64.rootSizeGiB`: must be a whole number of GiB from 20 to 65536 (got 19)",
        ],
        [
            "T31",
            "a cache volume that is too small",
            { cache: { sizeGiB: 49 } },
            "`cache.sizeGiB`: must be a whole number of GiB from 50 to 65536 (got 49)",
        ],
        [
            "T31",
            "a cache volume that is too large",
            { cache: { sizeGiB: 65_537 } },
            "`cache.sizeGiB`: must be a whole number of GiB from 50 to 65536 (got 65537)",
        ],
        [
            "T31",
            "half a GiB",
            { cache: { sizeGiB: 100.5 } },
            "`cache.sizeGiB`: must be a whole number of GiB from 50 to 65536 (got 100.5)",
        ],
        [
            "T31",
            "too few operations",
            { cache: { iops: 2999 } },
            "`cache.iops`: must be a whole number from 3000 to 80000 (got 2999)",
        ],
        [
            "T31",
            "too many operations",
            { cache: { sizeGiB: 1000, iops: 80_001 } },
            "`cache.iops`: must be a whole number from 3000 to 80000 (got 80001)",
        ],
        [
            "T31",
            "more operations than the size takes",
            { cache: { sizeGiB: 50, iops: 25_001 } },
            "`cache.iops`: a volume of 50 GiB takes 25000 at most (500 for each GiB) (got 25001)",
        ],
        [
            "T31",
            "too little throughput",
            { cache: { throughputMiBps: 124 } },
            "`cache.throughputMiBps`: must be a whole number of MiB/s from 125 to 2000 (got 124)",
        ],
        [
            "T31",
            "more throughput than operations carry",
            { cache: { throughputMiBps: 751 } },
            "`cache.throughputMiBps`: must be at most a quarter of `cache.iops` (3000), so 750 (got 751)",
        ],
        [
            "T35",
            "the alias of a key",
            { kmsKeyArn: "arn:aws:kms:eu-central-1:111122223333:alias/ci" },
            '`kmsKeyArn`: must be the ARN of a KMS key, arn:aws:kms:…:key/…, not an alias or an id (got "arn:aws:kms:eu-central-1:111122223333:alias/ci")',
        ],
        [
            "T35",
            "the id of a key",
            { kmsKeyArn: "1234abcd-12ab-34cd-56ef-1234567890ab" },
            '`kmsKeyArn`: must be the ARN of a KMS key, arn:aws:kms:…:key/…, not an alias or an id (got "1234abcd-12ab-34cd-56ef-1234567890ab")',
        ],
        [
            "T40",
            "the whole Internet",
            { access: { cidrs: ["0.0.0.0/0"] } },
            '`access.cidrs[0]`: is open to far too much (less than /8): name the networks that builds come from; nodes are never public (got "0.0.0.0/0")',
        ],
        [
            "T40",
            "half of the Internet",
            { access: { cidrs: ["128.0.0.0/1"] } },
            '`access.cidrs[0]`: is open to far too much (less than /8): name the networks that builds come from; nodes are never public (got "128.0.0.0/1")',
        ],
        [
            "T40",
            "the largest network that is too large",
            { access: { cidrs: ["10.0.0.0/7"] } },
            '`access.cidrs[0]`: is open to far too much (less than /8): name the networks that builds come from; nodes are never public (got "10.0.0.0/7")',
        ],
        [
            "T40",
            "the whole Internet of IPv6",
            { access: { cidrs: ["::/0"] } },
            '`access.cidrs[0]`: must be an IPv4 network: the nodes have no IPv6 address (got "::/0")',
        ],
        [
            "T41",
            "no certificates",
            { tls: undefined },
            "`tls`: is missing clientCa, nodeCertificates, credentials: take them from a BuilderTls for `ec2TlsNodes(…)`",
        ],
        [
            "T42",
            "nobody who reaches a node",
            { access: {} },
            "`access`: names nobody: give `securityGroupIds`, `cidrs` or `prefixListIds` of the clients, or `ssm: true` for port forwarding (got {})",
        ],
        [
            "T42",
            "sources with Session Manager",
            { access: { ssm: true, cidrs: ["10.0.0.0/16"] } },
            "`access.ssm`: cannot be combined with other sources, since with it nodes have no inbound rule at all: take one of both out (got true)",
        ],
        [
            "T44",
            "a bridge in the clients' network",
            { access: { cidrs: ["172.30.1.0/24"] } },
            '`bridgeSubnet`: overlaps 172.30.1.0/24 of `access.cidrs`, so answers to those clients would get lost; set another, for example 100.127.0.0/16 (got "172.30.0.0/16")',
        ],
        [
            "T44",
            "a bridge that hides where nodes connect to",
            { egress: { cidrs: ["172.30.4.0/24"] } },
            '`bridgeSubnet`: overlaps 172.30.4.0/24 of `egress.cidrs`, so nodes would not reach it; set another, for example 100.127.0.0/16 (got "172.30.0.0/16")',
        ],
        [
            "T44",
            "a bridge that is too small",
            { bridgeSubnet: "172.30.0.0/23" },
            '`bridgeSubnet`: is too small: build steps that run at the same time each take an address; /22 at least (got "172.30.0.0/23")',
        ],
        [
            "T44",
            "a bridge of public addresses",
            { bridgeSubnet: "8.8.0.0/16" },
            '`bridgeSubnet`: must be a private IPv4 network without host bits, for example 172.30.0.0/16 (got "8.8.0.0/16")',
        ],
        [
            "T44",
            "a bridge with the metadata service in it",
            { bridgeSubnet: "169.254.0.0/16" },
            '`bridgeSubnet`: must be a private IPv4 network without host bits, for example 172.30.0.0/16 (got "169.254.0.0/16")',
        ],
        [
            "T44",
            "a bridge with host bits",
            { bridgeSubnet: "172.30.1.0/16" },
            '`bridgeSubnet`: must be a private IPv4 network without host bits, for example 172.30.0.0/16 (got "172.30.1.0/16")',
        ],
        [
            "T45",
            "a port below the first",
            { egress: { ports: [0] } },
            "`egress.ports[0]`: must be a whole number from 1 to 65535 (got 0)",
        ],
        [
            "T45",
            "a port above the last",
            { egress: { ports: [443, 65_536] } },
            "`egress.ports[1]`: must be a whole number from 1 to 65535 (got 65536)",
        ],
        [
            "T50",
            "a zone with a dot at its end",
            { dns: { zoneName: "builders.internal." } },
            '`dns.zoneName`: must be a domain name in lower case such as builders.internal, without a dot at its end (got "builders.internal.")',
        ],
        [
            "T50",
            "a zone in capitals, as Route 53 never gives it back",
            { dns: { zoneName: "Builders.internal" } },
            '`dns.zoneName`: must be a domain name in lower case such as builders.internal, without a dot at its end (got "Builders.internal")',
        ],
        [
            "T50",
            "an address as zone",
            { dns: { zoneName: "10.0.0.1" } },
            '`dns.zoneName`: makes no valid host name for a node\'s certificate: amd64.10.0.0.1 (got "10.0.0.1")',
        ],
        [
            "Naming",
            "a prefix that roles have no room for",
            { namePrefix: "a".repeat(25) },
            '`namePrefix`: must start with a letter and hold at most 24 letters, digits and `-`; AWS keeps `aws`, `ssm` and `sg-` for itself (got "aaaaaaaaaaaaaaaaaaaaaaaaa")',
        ],
        [
            "Naming",
            "a prefix that parameters may not have",
            { namePrefix: "aws-ci-" },
            '`namePrefix`: must start with a letter and hold at most 24 letters, digits and `-`; AWS keeps `aws`, `ssm` and `sg-` for itself (got "aws-ci-")',
        ],
        [
            "Naming",
            "a parameter path that AWS keeps",
            { parameterPrefix: "/ssm/ci" },
            '`parameterPrefix`: must be a path such as /ci/builders; AWS keeps all that starts with /aws and /ssm for itself (got "/ssm/ci")',
        ],
        [
            "Naming",
            "a parameter path that is too deep",
            { parameterPrefix: "/a".repeat(12) },
            '`parameterPrefix`: must have 11 levels and 512 characters at most (got "/a/a/a/a/a/a/a/a/a/a/a/a")',
        ],
        [
            "Naming",
            "a role path without slashes",
            { rolePath: "ci" },
            '`rolePath`: must start and end with `/` and have 512 characters at most, for example /ci/ (got "ci")',
        ],
        [
            "Naming",
            "a role path that is too long",
            { rolePath: `/${"r".repeat(511)}/` },
            '`rolePath`: must start and end with `/` and have 512 characters at most, for example /ci/ (got "/rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr...)',
        ],
    ]);
    test.each(errors)("%s %s", (_, __, args, message) => {
        // The size of user data depends on the scripts.
        expect(support.ec2(args).errors.map((line) => line.replace(/\d+ bytes/, "N bytes"))).toEqual([message]);
    });

    const warnings = rows([
        [
            "T14",
            "CPU credits",
            amd64({ instanceType: "t3.xlarge" }),
            "`nodes.amd64.instanceType`: t3.xlarge earns CPU credits: long builds slow down or cost extra; a c type does not",
        ],
        [
            "T14",
            "little memory",
            arm64({ instanceType: "c8g.medium" }),
            "`nodes.arm64.instanceType`: c8g.medium has less than 2 vCPUs or 4 GiB of memory: larger builds run out of it",
        ],
        [
            "T22",
            "a drain that EC2 may cut short",
            { stopTimeoutSeconds: 3600 },
            "`stopTimeoutSeconds`: EC2 may switch a stopping instance off before that: it waits for the system some minutes only",
        ],
        [
            "T43",
            "clients with public addresses, who reach no private one",
            { access: { cidrs: ["203.0.113.0/24"] } },
            "`access.cidrs[0]`: 203.0.113.0/24 is public: nodes have private addresses only, so such clients need a VPN or a peering",
        ],
    ]);
    test.each(warnings)("warning: %s %s", (_, __, args, message) => {
        expect(support.ec2(args)).toEqual({ errors: [], warnings: [message] });
    });
});

describe("endpoints", () => {
    const at = (platform: string, port = 1234) => ({ platforms: [platform], endpoint: `tcp://10.0.0.1:${port}` });
    const errors = rows([
        [
            "T05",
            "one platform on two nodes, written differently",
            [at("linux/arm64", 1), at("linux/arm64/v8", 2)],
            '`endpoints[1].platforms[0]`: is built by `endpoints[0]` already: buildx would never use this one; for several nodes of one platform give each its own `replica`, from 0 (got "linux/arm64")',
        ],
        [
            "T07",
            "one endpoint for two nodes",
            [at("linux/amd64"), at("linux/arm64")],
            '`endpoints[1].endpoint`: is the endpoint of `endpoints[0]` too: each node needs its own (got "tcp://10.0.0.1:1234")',
        ],
        [
            "T08",
            "a node's name that is none",
            [{ ...at("linux/amd64"), name: "a/b" }],
            '`endpoints[0].name`: must start with a lower-case letter and hold only lower-case letters, digits, `.`, `_` and `-` (got "a/b")',
        ],
        ["T09", "no endpoint", [], "`endpoints`: must hold at least one endpoint (got [])"],
        [
            "T45",
            "a port that does not exist",
            [at("linux/amd64", 65_536)],
            '`endpoints[0].endpoint`: must be tcp://host:port, for example tcp://10.0.1.5:1234 (got "tcp://10.0.0.1:65536")',
        ],
    ]);
    test.each(errors)("%s %s", (_, __, list, message) => {
        expect(support.endpoints(list).errors).toContain(message);
    });
});

describe("certificates", () => {
    const arn = (name: string) => `arn:aws:ssm:eu-central-1:123456789012:parameter/tls/${name}`;
    const pair = (name: string) => ({ certParameterArn: arn(`${name}/cert`), keyParameterArn: arn(`${name}/key`) });
    const existing = {
        serverCaParameterArn: arn("ca"),
        clientCaParameterArn: arn("ca"),
        client: pair("client"),
        nodes: { "ci-amd64": pair("amd64"), "ci-arm64": pair("arm64") },
    };
    const errors = rows([
        [
            "T62",
            "a renewal before the certificate is made",
            { renewalDays: 90 },
            "`renewalDays`: must be less than `certificateValidityDays` (90), or every update makes new certificates (got 90)",
        ],
        [
            "T62",
            "a certificate that outlives its CA",
            { certificateValidityDays: 1825 },
            "`certificateValidityDays`: must be less than `caValidityDays` (1825): a certificate is worth nothing without its CA (got 1825)",
        ],
        [
            "T62",
            "certificates of no day",
            { certificateValidityDays: 0 },
            "`certificateValidityDays`: must be a whole number of days from 1 to 36500 (got 0)",
        ],
        [
            "T65",
            "one CA for nodes and clients",
            { existing },
            '`existing.clientCaParameterArn`: is the parameter of `existing.serverCaParameterArn` too: each holds something of its own (got "arn:aws:ssm:eu-central-1:123456789012:parameter/tls/ca")',
        ],
    ]);
    test.each(errors)("%s %s", (_, __, args, message) => {
        expect(support.tls(args).errors).toContain(message);
    });

    const warnings = rows([
        [
            "T62",
            "a client's certificate of more than a year",
            { certificateValidityDays: 400 },
            "`certificateValidityDays`: client certificates are valid for 400 days, more than a year, and cannot be revoked; make them short, and update on a schedule",
        ],
    ]);
    test.each(warnings)("warning: %s %s", (_, __, args, message) => {
        expect(support.tls(args)).toEqual({ errors: [], warnings: [message] });
    });
});

describe("the registry", () => {
    const rule = (rulePriority: number, selection: object) => ({
        rulePriority,
        description: "a rule of the test",
        selection: { countType: "sinceImagePushed", countUnit: "days", countNumber: 3, ...selection },
        action: { type: "expire" },
    });
    const policy = (...rules: object[]) => ({ lifecyclePolicy: JSON.stringify({ rules }) });
    const untagged = { tagStatus: "untagged" };
    const errors = rows([
        [
            "T35",
            "the alias of a key",
            { kmsKeyArn: "alias/ecr" },
            '`kmsKeyArn`: must be the ARN of a KMS key, arn:aws:kms:…:key/…, not an alias or an id (got "alias/ecr")',
        ],
        [
            "T35",
            "a key that is given and one to create",
            { kmsKeyArn: keyArn, createKmsKey: true },
            "`createKmsKey`: cannot be given together with `kmsKeyArn`: choose one (got true)",
        ],
        [
            "T70",
            "a name in capitals",
            { repositories: ["Shop"] },
            '`repositories[0]`: must be lower case: "shop" (got "Shop")',
        ],
        [
            "T70",
            "a name that is too short",
            { repositories: ["a"], cacheRepository: "c0" },
            '`repositories[0]`: must have 2 to 256 characters, not 1 (got "a")',
        ],
        [
            "T70",
            "a name that is too long",
            { repositories: ["x".repeat(257)], cacheRepository: "c0" },
            '`repositories[0]`: must have 2 to 256 characters, not 257 (got "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...)',
        ],
        [
            "T70",
            "a name whose cache has no room",
            { repositories: ["x".repeat(251)] },
            '`cacheRepository`: the default must have 2 to 256 characters, not 257: give a shorter one (got "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...)',
        ],
        [
            "T70",
            "a name with no room for its prefix",
            { repositories: ["x".repeat(249)], cacheRepository: "c0", namePrefix: "acme/ci/" },
            '`repositories[0]`: with `namePrefix` must have 2 to 256 characters, not 257 (got "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...)',
        ],
        [
            "T70",
            "a name with a slash at its end",
            { repositories: ["shop/"], cacheRepository: "c0" },
            '`repositories[0]`: must be lower-case letters and digits, separated by single `.`, `_`, `/`, by `__` or by `-` (got "shop/")',
        ],
        [
            "T70",
            "a name with a tag",
            { repositories: ["shop:1"], cacheRepository: "c0" },
            '`repositories[0]`: must be without a tag and without a digest; tags belong to images (got "shop:1")',
        ],
        [
            "T70",
            "a URL as name",
            { repositories: ["https://x/y"], cacheRepository: "c0" },
            '`repositories[0]`: must be a name alone, for example shop/api; one that exists already belongs into `existingRepositories` (got "https://x/y")',
        ],
        [
            "T71",
            "the cache in the images' repository",
            { cacheRepository: "shop/api" },
            '`cacheRepository`: is the repository of `repositories[0]` too: the cache needs its own repository, with mutable tags and another lifecycle (got "shop/api")',
        ],
        [
            "T72",
            "more moving tags than ECR takes",
            { movingTags: ["a", "b", "c", "d", "e", "f"] },
            '`movingTags`: must hold 5 at most: join some with a `*`, or set `mutableTags` (got ["a","b","c","d","e","f"])',
        ],
        [
            "T72",
            "a moving tag of characters that no tag has",
            { movingTags: ["la test"] },
            '`movingTags[0]`: must be a tag of letters, digits, `.`, `_`, `-` and `*`, 128 characters at most (got "la test")',
        ],
        [
            "T72",
            "a moving tag that is every tag",
            { movingTags: ["*"] },
            '`movingTags[0]`: would make every tag movable: set `mutableTags` for that (got "*")',
        ],
        [
            "T72",
            "moving tags where all of them move",
            { movingTags: ["latest"], mutableTags: true },
            '`movingTags`: says nothing when `mutableTags` is true: take one out (got ["latest"])',
        ],
        [
            "T73",
            "an existing cache that is the images' repository",
            { existingCacheRepository: { name: "shop/api" } },
            '`existingCacheRepository.name`: is the repository of `repositories[0]` too: the cache needs its own repository, with mutable tags and another lifecycle (got "shop/api")',
        ],
        [
            "T75",
            "two rules of one priority",
            policy(rule(1, untagged), rule(1, untagged)),
            "`lifecyclePolicy`: its rules must be sorted by `rulePriority`, each with its own: ECR sorts them, and any other order is a change in every update",
        ],
        [
            "T75",
            "rules that are not sorted",
            policy(rule(2, untagged), rule(1, untagged)),
            "`lifecyclePolicy`: its rules must be sorted by `rulePriority`, each with its own: ECR sorts them, and any other order is a change in every update",
        ],
        [
            "T75",
            "a rule for any image that is not the last",
            policy(rule(1, { tagStatus: "any" }), rule(2, untagged)),
            '`lifecyclePolicy`: rules[0] with `tagStatus` "any" must come last',
        ],
        [
            "T75",
            "both kinds of tag lists",
            policy(rule(1, { tagStatus: "tagged", tagPatternList: ["a*"], tagPrefixList: ["a"] })),
            '`lifecyclePolicy`: rules[0]: `tagStatus` "tagged" needs `tagPatternList` or `tagPrefixList`, not both',
        ],
        [
            "T75",
            "an expiry at once",
            policy(rule(1, { ...untagged, countNumber: 0 })),
            "`lifecyclePolicy`: rules[0]: `selection.countNumber` must be a whole number from 1",
        ],
        [
            "T75",
            "a count in days of a number of images",
            policy(rule(1, { ...untagged, countType: "imageCountMoreThan" })),
            "`lifecyclePolicy`: rules[0]: `selection.countUnit` must be days, and left out with imageCountMoreThan",
        ],
        [
            "T75",
            "an expiry after no day",
            { untaggedDays: 0 },
            "`untaggedDays`: must be a whole number of days from 1 to 3650 (got 0)",
        ],
        [
            "T76",
            "everybody who pulls",
            { pullPrincipals: ["*"] },
            '`pullPrincipals[0]`: must be an account (12 digits) or the ARN of an IAM role or user; a `*` would open the repository to the world, see `pullOrganizationId` (got "*")',
        ],
        [
            "T76",
            "everybody of any account who pushes",
            { pushPrincipals: ["arn:aws:iam::*:root"] },
            '`pushPrincipals[0]`: must be an account (12 digits) or the ARN of an IAM role or user; a `*` would open the repository to the world, see `pullOrganizationId` (got "arn:aws:iam::*:root")',
        ],
        [
            "T76",
            "an organization that is none",
            { pullOrganizationId: "*" },
            '`pullOrganizationId`: must be the id of an AWS organization, for example o-a1b2c3d4e5 (got "*")',
        ],
        [
            "Naming",
            "a prefix that no name begins with",
            { namePrefix: "Acme-" },
            '`namePrefix`: must be lower case, the beginning of a repository\'s name, for example acme- or acme/ (got "Acme-")',
        ],
        [
            "Naming",
            "a prefix of an alias that AWS keeps",
            { namePrefix: "aws/", createKmsKey: true },
            '`namePrefix`: must not start with `aws/` with `createKmsKey`: AWS keeps such aliases for itself (got "aws/")',
        ],
    ]);
    test.each(errors)("%s %s", (_, __, args, message) => {
        expect(support.registry(args).errors).toEqual([message]);
    });
});

/** What is told where it becomes known, with the test that proves it. */
const toldElsewhere: [trap: string, file: string, test: string][] = [
    ["T02", "test/ec2/ec2Builders.test.ts", "T02 an image for the other CPU"],
    ["T05", "test/unit/record.test.ts", "the same replica of a platform"],
    ["T25", "test/ec2/ec2Builders.test.ts", "T25 a private key in user data"],
    ["T30", "test/ec2/ec2Builders.test.ts", "cache volumes are encrypted and in the subnet's zone"],
    ["T32", "test/node/config.test.ts", "has rules that keep room on %d GiB, as BuildKit reads them"],
    ["T35", "test/ec2/ec2Builders.test.ts", "T35 a key of another region"],
    ["T43", "test/ec2/ec2Builders.test.ts", "T43 a subnet that gives public addresses"],
    ["T44", "test/ec2/ec2Builders.test.ts", "T44 a bridge in the VPC"],
    ["T50", "test/ec2/ec2Builders.test.ts", "T50 DNS off"],
    ["T50", "test/ec2/ec2Builders.test.ts", "T50 another zone"],
    ["T50", "test/ec2/ec2Builders.test.ts", "T50 a public zone"],
    ["T60", "test/tls/existing.test.ts", "are refused when a node's certificate does not carry its name"],
    ["T63", "test/tls/existing.test.ts", "T63 a CA that must not sign, and RSA keys that are short"],
    ["T64", "test/ec2/ec2Builders.test.ts", "T64 a certificate that a parameter does not hold"],
    ["T71", "test/registry/buildRegistry.test.ts", "T71 an existing cache repository whose tags are immutable"],
    ["T71", "test/unit/validateTarget.test.ts", "T71 a cache among immutable tags"],
    ["T73", "test/unit/validateTarget.test.ts", "a cache ref that is the image's"],
    ["T74", "test/unit/names.test.ts", "no two platforms share a tag"],
    ["T78", "test/registry/buildRegistry.test.ts", "T78 a deletion of images that are in use is warned of"],
    ["Naming", "test/ec2/names.test.ts", "names at their limits"],
];

/** What no argument of these components leads to, and why. Builders on EKS have traps of their own. */
const impossible: Record<string, string> = {
    T03: "EKS only",
    T04: "a node has one instance type",
    T10: "no spot instances",
    T11: "no spot instances",
    T12: "no spot instances",
    T13: "no spot instances",
    T16: "the cache is on a volume of its own, never on an instance store",
    T17: "the cache is on a volume of its own, never on an instance store",
    T18: "no Auto Scaling group",
    T19: "no Auto Scaling group",
    T20: "no Auto Scaling group",
    T21: "no Auto Scaling group",
    T23: "no Auto Scaling group",
    T26: "no launch template",
    T27: "what happens at power-off is fixed: the instance stops",
    T33: "when a volume was changed last is known to AWS only, which refuses a change within six hours",
    T34: "what a volume's size was is known to AWS only, which refuses a smaller one",
    T46: "no load balancer",
    T47: "no load balancer",
    T48: "no load balancer",
    T49: "no load balancer",
    T61: "no script is generated, and the store's entries hold absolute paths",
    T77: "no pull-through cache",
    T79: "another key replaces a repository of a fixed name, which AWS refuses while the old one exists",
    T79b: "nothing is made that a registry has only once",
};

const ids = [
    ...["T01", "T02", "T03", "T04", "T05", "T06", "T07", "T08", "T09", "T10", "T11", "T12", "T13", "T14", "T15", "T16"],
    ...["T17", "T18", "T19", "T20", "T21", "T22", "T23", "T24", "T25", "T26", "T27", "T28", "T30", "T31", "T32", "T33"],
    ...["T34", "T35", "T40", "T41", "T42", "T43", "T44", "T45", "T46", "T47", "T48", "T49", "T50", "T60", "T61", "T62"],
    ...["T63", "T64", "T65", "T70", "T71", "T72", "T73", "T74", "T75", "T76", "T77", "T78", "T79", "T79b", "Naming"],
];

describe("the list of traps", () => {
    test.each(ids)("%s is told, or cannot be made", (id) => {
        const isTold = told.has(id) || toldElsewhere.some(([trap]) => trap === id);
        expect(isTold).toBe(!(id in impossible));
    });

    test.each(toldElsewhere)("%s has its test in %s: %s", (_, file, name) => {
        const source = readFileSync(path.join(__dirname, "../..", file), "utf8");
        expect(source.includes(name)).toBe(true);
    });
});
