import * as pulumi from "@pulumi/pulumi";
import { everyEc2Argument } from "../support/everyArgument";
import { ec2, leastEc2 } from "../support/problems";
import { record, recorder, refusal } from "./support";

/** What is wrong and is no trap of AWS; those are in traps.test.ts. */
type Row = [what: string, args: object, message: string];

const amd64 = (node: object) => ({ nodes: { amd64: node } });
const arm64 = (node: object) => ({ nodes: { arm64: node } });
const cidrs = (...list: string[]) => ({ access: { cidrs: list } });
const release = { version: "v0.32.2", amd64Sha256: "a".repeat(64), arm64Sha256: "a".repeat(64) };
const ca = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

function describeRows(name: string, rows: Row[]): void {
    describe(name, () => {
        test.each(rows)("%s", (_, args, message) => {
            expect(ec2(args)).toEqual({ errors: [message], warnings: [] });
        });
    });
}

describeRows("nodes", [
    [
        "a family whose name tells no size",
        amd64({ instanceType: "x99z.2xlarge", vcpus: 8 }),
        "`nodes.amd64.memoryMiB`: is missing: the name x99z.2xlarge does not tell it",
    ],
    [
        "more memory than there is",
        amd64({ memoryMiB: 16_384 }),
        "`nodes.amd64.memoryMiB`: c7i.xlarge has 8192 only; leave it out (got 16384)",
    ],
    [
        "more CPUs than there are",
        amd64({ vcpus: 8 }),
        "`nodes.amd64.vcpus`: c7i.xlarge has 4 only; leave it out (got 8)",
    ],
    [
        "a parameter as image",
        amd64({ amiId: "resolve:ssm:/x" }),
        '`nodes.amd64.amiId`: must be an id such as ami-0123456789abcdef0 (got "resolve:ssm:/x")',
    ],
    [
        "a subnet's name",
        amd64({ subnetId: "private-a" }),
        '`nodes.amd64.subnetId`: must be an id such as subnet-0123456789abcdef0 (got "private-a")',
    ],
    [
        "an Output that decides what is made",
        amd64({ instanceType: pulumi.output("c7i.xlarge") }),
        "`nodes.amd64.instanceType`: must be a plain value, no Output: it decides which resources exist",
    ],
    [
        "an architecture as platform",
        arm64({ platforms: ["arm64"] }),
        '`nodes.arm64.platforms[0]`: not a platform that BuildKit builds; did you mean "linux/arm64"? (got "arm64")',
    ],
]);

describeRows("storage", [
    [
        "a volume as snapshot",
        { cache: { snapshotId: "vol-0123456789abcdef0" } },
        '`cache.snapshotId`: must be an id such as snap-0123456789abcdef0 (got "vol-0123456789abcdef0")',
    ],
    [
        "a size instead of the cache",
        { cache: "100" },
        '`cache`: must be an object with sizeGiB, iops, throughputMiBps, snapshotId, retain (got "100")',
    ],
    [
        "a size as text",
        { cache: { sizeGiB: "100" } },
        '`cache.sizeGiB`: must be a whole number of GiB from 50 to 65536 (got "100")',
    ],
    [
        "a size without end",
        { cache: { sizeGiB: Infinity } },
        '`cache.sizeGiB`: must be a whole number of GiB from 50 to 65536 (got "Infinity")',
    ],
    ["a flag as text", { cache: { retain: "no" } }, '`cache.retain`: must be true or false (got "no")'],
]);

