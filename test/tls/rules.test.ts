import * as fc from "fast-check";
import { alternativeNames, serverNameProblem } from "../../components/tls/names";
import { caWarning, commonName, tlsSettings } from "../../components/tls/settings";
import { validateTls } from "../../components/tls/validate";
import { Problems } from "../../components/problems";

describe("the name on a node's certificate", () => {
    test.each(["arm64.builders.internal", "10.0.1.5", "fd00::1", "localhost", "a-b.c1", "x".repeat(63)])(
        "takes %s",
        (name) => expect(serverNameProblem(name)).toBeUndefined(),
    );

    test.each([
        ["", /host name or an IP address/],
        [7, /host name or an IP address/],
        ["*.builders.internal", /wildcard/],
        ["tcp://10.0.1.5", /without scheme/],
        ["arm64:1234", /without scheme and port/],
        ["a_b.internal", /labels of letters/],
        ["-a.internal", /labels of letters/],
        ["a..b", /labels of letters/],
        ["x".repeat(64), /63 at most/],
        [`${"abc.".repeat(64)}d`, /253 characters/],
        ["10.0.1.256", /no valid IP address/],
    ])("refuses %s", (name, reason) => expect(serverNameProblem(name)).toMatch(reason));

    test("is an alternative name of its kind", () => {
        expect(alternativeNames("10.0.1.5")).toEqual({ ipAddresses: ["10.0.1.5"] });
        expect(alternativeNames("fd00::1")).toEqual({ ipAddresses: ["fd00::1"] });
        expect(alternativeNames("a.internal")).toEqual({ dnsNames: ["a.internal"] });
    });

    test("a common name never passes X.509's 64 characters and keeps its role", () => {
        fc.assert(
            fc.property(fc.string({ maxLength: 200 }), fc.constantFrom("server CA 12", "client"), (owner, role) => {
                const name = commonName(owner, role);
                expect(name.length).toBeLessThanOrEqual(64);
                expect(name.endsWith(` ${role}`)).toBe(true);
            }),
        );
    });
});

const nodes = [
    { name: "ci-amd64", serverName: "amd64.internal" },
    { name: "ci-arm64", serverName: "arm64.internal" },
];

function errorsOf(args: object): string {
    const problems = new Problems();
    validateTls({ nodes, ...args }, problems);
    try {
        problems.throwIfAny("the certificates");
        return "";
    } catch (error) {
        return (error as Error).message;
    }
}

const arn = (name: string) => `arn:aws:ssm:eu-central-1:123456789012:parameter/tls/${name}`;
const pair = (name: string) => ({ certParameterArn: arn(`${name}/cert`), keyParameterArn: arn(`${name}/key`) });
const existing = {
    serverCaParameterArn: arn("server-ca"),
    clientCaParameterArn: arn("client-ca"),
    client: pair("client"),
    nodes: { "ci-amd64": pair("amd64"), "ci-arm64": pair("arm64") },
};

