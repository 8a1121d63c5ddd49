import * as pulumi from "@pulumi/pulumi";
import { Problems, isPlain } from "../../components/problems";

function thrown(fill: (problems: Problems) => void): Error | undefined {
    const problems = new Problems();
    fill(problems);
    try {
        problems.throwIfAny('the image "api"');
        return undefined;
    } catch (error) {
        return error as Error;
    }
}

test("no problem, no error", () => {
    expect(thrown(() => undefined)).toBeUndefined();
});

test("one error tells every problem with path, reason and value", () => {
    const error = thrown((problems) => {
        problems.add("tags[0]", "a b", "is no tag");
        problems.add("builder", undefined, "is missing");
        problems.add("push", null, "must be true or false");
    });
    expect(error?.message).toBe(
        'invalid arguments of the image "api":\n' +
            '  - `tags[0]`: is no tag (got "a b")\n' +
            "  - `builder`: is missing\n" +
            "  - `push`: must be true or false (got null)",
    );
    expect(pulumi.InputPropertiesError.isInstance(error)).toBe(true);
});

test("a long value is cut", () => {
    const message = thrown((problems) => problems.add("x", "y".repeat(1000), "is too long"))?.message ?? "";
    expect(message).toContain(`(got "${"y".repeat(116)}...)`);
});

test.each<[string, unknown, string]>([
    ["a big integer", 10n, '"10"'],
    ["no number", [NaN, -Infinity], '["NaN","-Infinity"]'],
    ["a hole in a list", [undefined, 1], "[null,1]"],
    ["an Output", { a: pulumi.secret("hunter2") }, '{"a":"known later"}'],
    ["a promise", [Promise.resolve("x")], '["known later"]'],
    ["a function", { a: () => 1 }, '{"a":"a function"}'],
    ["what is nested deeply", [[[[[1]]]]], '[[[["…"]]]]'],
])("%s is shown in words", (_, value, shown) => {
    expect(thrown((problems) => problems.add("x", value, "is wrong"))?.message).toContain(`is wrong (got ${shown})`);
});

test("what is the same is told once", () => {
    const message = thrown((problems) => {
        problems.add("x", 1, "is wrong");
        problems.under("a").add("x", 1, "is wrong");
        problems.add("x", 1, "is wrong");
        problems.add("x", 2, "is wrong");
    })?.message;
    expect(message?.split("\n  - ").slice(1)).toEqual([
        "`x`: is wrong (got 1)",
        "`a.x`: is wrong (got 1)",
        "`x`: is wrong (got 2)",
    ]);
});

test.each([
    ["a big integer", 10n],
    [
        "a cycle",
        (() => {
            const a: unknown[] = [];
            a.push(a);
            return a;
        })(),
    ],
    ["an Output", [pulumi.output("x")]],
    ["a function", () => 1],
])("%s as value makes an error all the same", (_, value) => {
    expect(thrown((problems) => problems.add("x", value, "is wrong"))?.message).toContain("- `x`: is wrong (got ");
});

test.each([
    ["text", "a", true],
    ["false", false, true],
    ["undefined", undefined, false],
    ["null", null, false],
    ["an Output", pulumi.output("a"), false],
    ["a promise", Promise.resolve("a"), false],
])("%s, known or not", (_, value, plain) => {
    expect(isPlain(value as pulumi.Input<unknown>)).toBe(plain);
});