describeRows("network", [
    [
        "host bits",
        cidrs("10.0.0.5/16"),
        '`access.cidrs[0]`: has leading zeros or bits outside its prefix; write 10.0.0.0/16 (got "10.0.0.5/16")',
    ],
    [
        "leading zeros, which some read as octal",
        cidrs("010.0.0.0/8"),
        '`access.cidrs[0]`: has leading zeros or bits outside its prefix; write 10.0.0.0/8 (got "010.0.0.0/8")',
    ],
    [
        "no network at all",
        cidrs("10.0.0.0"),
        '`access.cidrs[0]`: must be an IPv4 network, for example 10.0.0.0/16 (got "10.0.0.0")',
    ],
    [
        "IPv6",
        cidrs("fd00::/8"),
        '`access.cidrs[0]`: must be an IPv4 network: the nodes have no IPv6 address (got "fd00::/8")',
    ],
    [
        "the metadata service as client",
        cidrs("169.254.169.254/32"),
        '`access.cidrs[0]`: is no network of clients or servers: 169.254.0.0/16 is link-local, and EC2\'s metadata service (got "169.254.169.254/32")',
    ],
    [
        "multicast",
        cidrs("224.0.0.0/8"),
        '`access.cidrs[0]`: is no network of clients or servers: 224.0.0.0/3 is multicast and reserved (got "224.0.0.0/8")',
    ],
    [
        "a network twice",
        cidrs("10.0.0.0/16", "10.1.0.0/16", "10.0.0.0/16"),
        '`access.cidrs[2]`: is `access.cidrs[0]` already: take one out (got "10.0.0.0/16")',
    ],
    [
        "a list of one as text",
        { access: { cidrs: "10.0.0.0/16" } },
        '`access.cidrs`: must be a list, for example [10.0.0.0/16] (got "10.0.0.0/16")',
    ],
    [
        "a group's name instead of its id",
        { access: { securityGroupIds: ["runners"] } },
        '`access.securityGroupIds[0]`: must be an id such as sg-0123456789abcdef0 (got "runners")',
    ],
    [
        "a group twice",
        { access: { securityGroupIds: ["sg-0123456789abcdef0", "sg-0123456789abcdef0"] } },
        '`access.securityGroupIds[1]`: is `access.securityGroupIds[0]` already: take one out (got "sg-0123456789abcdef0")',
    ],
    [
        "a group as prefix list",
        { access: { prefixListIds: ["sg-0123456789abcdef0"] } },
        '`access.prefixListIds[0]`: must be an id such as pl-0123456789abcdef0 (got "sg-0123456789abcdef0")',
    ],
    [
        "no way out",
        { egress: { cidrs: [] } },
        '`egress`: lets nodes connect nowhere, so they could not install BuildKit or pull an image: name ports and networks, or leave it out (got {"cidrs":[]})',
    ],
    [
        "no port to get out by",
        { egress: { ports: [] } },
        '`egress`: lets nodes connect nowhere, so they could not install BuildKit or pull an image: name ports and networks, or leave it out (got {"ports":[]})',
    ],
    [
        "host bits on the way out",
        { egress: { cidrs: ["10.0.0.5/16"] } },
        '`egress.cidrs[0]`: has leading zeros or bits outside its prefix; write 10.0.0.0/16 (got "10.0.0.5/16")',
    ],
    [
        "one way out twice",
        { egress: { cidrs: ["10.0.0.0/8", "10.0.0.0/8"] } },
        '`egress.cidrs[1]`: is `egress.cidrs[0]` already: take one out (got "10.0.0.0/8")',
    ],
    ["no subnet", { subnetId: undefined }, "`subnetId`: is missing: the private subnet that the nodes are in"],
    ["null as subnet", { subnetId: null }, "`subnetId`: is missing: the private subnet that the nodes are in"],
    ["a number as subnet", { subnetId: 7 }, "`subnetId`: must be text: put it in quotes (got 7)"],
    [
        "a subnet's ARN",
        { subnetId: "arn:aws:ec2:eu-central-1:1:subnet/subnet-1" },
        '`subnetId`: must be an id such as subnet-0123456789abcdef0 (got "arn:aws:ec2:eu-central-1:1:subnet/subnet-1")',
    ],
    [
        "a subnet as VPC",
        { vpcId: "subnet-0123456789abcdef0" },
        '`vpcId`: must be an id such as vpc-0123456789abcdef0 (got "subnet-0123456789abcdef0")',
    ],
]);

