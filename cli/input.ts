import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import type { Builder, BuilderCredentials } from "../components/builder";
import { recordProblems } from "../components/buildx/record";
import { UsageError } from "./command";

/** A builder as a command gets it. */
export interface BuilderInput {
    builder: Builder;
    credentials?: BuilderCredentials;
}

/** Reads stack outputs (`pulumi stack output --json --show-secrets`) or a record, from a file or standard input (`-`). */
export async function readBuilder(file: string): Promise<BuilderInput> {
    if (file === "-" && process.stdin.isTTY) {
        throw new UsageError("give a file with the stack's outputs, or pipe them in; see --help");
    }
    const content = file === "-" ? await text(process.stdin) : await readFile(file, "utf8");
    const source = file === "-" ? "standard input" : file;
    const parsed = parseJson(content, source);
    const builder = (parsed.builder ?? parsed) as Builder;
    const problem = recordProblems(builder, "builder")[0];
    if (problem) {
        throw new Error(`${source}: \`${problem.path}\` ${problem.reason}`);
    }
    return { builder, credentials: parsed.builderCredentials as BuilderCredentials | undefined };
}

function parseJson(content: string, source: string): Record<string, unknown> {
    try {
        const parsed: unknown = JSON.parse(content);
        if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) {
            return parsed as Record<string, unknown>;
        }
    } catch {
        // Falls through: the text may hold a secret, so it is not quoted.
    }
    throw new Error(`${source} holds no JSON object: give the output of pulumi stack output --json --show-secrets`);
}

/** Credentials from three PEM files, or undefined when none is named. */
export async function readCredentials(files: {
    ca?: string;
    cert?: string;
    key?: string;
}): Promise<BuilderCredentials | undefined> {
    const { ca, cert, key } = files;
    if (!ca && !cert && !key) {
        return undefined;
    }
    if (!ca || !cert || !key) {
        throw new UsageError("--ca, --cert and --key go together");
    }
    const [caText, certText, keyText] = await Promise.all([ca, cert, key].map((file) => readFile(file, "utf8")));
    return { ca: caText!, cert: certText!, key: keyText! };
}
