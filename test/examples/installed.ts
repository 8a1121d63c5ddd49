import * as fs from "node:fs";
import * as path from "node:path";
import { succeed } from "../support/commands";
import { root } from "../support/project";

/** Copies an example to a folder where the package is installed as npm would install it, built from these sources. */
export async function installExamples(folder: string, names: string[]): Promise<void> {
    const modules = path.join(folder, "node_modules");
    const library = path.join(modules, "multiarch-builder");
    fs.mkdirSync(library, { recursive: true });
    for (const entry of fs.readdirSync(path.join(root, "node_modules"))) {
        if (!entry.startsWith("multiarch-builder") && !entry.startsWith(".")) {
            fs.symlinkSync(path.join(root, "node_modules", entry), path.join(modules, entry));
        }
    }
    fs.copyFileSync(path.join(root, "package.json"), path.join(library, "package.json"));
    fs.cpSync(path.join(root, "assets"), path.join(library, "assets"), { recursive: true });
    const tsc = path.join(root, "node_modules/typescript/bin/tsc");
    // Types are checked by `npm run typecheck`.
    const args = ["-p", path.join(root, "tsconfig.build.json"), "--noCheck", "--outDir", path.join(library, "dist")];
    await succeed(process.execPath, [tsc, ...args], { env: process.env, seconds: 900 });
    for (const name of names) {
        fs.cpSync(path.join(root, "examples", name), path.join(folder, name), {
            recursive: true,
            filter: (file) => !/\/(node_modules|\.rehearsal)$/.test(file),
        });
    }
}
