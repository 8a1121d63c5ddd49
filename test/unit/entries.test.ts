import * as fc from "fast-check";
import type { Builder, BuilderNode } from "../../components/builder";
import {
    builderEntry,
    builderNameProblem,
    imageEntryPlatform,
    isPlatformEntryOf,
    nodesFor,
    offeredPlatforms,
    platformEntry,
    standingEntries,
} from "../../components/buildx/entries";
import { isEmulated } from "../../components/buildx/native";
import { normalizePlatform } from "../../components/platform";

function node(name: string, platforms: string[], more: Partial<BuilderNode> = {}): BuilderNode {
    return { name, platforms, endpoint: `tcp://${name}:1234`, serverName: name, ...more };
}

function builder(...nodes: BuilderNode[]): Builder {
    return { name: "ci", nodes };
}

function replicas(count: number): Builder {
    return builder(
        ...Array.from({ length: count }, (_, replica) => node(`ci-arm64-${replica}`, ["linux/arm64"], { replica })),
    );
}

/** Names of images that look like much else. */
const imageNames = fc.oneof(
    fc.string({ minLength: 1 }),
    fc
        .array(
            fc.constantFrom("v2", "V9", "v8.1", "api", "amd64", "arm", "ci", "image", "/", "-", ".", "1", "0123abcd"),
            {
                minLength: 1,
                maxLength: 5,
            },
        )
        .chain((parts) => fc.constantFrom("-", "/", "").map((between) => parts.join(between))),
);

const names = (nodes: BuilderNode[]) => nodes.map((one) => one.name);

describe("nodes of a platform", () => {
    const mixed = builder(
        node("emulating", ["linux/amd64", "linux/arm64"], { emulated: ["linux/arm64"] }),
        node("native", ["linux/arm64/v8"]),
    );

    test("a native one goes before one that emulates, whatever the order", () => {
        expect(names(nodesFor(mixed, "linux/arm64"))).toEqual(["native"]);
        expect(names(nodesFor(mixed, "linux/aarch64"))).toEqual(["native"]);
    });

    test("one that emulates is taken where no other is", () => {
        expect(names(nodesFor(builder(mixed.nodes[0]!), "linux/arm64"))).toEqual(["emulating"]);
    });

    test("one node per replica", () => {
        const both = ["linux/s390x"];
        const record = builder(
            node("a", ["linux/amd64", ...both], { emulated: both }),
            node("b", ["linux/arm64", ...both], { emulated: both }),
        );
        expect(names(nodesFor(record, "linux/s390x"))).toEqual(["a"]);
        expect(standingEntries(record).map((entry) => entry.name)).toEqual(["ci", "ci-amd64", "ci-s390x", "ci-arm64"]);
    });

    test("none for what nobody offers", () => {
        expect(nodesFor(mixed, "linux/386")).toEqual([]);
        expect(platformEntry(mixed, "linux/386", "api")).toBeUndefined();
    });

    test("the offered platforms are in normal form, each once, in the record's order", () => {
        expect(offeredPlatforms(builder(node("a", ["linux/arm", "linux/x86_64"]), node("b", ["linux/amd64"])))).toEqual(
            ["linux/arm/v7", "linux/amd64"],
        );
    });
});

describe("the multi-node entry", () => {
    test("nodes with a native platform go first, each platform on one node", () => {
        const entry = builderEntry(
            builder(
                node("emulates", ["linux/s390x"], { emulated: ["linux/s390x"] }),
                node("amd64", ["linux/amd64", "linux/arm64"], { emulated: ["linux/arm64"] }),
                node("arm64", ["linux/arm64/v8", "linux/arm64"]),
                node("arm64-1", ["linux/arm64"], { replica: 1 }),
            ),
        );
        expect(entry.name).toBe("ci");
        expect(entry.nodes.map(({ name, platforms }) => [name, platforms])).toEqual([
            ["amd64", ["linux/amd64"]],
            ["arm64", ["linux/arm64"]],
            ["emulates", ["linux/s390x"]],
        ]);
    });

    test("has the replica with the lowest number, whatever their order, and each platform's own", () => {
        const both = ["linux/amd64", "linux/386"];
        const record = builder(
            node("two", both, { replica: 2 }),
            node("one", ["linux/amd64"], { replica: 1 }),
            node("three", both, { replica: 3 }),
        );
        expect(builderEntry(record).nodes.map(({ name, platforms }) => [name, platforms])).toEqual([
            ["two", ["linux/386"]],
            ["one", ["linux/amd64"]],
        ]);
        expect(standingEntries(record).map(({ name, nodes }) => [name, ...names(nodes)])).toEqual([
            ["ci", "two", "one"],
            ["ci-amd64", "one"],
            ["ci-386", "two"],
        ]);
    });

    test("386 does not change the order", () => {
        const record = builder(
            node("arm64", ["linux/arm64"]),
            node("amd64", ["linux/amd64"]),
            node("x", ["linux/386"]),
        );
        expect(names(builderEntry(record).nodes)).toEqual(["arm64", "amd64", "x"]);
        expect(standingEntries(record).map((entry) => entry.name)).toEqual(["ci", "ci-arm64", "ci-amd64", "ci-386"]);
    });

    test("of any record: every platform on exactly one node, native where a native one is, names once", () => {
        const platform = fc.constantFrom("linux/amd64", "linux/386", "linux/arm64", "linux/arm64/v8", "linux/s390x");
        const nodes = fc.array(
            fc.record({ platforms: fc.array(platform, { minLength: 1 }), emulated: fc.array(platform) }),
        );
        fc.assert(
            fc.property(nodes, (given) => {
                const record = builder(
                    ...given.map(({ platforms, emulated }, i) => node(`n${i}`, platforms, { emulated })),
                );
                const entry = builderEntry(record);
                const routed = entry.nodes.flatMap((one) => one.platforms);
                expect([...routed].sort()).toEqual([...offeredPlatforms(record)].sort());
                expect(new Set(names(entry.nodes)).size).toBe(entry.nodes.length);
                for (const one of entry.nodes) {
                    for (const target of one.platforms) {
                        const anyNative = record.nodes.some(
                            (n) => n.platforms.map(normalizePlatform).includes(target) && !isEmulated(n, target),
                        );
                        expect(isEmulated(one, target)).toBe(!anyNative);
                    }
                }
                const all = standingEntries(record).map((standing) => standing.name);
                expect(new Set(all).size).toBe(all.length);
            }),
        );
    });
});

