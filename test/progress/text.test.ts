import * as fc from "fast-check";
import { isLive } from "../../dev/progress/create";
import { columnsOf, cut, duration, oneLine, wholeDuration, wrap } from "../../dev/progress/text";

test.each([
    ["RUN go build   ./...", "RUN go build ./..."],
    ["\x1b[31mred\x1b[0m", "red"],
    ["a\r\n\tb\u0007", "a b"],
    ["evil\u202etxt.exe", "evil txt.exe"],
    ["", ""],
])("one line of %j", (text, line) => expect(oneLine(text)).toBe(line));

test.each([
    ["short", 10, "short"],
    ["exactly", 7, "exactly"],
    ["too long for it", 8, "too lon…"],
    ["two words", 5, "two…"],
    ["日本語のビルド", 7, "日本語…"],
    ["x", 0, ""],
])("%j in %d columns", (text, columns, result) => expect(cut(text, columns)).toBe(result));

test.each([
    [0, "0.0 s", "0 s"],
    [12_340, "12.3 s", "12 s"],
    [59_900, "59.9 s", "59 s"],
    [125_000, "2 min 5 s", "2 min 5 s"],
])("%d ms are %s, or %s", (time, exact, whole) =>
    expect([duration(time), wholeDuration(time)]).toEqual([exact, whole]),
);

test("what is cut fits, and holds nothing that a terminal obeys", () => {
    const anyText = fc.string({ unit: "binary" });
    fc.assert(
        fc.property(anyText, fc.nat(120), (text, columns) => {
            const line = cut(oneLine(text), columns);
            expect(columnsOf(line)).toBeLessThanOrEqual(columns);
            expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        }),
    );
});

test.each([
    ["a terminal", true, { TERM: "xterm" }, true],
    ["a pipe", undefined, { TERM: "xterm" }, false],
    ["a terminal of a CI system", true, { CI: "true" }, false],
    ["CI=false", true, { CI: "false" }, true],
    ["a dumb terminal", true, { TERM: "dumb" }, false],
    ["NO_COLOR, which is about colours only", true, { NO_COLOR: "1" }, true],
])("live lines in %s", (_, isTTY, env, live) => expect(isLive({ isTTY }, env)).toBe(live));

test.each([
    ["a few words", 5, ["a few", "words"]],
    ["unbreakable", 4, ["unbr", "eaka", "ble"]],
    ["see https://a.test/long/path now", 8, ["see", "https://a.test/long/path", "now"]],
    ["", 5, [""]],
])("wraps %j at %d", (text, width, lines) => expect(wrap(text, width)).toEqual(lines));

test("wrapping loses no word", () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { maxLength: 20 });
    fc.assert(
        fc.property(words, fc.integer({ min: 4, max: 60 }), (all, width) => {
            const lines = wrap(all.join(" "), width);
            expect(lines.join("").replaceAll(" ", "")).toBe(all.join(""));
            lines.forEach((line) => expect(line.length).toBeLessThanOrEqual(width));
        }),
    );
});

test("what people copy stays whole", () => {
    expect(wrap("look: BUILDX_CONFIG=.local/buildx buildx ls", 10, true)).toEqual([
        "look:",
        "BUILDX_CONFIG=.local/buildx",
        "buildx ls",
    ]);
});
