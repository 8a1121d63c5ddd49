import * as path from "node:path";
import { succeed } from "../../test/support/commands";
import type { Documents } from "./documents";

/** What the service authorization reference says against policy documents, a line for each problem. */
export async function grammarProblems(bin: string, documents: Documents): Promise<string[]> {
    const output = await succeed(path.join(bin, "python"), [path.join(__dirname, "iam_grammar.py")], {
        env: { PATH: process.env.PATH, LC_ALL: "C.UTF-8" },
        input: JSON.stringify(documents),
        seconds: 600,
    });
    return JSON.parse(output) as string[];
}
