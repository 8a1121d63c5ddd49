import * as fs from "node:fs";
import * as path from "node:path";
import { type CiSystem, ciFiles } from "../../../components/ci/systems";
import { ensureActionlint } from "../../../dev/tools/actionlint";
import { pythonEnvironment } from "../../../dev/tools/python";
import { findProgram } from "../../../dev/tools/requirements";
import { type Ended, runCommand } from "../../support/commands";
import { temporaryFolder } from "../../support/project";
import { everyFacts } from "./facts";

// The first run of a checkout builds one program and installs another.
jest.setTimeout(600_000);

let dir: string;

beforeAll(() => {
    dir = temporaryFolder("ci-schemas");
});

afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));

/** The rendered files of a system for every farm, written; those whose names end so. */
function written(system: CiSystem, end: string): string[] {
    return Object.values(everyFacts).flatMap((facts, i) =>
        ciFiles(system, facts)
            .filter((file) => file.path.endsWith(end))
            .map((file) => write(path.join(String(i), file.path), file.content)),
    );
}

function write(name: string, content: string): string {
    const file = path.join(dir, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, content);
    return file;
}

async function actionlint(files: string[]): Promise<Ended> {
    const program = await ensureActionlint(() => undefined);
    const shellcheck = findProgram("shellcheck") ?? "";
    return runCommand(program, ["-no-color", `-shellcheck=${shellcheck}`, ...files], { env: process.env });
}

async function schema(name: string, files: string[], options: string[] = []): Promise<Ended> {
    const program = path.join(await pythonEnvironment("check-jsonschema", () => undefined), "check-jsonschema");
    const args = [`--builtin-schema=vendor.${name}`, ...options, ...files];
    return runCommand(program, args, { env: process.env, seconds: 300 });
}

test("GitHub: actionlint finds nothing in the workflows and in their scripts", async () => {
    expect(await actionlint(written("github", ".yml"))).toEqual({ status: 0, stdout: "", stderr: "" });
});

test("actionlint finds what is wrong", async () => {
    const [file] = written("github", "image.yml");
    const wrong = fs.readFileSync(file!, "utf8").replace("id-token: write", "id-token: always");
    const { status, stdout } = await actionlint([write("wrong/.github/workflows/image.yml", wrong)]);
    expect(status).toBe(1);
    expect(stdout).toContain("always");
});

test("GitLab: the schema of GitLab takes the jobs", async () => {
    const result = await schema("gitlab-ci", written("gitlab", ".yml"), ["--data-transform=gitlab-ci"]);
    expect(result.stdout).toContain("ok");
    expect(result.status).toBe(0);
});

test("CircleCI: the schema of CircleCI takes the configuration", async () => {
    const result = await schema("circle-ci", written("circleci", ".yml"));
    expect(result.stdout).toContain("ok");
    expect(result.status).toBe(0);
});

test("a job that is named as a keyword of GitLab is not taken", async () => {
    const [file] = written("gitlab", ".yml");
    const wrong = write("wrong.yml", fs.readFileSync(file!, "utf8").replace(/^container-image:/m, "image:"));
    expect((await schema("gitlab-ci", [wrong], ["--data-transform=gitlab-ci"])).status).toBe(1);
});
