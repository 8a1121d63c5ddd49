import * as pulumi from "@pulumi/pulumi";
import {
    type Kind,
    checkKinds,
    hidden,
    input,
    list,
    map,
    object,
    objects,
    plainMap,
    plainText,
    plainTexts,
    text,
    whole,
} from "../../components/kinds";

const plain = "must be a plain value, no Output: it decides which resources exist";

function told(kind: Kind, value: unknown): [lines: string[], usable: unknown] {
    const lines: string[] = [];
    const usable = kind(value, "x", (path, got, reason) => {
        lines.push(`${path}: ${reason}${got === undefined ? "" : ` (got ${JSON.stringify(got)})`}`);
    });
    return [lines, usable];
}

test.each<[string, Kind, unknown, string]>([
    ["a number as text", text, 7, "x: must be text: put it in quotes (got 7)"],
    ["null as text", text, null, "x: must be text (got null)"],
    ["a list as text", text, ["a"], 'x: must be text (got ["a"])'],
    ["an Output as plain text", plainText, pulumi.output("a"), `x: ${plain}`],
    ["a text as list", plainTexts("[a]"), "a", 'x: must be a list, for example [a] (got "a")'],
    ["an object as list", plainTexts("[a]"), { a: 1 }, 'x: must be a list, for example [a] (got {"a":1})'],
    ["a number in a list", plainTexts("[a]"), ["a", 7], "x[1]: must be text: put it in quotes (got 7)"],
    ["a text as number", whole(1, 9), "5", 'x: must be a whole number from 1 to 9 (got "5")'],
    ["half a number", whole(1, 9, { unit: "GiB" }), 1.5, "x: must be a whole number of GiB from 1 to 9 (got 1.5)"],
    ["a small number", whole(5, 9, { zero: true }), 1, "x: must be a whole number from 5 to 9, or 0 for never (got 1)"],
    ["an Output as number", whole(1, 9), pulumi.output(5), `x: ${plain}`],
    ["a list as object", object({ a: text, b: text }), [], "x: must be an object with a, b (got [])"],
    ["an Output as object", object({ a: text }), pulumi.output({ a: "b" }), "x: must be an object with a"],
    [
        "a typo",
        object({ size: text, sort: text }),
        { siez: 1 },
        "x.siez: is unknown; did you mean `size`? Known: size, sort",
    ],
    [
        "a name that is inherited",
        object({ a: text }),
        JSON.parse('{"__proto__":1}'),
        "x.__proto__: is unknown; did you mean `a`? Known: a",
    ],
    [
        "a long name of no word",
        object({ a: text }),
        { ["-\n".repeat(50)]: 1 },
        `x[${JSON.stringify(`${"-\n".repeat(18)}-...`)}]: is unknown; did you mean \`a\`? Known: a`,
    ],
    ["a list as map", map(text), ["a"], 'x: must be an object of names and texts (got ["a"])'],
    ["a number in a map", map(text), { a: 7 }, 'x["a"]: must be text: put it in quotes (got 7)'],
    ["an Output as plain map", plainMap(text), pulumi.output({}), `x: ${plain}`],
    ["a secret", hidden(object({ a: text })), { a: 7 }, "x.a: must be text: put it in quotes"],
])("%s is told", (_, kind, value, line) => {
    expect(told(kind, value)[0]).toEqual([line]);
});

test.each<[string, Kind, unknown, unknown]>([
    ["what is null or unknown is left out", object({ a: text, b: text }), { a: "1", b: null, c: 2 }, { a: "1" }],
    ["what is undefined is not unknown", object({ a: text }), { a: "1", c: undefined }, { a: "1" }],
    ["a text of the wrong kind is blank in a list", plainTexts("[a]"), ["a", 7, null], ["a", "", ""]],
    ["an object of the wrong kind is empty in a list", objects({ a: text }, "[a]"), [{ a: "1" }, 7], [{ a: "1" }, {}]],
    ["a text is a list of one", plainTexts("[a]"), "a", ["a"]],
    ["a number of the wrong kind is its default", object({ n: whole(1, 9) }), { n: "5" }, { n: undefined }],
    ["zero", whole(5, 9, { zero: true }), 0, 0],
])("%s", (_, kind, value, usable) => {
    expect(told(kind, value)[1]).toEqual(usable);
});

test("what is known later is as it is where it may be", () => {
    const later = pulumi.output("x");
    expect(told(list(text, "[a]"), [later])).toEqual([[], [later]]);
    expect(told(input(object({ a: text })), later)).toEqual([[], later]);
    expect(told(map(text), later)).toEqual([[], later]);
});

test("later checks are silent about what is of the wrong kind, and about what is in it", () => {
    const lines: string[] = [];
    const kinds = object({ a: object({ b: text }), ab: text, list: plainTexts("[a]") });
    const { args, note } = checkKinds(kinds, { a: 5, ab: "x", list: ["y", 7] }, (path) => lines.push(path));
    expect(args).toEqual({ a: undefined, ab: "x", list: ["y", ""] });
    expect(lines).toEqual(["a", "list[1]"]);
    for (const path of ["a", "a.b", "a[0]", "list[1]", "ab", "list", "list[0]", "list[10]"]) {
        note(path, undefined, "is wrong");
    }
    expect(lines.slice(2)).toEqual(["ab", "list", "list[0]", "list[10]"]);
});

test("what is no object at all is told of the arguments", () => {
    const paths: string[] = [];
    expect(checkKinds<unknown>(object({ a: text }), 5, (path) => paths.push(path)).args).toBeUndefined();
    expect(paths).toEqual(["args"]);
});
