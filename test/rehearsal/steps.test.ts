import { secret, unknown, type Properties } from "../../dev/rehearsal/properties";
import type { ResourceState } from "../../dev/rehearsal/state";
import { changedInputs, decide, dockerBuildDifference, keepIgnored, type Goal } from "../../dev/rehearsal/steps";

const hooks = {
    beforeCreate: [],
    afterCreate: [],
    beforeUpdate: [],
    afterUpdate: [],
    beforeDelete: [],
    afterDelete: [],
    onError: [],
};
const base = { urn: "urn:pulumi:s::p::t::n", type: "t", name: "n", custom: true, dependencies: [] };

function goal(fields: Partial<Goal> = {}): Goal {
    return {
        ...base,
        inputs: {},
        ignoreChanges: [],
        replaceOnChanges: [],
        additionalSecretOutputs: [],
        hooks,
        ...fields,
    };
}

function old(fields: Partial<ResourceState> = {}): ResourceState {
    return { ...base, inputs: {}, outputs: {}, ...fields };
}

const none = { changed: [], replace: [] };

describe("the step for a resource", () => {
    it("is create without a predecessor", () => expect(decide(undefined, goal(), none).op).toBe("create"));
    it("is same without a change", () => expect(decide(old(), goal(), none).op).toBe("same"));
    it("is update with one", () => expect(decide(old(), goal(), { changed: ["a"], replace: [] }).op).toBe("update"));
    it("is replace when the provider says so", () => {
        expect(decide(old(), goal(), { changed: ["tag"], replace: ["tag"] }).op).toBe("replace");
    });
    it("is replace when the trigger changed, and same when it did not", () => {
        expect(decide(old({ replacementTrigger: "1" }), goal({ replacementTrigger: "2" }), none).op).toBe("replace");
        expect(decide(old(), goal({ replacementTrigger: "1" }), none).op).toBe("replace");
        expect(decide(old({ replacementTrigger: "1" }), goal({ replacementTrigger: "1" }), none).op).toBe("same");
    });
    it("honours replaceOnChanges", () => {
        expect(decide(old(), goal({ replaceOnChanges: ["a"] }), { changed: ["a"], replace: [] }).op).toBe("replace");
        expect(decide(old(), goal({ replaceOnChanges: ["b"] }), { changed: ["a"], replace: [] }).op).toBe("update");
    });
});

describe("the difference of docker-build resources", () => {
    const image = "docker-build:index:Image";
    const index = "docker-build:index:Index";
    const login = (password: string): Properties => ({
        registries: [{ address: "r", username: "u", password: secret(password) }],
    });

    it("ignores registry passwords, and only them", () => {
        expect(dockerBuildDifference(image, login("a"), login("b")).changed).toEqual([]);
        expect(
            dockerBuildDifference(
                index,
                { registry: { address: "r", password: "a" } },
                { registry: { address: "r", password: "b" } },
            ).changed,
        ).toEqual([]);
        expect(
            dockerBuildDifference(image, login("a"), { registries: [{ address: "r", username: "x" }] }).changed,
        ).toEqual(["registries"]);
    });
    it("compares secrets by value", () => {
        const secrets = (value: string): Properties => ({ secrets: secret({ token: value }) });
        expect(dockerBuildDifference(image, secrets("a"), secrets("a")).changed).toEqual([]);
        expect(dockerBuildDifference(image, secrets("a"), secrets("b")).changed).toEqual(["secrets"]);
    });
    it("replaces an Index with another tag or registry, updates it with other sources", () => {
        expect(dockerBuildDifference(index, { tag: "a" }, { tag: "b" })).toEqual({
            changed: ["tag"],
            replace: ["tag"],
        });
        expect(dockerBuildDifference(index, { sources: ["a"] }, { sources: ["b"] })).toEqual({
            changed: ["sources"],
            replace: [],
        });
        expect(
            dockerBuildDifference(index, { registry: { address: "a" } }, { registry: { address: "b" } }).replace,
        ).toEqual(["registry.address"]);
        expect(dockerBuildDifference(image, { tags: ["a"] }, { tags: ["b"] })).toEqual({
            changed: ["tags"],
            replace: [],
        });
    });
});

test("an unknown input counts as changed", () =>
    expect(changedInputs({ a: "1", b: "2" }, { a: unknown, b: "2" })).toEqual(["a"]));

test("ignored properties keep their old values", () => {
    expect(keepIgnored({ a: 1, b: { c: 1, d: 1 } }, { a: 2, b: { c: 2, d: 2 }, e: 2 }, ["a", "b.c", "e"])).toEqual({
        a: 1,
        b: { c: 1, d: 2 },
    });
});