describeRows("what nodes install and ask", [
    [
        "a proxy with a password",
        { proxy: { https: "http://user:hunter2@proxy:3128" } },
        "`proxy.https`: must not hold credentials, which anybody on the machine could read: use a proxy that knows the node by its address",
    ],
    [
        "a proxy without a scheme",
        { proxy: { http: "proxy:3128" } },
        '`proxy.http`: must be an address, like http://proxy.internal:3128 (got "proxy:3128")',
    ],
    [
        "a proxy with a command in it",
        { proxy: { http: "http://$(reboot)" } },
        '`proxy.http`: must be an address, like http://proxy.internal:3128 (got "http://$(reboot)")',
    ],
    [
        "hosts without a proxy where there is none",
        { proxy: { noProxy: ".internal" } },
        '`proxy.noProxy`: has no use without `proxy.http` or `proxy.https` (got ".internal")',
    ],
    [
        "hosts without a proxy, separated by spaces",
        { proxy: { http: "http://p:1", noProxy: "a b" } },
        '`proxy.noProxy`: must be hosts separated by commas, like .internal,10.0.0.0/8 (got "a b")',
    ],
    [
        "a mirror as URL",
        { mirrors: [{ registry: "docker.io", mirrors: ["https://mirror.acme.io"] }] },
        '`mirrors[0].mirrors[0]`: must be a host with an optional path and no scheme, like mirror.internal/docker-hub (got "https://mirror.acme.io")',
    ],
    [
        "a registry without a mirror",
        { mirrors: [{ registry: "docker.io" }] },
        "`mirrors[0].mirrors`: must name at least one mirror, like mirror.internal/docker-hub",
    ],
    [
        "another name of Docker Hub",
        { mirrors: [{ registry: "index.docker.io", mirrors: ["m"] }] },
        '`mirrors[0].registry`: must be docker.io, which is how BuildKit calls Docker Hub (got "index.docker.io")',
    ],
    [
        "a text as mirror",
        { mirrors: ["mirror.acme.io"] },
        '`mirrors[0]`: must be an object with registry, mirrors (got "mirror.acme.io")',
    ],
    [
        "mirrors of a registry in two places",
        {
            mirrors: [
                { registry: "docker.io", mirrors: ["a"] },
                { registry: "docker.io", mirrors: ["b"] },
            ],
        },
        '`mirrors[1]`: is in `mirrors[0]` already: name all mirrors of a registry there (got "docker.io")',
    ],
    [
        "a registry twice",
        { registries: [{ host: "r.io", http: true }, { host: "R.io" }] },
        '`registries[1]`: is in `registries[0]` already: name each registry once (got "r.io")',
    ],
    [
        "a registry with a path",
        { registries: [{ host: "r.io/shop" }] },
        '`registries[0].host`: must be a registry\'s host, like registry.internal:5000 (got "r.io/shop")',
    ],
    [
        "a CA of a registry without TLS",
        { registries: [{ host: "r.io", ca, http: true }] },
        "`registries[0].http`: a registry without TLS has no CA: leave one of both out (got true)",
    ],
    [
        "a version without v",
        { buildkit: { ...release, version: "0.32.2" } },
        '`buildkit.version`: must be a version such as v0.32.2 (got "0.32.2")',
    ],
    [
        "a digest with its algorithm",
        { buildkit: { ...release, amd64Sha256: `sha256:${"a".repeat(57)}` } },
        '`buildkit.amd64Sha256`: must be the SHA-256 of the release\'s tarball, 64 hexadecimal digits (got "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")',
    ],
    [
        "no digest",
        { buildkit: { ...release, arm64Sha256: undefined } },
        "`buildkit.arm64Sha256`: must be the SHA-256 of the release's tarball, 64 hexadecimal digits",
    ],
    [
        "a download without TLS",
        { buildkit: { ...release, baseUrl: "http://mirror" } },
        "`buildkit.baseUrl`: must be an https URL without a password, a query and quotes",
    ],
    [
        "a download with a command in it",
        { buildkit: { ...release, baseUrl: "https://mirror/`reboot`" } },
        "`buildkit.baseUrl`: must be an https URL without a password, a query and quotes",
    ],
]);

