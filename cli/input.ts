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
    const parsed = await readOutputs(file);
    const builder = (parsed.builder ?? parsed) as Builder;
    checkRecord(builder, "builder", file);
    return { builder, credentials: parsed.builderCredentials as BuilderCredentials | undefined };
}

/** Reads the JSON object of a file or of standard input (`-`). */
export async function readOutputs(file: string): Promise<Record<string, unknown>> {
    if (file === "-" && process.stdin.isTTY) {
        throw new UsageError("give a file with the stack's outputs, or pipe them in; see --help");
    }
    const content = file === "-" ? await text(process.stdin) : await readInput(file);
    return parseJson(content, sourceName(file));
}

/** Throws for what is no usable record, with everything that is wrong with it. */
export function checkRecord(builder: Builder, at: string, file: string): void {
    const problems = recordProblems(builder, at);
    if (problems.length > 0) {
        const lines = problems.map(({ path, value, reason }) => `\n  - \`${path}\`: ${reason}${got(value)}`);
        throw new Error(`${sourceName(file)} holds no usable record of a builder:${lines.join("")}`);
    }
}

function sourceName(file: string): string {
    return file === "-" ? "standard input" : file;
}

/** A value for an error text; a record has no secrets, but an object may be something else than a record. */
function got(value: unknown): string {
    return value === undefined || (typeof value === "object" && value !== null)
        ? ""
        : ` (got ${JSON.stringify(value).slice(0, 120)})`;
}

async function readInput(file: string): Promise<string> {
    try {
        return await readFile(file, "utf8");
    } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        throw new Error(`cannot read ${file}: ${code === "ENOENT" ? "there is no such file" : message}`);
    }
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

/** Options that name the credentials' files, for `readBuilderWithCredentials`. */
export const credentialsOptions = {
    ca: { type: "string" },
    cert: { type: "string" },
    key: { type: "string" },
} as const;

export const credentialsHelp = `  --ca FILE        CA of the nodes' certificates, PEM
  --cert FILE      client certificate, PEM
  --key FILE       key of the client certificate, PEM`;

interface CredentialsFiles {
    ca?: string;
    cert?: string;
    key?: string;
}

/** Reads a builder, and its credentials from the same outputs or from files of their own. */
export async function readBuilderWithCredentials(
    file: string,
    files: CredentialsFiles,
): Promise<Required<BuilderInput>> {
    const input = await readBuilder(file);
    const credentials = (await readCredentials(files)) ?? input.credentials;
    if (!credentials || typeof credentials !== "object") {
        throw new Error(
            "no credentials: the outputs need `builderCredentials` in clear (pulumi stack output --json --show-secrets), " +
                "or give --ca, --cert and --key",
        );
    }
    return { builder: input.builder, credentials };
}

/** Credentials from three PEM files, or undefined when none is named. */
async function readCredentials({ ca, cert, key }: CredentialsFiles): Promise<BuilderCredentials | undefined> {
    if (!ca && !cert && !key) {
        return undefined;
    }
    if (!ca || !cert || !key) {
        throw new UsageError("--ca, --cert and --key go together");
    }
    const [caText, certText, keyText] = await Promise.all([ca, cert, key].map(readInput));
    return { ca: caText!, cert: certText!, key: keyText! };
}