describe("the entry of one platform", () => {
    test("one node: named after the architecture, whatever the image", () => {
        const record = builder(node("a", ["linux/arm/v7"]));
        expect(platformEntry(record, "linux/arm", "api")).toEqual({ name: "ci-arm-v7", nodes: record.nodes });
        expect(platformEntry(record, "linux/arm/v7", "web")?.name).toBe("ci-arm-v7");
    });

    test("several replicas: named after the image, never after the replica", () => {
        for (const count of [2, 3, 7]) {
            const entry = platformEntry(replicas(count), "linux/arm64", "api");
            expect(entry?.name).toBe("ci-arm64-api");
            expect(entry?.nodes).toHaveLength(1);
        }
    });

    test("several replicas: without an image it is the first one, under the name that one node has", () => {
        for (const count of [1, 2, 3, 7]) {
            const record = replicas(count);
            expect(platformEntry(record, "linux/arm64")).toEqual({ name: "ci-arm64", nodes: [record.nodes[0]] });
            expect(standingEntries(record).map((entry) => entry.name)).toEqual(["ci", "ci-arm64"]);
        }
    });

    test("no number of replicas from two on is in any name, nor in any order", () => {
        const image = fc.string({ unit: "grapheme", minLength: 1 });
        fc.assert(
            fc.property(image, fc.integer({ min: 2, max: 9 }), fc.integer({ min: 2, max: 9 }), (name, n, m) => {
                const nameOf = (count: number) => platformEntry(replicas(count), "linux/arm64", name)?.name;
                expect(nameOf(n)).toBe(nameOf(m));
                expect(platformEntry(replicas(n), "linux/arm64/v8", name)?.name).toBe(nameOf(n));
            }),
        );
    });

    test("images whose names differ only in what a name may not hold have entries of their own", () => {
        const nameOf = (image: string) => platformEntry(replicas(2), "linux/arm64", image)?.name ?? "";
        const all = ["shop/api", "shop-api", "shop api", "Shop-api"].map(nameOf);
        expect(new Set(all).size).toBe(4);
        expect(all[1]).toBe("ci-arm64-shop-api");
        expect(all[0]).toMatch(/^ci-arm64-shop-api-[0-9a-f]{8}$/);
        expect(nameOf("x".repeat(400))).toMatch(/^ci-arm64-x+-[0-9a-f]{8}$/);
        expect(nameOf("x".repeat(400))).toHaveLength(128);
        expect(nameOf("x".repeat(400))).not.toBe(nameOf("x".repeat(401)));
    });

    test("no image's entry is another platform's, or that of another platform's image", () => {
        const platforms = ["linux/amd64", "linux/amd64/v2", "linux/arm64", "linux/arm64/v9", "linux/arm/v7"];
        const record = builder(...[0, 1].map((replica) => node(`n-${replica}`, platforms, { replica })));
        fc.assert(
            fc.property(fc.uniqueArray(imageNames, { minLength: 2, maxLength: 8 }), (images) => {
                const standing = standingEntries(record).map((entry) => entry.name);
                const own = platforms.flatMap((platform) =>
                    images.map((name) => platformEntry(record, platform, name)!.name),
                );
                expect(new Set([...standing, ...own]).size).toBe(standing.length + own.length);
            }),
        );
        expect(platformEntry(record, "linux/amd64", "v2")?.name).toMatch(/^ci-amd64-image-v2-[0-9a-f]{8}$/);
        expect(platformEntry(record, "linux/amd64", "2")?.name).toMatch(/^ci-amd64-image-2-[0-9a-f]{8}$/);
        expect(platformEntry(record, "linux/amd64", "v2ray")?.name).toBe("ci-amd64-v2ray");
    });

    test("any image makes a name that buildx takes", () => {
        fc.assert(
            fc.property(fc.string({ unit: "binary" }), (image) => {
                expect(platformEntry(replicas(2), "linux/arm64", image)?.name).toMatch(/^[a-z][a-z0-9._-]{0,127}$/);
            }),
        );
    });

    test("the choice depends on replica numbers only, not on names or order", () => {
        const { nodes } = replicas(5);
        const renamed = builder(...[...nodes].reverse().map((one) => ({ ...one, name: `other-${one.name}` })));
        for (let i = 0; i < 100; i++) {
            const replicaIn = (record: Builder) =>
                platformEntry(record, "linux/arm64", `image-${i}`)?.nodes[0]?.replica;
            expect(replicaIn(renamed)).toBe(replicaIn(replicas(5)));
        }
    });
});