describeRows("names and the rest", [
    [
        "a parameter path with a slash at its end",
        { parameterPrefix: "/ci/" },
        '`parameterPrefix`: must be a path such as /ci/builders; AWS keeps all that starts with /aws and /ssm for itself (got "/ci/")',
    ],
    [
        "a parameter path with a line in it",
        { parameterPrefix: "/ci\nbuilders" },
        '`parameterPrefix`: must be a path such as /ci/builders; AWS keeps all that starts with /aws and /ssm for itself (got "/ci\\nbuilders")',
    ],
    [
        "a role as boundary",
        { permissionsBoundary: "arn:aws:iam::111122223333:role/x" },
        '`permissionsBoundary`: must be the ARN of a policy, arn:aws:iam::…:policy/… (got "arn:aws:iam::111122223333:role/x")',
    ],
    [
        "a user as the one who wakes",
        { wakeIdentity: { roleArn: "arn:aws:iam::111122223333:user/x" } },
        '`wakeIdentity.roleArn`: must be the ARN of a role, arn:aws:iam::…:role/… (got "arn:aws:iam::111122223333:user/x")',
    ],
    [
        "an image with a tag as repository",
        { imageRepositoryUrl: "registry.acme.io/shop:1" },
        '`imageRepositoryUrl`: must be a repository without a tag; tags go into `tags` (got "registry.acme.io/shop:1")',
    ],
    [
        "a cache repository with a scheme",
        { cacheRepositoryUrl: "https://registry.acme.io/shop" },
        '`cacheRepositoryUrl`: must be without a scheme, for example 123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/api (got "https://registry.acme.io/shop")',
    ],
    [
        "a tag of AWS",
        { tags: { "aws:team": "x" } },
        '`tags["aws:team"]`: its key must not start with `aws:`, which AWS keeps for itself',
    ],
    [
        "a tag that only some services take",
        { tags: { "team#": "x" } },
        '`tags["team#"]`: its key must have 1 to 128 letters, digits, spaces and `_ . : / = + - @`',
    ],
    [
        "a tag with a key that is too long",
        { tags: { ["k".repeat(129)]: "x" } },
        '`tags["kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"]`: its key must have 1 to 128 letters, digits, spaces and `_ . : / = + - @`',
    ],
    [
        "a tag with a value that is too long",
        { tags: { team: "x".repeat(257) } },
        '`tags["team"]`: must have at most 256 letters, digits, spaces and `_ . : / = + - @` (got "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...)',
    ],
    ["a tag with a number", { tags: { cost: 7 } }, '`tags["cost"]`: must be text: put it in quotes (got 7)'],
    [
        "two tags that are one for IAM",
        { tags: { name: "builders" } },
        '`tags["name"]`: differs from `Name` in case only, and IAM takes only one of them',
    ],
    [
        "more tags than a resource takes",
        { tags: Object.fromEntries([...Array(50).keys()].map((i) => [`t${i}`, ""])) },
        "`tags`: must hold 49 at most, not 50: AWS takes 50 for each resource",
    ],
    [
        "half of the certificates",
        { tls: { clientCa: "x" } },
        "`tls`: is missing nodeCertificates, credentials: take them from a BuilderTls for `ec2TlsNodes(…)`",
    ],
    [
        "a certificate as number",
        { tls: { ...leastEc2.tls, clientCa: 7 } },
        "`tls.clientCa`: must be text: put it in quotes",
    ],
    [
        "the certificates of another builder",
        { ...amd64({}), tls: { ...leastEc2.tls, nodeCertificates: { "other-amd64": { cert: "C", key: "K" } } } },
        '`tls.nodeCertificates["ci-amd64"]`: is missing: each node needs a certificate of its own',
    ],
    [
        "days that CloudWatch does not keep",
        { monitoring: { logRetentionDays: 10 } },
        "`monitoring.logRetentionDays`: CloudWatch keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653 days only (got 10)",
    ],
    [
        "an alarm without sense",
        { idleStopMinutes: 0, monitoring: { awakeHours: 12 } },
        "`monitoring.awakeHours`: has no use while `idleStopMinutes` is 0: nodes never sleep (got 12)",
    ],
    [
        "a topic's name",
        { monitoring: { alarmActionArns: ["ops"] } },
        '`monitoring.alarmActionArns[0]`: must be an ARN, for example arn:aws:sns:eu-central-1:111122223333:ops (got "ops")',
    ],
    [
        "more actions than an alarm takes",
        { monitoring: { alarmActionArns: [1, 2, 3, 4, 5].map((i) => `arn:aws:sns:eu-central-1:111122223333:t${i}`) } },
        "`monitoring.alarmActionArns`: must hold 4 at most, not 5: an alarm takes five, and one recovers the node",
    ],
]);

