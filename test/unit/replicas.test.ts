import * as fc from "fast-check";
import type { BuilderNode } from "../../components/builder";
import { firstReplica, imageEntryName, rendezvous, replicaFor, replicaOf } from "../../components/buildx/replicas";

const platform = "linux/arm64";

function node(replica: number): BuilderNode {
    return { name: `n${replica}`, platforms: [platform], replica, endpoint: `tcp://n${replica}:1`, serverName: "n" };
}

function chosen(image: string, replicas: number[], of = platform): number {
    return replicaOf(replicaFor(image, of, replicas.map(node)));
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);
const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 30 });
const sets = fc.uniqueArray(fc.nat(50), { minLength: 2, maxLength: 9 });

describe("the replica of an image", () => {
    test("is the same for the same replicas, whatever their order and other fields", () => {
        fc.assert(
            fc.property(names, sets, fc.string(), (images, replicas, text) => {
                const renamed = [...replicas]
                    .reverse()
                    .map((replica) => ({ ...node(replica), endpoint: text, name: text }));
                for (const image of images) {
                    expect(replicaOf(replicaFor(image, platform, renamed))).toBe(chosen(image, replicas));
                }
            }),
        );
    });

    test("a platform's two spellings are one, two platforms choose for themselves", () => {
        const images = upTo(200).map((i) => `image-${i}`);
        const choices = (of: string) => images.map((image) => chosen(image, [0, 1], of));
        expect(choices("linux/aarch64")).toEqual(choices("linux/arm64"));
        expect(choices("linux/amd64")).not.toEqual(choices("linux/arm64"));
    });

    test("moves only to a replica that comes", () => {
        fc.assert(
            fc.property(names, sets, fc.nat({ max: 50 }), (images, replicas, added) => {
                for (const image of images) {
                    const after = chosen(image, [...replicas, added]);
                    expect([added, chosen(image, replicas)]).toContain(after);
                }
            }),
        );
    });

    test("moves only from a replica that goes", () => {
        fc.assert(
            fc.property(names, sets, (images, [removed, ...left]) => {
                for (const image of images) {
                    const before = chosen(image, [removed!, ...left]);
                    expect(before === removed || chosen(image, left) === before).toBe(true);
                }
            }),
        );
    });

    test("is this one today: another choice would move every cache of every user", () => {
        const images = ["api", "web", "worker", "shop/api", "image"];
        expect(
            images.map((image) =>
                upTo(5)
                    .map((i) => chosen(image, upTo(i + 1)))
                    .join(""),
            ),
        ).toMatchInlineSnapshot(`
            [
              "00000",
              "00000",
              "00000",
              "01224",
              "00004",
            ]
        `);
    });
});

describe("the share of each replica", () => {
    const count = 5000;
    const kinds: [string, (i: number) => string][] = [
        ["numbered", (i) => `image-${i}`],
        ["nested", (i) => `team-${i % 40}/service-${i}`],
        ["alike", (i) => "a".repeat(i + 1)],
    ];
    // The value of chi-square that one in a thousand fair shares exceeds, by degrees of freedom.
    const limits: Record<number, number> = { 2: 10.83, 3: 13.82, 5: 18.47, 8: 24.32, 20: 43.82 };

    test.each(Object.keys(limits).map(Number))("%i replicas are loaded evenly by names of every kind", (replicas) => {
        for (const [, nameOf] of kinds) {
            const load = upTo(replicas).map(() => 0);
            upTo(count).forEach((i) => load[chosen(nameOf(i), upTo(replicas))]!++);
            const expected = count / replicas;
            const chiSquare = load.reduce((sum, got) => sum + (got - expected) ** 2 / expected, 0);
            expect(chiSquare).toBeLessThan(limits[replicas]!);
        }
    });

    test.each([1, 2, 3, 5])("one replica more than %i takes its share, and all that moves", (n) => {
        const images = upTo(count).map((i) => `image-${i}`);
        const moved = images.filter((image) => chosen(image, upTo(n)) !== chosen(image, upTo(n + 1)));
        expect(moved.every((image) => chosen(image, upTo(n + 1)) === n)).toBe(true);
        expect(Math.abs(moved.length / count - 1 / (n + 1))).toBeLessThan(0.02);
    });
});

test("what is for no image goes to the lowest number, which no further replica changes", () => {
    expect(firstReplica([node(3), node(1), node(2)]).replica).toBe(1);
    fc.assert(
        fc.property(sets, (replicas) => {
            const lowest = Math.min(...replicas);
            expect(firstReplica([...replicas, lowest + 1].map(node)).replica).toBe(lowest);
        }),
    );
});

test("a node without a number is replica 0", () => {
    expect(replicaOf({ ...node(1), replica: undefined })).toBe(0);
});

test("rendezvous takes the highest hash, and the first of equals", () => {
    expect(rendezvous("x", ["a"], (name) => name)).toBe("a");
    expect(rendezvous("x", [1, 2], () => "same")).toBe(1);
});

test.each([
    ["api", "ci-arm64-api"],
    ["Api", expect.stringMatching(/^ci-arm64-api-[0-9a-f]{8}$/)],
    ["shop/api", expect.stringMatching(/^ci-arm64-shop-api-[0-9a-f]{8}$/)],
    ["../../etc", expect.stringMatching(/^ci-arm64-\.\.-\.\.-etc-[0-9a-f]{8}$/)],
    ["v9", expect.stringMatching(/^ci-arm64-image-v9-[0-9a-f]{8}$/)],
    ["a".repeat(119), `ci-arm64-${"a".repeat(119)}`],
    ["a".repeat(120), expect.stringMatching(/^ci-arm64-a{110}-[0-9a-f]{8}$/)],
])("the entry of the image %s", (image, name) => {
    expect(imageEntryName("ci", platform, image)).toEqual(name);
    expect(imageEntryName("ci", platform, image).length).toBeLessThanOrEqual(128);
});
