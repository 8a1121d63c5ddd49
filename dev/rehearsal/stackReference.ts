import * as fs from "node:fs/promises";
import * as path from "node:path";
import { containsSecret, reveal, type Properties } from "./properties";
import type { Sealer } from "./passphrase";
import { openStateFile, readStateFile } from "./state";

/** The outputs of another rehearsed stack. Secrecy is per top-level output, as the CLI has it. */
export interface ReferencedStack {
    outputs: Properties;
    secretOutputNames: string[];
}

/** Finds the state of `organization/project/stack` (or `stack` of the same project) below a folder and opens its outputs. */
export async function readReferencedStack(
    name: string,
    stacksDir: string,
    ownProject: string,
    sealer: (salt?: string) => Promise<Sealer>,
): Promise<ReferencedStack> {
    const parts = name.split("/");
    const stack = parts[parts.length - 1] ?? "";
    const project = parts.length === 1 ? ownProject : (parts[parts.length - 2] ?? "");
    const folders = [stacksDir, path.join(stacksDir, project), ...(await subfolders(stacksDir))];
    const candidates = [
        ...new Set(
            folders.flatMap((folder) => [
                path.join(folder, `${stack}.json`),
                path.join(folder, ".rehearsal", `${stack}.json`),
            ]),
        ),
    ];
    for (const candidate of candidates) {
        const saved = await readStateFile(candidate).catch(() => undefined);
        if (saved?.project === project && saved.stack === stack) {
            const { outputs } = await openStateFile(saved, sealer);
            const secretOutputNames = Object.keys(outputs).filter((key) => containsSecret(outputs[key] ?? null));
            return {
                outputs: {
                    ...outputs,
                    ...Object.fromEntries(secretOutputNames.map((key) => [key, reveal(outputs[key] ?? null)])),
                },
                secretOutputNames,
            };
        }
    }
    throw new Error(
        `unknown stack ${JSON.stringify(name)}: no rehearsed state of project ${JSON.stringify(project)}, stack ${JSON.stringify(stack)} below ${stacksDir}; rehearse that stack first, or give its folder with --stacks`,
    );
}

async function subfolders(folder: string): Promise<string[]> {
    const entries = await fs.readdir(folder, { withFileTypes: true }).catch(() => []);
    return entries
        .filter((entry) => entry.isDirectory() && entry.name !== "node_modules")
        .map((entry) => path.join(folder, entry.name));
}
