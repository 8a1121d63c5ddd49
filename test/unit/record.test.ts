import * as fc from "fast-check";
import type { Builder } from "../../components/builder";
import { endpointProblem, recordProblems } from "../../components/buildx/record";

const good = {
    name: "ci",
    nodes: [
        { name: "ci-amd64", platforms: ["linux/amd64"], endpoint: "tcp://10.0.0.1:1234", serverName: "amd64.ci" },
        { name: "ci-arm64", platforms: ["linux/arm64"], endpoint: "tcp://10.0.0.2:1234", serverName: "arm64.ci" },
    ],
    imageRepositoryUrl: "ghcr.io/acme/app",
    cacheRepositoryUrl: "ghcr.io/acme/cache",
};

function problemsOf(record: unknown): string[] {
    return recordProblems(record as Builder, "builder").map(({ path, reason }) => `${path}: ${reason}`);
}

/** The good record with its first node changed. */
function withNode(change: object): unknown {
    return { ...good, nodes: [{ ...good.nodes[0], ...change }, good.nodes[1]] };
}

test("a whole record has no problem, with null for what it may lack too", () => {
    expect(problemsOf(good)).toEqual([]);
    expect(problemsOf(withNode({ emulated: null, replica: null, wake: null }))).toEqual([]);
    expect(problemsOf({ ...good, imageRepositoryUrl: null, cacheRepositoryUrl: undefined })).toEqual([]);
});

test.each([null, undefined, 5, [], {}, { name: "ci" }, { nodes: 5 }, { nodes: "x" }])("%j is no record", (value) => {
    expect(recordProblems(value as unknown as Builder, "builder")).toEqual([
        {
            path: "builder",
            value,
            reason: "must be a builder's record, { name, nodes, … }: the output `builder` of the stack that owns it",
        },
    ]);
});

test("a record as text is told to be parsed", () => {
    expect(recordProblems("{}" as unknown as Builder, "builder")).toMatchObject([
        {
            path: "builder",
            reason: expect.stringMatching(/; text has to be parsed, for example by `pulumi\.jsonParse`$/) as string,
        },
    ]);
});

const endpointRule = "must be tcp://host:port, for example tcp://10.0.1.5:1234";

test.each<[string, unknown, string[]]>([
    ["no nodes", { ...good, nodes: [] }, ["builder.nodes: must hold at least one node"]],
    [
        "a node that is null",
        { ...good, nodes: [null] },
        ["builder.nodes[0]: must be an object with platforms and endpoint"],
    ],
    [
        "a node that is a text",
        { ...good, nodes: ["x"] },
        ["builder.nodes[0]: must be an object with platforms and endpoint"],
    ],
    [
        "no platforms",
        withNode({ platforms: undefined }),
        ["builder.nodes[0].platforms: must name at least one platform, for example linux/arm64"],
    ],
    [
        "platforms as a text",
        withNode({ platforms: "linux/amd64" }),
        ['builder.nodes[0].platforms: must be a list, for example ["linux/arm64"]'],
    ],
    [
        "a platform that is null",
        withNode({ platforms: [null] }),
        ["builder.nodes[0].platforms[0]: must be text, for example linux/arm64"],
    ],
    [
        "a typo",
        withNode({ platforms: ["linux/arm46"] }),
        ['builder.nodes[0].platforms[0]: not a platform that BuildKit builds; did you mean "linux/arm64"?'],
    ],
    [
        "emulated as a text",
        withNode({ emulated: "linux/s390x" }),
        ['builder.nodes[0].emulated: must be a list, for example ["linux/arm64"]'],
    ],
    [
        "two families",
        withNode({ platforms: ["linux/amd64", "linux/arm64"] }),
        [
            "builder.nodes[0].platforms: no CPU runs amd64 and arm64 natively: give each its own node, or name what is emulated in `emulated`",
        ],
    ],
    [
        "no endpoint",
        withNode({ endpoint: undefined }),
        ["builder.nodes[0].endpoint: is missing: it must be text, tcp://host:port"],
    ],
    ["an endpoint that is a number", withNode({ endpoint: 1234 }), [`builder.nodes[0].endpoint: ${endpointRule}`]],
    [
        "no server name",
        withNode({ serverName: "" }),
        ["builder.nodes[0].serverName: is missing: it must be text, the name on the node's certificate"],
    ],
    ["no name", withNode({ name: null }), ["builder.nodes[0].name: is missing: it must be text"]],
    [
        "a name that leaves its folder",
        withNode({ name: "../../x" }),
        [
            "builder.nodes[0].name: must start with a lower-case letter and hold only lower-case letters, digits, `.`, `_` and `-`",
        ],
    ],
    ["a broken replica", withNode({ replica: 1.5 }), ["builder.nodes[0].replica: must be a whole number from 0"]],
    ["a negative replica", withNode({ replica: -1 }), ["builder.nodes[0].replica: must be a whole number from 0"]],
    ["a replica as text", withNode({ replica: "1" }), ["builder.nodes[0].replica: must be a whole number from 0"]],
    [
        "the same endpoint",
        withNode({ endpoint: "tcp://10.0.0.2:1234" }),
        ["builder.nodes[1].endpoint: is the endpoint of `builder.nodes[0]` too: each node needs its own"],
    ],
    ["the same name", withNode({ name: "ci-arm64" }), ["builder.nodes[1].name: is the name of `builder.nodes[0]` too"]],
    [
        "the same replica of a platform",
        withNode({ platforms: ["linux/arm64/v8"] }),
        [
            "builder.nodes[1].replica: is the number of `builder.nodes[0]` too, and both build linux/arm64: number them from 0",
        ],
    ],
    [
        "a repository with a tag",
        { ...good, imageRepositoryUrl: "ghcr.io/a:1" },
        ["builder.imageRepositoryUrl: must be a repository without a tag; tags go into `tags`"],
    ],
    [
        "a cache repository that is a number",
        { ...good, cacheRepositoryUrl: 5 },
        ["builder.cacheRepositoryUrl: must be text, for example registry.acme.io/shop/api"],
    ],
])("%s", (_, record, expected) => {
    expect(problemsOf(record)).toEqual(expected);
});

