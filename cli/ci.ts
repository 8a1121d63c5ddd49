import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Builder } from "../components/builder";
import { ciOutputs } from "../components/ci/outputs";
import { ciScripts } from "../components/ci/scripts";
import { type CiFacts, type CiFile, type CiSystem, ciFiles, ciSystems } from "../components/ci/systems";
import { registryHost, repositoryProblem } from "../components/image/names";
import { type Command, UsageError, parseOptions } from "./command";
import { checkRecord, readOutputs } from "./input";

const help = `Prints the configuration that makes a CI system build on the farm, or writes it with the scripts that it calls.

Usage: pulumi stack output --json | npx multiarch-builder ci [options] <${ciSystems.join("|")}> [FILE]

FILE holds the stack's outputs as JSON; "-", the default, is standard input. The output is \`ci\`; without it the output
\`builder\`, or a file with a record alone, gives a configuration whose credentials come from variables of the CI system.

Options:
  --image REPOSITORY  repository of the image, without a tag; default: the farm's image repository, else its first one
  --write DIR         write the files below DIR, the root of a repository; commit them
  --force             with --write: also over files that were changed
  -h, --help          show this text

Exit codes: 0 done, 1 failed, or files were changed and nothing was written, 2 wrong usage.
`;

/** Configuration of CI systems from a stack's outputs. */
export const ci: Command = {
    summary: `print or write the configuration for ${ciSystems.join(", ")}`,
    help,
    async run(argv) {
        const { values, positionals } = parseOptions(argv, {
            image: { type: "string" },
            write: { type: "string" },
            force: { type: "boolean" },
        });
        const [name, file = "-", ...rest] = positionals;
        const system = ciSystems.find((known) => known === name);
        if (system === undefined) {
            throw new UsageError(
                `give a CI system: ${ciSystems.join(", ")}${name ? ` (got ${JSON.stringify(name)})` : ""}`,
            );
        }
        if (rest.length > 0) {
            throw new UsageError("give one file at most");
        }
        if (values.force && values.write === undefined) {
            throw new UsageError("--force goes with --write");
        }
        const files = render(system, withImage(await readFacts(file), values.image));
        if (values.write === undefined) {
            process.stdout.write(files.map((each) => (files.length > 1 ? titled(each) : each.content)).join("\n"));
        } else {
            write(values.write, [...files, ...ciScripts()], values.force ?? false);
        }
    },
};

async function readFacts(file: string): Promise<CiFacts> {
    const outputs = await readOutputs(file);
    const given = outputs.ci as CiFacts | undefined;
    if (given) {
        checkRecord(given.builder, "ci.builder", file);
        return given;
    }
    const builder = (outputs.builder ?? outputs) as Builder;
    checkRecord(builder, "builder", file);
    // Parameters in a record alone are of no use without roles, so credentials come from variables.
    return ciOutputs({ ...builder, credentialsParameters: undefined }, {}, undefined, {});
}

function withImage(facts: CiFacts, image: string | undefined): CiFacts {
    const problem = image === undefined ? undefined : repositoryProblem(image);
    if (problem) {
        throw new UsageError(`--image ${JSON.stringify(image)}: ${problem}`);
    }
    return image === undefined ? facts : { ...facts, imageRepositoryUrl: image, registryHost: registryHost(image) };
}

function render(system: CiSystem, facts: CiFacts): CiFile[] {
    const files = ciFiles(system, facts);
    if (files.length === 0) {
        throw new UsageError(
            "the farm has no repository for images: give --image, for example registry.acme.io/shop/api",
        );
    }
    return files;
}

function titled({ path, content }: CiFile): string {
    return `# ${path}\n${content}`;
}

/** Writes all files or none. */
function write(dir: string, files: CiFile[], force: boolean): void {
    const current = (path: string) => (existsSync(join(dir, path)) ? readFileSync(join(dir, path), "utf8") : undefined);
    const changed = files.filter(({ path, content }) => ![undefined, content].includes(current(path)));
    if (changed.length > 0 && !force) {
        const list = changed.map(({ path }) => `\n  ${path}`).join("");
        throw new Error(
            `nothing was written, these files in ${dir} differ from what would be (--force replaces them):${list}`,
        );
    }
    for (const { path, content } of files) {
        const unchanged = current(path) === content;
        mkdirSync(dirname(join(dir, path)), { recursive: true });
        writeFileSync(join(dir, path), content, { mode: content.startsWith("#!") ? 0o755 : 0o644 });
        process.stdout.write(`${unchanged ? "unchanged" : "written  "} ${path}\n`);
    }
}
