import { readAsset } from "../node/assets";
import { type CiFile, scriptsFolder } from "./facts";

/** The files of that folder; all but the libraries (`*.sh`) are programs. */
const ciScriptNames = [
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