test("replicas of a platform with numbers of their own are fine, and so is emulation beside them", () => {
    const second = { ...good.nodes[1], name: "ci-arm64-1", endpoint: "tcp://10.0.0.3:1234", replica: 1 };
    const emulates = { ...good.nodes[0], platforms: ["linux/amd64", "linux/arm64"], emulated: ["linux/arm64"] };
    expect(problemsOf({ ...good, nodes: [emulates, good.nodes[1], second] })).toEqual([]);
});

test("everything that is wrong is told at once", () => {
    const record = { name: "CI", nodes: [null, { platforms: ["arm64"], endpoint: "http://x", emulated: 5 }] };
    expect(problemsOf(record).map((line) => line.split(":")[0])).toEqual([
        "builder.name",
        "builder.nodes[0]",
        "builder.nodes[1].endpoint",
        "builder.nodes[1].platforms[0]",
        "builder.nodes[1].emulated",
        "builder.nodes[1].name",
        "builder.nodes[1].serverName",
    ]);
});

test("no value makes it throw", () => {
    fc.assert(
        fc.property(fc.anything(), fc.anything(), fc.anything(), (a, b, c) => {
            expect(
                problemsOf({
                    name: a,
                    nodes: [{ ...good.nodes[0], platforms: b, endpoint: c }, a, { name: c, emulated: a }],
                }),
            ).not.toEqual([]);
            problemsOf(a);
        }),
    );
});

describe("endpoints", () => {
    test.each([
        "tcp://10.0.0.1:1234",
        "tcp://node-1.ci.internal:443",
        "tcp://[fd00::4]:1234",
        "tcp://a:65535",
        "tcp://my_node:1",
    ])("%s", (endpoint) => {
        expect(endpointProblem(endpoint)).toBeUndefined();
    });

    test.each([
        "",
        "10.0.0.1:1234",
        "tcp://10.0.0.1",
        "tcp://:1234",
        "tcp://a:0",
        "tcp://a:65536",
        "tcp://a:12345678",
        "http://a:1234",
        "ssh://a:22",
        "docker-container://x",
        "tcp://a:1234/",
        "tcp://a:1234/x",
        "tcp://a:1234?x=1",
        "tcp://a:1234#x",
        " tcp://a:1234",
        "tcp://a:1234\n",
        "tcp://a b:1234",
        "tcp://u:p@a:1234",
        "tcp://:p@a:1234",
        "TCP://a:1234",
        "tcp://[zz]:1",
        "tcp://fd00::4:1234",
    ])("%j is refused", (endpoint) => {
        expect(endpointProblem(endpoint)).toBe(endpointRule);
    });

    const podRule =
        "must be kube-pod://<pod>, with `namespace`, `container` and `context` as parameters where they are needed, each once, " +
        "for example kube-pod://buildkitd-arm64-0?namespace=builders&container=buildkitd";

    test.each([
        "kube-pod://buildkitd-0",
        "kube-pod://b?namespace=builders",
        "kube-pod://b?context=user@cluster&container=c&namespace=n",
        "kube-pod://b?context=arn:aws:eks:eu-central-1:111122223333:cluster/ci",
        "kube-pod://b?context=my%20cluster%2B1",
    ])("%s", (endpoint) => {
        expect(endpointProblem(endpoint)).toBeUndefined();
    });

    test.each([
        "kube-pod://",
        "kube-pod://-x",
        "kube-pod://b/",
        "kube-pod://b:1234",
        "kube-pod://u@b",
        "kube-pod://B",
        "kube-pod://b_c",
        `kube-pod://${"b".repeat(254)}`,
        "kube-pod://b?",
        "kube-pod://b?namespace",
        "kube-pod://b?namespace=",
        "kube-pod://b?namespace=-n",
        "kube-pod://b?namespace=N",
        "kube-pod://b?namespace=a&namespace=b",
        "kube-pod://b?toString=x",
        "kube-pod://b?ns=x",
        "kube-pod://b?container=a=b",
        "kube-pod://b?context=",
        "kube-pod://b?context=a+b",
        "kube-pod://b?context=a b",
        "kube-pod://b?context=%zz",
        "kube-pod://b?context=%ff",
        "kube-pod://b?context=%00",
        "kube-pod://b?context=a;namespace=b",
        "kube-pod://b?context=a#b",
        "kube-pod://b\n",
    ])("%j is refused: BuildKit would not read it so", (endpoint) => {
        expect(endpointProblem(endpoint)).toBe(podRule);
    });

    test("a socket is refused with the reason", () => {
        expect(endpointProblem("unix:///run/buildkit/buildkitd.sock")).toBe(
            `${endpointRule}; a socket cannot do mutual TLS`,
        );
    });

    test("a password in an address is in no problem", () => {
        const found = recordProblems(withNode({ endpoint: "tcp://me:hunter2@a:1" }) as Builder, "builder");
        expect(found).toHaveLength(1);
        expect(JSON.stringify(found)).not.toContain("hunter2");
    });
});
