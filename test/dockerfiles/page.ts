import * as fs from "node:fs";
import * as path from "node:path";
import { root } from "../support/project";

/** The Dockerfiles of docs/dockerfiles.md by the name in their code block's first line: ```dockerfile name=…. */
export function dockerfiles(): Map<string, string> {
    const page = fs.readFileSync(path.join(root, "docs/dockerfiles.md"), "utf8");
    const blocks = [...page.matchAll(/^```dockerfile(.*)\n([^]*?)^```$/gm)];
    return new Map(
        blocks.map(([, info, text]) => [/^ name=(\S+)$/.exec(info!)?.[1] ?? `without a name: ${info}`, text!]),
    );
}
