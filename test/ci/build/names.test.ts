import * as fs from "node:fs";
import * as path from "node:path";
import * as fc from "fast-check";
import type { Builder } from "../../../components/builder";
import { platformEntry } from "../../../components/buildx/entries";
import { imageEntryName } from "../../../components/buildx/replicas";
import { recordText } from "../../../components/ci/recordText";
import { cacheTag } from "../../../components/image/names";
import { temporaryFolder } from "../../support/project";
import { callFunction, shells } from "./shell";

const platform = fc.constantFrom("linux/amd64", "linux/386", "linux/arm64/v9", "linux/arm/v7");
// What an argument of a program can hold.
const text = fc.string({ unit: "binary", maxLength: 150 }).filter((value) => !value.includes("\0"));
const imageName = fc.stringMatching(/^[A-Za-z0-9._-]{1,140}$/);

describe.each(shells)("in $name", ({ command }) => {
    const call = (...words: string[]) => callFunction(command, words);

    test("a cache's tag is the library's, whatever the names", () => {
        fc.assert(
            fc.property(text, text, platform, (image, scope, value) => {
                const { output } = call("cache_tag", image, scope, value);
                expect(output).toBe(`${cacheTag(image, scope, value)}\n`);
            }),
            { numRuns: 60, examples: [["größe", "feature/😀-x\n", "linux/arm/v7"]] },
        );
    });

    test("the name of an image's own entry is the library's", () => {
        fc.assert(
            fc.property(imageName, (image) => {
                const { output } = call("image_entry_name", "ci", "linux/arm64/v9", image);
                expect(output).toBe(`${imageEntryName("ci", "linux/arm64/v9", image)}\n`);
            }),
            { numRuns: 40, examples: [["v8"], ["2.1-app"], ["API"], ["a".repeat(128)]] },
        );
    });

    test("an image is built on the same replica and by the same entry as by the library", () => {
        const dir = temporaryFolder("names");
        const node = (name: string, platforms: string[], replica: number, emulated: string[] = []) => {
            return { name, platforms, replica, emulated, endpoint: `tcp://10.0.0.${name.length}:1`, serverName: name };
        };
        const nodes = fc
            .uniqueArray(fc.nat(9), { minLength: 1, maxLength: 4 })
            .map((replicas) => [
                node("ci-386", ["linux/386", "linux/arm64"], 0, ["linux/arm64"]),
                ...replicas.map((replica) => node(`ci-amd64-${replica}`, ["linux/amd64"], replica)),
                node("ci-arm64", ["linux/arm64", "linux/arm/v7"], 0),
            ]);
        const state = { BUILDER_STATE: dir, BUILDX_CONFIG: dir, BUILDER_NAME: "ci", work: dir };
        const choose = 'choose_entry "$1" "$2" && printf "%s %s\\n" "$entry" "$node"';
        fs.mkdirSync(path.join(dir, "instances"));
        try {
            fc.assert(
                fc.property(nodes, fc.option(imageName), (own, image) => {
                    const builder: Builder = { name: "ci", nodes: own };
                    fs.writeFileSync(path.join(dir, "record"), recordText(builder));
                    fs.writeFileSync(path.join(dir, "record-ready"), recordText(builder));
                    for (const wanted of ["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/386"]) {
                        const entry = platformEntry(builder, wanted, image ?? undefined)!;
                        const { output } = callFunction(
                            command,
                            ["eval", `set -- ${wanted} '${image ?? ""}'; ${choose}`],
                            state,
                        );
                        expect(output).toBe(`${entry.name} ${entry.nodes[0]!.name}\n`);
                        if (wanted === "linux/amd64" && image !== null && own.length > 3) {
                            const written = fs.readFileSync(path.join(dir, "instances", entry.name), "utf8");
                            expect(JSON.parse(written)).toMatchObject({
                                Name: entry.name,
                                Nodes: [{ Name: entry.nodes[0]!.name }],
                            });
                        }
                    }
                }),
                { numRuns: 15 },
            );
            expect(callFunction(command, ["choose_entry", "linux/s390x", ""], state).status).toBe(1);
        } finally {
            fs.rmSync(dir, { recursive: true });
        }
    });

    test.each([
        ["/app --version", 'RUN ["/app","--version"]\n'],
        ["  /app   a  ", 'RUN ["/app","a"]\n'],
        ["/app * <<EOF", 'RUN ["/app","*","\\u003c\\u003cEOF"]\n'],
        ['["sh", "-c", "a <b \\"c\\""]', 'RUN ["sh", "-c", "a \\u003cb \\"c\\""]\n'],
    ])("the step of %j", (given, step) => {
        expect(call("run_step", given).output).toBe(step);
    });

    test("words for eval come back as they were", () => {
        const words = ["a b", "it's", '"$HOME"', "`id`", "line\nbreak\n\n", "", "\\", "*"];
        const { output } = call("quoted", ...words);
        expect(call("eval", `printf '%s|' ${output}`).output).toBe(words.map((word) => `${word}|`).join(""));
    });

    test("values of JSON, each with its path", () => {
        const json = { a: { "b/c|d": [1, { e: 'x"y,:{}[]' }, null, true], f: {} }, g: "", h: [], i: -1500 };
        for (const given of [JSON.stringify(json), JSON.stringify(json, undefined, 4)]) {
            const { output } = callFunction([...command], ["eval", `json_lines <<'END'\n${given}\nEND\n`]);
            expect(output.trimEnd().split("\n")).toEqual([
                "a|b/c|d|0\t1",
                'a|b/c|d|1|e\tx\\"y,:{}[]',
                "a|b/c|d|2\tnull",
                "a|b/c|d|3\ttrue",
                "g\t",
                "i\t-1500",
            ]);
        }
    });
});
