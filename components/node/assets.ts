import fs from "node:fs";
import path from "node:path";

/** The node's scripts, in the order in which they are written. */
export const scriptNames = [
    "lib.sh",
    "packages.sh",
    "disk.sh",
    "install.sh",
    "metadata.sh",
    "fetch-tls.sh",
    "refresh-tls.sh",
    "ready.sh",
    "runc.sh",
    "stop-steps.sh",
    "busy.sh",
    "gate.sh",
    "idle.sh",
    "space.sh",
    "logs.sh",
] as const;

/** Text of a script. */
export function readScript(name: (typeof scriptNames)[number]): string {
    return readAsset("node", name);
}

/** Text of a file of the package. */
export function readAsset(folder: string, name: string): string {
    return fs.readFileSync(path.join(assetsDirectory(), folder, name), "utf8");
}

/** The package's own folder of such files, seen from the sources as well as from the compiled ones. */
function assetsDirectory(): string {
    let directory = __dirname;
    while (!fs.existsSync(path.join(directory, "assets", "node"))) {
        if (path.dirname(directory) === directory) {
            throw new Error("the folder assets/node of the package multiarch-builder is missing: install it anew");
        }
        directory = path.dirname(directory);
    }
    return path.join(directory, "assets");
}
