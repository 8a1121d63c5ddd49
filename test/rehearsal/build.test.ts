import * as fs from "node:fs";
import * as path from "node:path";
import { makeContext, startBackend, type Backend } from "./backend";
import { operations, projectDir, Trial } from "./trial";

jest.setTimeout(120_000);

describe("docker-build by the real buildx, with a real BuildKit and a registry that wants a password", () => {
    let backend: Backend;
    let trial: Trial;
    let context: string;
    let emptyContext: string;
    const run = (command: "preview" | "up" | "destroy", settings: object = {}, more: object = {}) =>
        trial.run(command, {
            scenario: "images",
            builder: backend.builder,
            repository: backend.repository,
            settings: { context, emptyContext, username: backend.username, password: backend.password, ...settings },
            ...more,
        });

    beforeAll(async () => {
        backend = await startBackend();
        trial = new Trial("images", backend.env);
        context = makeContext(backend.folder);
        emptyContext = fs.mkdtempSync(path.join(backend.folder, "empty-"));
    });
    afterAll(async () => {
        await backend?.stop();
        trial?.remove();
    });

    it("contacts no node in a preview", async () => {
        const result = await run("preview", {}, { builder: "there-is-no-such-builder" });
        expect(result.errors).toEqual([]);
        expect(operations(result)).toEqual(["app: create", "smoke: create", "tag: create"]);
        expect(await backend.tags()).toEqual([]);
    });

    it("names a builder that is not in the store, and asks the error hook how often to try", async () => {
        const result = await run("up", {}, { scenario: "retry" });
        expect(result.exitCode).toBe(1);
        expect(result.errors.join()).toContain('no builder "there-is-no-such-builder" found');
        expect(trial.journal()).toEqual(["again create 1", "again create 2", "again create 3"]);
        expect(result.resources.map(({ name }) => name)).not.toContain("dependent");
    });

    it("builds by digest with credentials in memory alone, runs the smoke test, then tags", async () => {
        const result = await run("up");
        expect(result.errors).toEqual([]);
        expect(result.outputs.ref).toMatch(new RegExp(`^${backend.repository}:1\\.0@sha256:[0-9a-f]{64}$`));
        expect(result.outputs.imageRef).toBe("");
        expect((await backend.tags()).sort()).toEqual(["1.0", "cache"]);
        expect(await backend.manifestExists(String(result.outputs.digest))).toBe(true);
        expect(trial.journal()).toEqual(["image-before app docker-build:index:Image"]);
        expect(fs.existsSync(path.join(backend.folder, "docker"))).toBe(false);
        const texts = JSON.stringify([trial.lines, result, trial.state()]);
        expect(texts).not.toMatch(/registry-password|build-arg-secret|image-build-secret/);
        expect(fs.readdirSync(backend.env.TMPDIR ?? "").filter((name) => name.startsWith("rehearsal-build-"))).toEqual(
            [],
        );
    });

    it("says same for the same files, whatever the registry password", async () => {
        const result = await run("up", { password: "rotated-password" });
        expect(operations(result)).toEqual(["app: same", "smoke: same", "tag: same"]);
    });

    it("replaces the index for a new tag; the old one stays", async () => {
        await run("up", { retain: true });
        const result = await run("up", { retain: true, tag: "1.1" });
        expect(operations(result)).toEqual(["app: same", "smoke: same", "tag: replace"]);
        expect((await backend.tags()).sort()).toEqual(["1.0", "1.1", "cache"]);
    });

    it("updates for changed content", async () => {
        fs.writeFileSync(path.join(context, "version"), "2\n");
        const result = await run("up", { retain: true, tag: "1.1" });
        expect(operations(result)).toEqual(["app: update", "smoke: update", "tag: update"]);
        expect(result.resources.find(({ name }) => name === "app")?.changed).toEqual(["contextHash"]);
        expect(trial.journal()).toEqual(["image-before-update app docker-build:index:Image"]);
    });

    it("builds nothing on what is only modelled, and calls no hook", async () => {
        const result = await run("up", { retain: true, tag: "9.9", dependOnModel: true });
        expect(operations(result)).toEqual(["app: not built", "model: create", "smoke: not built", "tag: not built"]);
        expect(trial.lines.join("\n")).toMatch(/Image app +not built: node is modelled \(depends on model\)/);
        expect(result.outputs.ref).toBe("[unknown]");
        expect(trial.journal()).toEqual([]);
        expect(await backend.tags()).not.toContain("9.9");
    });

    it("names the failing step with its output, and moves no tag", async () => {
        const dockerfile = path.join(context, "Dockerfile");
        const good = fs.readFileSync(dockerfile, "utf8");
        fs.writeFileSync(dockerfile, good.replace('"--version"', '"--no-such-flag"'));
        const result = await run("up", { retain: true, tag: "2.0" });
        fs.writeFileSync(dockerfile, good);
        expect(result.exitCode).toBe(1);
        // The platform, the step with what it printed, the line of the Dockerfile, buildx's own words, what to try.
        expect(result.errors.join("\n")).toMatch(
            /\nlinux\/amd64: \[stage-0 2\/2\] RUN --mount=type=secret.*no-such-flag.*\n[\s\S]*--version, -v[\s\S]*\nDockerfile:5\n[\s\S]* 5 \| >>> RUN [\s\S]*exit code: 1\ntry: correct what/,
        );
        expect(await backend.tags()).not.toContain("2.0");
        expect(JSON.stringify(result)).not.toMatch(/build-arg-secret|image-build-secret/);
    });

    it("checks the context before it builds", async () => {
        const result = await run("preview", { context: "./no-such-folder" });
        expect(result.errors.join()).toContain('context.location: "./no-such-folder": not a valid directory or URL');
    });

    it("stops a build when it is interrupted, and leaves no temporary file", async () => {
        const slow = makeContext(backend.folder);
        fs.writeFileSync(
            path.join(slow, "Dockerfile"),
            'FROM scratch\nCOPY app /\nRUN ["/app", "--addr", "tcp://127.0.0.1:9", "--wait", "debug", "workers"]\n',
        );
        const controller = new AbortController();
        const started = Date.now();
        const result = await trial.run(
            "up",
            {
                scenario: "images",
                builder: backend.builder,
                repository: backend.repository,
                settings: { context: slow, emptyContext, username: backend.username, password: backend.password },
            },
            {
                signal: controller.signal,
                log: (line) => {
                    if (line.includes("RUN")) {
                        setTimeout(() => controller.abort(), 300);
                    }
                },
            },
        );
        expect(result.exitCode).toBe(1);
        expect(result.errors.join()).toContain("interrupted");
        expect(Date.now() - started).toBeLessThan(25_000);
        expect(fs.readdirSync(backend.env.TMPDIR ?? "").filter((name) => name.startsWith("rehearsal-build-"))).toEqual(
            [],
        );
        expect(() => JSON.parse(trial.state()) as unknown).not.toThrow();
    });

    it("only forgets when it destroys, and says so", async () => {
        await run("up", { retain: true, tag: "3.0" });
        const destroyed = await run("destroy");
        expect(destroyed.errors).toEqual([]);
        expect(operations(destroyed)).toEqual(["app: delete", "smoke: delete", "tag: delete"]);
        expect(trial.lines.join("\n")).toMatch(/Index tag +delete \(retained\)/);
        expect(trial.lines.join("\n")).toMatch(/Image smoke +delete \(only forgotten: what was pushed stays/);
        expect(await backend.tags()).toEqual(expect.arrayContaining(["3.0", "cache"]));
        expect(fs.readdirSync(projectDir)).not.toContain(".rehearsal");
    });
});
