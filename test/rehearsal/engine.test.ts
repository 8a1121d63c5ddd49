import * as fs from "node:fs";
import { operations, Trial } from "./trial";

jest.setTimeout(60_000);

describe("a program with modelled resources", () => {
    const trial = new Trial("modelled");
    const scenario = "modelled";
    afterAll(() => trial.remove());

    it("has no effect in a preview, and knows no outputs", async () => {
        const result = await trial.run("preview", { scenario });
        expect(result.errors).toEqual([]);
        expect(result.exitCode).toBe(0);
        expect(operations(result)).toEqual(["app: create", "child: create", "part: create"]);
        expect(result.outputs).toEqual({ url: "[unknown]", token: "[secret]", mixed: { open: 1, closed: "[secret]" } });
        expect(fs.existsSync(trial.stateFile)).toBe(false);
        expect(trial.journal()).toEqual([]);
    });

    it("creates nothing when a before-hook throws", async () => {
        const result = await trial.run("up", { scenario, settings: { throwIn: "before-create" } });
        expect(result.exitCode).toBe(1);
        expect(result.errors.join()).toContain('before hook "before-create" failed: thrown in before-create');
        expect(result.resources.find(({ name }) => name === "app")?.op).toBe("failed");
        expect(trial.state()).not.toContain("Repository::app");
        expect(trial.journal()).not.toContain("after-create app aws:ecr/repository:Repository");
    });

    it("keeps the resource when an after-hook throws, and fails", async () => {
        const other = new Trial("after");
        try {
            const result = await other.run("up", { scenario, settings: { throwIn: "after-create" } });
            expect(result.exitCode).toBe(1);
            expect(result.errors.join()).toContain('after hook "after-create" failed');
            expect(other.state()).toContain("Repository::app");
        } finally {
            other.remove();
        }
    });

    it("runs the hooks of resources and components around their creation", async () => {
        const result = await trial.run("up", { scenario });
        expect(result.errors).toEqual([]);
        const journal = trial.journal();
        expect(journal.filter((line) => line.includes(" app "))).toEqual([
            "before-create app aws:ecr/repository:Repository",
            "after-create app aws:ecr/repository:Repository",
        ]);
        expect(result.outputs.url).toMatch(/amazonaws\.com\/app$/);
        expect(result.resources.find(({ name }) => name === "app")?.modelled).toBe(true);
        expect(trial.lines.join("\n")).toContain("(modelled, not created)");
    });

    it("masks secrets in lines and outputs and seals them in a private state", async () => {
        expect(fs.statSync(trial.stateFile).mode & 0o777).toBe(0o600);
        expect(trial.state()).toContain('"ciphertext": "v1:');
        expect(trial.state()).not.toContain("hunter2");
        const result = await trial.run("up", { scenario });
        expect(trial.lines.join("\n")).toContain("the word is [secret]");
        expect(JSON.stringify([trial.lines, result])).not.toContain("hunter2");
    });

    it("says same the second time, and runs no hook", async () => {
        const result = await trial.run("up", { scenario });
        expect(operations(result)).toEqual(["app: same", "child: same", "part: same"]);
        expect(trial.journal()).toEqual([]);
    });

    it("updates what changed, with its hooks", async () => {
        const result = await trial.run("up", { scenario, settings: { version: "2" } });
        expect(operations(result)).toEqual(["app: update", "child: same", "part: update"]);
        expect(trial.journal()).toEqual(
            expect.arrayContaining([
                "before-update app aws:ecr/repository:Repository",
                "after-update app aws:ecr/repository:Repository",
            ]),
        );
    });

    it("gives its outputs to a StackReference, secrets as secrets", async () => {
        const result = await trial.run(
            "preview",
            { scenario: "reference" },
            { stack: "other", stateFile: `${trial.folder}/other.json` },
        );
        expect(result.errors).toEqual([]);
        expect(result.outputs).toEqual({ url: expect.stringMatching(/\/app$/) as string, token: "[secret]" });
    });

    it("does not open with another passphrase", async () => {
        const result = await trial.run("preview", { scenario }, { env: { PULUMI_CONFIG_PASSPHRASE: "another" } });
        expect(result).toMatchObject({ exitCode: 1, errors: [expect.stringContaining("incorrect passphrase")] });
    });

    it("deletes what the program no longer registers, and the rest by destroy", async () => {
        const changed = await trial.run("up", { scenario: "reference" });
        expect(operations(changed).filter((line) => line.endsWith("delete"))).toEqual([
            "app: delete",
            "child: delete",
            "part: delete",
        ]);
        const destroyed = await trial.run("destroy", { scenario });
        expect(destroyed.exitCode).toBe(0);
        expect(JSON.parse(trial.state())).toMatchObject({ resources: [], outputs: {} });
    });
});

describe("errors of a program", () => {
    const trial = new Trial("errors");
    afterAll(() => trial.remove());

    it.each([
        [
            "duplicate",
            "Duplicate resource URN 'urn:pulumi:errors::rehearsal-fixture::aws:ecr/repository:Repository::twin'",
        ],
        [
            "unknownType",
            'unknown resource type "acme:index/thing:Thing" (urn:pulumi:errors::rehearsal-fixture::acme:index/thing:Thing::odd)',
        ],
        ["crash", "crashed on purpose"],
    ])("%s ends with 1 and its message", async (scenario, message) => {
        const result = await trial.run("preview", { scenario });
        expect(result.exitCode).toBe(1);
        expect(result.errors.join("\n")).toContain(message);
    });

    it("a secret without a passphrase is refused before anything is made", async () => {
        const env = { PULUMI_CONFIG_PASSPHRASE_FILE: "" };
        const outer = process.env.PULUMI_CONFIG_PASSPHRASE;
        delete process.env.PULUMI_CONFIG_PASSPHRASE;
        const result = await trial.run("up", { scenario: "modelled" }, { env });
        process.env.PULUMI_CONFIG_PASSPHRASE = outer;
        expect(result.errors.join()).toContain("passphrase must be set with PULUMI_CONFIG_PASSPHRASE");
        expect(trial.journal()).not.toContain("before-create app aws:ecr/repository:Repository");
    });

    it("an interrupted run ends with 1", async () => {
        const controller = new AbortController();
        controller.abort();
        const result = await trial.run("up", { scenario: "modelled" }, { signal: controller.signal });
        expect(result).toMatchObject({ exitCode: 1, errors: ["interrupted"] });
    });
});