describe("names of builders", () => {
    test.each(["ci", "c", "ci.prod_1-x", "multiarch-dev", "ci-arm46", "arm64", "ci-x", "a".repeat(63)])(
        "%s",
        (name) => {
            expect(builderNameProblem(name)).toBeUndefined();
        },
    );

    const rule =
        "must start with a lower-case letter and hold only lower-case letters, digits, `.`, `_` and `-`, 63 at most";
    test.each([
        ["", rule],
        ["CI", rule],
        ["1ci", rule],
        ["ci/x", rule],
        ["../ci", rule],
        ["ci x", rule],
        ["ci\n", rule],
        ["a".repeat(64), rule],
        [5, rule],
        [null, rule],
        [["ci"], rule],
        [{}, rule],
        ["default", "must not be `default`: buildx keeps that name for Docker's own builder"],
    ])("%j is refused", (name, problem) => {
        expect(builderNameProblem(name as string)).toBe(problem);
    });

    test.each([
        "ci-arm64",
        "ci-amd64",
        "ci-386",
        "ci-arm-v7",
        "ci-amd64-v3",
        "ci-arm64-v8.2",
        "ci-aarch64",
        "ci-s390x",
    ])("%s clashes with another builder's entries", (name) => {
        expect(builderNameProblem(name)).toBe(
            "must not end in an architecture: such names are used for the entries of single platforms",
        );
    });

    test("no entry of one platform could be a builder", () => {
        for (const platform of [
            "linux/amd64",
            "linux/amd64/v4",
            "linux/arm/v5",
            "linux/arm64/v9",
            "linux/arm64/v8.1",
        ]) {
            const name = platformEntry(builder(node("a", [platform])), platform, "")?.name ?? "";
            expect(builderNameProblem(name)).toBeDefined();
            expect(isPlatformEntryOf("ci", name)).toBe(true);
        }
    });

    test.each(["ci", "ci-two", "ci-arm64-api", "ci-amd64-2", "ci-aarch64", "cix-arm64", "other-arm64", "ci-"])(
        "%s is no entry of ci's",
        (name) => {
            expect(isPlatformEntryOf("ci", name)).toBe(false);
        },
    );
});

describe("the platform of an image's entry", () => {
    const record: Builder = {
        name: "ci",
        nodes: [node("ci-arm64", ["linux/arm64"]), node("mine", ["linux/arm64"], { replica: 1 })],
    };

    test.each<[string, string[], string | undefined]>([
        ["ci-arm64-api", ["ci-arm64"], "linux/arm64"],
        ["ci-arm64-api", ["mine"], "linux/arm64"],
        ["ci-arm64-shop-api-0123abcd", ["ci-arm64-7"], "linux/arm64"],
        ["ci-arm-v7-api", ["ci-arm-v7-1"], "linux/arm/v7"],
        ["ci-386-api", ["ci-386"], "linux/386"],
        ["ci-386-api", ["ci-amd64-1"], "linux/386"],
        ["ci-arm64-api", ["other"], undefined],
        ["ci-arm64-api", ["ci-arm64-api-arm64"], undefined],
        ["ci-arm64-api", ["ci-arm64", "mine"], undefined],
        ["ci-arm64-api", [], undefined],
        ["ci-arm64", ["ci-arm64"], undefined],
        ["ci-amd64-v2", ["ci-arm64"], undefined],
        ["ci-amd64-2", ["ci-arm64"], "linux/amd64"],
        ["ci-aarch64-api", ["ci-arm64"], undefined],
        ["ci", ["ci-arm64"], undefined],
        ["ci-two-arm64-api", ["ci-arm64"], undefined],
        ["cix-arm64-api", ["ci-arm64"], undefined],
    ])("%s with %j: %s", (name, nodes, platform) => {
        expect(imageEntryPlatform(record, name, nodes)).toBe(platform);
    });

    test("is known of every image's entry that a record makes", () => {
        const platform = fc.constantFrom("linux/amd64", "linux/amd64/v2", "linux/arm64", "linux/arm/v7", "linux/386");
        fc.assert(
            fc.property(platform, imageNames, (target, image) => {
                const many = builder(...[0, 1].map((replica) => node(`n-${replica}`, [target], { replica })));
                const entry = platformEntry(many, target, image)!;
                expect(imageEntryPlatform(many, entry.name, names(entry.nodes))).toBe(normalizePlatform(target));
            }),
        );
    });
});
