import { withoutPasswords } from "../../dev/rehearsal/dockerBuild";
import { secret, unknown, type Properties } from "../../dev/rehearsal/properties";
import type { Goal, ResourceState } from "../../dev/rehearsal/resource";
import { changedInputs, decide, keepIgnored } from "../../dev/rehearsal/steps";

function goal(fields: Partial<Goal> = {}): Goal {
    return {
        ...{ urn: "urn:pulumi:s::p::t::n", type: "t", name: "n", custom: true, inputs: {}, dependencies: [] },
        retainOnDelete: false,
        deleteBeforeReplace: false,
        ignoreChanges: [],
        additionalSecretOutputs: [],
        hooks: {},
        ...fields,
    };
}

function old(fields: Partial<ResourceState> = {}): ResourceState {
    return { ...goal(), id: "id", outputs: {}, modelled: false, ...fields };
}

const none = { changed: [], replace: false };

describe("the step for a resource", () => {
    it("is create without a predecessor", () => expect(decide(undefined, goal(), none)).toBe("create"));
    it("is same without a change", () => expect(decide(old(), goal(), none)).toBe("same"));
    it("is update with one", () => expect(decide(old(), goal(), { changed: ["a"], replace: false })).toBe("update"));
    it("is replace when the provider says so", () => {
        expect(decide(old(), goal(), { changed: ["tag"], replace: true })).toBe("replace");
    });
    it("is replace when the trigger changed, and same when it did not", () => {
        expect(decide(old({ replacementTrigger: "1" }), goal({ replacementTrigger: "2" }), none)).toBe("replace");
        expect(decide(old({ replacementTrigger: "" }), goal({ replacementTrigger: "1" }), none)).toBe("replace");
        expect(decide(old(), goal({ replacementTrigger: "1" }), none)).toBe("same");
        expect(decide(old({ replacementTrigger: "1" }), goal(), none)).toBe("same");
        expect(decide(old({ replacementTrigger: "1" }), goal({ replacementTrigger: "1" }), none)).toBe("same");
    });
});

describe("changed inputs", () => {
    const changed = (before: Properties, now: Properties) =>
        changedInputs(withoutPasswords(before), withoutPasswords(now));
    const login = (password: string): Properties => ({
        registries: [{ address: "r", username: "u", password: secret(password) }],
    });

    it("are no registry passwords, and nothing else is left out", () => {
        expect(changed(login("a"), login("b"))).toEqual([]);
        expect(
            changed({ registry: { address: "r", password: "a" } }, { registry: { address: "r", password: "b" } }),
        ).toEqual([]);
        expect(changed(login("a"), { registries: [{ address: "r", username: "x" }] })).toEqual(["registries"]);
        expect(changed({ registry: { address: "a" } }, { registry: { address: "b" } })).toEqual(["registry"]);
    });
    it("compare secrets by value", () => {
        const secrets = (value: string): Properties => ({ secrets: secret({ token: value }) });
        expect(changed(secrets("a"), secrets("a"))).toEqual([]);
        expect(changed(secrets("a"), secrets("b"))).toEqual(["secrets"]);
    });
    it("are unknown ones too", () => {
        expect(changedInputs({ a: "1", b: "2" }, { a: unknown, b: "2" })).toEqual(["a"]);
    });
});

test("ignored properties keep their old values", () => {
    expect(keepIgnored({ a: 1, b: 1 }, { a: 2, b: 2, c: 2 }, ["a", "c"])).toEqual({ a: 1, b: 2 });
});