describe("the arguments of a builder's certificates", () => {
    test.each([
        {},
        { clients: ["github", "gitlab"], caValidityDays: 400, certificateValidityDays: 30, renewalDays: 10 },
        { caGeneration: 3, trustedCaGenerations: [2, 3] },
        { existing },
        { nodes: [{ name: "a", serverName: Promise.resolve("later") }] },
    ])("takes %j", (args) => expect(errorsOf(args)).toBe(""));

    test.each<[object, RegExp]>([
        [{ nodes: [] }, /`nodes`: must name at least one node/],
        [{ nodes: "x" }, /`nodes`: must be a list, for example \[\{ name, serverName \}\] \(got "x"\)/],
        [
            { nodes: [{ name: "A", serverName: "a" }] },
            /`nodes\[0\].name`: must start with a lower-case letter.*got "A"/,
        ],
        [{ nodes: [{ name: "a" }] }, /`nodes\[0\].serverName`: must be a host name/],
        [{ nodes: [nodes[0], { name: "ci-amd64", serverName: "b" }] }, /`nodes\[1\].name`.*`nodes\[0\]`/],
        [{ nodes: [nodes[0], { name: "b", serverName: "AMD64.internal" }] }, /`nodes\[1\].serverName`.*`nodes\[0\]`/],
        [{ clients: ["x", "x"] }, /`clients\[1\]`: is that of `clients\[0\]` too/],
        [{ clients: ["X Y"] }, /`clients\[0\]`/],
        [{ clients: "x" }, /`clients`: must be a list, for example \["github"\]/],
        [{ renewalDays: 90 }, /`renewalDays`: must be less than `certificateValidityDays` \(90\).*got 90/],
        [{ certificateValidityDays: 0 }, /`certificateValidityDays`: must be a whole number of days from 1/],
        [{ certificateValidityDays: 1.5 }, /`certificateValidityDays`: must be a whole number/],
        [{ certificateValidityDays: 2000, renewalDays: 3 }, /must be less than `caValidityDays` \(1825\)/],
        [{ caValidityDays: 99999 }, /`caValidityDays`: must be a whole number of days from 1 to 36500/],
        [{ caGeneration: 0 }, /`caGeneration`: must be a whole number from 1/],
        [{ caGeneration: 2, trustedCaGenerations: [1] }, /`trustedCaGenerations`: must hold `caGeneration` \(2\)/],
        [{ trustedCaGenerations: [1, 1] }, /`trustedCaGenerations`: must hold each number once/],
        [{ trustedCaGenerations: [1, 2, 3] }, /two at most/],
        [{ existing, renewalDays: 3 }, /`renewalDays`: cannot be given with `existing`/],
        [{ existing: { ...existing, client: undefined } }, /`existing.client.certParameterArn`: must be the ARN/],
        [
            { existing: { ...existing, nodes: { "ci-amd64": pair("a") } } },
            /`existing.nodes\["ci-arm64"\].keyParameterArn`/,
        ],
        [
            { existing: { ...existing, nodes: { ...existing.nodes, other: pair("o") } } },
            /`existing.nodes\["other"\]`: is no node: ci-amd64, ci-arm64/,
        ],
        [
            { existing: { ...existing, clientCaParameterArn: arn("server-ca") } },
            /is the parameter of `existing.serverCaParameterArn` too/,
        ],
        [
            { existing: { ...existing, serverCaParameterArn: "/tls/ca" } },
            /must be the ARN of an SSM parameter.*got "\/tls\/ca"/,
        ],
        [{ existing: "x" }, /`existing`: must be an object/],
    ])("refuses %j", (args, reason) => expect(errorsOf(args)).toMatch(reason));

    test("tells every problem at once", () => {
        const message = errorsOf({ nodes: [{ name: "A", serverName: "*" }], renewalDays: -1 });
        expect(message.split("\n  - ")).toHaveLength(4);
    });
});

describe("a CA that ends", () => {
    const now = new Date("2030-01-01T00:00:00Z");
    const inDays = (days: number) => new Date(now.getTime() + days * 24 * 3600_000).toISOString();

    test.each([
        [{}, 366, undefined],
        [{}, 364, /ends in 364 days.*begin the rotation with `trustedCaGenerations: \[1, 2\]`/],
        [{ caValidityDays: 40 }, 11, undefined],
        [{ caValidityDays: 40 }, 9, /ends in 9 days/],
        [{ caGeneration: 4 }, 10, /trustedCaGenerations: \[4, 5\]/],
        [{ trustedCaGenerations: [1, 2] }, 10, /finish the rotation/],
    ])("with %j and %i days left", (args, left, expected) => {
        const settings = tlsSettings({ nodes, ...args });
        const warning = caWarning("server", settings.signing, inDays(left), settings, now);
        if (expected) {
            expect(warning).toMatch(expected);
        } else {
            expect(warning).toBeUndefined();
        }
    });
});
