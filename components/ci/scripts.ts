import { readAsset } from "../node/assets";
import type { CiFile } from "./facts";

/** The folder of a user's repository that holds the scripts. */
export const scriptsFolder = ".multiarch-builder";

/** The files of that folder; all but the libraries (`*.sh`) are programs. */
export const ciScriptNames = [
    "lib.sh",
    "image.sh",
    "builder-setup",
    "builder-build",
    "builder-verify",
    "builder-spread",
    "builder-tags",
] as const;

/** The programs that CI jobs run, as files for a user's repository. Whoever writes them makes them executable. */
export function ciScripts(): CiFile[] {
    return ciScriptNames.map((name) => ({ path: `${scriptsFolder}/${name}`, content: readAsset("ci", name) }));
}
