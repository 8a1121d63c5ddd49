import * as pulumi from "@pulumi/pulumi";
import * as fs from "node:fs";
import { createRequire } from "node:module";
import * as path from "node:path";
import { parse } from "yaml";

const folder = path.resolve(__dirname, "../../examples");

/** The examples that make something on AWS, each with the configuration of a stack that it comes with. */
export function examples(): Record<string, () => void> {
    const stacks = fs
        .readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .flatMap(({ name }) => fs.readdirSync(path.join(folder, name)).map((file) => ({ name, file })))
        .filter(({ file }) => /^Pulumi\..+\.yaml$/.test(file));
    return Object.fromEntries(
        stacks.map(({ name, file }) => [`examples/${name}/${file}`, () => run(path.join(folder, name), file)]),
    );
}

/** Runs an example's program in this process, as the components are here: `multiarch-builder` is mapped to them. */
function run(example: string, file: string): void {
    const { config } = parse(fs.readFileSync(path.join(example, file), "utf8")) as { config: Record<string, unknown> };
    const { name } = parse(fs.readFileSync(path.join(example, "Pulumi.yaml"), "utf8")) as { name: string };
    // The recorder's project has a name of its own.
    const values = Object.entries(config).map(([key, value]) => [
        key.replace(`${name}:`, `${pulumi.getProject()}:`),
        typeof value === "string" ? value : JSON.stringify(value),
    ]);
    pulumi.runtime.setAllConfig(Object.fromEntries(values) as Record<string, string>);
    const before = process.cwd();
    process.chdir(example);
    try {
        const load = createRequire(path.join(example, "index.ts"));
        // An example with several stacks runs once for each.
        Object.keys(load.cache)
            .filter((module) => module.startsWith(`${example}/`))
            .forEach((module) => delete load.cache[module]);
        load("./index.ts");
    } finally {
        process.chdir(before);
        pulumi.runtime.setAllConfig({});
    }
}
