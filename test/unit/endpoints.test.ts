import * as fc from "fast-check";
import * as pulumi from "@pulumi/pulumi";
import { type BuilderEndpoint, endpointNodes, hostOf, validateEndpoints } from "../../components/endpoints";
import { Problems } from "../../components/problems";
import { promiseOf } from "../support/recorder";

function problemsOf(endpoints: unknown): string[] {
    const problems = new Problems();
    validateEndpoints("ci", endpoints as BuilderEndpoint[], problems);
    try {
        problems.throwIfAny("x");
        return [];
    } catch (error) {
        return (error as Error).message.split("\n  - ").slice(1);
    }
}

const amd64 = { platforms: ["linux/amd64"], endpoint: "tcp://10.0.0.1:1234" };
const arm64 = { platforms: ["linux/arm64"], endpoint: "tcp://10.0.0.2:1234" };
const rule = "must be tcp://host:port, for example tcp://10.0.1.5:1234";

test.each<[string, unknown]>([
    ["two", [amd64, arm64]],
    ["an address that is known later", [{ ...amd64, endpoint: pulumi.output("x"), serverName: pulumi.output("y") }]],
    ["the same platform in two spellings", [{ ...arm64, platforms: ["linux/arm64", "linux/arm64/v8"] }]],
    [
        "emulation beside a native node",
        [{ ...amd64, platforms: ["linux/amd64", "linux/arm64"], emulated: ["linux/arm64"] }, arm64],
    ],
    [
        "two that emulate the same",
        [
            { ...amd64, platforms: ["linux/amd64", "linux/s390x"], emulated: ["linux/s390x"] },
            { ...arm64, platforms: ["linux/arm64", "linux/s390x"], emulated: ["linux/s390x"] },
        ],
    ],
    ["null for what it may lack", [{ ...amd64, emulated: null, name: null, serverName: null }]],
    [
        "replicas",
        [arm64, { ...arm64, replica: 2, endpoint: "tcp://c:1" }, { ...arm64, replica: 1, endpoint: "tcp://d:1" }],
    ],
    ["a pod", [{ ...amd64, endpoint: "kube-pod://buildkitd-amd64-0?namespace=builders" }]],
    ["386 beside amd64", [amd64, { ...arm64, platforms: ["linux/386"] }]],
])("no problem: %s", (_, endpoints) => {
    expect(problemsOf(endpoints)).toEqual([]);
});

test.each<[string, unknown, string[]]>([
    ["none", [], ["`endpoints`: must hold at least one endpoint (got [])"]],
    ["an object", { a: 1 }, ['`endpoints`: must be a list of endpoints (got {"a":1})']],
    ["null in the list", [null], ["`endpoints[0]`: must be an object with platforms and endpoint (got null)"]],
    [
        "a text in the list",
        ["tcp://a:1"],
        ['`endpoints[0]`: must be an object with platforms and endpoint (got "tcp://a:1")'],
    ],
    [
        "no platforms",
        [{ endpoint: "tcp://a:1" }],
        ["`endpoints[0].platforms`: must name at least one platform, for example linux/arm64"],
    ],
    [
        "platforms as a text",
        [{ ...amd64, platforms: "linux/amd64" }],
        ['`endpoints[0].platforms`: must be a list, for example ["linux/arm64"] (got "linux/amd64")'],
    ],
    [
        "a typo",
        [{ ...amd64, platforms: ["linux/arm46"] }],
        [
            '`endpoints[0].platforms[0]`: not a platform that BuildKit builds; did you mean "linux/arm64"? (got "linux/arm46")',
        ],
    ],
    [
        "a number as platform",
        [{ ...amd64, platforms: [386] }],
        ["`endpoints[0].platforms[0]`: must be text, for example linux/arm64 (got 386)"],
    ],
    [
        "no address",
        [{ platforms: ["linux/amd64"] }],
        ["`endpoints[0].endpoint`: is missing: give the daemon's address, tcp://host:port"],
    ],
    [
        "null as address",
        [{ ...amd64, endpoint: null }],
        ["`endpoints[0].endpoint`: is missing: give the daemon's address, tcp://host:port"],
    ],
    [
        "a wrong address",
        [{ ...amd64, endpoint: "10.0.0.1:1234" }],
        [`\`endpoints[0].endpoint\`: ${rule} (got "10.0.0.1:1234")`],
    ],
    ["a number as address", [{ ...amd64, endpoint: 1234 }], [`\`endpoints[0].endpoint\`: ${rule} (got 1234)`]],
    [
        "an empty server name",
        [{ ...amd64, serverName: "" }],
        ['`endpoints[0].serverName`: must be text; leave it out for the host of `endpoint` (got "")'],
    ],
    [
        "a name that is none",
        [{ ...amd64, name: "a/b" }],
        [
            '`endpoints[0].name`: must start with a lower-case letter and hold only lower-case letters, digits, `.`, `_` and `-` (got "a/b")',
        ],
    ],
    [
        "the same address",
        [amd64, { ...arm64, endpoint: amd64.endpoint }],
        [
            '`endpoints[1].endpoint`: is the endpoint of `endpoints[0]` too: each node needs its own (got "tcp://10.0.0.1:1234")',
        ],
    ],
    [
        "the same address in capitals",
        [
            { ...amd64, endpoint: "tcp://node:1" },
            { ...arm64, endpoint: "tcp://NODE:1" },
        ],
        [
            '`endpoints[1].endpoint`: is the endpoint of `endpoints[0]` too: each node needs its own (got "tcp://NODE:1")',
        ],
    ],
    [
        "the same name",
        [
            { ...amd64, name: "x" },
            { ...arm64, name: "x" },
        ],
        ['`endpoints[1].name`: is the name of `endpoints[0]` too: set `name` on one of them (got "x")'],
    ],
    [
        "the same replica of a platform",
        [
            { ...arm64, replica: 1 },
            { ...arm64, platforms: ["linux/aarch64"], replica: 1, endpoint: "tcp://c:1", name: "x" },
        ],
        [
            '`endpoints[1].platforms[0]`: is built by `endpoints[0]` already: buildx would never use this one; for several nodes of one platform give each its own `replica`, from 0 (got "linux/arm64")',
        ],
    ],
    [
        "replicas that are no numbers",
        [
            { ...amd64, replica: -1 },
            { ...arm64, replica: "1" },
        ],
        [
            "`endpoints[0].replica`: must be a whole number from 0 (got -1)",
            '`endpoints[1].replica`: must be a whole number from 0 (got "1")',
        ],
    ],
    [
        "a pod that is none",
        [{ ...amd64, endpoint: "kube-pod://Buildkitd" }],
        [
            "`endpoints[0].endpoint`: must be kube-pod://<pod>, with `namespace`, `container` and `context` as parameters where they are needed, each once, " +
                'for example kube-pod://buildkitd-arm64-0?namespace=builders&container=buildkitd (got "kube-pod://Buildkitd")',
        ],
    ],
    [
        "the same platform",
        [arm64, { ...amd64, name: "other", platforms: ["linux/arm64/v8"] }],
        [
            '`endpoints[1].platforms[0]`: is built by `endpoints[0]` already: buildx would never use this one; for several nodes of one platform give each its own `replica`, from 0 (got "linux/arm64")',
        ],
    ],
    [
        "two families",
        [{ ...amd64, platforms: ["linux/amd64", "linux/arm64"] }],
        [
            '`endpoints[0].platforms`: no CPU runs amd64 and arm64 natively: give each its own node, or name what is emulated in `emulated` (got ["linux/amd64","linux/arm64"])',
        ],
    ],
    [
        "macOS",
        [{ ...arm64, platforms: ["darwin/arm64"] }],
        [
            '`endpoints[0].platforms[0]`: only Linux images are built; use a platform such as linux/amd64 or linux/arm64 (got "darwin/arm64")',
        ],
    ],
])("%s", (_, endpoints, expected) => {
    expect(problemsOf(endpoints)).toEqual(expected);
});

