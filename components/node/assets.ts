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
    "stop-steps.sh",
    "busy.sh",
    "gate.sh",
    "idle.sh",
    "space.sh",
    "logs.sh",
] as const;

/** Text of a script. */
export function readScript(name: (typeof scriptNames)[number]): string {
    return fs.readFileSync(path.join(scriptsDirectory(), name), "utf8");
}

/** The package's own folder of scripts, seen from the sources as well as from the compiled files. */
function scriptsDirectory(): string {
    let directory = __dirname;
    while (!fs.existsSync(path.join(directory, "assets", "node"))) {
        if (path.dirname(directory) === directory) {
            throw new Error("the folder assets/node of the package multiarch-builder is missing: install it anew");
        }
        directory = path.dirname(directory);
    }
    return path.join(directory, "assets", "node");
}
