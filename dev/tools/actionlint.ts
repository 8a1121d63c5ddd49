import { join, resolve } from "node:path";
import { ensureTool } from "./build";

const folder = resolve(__dirname, "../../.tools/actionlint");

/** The linter of GitHub's workflows, built from its pinned module unless it is there; returns its path. */
export function ensureActionlint(log: (line: string) => void): Promise<string> {
    const module = "github.com/rhysd/actionlint";
    const directory = join(__dirname, "actionlint");
    return ensureTool({ name: "actionlint", package: `${module}/cmd/actionlint`, module, directory }, folder, log);
}
