import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { declarationsOf } from "../../dev/docs/declarations";
import { renderReference } from "../../dev/docs/reference";
import { root, temporaryFolder } from "../support/project";

test("docs/reference.md is what the doc comments say", () => {
    const { status, stderr } = spawnSync("npm", ["run", "--silent", "docs", "--", "--check"], {
        cwd: root,
        encoding: "utf8",
    });
    expect({ status, stderr: stderr.replace(/^npm warn .*\n/gm, "") }).toEqual({ status: 0, stderr: "" });
}, 300_000);

describe("what cannot be in the reference is refused by its name", () => {
    const folder = temporaryFolder("reference");
    afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

    test.each([
        [
            "an interface that says nothing",
            "export interface Bare { /** Text. */ a: string }",
            "Bare has no doc comment",
        ],
        ["a field that says nothing", "/** Args. */ export interface Args { a: string }", "Args.a has no doc comment"],
        [
            "an enum's value that says nothing",
            '/** Modes. */ export enum Mode { A = "a" }',
            "Mode.A has no doc comment",
        ],
        [
            "a type that is not exported",
            "interface Hidden {}\n/** Args. */ export interface Args { /** Its part. */ part: Hidden }",
            "Args.part has the type Hidden, which components/index.ts does not export",
        ],
        [
            "a base that is not exported",
            "interface Hidden {}\n/** Args. */ export interface Args extends Hidden {}",
            "Args extends Hidden, which is not exported",
        ],
        [
            "a type that Pulumi's languages do not have",
            '/** Args. */ export interface Args { /** Mode. */ mode: "a" | "b" }',
            'Args.mode has a type that the reference has no words for: "a" | "b"',
        ],
    ])("%s", (_, text, message) => {
        const file = path.join(folder, "index.ts");
        fs.writeFileSync(file, text);
        expect(() => declarationsOf(file)).toThrow(message);
    });
});

test("the page has what the sources say, with links", () => {
    const page = renderReference([
        {
            kind: "interface",
            name: "WebArgs",
            docs: "Arguments of a web, see docs/aws.md; not <b>HTML</b>.",
            bases: ["Base"],
            properties: [
                { name: "url", type: "string", required: true, plain: true, docs: "Where\nit is: `<host>`." },
                { name: "when", type: "[Base](#base)", required: false, plain: false, nested: "Base", docs: "When." },
            ],
        },
        { kind: "interface", name: "Base", docs: "A base.", bases: [], properties: [] },
        {
            kind: "component",
            name: "Web",
            docs: 'A web.\n\n    new Web("w", {});\n\nCost: none.',
            args: "WebArgs",
            outputs: [{ name: "ref", type: "string", required: true, plain: false, docs: "Its ref." }],
            methods: [{ name: "open", signature: "open(): void", docs: "Opens it." }],
        },
        { kind: "enum", name: "Mode", docs: "Modes.", values: [{ name: "Mode.A", value: "a", docs: "The first." }] },
    ]);
    expect(page.slice(page.indexOf("## Components")).trimEnd()).toBe(`## Components

### Web

A web.

\`\`\`ts
new Web("w", {});
\`\`\`

Cost: none.

Arguments: [WebArgs](#webargs). Outputs:

- \`ref\` (string): Its ref.

#### Web.open

\`\`\`ts
open(): void
\`\`\`

Opens it.

### WebArgs

Arguments of a web, see [aws.md](aws.md); not \\<b>HTML\\</b>.

Everything of [Base](#base), and:

- \`url\` (string, _required_, _plain_): Where it is: \`<host>\`.
- \`when\` ([Base](#base)): When.

## Functions

## Enums

### Mode

Modes.

- \`Mode.A\`, \`"a"\`: The first.

## Types

### Base

A base.`);
});
