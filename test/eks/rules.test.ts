import * as fc from "fast-check";
import { recordProblems } from "../../components/buildx/record";
import { EksExposure } from "../../components/eks/arguments";
import { enforcesPolicies } from "../../components/eks/cluster";
import { isReserved, keyProblem, nameProblem, valueProblem } from "../../components/eks/labels";
import { recordNodes } from "../../components/eks/record";
import { eksTlsNodes, firstSize, groupSettings, manifestSettings, resourcesOf } from "../../components/eks/settings";
import { supportWarning } from "../../components/eks/versions";
import { serverNameProblem } from "../../components/tls/names";
import { least } from "./support";

describe("labels", () => {
    test.each([
        ["kubernetes.io/arch", true],
        ["multiarch-builder/builder", true],
        ["a.b_c-D", true],
        ["a".repeat(63), true],
        ["", false],
        ["a".repeat(64), false],
        ["a/b/c", false],
        ["/a", false],
        ["Upper.io/a", false],
        ["-a", false],
        [undefined, false],
    ])("the key %s", (key, valid) => expect(keyProblem(key) === undefined).toBe(valid));

    test.each([
        ["", true],
        ["a".repeat(63), true],
        ["c8g.xlarge", true],
        ["a".repeat(64), false],
        ["a ", false],
        ["a/b", false],
    ])("the value %s", (value, valid) => expect(valueProblem(value) === undefined).toBe(valid));

    test.each([
        ["a", true],
        ["a1-b", true],
        ["1a", true],
        ["a-", false],
        ["a.b", false],
        ["A", false],
        ["", false],
    ])("the name %s", (name, valid) => expect(nameProblem(name) === undefined).toBe(valid));

    test.each([
        ["kubernetes.io/arch", true],
        ["node.kubernetes.io/x", true],
        ["k8s.io/x", true],
        ["eks.amazonaws.com/x", true],
        ["multiarch-builder/builder", false],
        ["mykubernetes.io/x", false],
        ["karpenter.sh/nodepool", false],
    ])("%s is EKS's own: %s", (key, reserved) => expect(isReserved(key)).toBe(reserved));
});

test.each([
    ["1.30", "2026-11-21", /^which is out of standard support/],
    ["1.33", "2026-11-21", /^which left standard support on 2026-07-29/],
    ["1.34", "2026-11-21", /^which leaves standard support on 2026-12-02, in 11 days/],
    ["1.34", "2026-10-01", undefined],
    ["1.35", "2026-11-21", undefined],
    ["1.40", "2026-11-21", undefined],
])("T99 version %s on %s", (version, day, message) => {
    const warning = supportWarning(version, new Date(day));
    return message ? expect(warning).toMatch(message) : expect(warning).toBeUndefined();
});

test.each([
    ['{"enableNetworkPolicy": "true"}', true],
    ['{"enableNetworkPolicy": true}', true],
    ['enableNetworkPolicy: "true"\n', true],
    ['{"enableNetworkPolicy": "false"}', false],
    ['{"env": {"enableNetworkPolicy": "true"}}', false],
    ["", false],
    [undefined, false],
])("T101 the add-on's configuration %s enforces policies: %s", (text, enforces) =>
    expect(enforcesPolicies(text)).toBe(enforces),
);

describe("machines", () => {
    test.each([
        [["c7i.xlarge"], { cpuMillis: 3400, memoryMiB: 5632 }],
        [["c8g.2xlarge"], { cpuMillis: 6800, memoryMiB: 11776 }],
        [["c7i.2xlarge", "c7i.xlarge"], { cpuMillis: 3400, memoryMiB: 5632 }],
    ])("of %j leave a pod %j", (types, resources) => expect(resourcesOf(types, undefined)).toEqual(resources));

    test("the first machines are as many as replicas, dealt out evenly, where there is room", () => {
        fc.assert(
            fc.property(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 4 }), (replicas, groups) => {
                const settings = groupSettings("ci", "amd64", { replicas });
                const sizes = Array.from({ length: groups }, (_, i) => firstSize(settings, replicas, i, groups));
                expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(replicas);
                expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
            }),
        );
        const bounded = groupSettings("ci", "amd64", { replicas: 4, group: { minSize: 1, maxSize: 2 } });
        expect([0, 1, 2, 3, 4].map((i) => firstSize(bounded, 4, i, 5))).toEqual([1, 1, 1, 1, 1]);
        expect(firstSize(bounded, 4, 0, 1)).toBe(2);
    });
});

describe("the record", () => {
    const nodes = (amd64: number, arm64: number, exposure: EksExposure) => {
        const args = { ...least, exposure, nodes: { amd64: { replicas: amd64 }, arm64: { replicas: arm64 } } };
        const tls = { ca: "", cert: "", key: "", checksum: "" };
        return recordNodes(manifestSettings("ci", args, { image: "", tls: () => tls }), (pod) => `${pod}.example.com`);
    };

    test("is valid, whatever the exposure and the number of replicas, and every name on it can be certified", () => {
        const replicas = fc.integer({ min: 1, max: 10 });
        fc.assert(
            fc.property(
                replicas,
                replicas,
                fc.constantFrom(...Object.values(EksExposure)),
                (amd64, arm64, exposure) => {
                    const made = nodes(amd64, arm64, exposure);
                    expect(made).toHaveLength(amd64 + arm64);
                    expect(recordProblems({ name: "ci", nodes: made }, "")).toEqual([]);
                    const certified = eksTlsNodes("ci", least).map(({ serverName }) => serverName);
                    made.forEach(({ serverName }) => {
                        expect(certified).toContain(serverName);
                        expect(serverNameProblem(serverName)).toBeUndefined();
                    });
                },
            ),
        );
    });

    test("another number of replicas changes no endpoint of those that stay", () => {
        const endpoints = (n: number) => nodes(n, 1, EksExposure.Cluster).map(({ endpoint }) => endpoint);
        expect(
            endpoints(3)
                .filter((each) => each.includes("amd64"))
                .slice(0, 2),
        ).toEqual(endpoints(2).filter((each) => each.includes("amd64")));
    });

    test("names and numbers", () => {
        expect(nodes(1, 2, EksExposure.KubePod).map(({ name, replica }) => [name, replica])).toEqual([
            ["ci-amd64", undefined],
            ["ci-arm64-0", 0],
            ["ci-arm64-1", 1],
        ]);
    });
});
