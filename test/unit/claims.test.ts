import * as pulumi from "@pulumi/pulumi";
import type { Builder, BuilderCredentials } from "../../components/builder";
import type { MultiArchImageArgs } from "../../components/image/arguments";
import { claimRefs, writesCache } from "../../components/image/claims";
import { Problems } from "../../components/problems";

let count = 0;

/** A record with repositories of its own, so that no test meets the claims of another. */
function builder(): Builder {
    const id = count++;
    return { name: "ci", nodes: [], imageRepositoryUrl: `r.test/app-${id}`, cacheRepositoryUrl: `r.test/cache-${id}` };
}

function claim(name: string, args: Partial<MultiArchImageArgs>, image = { name }): string[] {
    const problems = new Problems();
    claimRefs(image, { credentials: {} as BuilderCredentials, builder: builder(), ...args }, problems);
    try {
        problems.throwIfAny("x");
        return [];
    } catch (error) {
        return (error as Error).message.split("\n  - ").slice(1);
    }
}

const remedy = "give one of them another name, tag, scope or repository";

test("two images with the same tag in the same repository", () => {
    const one = builder();
    expect(claim("api", { builder: one, tags: ["1"] })).toEqual([]);
    expect(claim("web", { builder: one, tags: ["2", "1"] })).toEqual([
        `\`tags[1]\`: the image "api" writes the same tag: ${remedy} (got "1")`,
    ]);
});

test("the record's repository and the same one given by name are one", () => {
    const one = builder();
    expect(claim("api", { builder: one, tags: ["1"] })).toEqual([]);
    expect(claim("web", { repositoryUrl: one.imageRepositoryUrl, tags: ["1"] })).toHaveLength(1);
});

test("a platform's tag counts too", () => {
    const one = builder();
    expect(
        claim("api", { builder: one, tags: ["1"], platformTags: "{tag}-{arch}", platforms: ["linux/arm64"] }),
    ).toEqual([]);
    expect(claim("web", { builder: one, tags: ["1-arm64"] })).toEqual([
        `\`tags[0]\`: the image "api" writes the same tag: ${remedy} (got "1-arm64")`,
    ]);
});

test("two images of one name would write the same cache, a third with another scope would not", () => {
    const one = builder();
    const platforms = ["linux/arm64"];
    expect(claim("api", { builder: one, tags: ["1"], platforms })).toEqual([]);
    expect(claim("api", { builder: one, tags: ["2"], platforms })).toEqual([
        `\`cache\`: the image "api" writes the same cache ref: ${remedy} (got "api-main-linux-arm64")`,
    ]);
    expect(claim("api", { builder: one, tags: ["3"], platforms, cache: { scope: "two" } })).toEqual([]);
    expect(claim("api", { builder: one, tags: ["4"], platforms, cache: { readOnly: true } })).toEqual([]);
    expect(claim("api", { builder: one, tags: ["5"], platforms, cache: { enabled: false } })).toEqual([]);
});

test("names that differ only in what a tag may not hold write the same cache", () => {
    const one = builder();
    expect(claim("shop/api", { builder: one, platforms: ["linux/arm64"] })).toEqual([]);
    expect(claim("shop-api", { builder: one, platforms: ["linux/arm64"] })).toHaveLength(1);
});

test("an image may claim its own refs again", () => {
    const image = { name: "api" };
    const args = { builder: builder(), tags: ["1"] };
    expect(claim("api", args, image)).toEqual([]);
    expect(claim("api", args, image)).toEqual([]);
});

test("a builder that is known later is the same builder, another is another", () => {
    const later = pulumi.output(builder());
    expect(claim("api", { builder: later, tags: ["1"] })).toEqual([]);
    expect(claim("web", { builder: later, tags: ["1"] })).toHaveLength(1);
    expect(claim("web", { builder: pulumi.output(builder()), tags: ["1"] })).toEqual([]);
});

test("what is wrong by itself claims nothing and throws nothing", () => {
    const args = { builder: builder(), tags: [null], platforms: [5, null, "linux/arm46"] };
    expect(claim("api", args as unknown as Partial<MultiArchImageArgs>)).toEqual([]);
});

test.each([
    [undefined, true],
    [{}, true],
    [{ enabled: true, readOnly: false }, true],
    [{ enabled: false }, false],
    [{ readOnly: true }, false],
])("a cache %j is written: %s", (cache, expected) => {
    expect(writesCache({ cache } as MultiArchImageArgs)).toBe(expected);
});
