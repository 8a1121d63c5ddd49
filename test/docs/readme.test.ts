import * as fs from "node:fs";
import * as path from "node:path";
import { stringify } from "yaml";
import { sampleContext } from "../../dev/local/sample";
import { createSealer } from "../../dev/rehearsal/passphrase";
import { rehearse } from "../../dev/rehearsal/run";
import { root, temporaryFolder } from "../support/project";

const readme = fs.readFileSync(path.join(root, "README.md"), "utf8");
const base = temporaryFolder("readme");

afterAll(() => fs.rmSync(base, { recursive: true, force: true }));

/** The `pulumi config set` lines of a section, as [key, value]. */
function settings(heading: string): [key: string, value: string][] {
    const section = readme.split(`## ${heading}\n`)[1]!.split("\n## ")[0]!;
    return [...section.matchAll(/^pulumi config set (?:--path )?'?([\w:.[\]]+)'? (\S+)$/gm)].map(([, key, value]) => [
        key!,
        value!,
    ]);
}

/** Sets `a.b[0]` in a configuration, as `pulumi config set --path` does. */
function set(config: Record<string, unknown>, key: string, value: string): void {
    const steps = key.split(/[.[\]]+/).filter((step) => step !== "");
    const last = steps.pop()!;
    const place = steps.reduce<Record<string, unknown>>((at, step, i) => {
        at[step] ??= /^\d+$/.test(steps[i + 1] ?? last) ? [] : {};
        return at[step] as Record<string, unknown>;
    }, config);
    place[last] = value;
}

test("the commands of `AWS in five minutes` make a farm and an image", async () => {
    const config: Record<string, unknown> = {};
    const lines = settings("AWS in five minutes");
    expect(lines.length).toBeGreaterThan(5);
    // The reader's own folder.
    lines.forEach(([key, value]) => set(config, key, key === "image.context" ? sampleContext : value));
    const named = Object.entries(config).map(([key, value]) => [
        key.includes(":") ? key : `multiarch-builder:${key}`,
        value,
    ]);
    const { encryptionSalt } = await createSealer("readme");
    const configFile = path.join(base, "Pulumi.prod.yaml");
    fs.writeFileSync(
        configFile,
        stringify({ encryptionsalt: encryptionSalt, config: Object.fromEntries(named) as object }),
    );
    const result = await rehearse({
        command: "preview",
        projectDir: root,
        stack: "prod",
        configFile,
        stateFile: path.join(base, "state.json"),
        env: { PULUMI_CONFIG_PASSPHRASE: "readme", DOCKER_CONFIG: path.join(base, "docker") },
        log: () => undefined,
    });
    expect(result.errors).toEqual([]);
    const made = result.resources.map(({ type }) => type.split(":").at(-1)!);
    expect(made.filter((type) => type === "Instance")).toHaveLength(2);
    expect(made.filter((type) => type === "Repository")).toHaveLength(2);
    expect(made).toContain("MultiArchImage");
}, 120_000);

test("every page of docs/ is linked, and questions come in the order of a newcomer", () => {
    const pages = fs.readdirSync(path.join(root, "docs")).filter((file) => file.endsWith(".md"));
    expect(pages.filter((page) => !readme.includes(`(docs/${page}`))).toEqual([]);
    expect([...readme.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)).toEqual([
        "What it is, and for whom",
        "Try it: one command",
        "Test it: one command",
        "AWS in five minutes",
        "Use it",
        "Reference",
        "Read on",
        "What is proved, and how",
    ]);
});