describeRows("properties that do not exist, each with the nearest one that does", [
    [
        "at the top",
        { idleStopMinuts: 5 },
        "`idleStopMinuts`: is unknown; did you mean `idleStopMinutes`? Known: builderName, subnetId, vpcId, nodes, cache, idleStopMinutes, stopTimeoutSeconds, access, egress, bridgeSubnet, mirrors, registries, proxy, buildkit, dns, monitoring, wakeIdentity, tls, kmsKeyArn, imageRepositoryUrl, cacheRepositoryUrl, parameterPrefix, tags, permissionsBoundary, rolePath, namePrefix",
    ],
    [
        "in a node",
        amd64({ instancetype: "c7i.large" }),
        "`nodes.amd64.instancetype`: is unknown; did you mean `instanceType`? Known: instanceType, vcpus, memoryMiB, amiId, platforms, emulated, subnetId, rootSizeGiB",
    ],
    [
        "an architecture",
        { nodes: { amd64: {}, x86_64: {} } },
        "`nodes.x86_64`: is unknown; did you mean `amd64`? Known: amd64, arm64",
    ],
    [
        "with a name that is no word",
        { "a b\n": 1 },
        '`["a b\\n"]`: is unknown; did you mean `cache`? Known: builderName, subnetId, vpcId, nodes, cache, idleStopMinutes, stopTimeoutSeconds, access, egress, bridgeSubnet, mirrors, registries, proxy, buildkit, dns, monitoring, wakeIdentity, tls, kmsKeyArn, imageRepositoryUrl, cacheRepositoryUrl, parameterPrefix, tags, permissionsBoundary, rolePath, namePrefix',
    ],
    [
        "a secret with a misspelt name",
        { tls: { ...leastEc2.tls, clientKey: "hunter2" } },
        "`tls.clientKey`: is unknown; did you mean `clientCa`? Known: clientCa, nodeCertificates, credentials",
    ],
]);

test("what is fine", () => {
    const fine = { errors: [], warnings: [] };
    const nodes = {
        amd64: {
            platforms: ["linux/386", "linux/amd64/v2"],
            emulated: ["linux/s390x", "linux/ppc64le", "linux/riscv64", "linux/arm/v6"],
        },
        arm64: { instanceType: "c6g.xlarge", platforms: ["linux/arm/v7"] },
    };
    expect(ec2({ nodes })).toEqual(fine);
    expect(ec2()).toEqual(fine);
    expect(ec2({ access: undefined })).toEqual(fine);
    expect(ec2({ egress: { cidrs: ["0.0.0.0/0"] }, tags: { "cost center": "Ä 7/8 @ x" } })).toEqual(fine);
    expect(ec2({ egress: { cidrs: ["10.0.0.0/8"] }, bridgeSubnet: "10.254.0.0/16" })).toEqual(fine);
    expect(ec2({ mirrors: null, nodes: { amd64: null, arm64: { emulated: null } } })).toEqual(fine);
    expect(ec2({ buildkit: { ...release, baseUrl: "https://mirror:8443/buildkit/" }, rolePath: "/" })).toEqual(fine);
});