test("an Output as list is no plain list, and is not shown", () => {
    expect(problemsOf(pulumi.output([amd64]))).toEqual(["`endpoints`: must be a list of endpoints"]);
});

test("everything that is wrong is told at once", () => {
    const found = problemsOf([{ platforms: ["arm64"] }, { ...amd64, name: "X" }, amd64]);
    expect(found.map((line) => line.split(":")[0])).toEqual([
        "`endpoints[0].platforms[0]`",
        "`endpoints[0].endpoint`",
        "`endpoints[1].name`",
        "`endpoints[2].endpoint`",
        "`endpoints[2].platforms[0]`",
    ]);
});

test("no value makes it throw anything but problems", () => {
    const endpoint = fc.oneof(
        fc.anything(),
        fc.record({
            platforms: fc.anything(),
            endpoint: fc.anything(),
            emulated: fc.anything(),
            name: fc.anything(),
            replica: fc.anything(),
            serverName: fc.anything(),
        }),
    );
    fc.assert(fc.property(fc.oneof(fc.anything(), fc.array(endpoint)), (value) => void problemsOf(value)));
});

describe("the nodes that endpoints make", () => {
    test("replicas have their number in name and record, from 1 on; a pod's server name is its own", async () => {
        const nodes = endpointNodes("ci", [
            { platforms: ["linux/arm64"], endpoint: "kube-pod://b-0?namespace=x", replica: 0 },
            { platforms: ["linux/arm64"], endpoint: "kube-pod://b-1?namespace=x", replica: 1, serverName: "y" },
        ]);
        const platforms = ["linux/arm64"];
        expect(await promiseOf(nodes)).toEqual([
            { name: "ci-arm64", platforms, endpoint: "kube-pod://b-0?namespace=x", serverName: "b-0" },
            { name: "ci-arm64-1", platforms, replica: 1, endpoint: "kube-pod://b-1?namespace=x", serverName: "y" },
        ]);
    });

    test("defaults, normal forms, each platform once", async () => {
        const nodes = endpointNodes("ci", [
            { platforms: ["linux/aarch64", "linux/arm64/v8"], endpoint: pulumi.output("tcp://node-1:1234") },
            {
                platforms: ["linux/amd64", "linux/arm"],
                emulated: ["linux/armhf"],
                endpoint: "tcp://[fd00::4]:1",
                name: "x",
            },
            { platforms: ["linux/arm/v6"], endpoint: "tcp://h:1", serverName: "y", emulated: [] },
        ]);
        expect(await promiseOf(nodes)).toEqual([
            { name: "ci-arm64", platforms: ["linux/arm64"], endpoint: "tcp://node-1:1234", serverName: "node-1" },
            {
                name: "x",
                platforms: ["linux/amd64", "linux/arm/v7"],
                emulated: ["linux/arm/v7"],
                endpoint: "tcp://[fd00::4]:1",
                serverName: "fd00::4",
            },
            { name: "ci-arm-v6", platforms: ["linux/arm/v6"], endpoint: "tcp://h:1", serverName: "y" },
        ]);
    });

    test("an address that turns out wrong later is told in the same words", () => {
        expect(() => hostOf("10.0.0.1")).toThrow(`\`endpoints\`: ${rule}`);
        expect(() => hostOf(undefined as unknown as string)).toThrow(`\`endpoints\`: ${rule}`);
    });
});
