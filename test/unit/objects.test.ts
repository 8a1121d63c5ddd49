import { isObject, present, without } from "../../components/objects";

test("present leaves out what is undefined and nothing else", () => {
    expect(present({ a: undefined, b: null, c: 0, d: "" })).toEqual({ b: null, c: 0, d: "" });
    expect(Object.keys(present({ a: undefined, b: 1 }))).toEqual(["b"]);
});

test("without leaves out the named properties and changes no original", () => {
    const value = { a: 1, b: 2, c: undefined };
    expect(without(value, "a")).toEqual({ b: 2, c: undefined });
    expect(Object.keys(without(value, "a", "b"))).toEqual(["c"]);
    expect(value).toEqual({ a: 1, b: 2, c: undefined });
});

test.each([
    [{}, true],
    [{ a: 1 }, true],
    [[], false],
    [null, false],
    ["x", false],
    [undefined, false],
])("%j is an object: %s", (value, expected) => {
    expect(isObject(value)).toBe(expected);
});