test("what is at its limit", () => {
    const at = "b".repeat(63);
    const pair = { cert: "C", key: "K" };
    const tls = { ...leastEc2.tls, nodeCertificates: { [`${at}-amd64`]: pair, [`${at}-arm64`]: pair } };
    const tags = Object.fromEntries([...Array(49).keys()].map((i) => [`t${i}`.padEnd(128, "x"), "v".repeat(256)]));
    const actions = [1, 2, 3, 4].map((i) => `arn:aws:sns:eu-central-1:111122223333:t${i}`);
    expect(
        ec2({
            builderName: at,
            tls,
            tags,
            namePrefix: "p".repeat(24),
            rolePath: `/${"r".repeat(510)}/`,
            parameterPrefix: `${"/a".repeat(10)}/${"b".repeat(491)}`,
            monitoring: { alarmActionArns: actions, awakeHours: 168, logRetentionDays: 3653 },
            cache: { sizeGiB: 65_536, iops: 80_000, throughputMiBps: 2000 },
            idleStopMinutes: 1440,
            stopTimeoutSeconds: 1800,
            bridgeSubnet: "10.0.0.0/8",
            access: { cidrs: ["11.0.0.0/8", "192.168.1.1/32"] },
        }).errors,
    ).toEqual([]);
});

test("many rules are warned of", () => {
    const list = (count: number) => Array.from({ length: count }, (_, i) => `10.${i}.0.0/16`);
    expect(ec2({ access: { cidrs: list(60) } }).warnings).toEqual([]);
    expect(ec2({ access: { cidrs: list(61) } }).warnings).toEqual([
        "`access`: makes 61 rules in each group, and an account takes 60 unless its quota was raised; a prefix list needs its size",
    ]);
    expect(ec2({ egress: { ports: [22, 80, 443], cidrs: list(21) } }).warnings).toHaveLength(1);
});

test("everything is told at once, and secrets are not quoted", () => {
    const message = refusal({
        access: {},
        cache: { iops: 1 },
        nodes: { amd64: { instanceType: "c8g.large" } },
        tls: { clientCa: "hunter2" } as never,
    });
    expect(message.split("\n  - ").map((line) => line.split(":")[0])).toEqual([
        'invalid arguments of the EC2 builders "ci"',
        "`cache.iops`",
        "`nodes.amd64.instanceType`",
        "`access`",
        "`tls`",
    ]);
    expect(message).not.toContain("hunter2");
});

test("null is as good as nothing wherever something may be left out", async () => {
    const nulls = (value: object) => Object.fromEntries(Object.keys(value).map((key) => [key, null]));
    const { subnetId, tls, nodes, cache, access, egress, monitoring, wakeIdentity, proxy, ...rest } = everyEc2Argument;
    const { run } = await record({
        ...nulls(rest),
        subnetId,
        tls,
        nodes: { amd64: nulls(nodes.amd64!), arm64: nulls(nodes.amd64!) },
        cache: nulls(cache),
        access: { ...nulls(access), securityGroupIds: access.securityGroupIds },
        egress: nulls(egress),
        monitoring: nulls(monitoring),
        wakeIdentity: nulls(wakeIdentity),
        proxy: nulls(proxy),
    });
    const { run: without } = await record();
    expect(run.names()).toEqual(without.names());
    const userData = (of: typeof run) => of.get("ci-arm64-instance").inputs.userDataBase64;
    expect(userData(run)).toBe(userData(without));
});

test("every argument at once makes what it says", async () => {
    const { run } = await record(everyEc2Argument, {
        answers: {
            "aws:route53/getZone:getZone": () => ({ zoneId: "Z1", name: "builders.internal.", privateZone: true }),
        },
    });
    expect(run.get("ci-amd64-instance").inputs).toMatchObject({ instanceType: "c7i.2xlarge" });
    expect(run.get("ci-arm64-cache").inputs).toMatchObject({ size: 200, iops: 4000, throughput: 250 });
});

test("nothing at all is registered when an argument is wrong", async () => {
    const run = recorder();
    await run.install();
    expect(refusal({ cache: { sizeGiB: 1 } })).toContain("`cache.sizeGiB`: must be a whole number");
    await run.settle();
    expect(run.resources).toEqual([]);
    expect(run.invokes).toEqual([]);
});

test.each([null, undefined, 5, "x", []])("%j as arguments is told as such", (value) => {
    expect(refusal(value)).toMatch(/\n {2}- `args`: must be an object with builderName, subnetId, /);
});
