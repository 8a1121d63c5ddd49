import * as fs from "node:fs";
import * as path from "node:path";
import { containsSecret, reveal, type Properties } from "./properties";
import { openState, readStateFile, type SealerSource } from "./state";

/** What a StackReference reads of another rehearsed stack. Secrecy is per top-level output, as the CLI has it. */
export async function readReferencedStack(
    name: string,
    stacksDir: string,
    ownProject: string,
    sealer: SealerSource,
): Promise<Properties> {
    const [stack = "", project = ownProject] = name.split("/").reverse();
    const isFolder = (entry: fs.Dirent) => entry.isDirectory() && entry.name !== "node_modules";
    const entries = fs.existsSync(stacksDir) ? fs.readdirSync(stacksDir, { withFileTypes: true }) : [];
    const folders = ["", ...entries.filter(isFolder).map((entry) => entry.name)];
    const files = folders.flatMap((folder) => [
        path.join(stacksDir, folder, `${stack}.json`),
        path.join(stacksDir, folder, ".rehearsal", `${stack}.json`),
    ]);
    for (const file of files) {
        const saved = tryToRead(file);
        if (saved?.project === project && saved.stack === stack) {
            const outputs = Object.entries((await openState(saved, sealer)).outputs);
            return {
                name,
                outputs: Object.fromEntries(outputs.map(([key, value]) => [key, reveal(value)])),
                secretOutputNames: outputs.filter(([, value]) => containsSecret(value)).map(([key]) => key),
            };
        }
    }
    throw new Error(
        `unknown stack ${JSON.stringify(name)}: no rehearsed state of project ${JSON.stringify(project)}, stack ${JSON.stringify(stack)} below ${stacksDir}; rehearse that stack first, or give its folder with --stacks`,
    );
}

/** A file of that name may be anything. */
function tryToRead(file: string) {
    try {
        return readStateFile(file);
    } catch {
        return undefined;
    }
}
