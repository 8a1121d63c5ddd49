import * as fs from "node:fs";
import * as path from "node:path";
import { ciScripts } from "../../../components/ci/scripts";
import { ciFiles } from "../../../components/ci/systems";
import { type Ended, runCommand } from "../../support/commands";
import { root, temporaryFolder } from "../../support/project";
import { awsFacts, plainFacts } from "./facts";

let dir: string;

beforeEach(() => {
    dir = temporaryFolder("ci-cli");
});

afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));

const outputs = { builder: awsFacts().builder, ci: { ...awsFacts(), systems: {} }, ref: "x" };

function ci(args: string[], input: unknown = outputs): Promise<Ended> {
    const command = ["--import", require.resolve("tsx"), path.join(root, "cli/main.ts"), "ci", ...args];
    return runCommand(process.execPath, command, { env: process.env, input: JSON.stringify(input) });
}

test("prints every file of a system with its name", async () => {
    const { status, stdout, stderr } = await ci(["github"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const wanted = ciFiles("github", awsFacts()).map(({ path: name, content }) => `# ${name}\n${content}`);
    expect(stdout).toBe(wanted.join("\n"));
});

test("reads a file, and a record alone, for another image", async () => {
    const file = path.join(dir, "outputs.json");
    fs.writeFileSync(file, JSON.stringify(plainFacts().builder));
    const { status, stdout } = await ci(["gitlab", "--image", "registry.acme.io/web", file], "");
    expect(status).toBe(0);
    expect(stdout).toContain('IMAGE: "registry.acme.io/web"');
    expect(stdout).toContain("builder-setup --record .multiarch-builder/record");
});

test("writes files and programs, and says so; a second time they are unchanged", async () => {
    const names = [...ciFiles("tekton", awsFacts()), ...ciScripts()].map((file) => file.path);
    const first = await ci(["tekton", "--write", dir]);
    expect(first).toEqual({ status: 0, stdout: names.map((name) => `written   ${name}\n`).join(""), stderr: "" });
    expect(fs.statSync(path.join(dir, ".multiarch-builder/builder-setup")).mode & 0o777).toBe(0o755);
    expect(fs.statSync(path.join(dir, ".multiarch-builder/lib.sh")).mode & 0o111).toBe(0);
    const second = await ci(["tekton", "--write", dir]);
    expect(second.stdout).toBe(names.map((name) => `unchanged ${name}\n`).join(""));
});

test("writes nothing where a file was changed, unless it is told to", async () => {
    const file = path.join(dir, ".circleci/config.yml");
    fs.mkdirSync(path.dirname(file));
    fs.writeFileSync(file, "version: 2.1\n");
    const { status, stderr } = await ci(["circleci", "--write", dir]);
    expect(status).toBe(1);
    expect(stderr).toContain("nothing was written");
    expect(stderr).toContain(".circleci/config.yml");
    expect(fs.readdirSync(dir)).toEqual([".circleci"]);
    expect((await ci(["circleci", "--write", dir, "--force"])).status).toBe(0);
    expect(fs.readFileSync(file, "utf8")).toContain("make cross-build");
});

test.each([
    [[], "give a CI system: github, gitlab, circleci, harness, tekton"],
    [["jenkins"], '(got "jenkins")'],
    [["github", "a", "b"], "one file at most"],
    [["github", "--force"], "--force goes with --write"],
    [["github", "--image", "https://x/y"], "without a scheme"],
])("wrong usage: %j", async (args, message) => {
    const { status, stderr } = await ci(args);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
});

test("a farm without a repository asks for one", async () => {
    const { status, stderr } = await ci(["github"], { ci: { ...plainFacts({ imageRepositoryUrl: undefined }) } });
    expect(status).toBe(2);
    expect(stderr).toContain("give --image");
});

test("a record that is none is told with everything that is wrong with it", async () => {
    const { status, stderr } = await ci(["github"], { ci: { builder: { name: "CI", nodes: [] } } });
    expect(status).toBe(1);
    expect(stderr).toMatch(/`ci\.builder\.name`[^]*`ci\.builder\.nodes`/);
});
