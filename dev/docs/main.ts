import { readFileSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { format, resolveConfig } from "prettier";
import { readOptions } from "../prove/commandLine";
import { declarationsOf } from "./declarations";
import { renderReference } from "./reference";

const root = path.resolve(__dirname, "../..");
const page = path.join(root, "docs/reference.md");

const help = `Writes docs/reference.md from the doc comments of what components/index.ts exports.

Usage: npm run docs [-- --check]

  --check  writes nothing, and fails when the page is not what the comments say
  --help   this text

Exit codes: 0 written, or current; 1 failed, or not current; 2 wrong usage.
`;

async function main(): Promise<number> {
    const values = readOptions({ check: { type: "boolean" } }, help);
    if (typeof values === "number") {
        return values;
    }
    const text = renderReference(declarationsOf(path.join(root, "components/index.ts")));
    const formatted = await format(text, { ...(await resolveConfig(page)), filepath: page });
    if (!values.check) {
        writeFileSync(page, formatted);
        return 0;
    }
    if (readFileSync(page, "utf8") === formatted) {
        return 0;
    }
    console.error("docs/reference.md is not what the doc comments in components/ say: `npm run docs` writes it anew");
    return 1;
}

main().then(
    (code) => (process.exitCode = code),
    (error: unknown) => {
        console.error((error as Error).message);
        process.exitCode = 1;
    },
);
