import * as fs from "node:fs";
import * as path from "node:path";
import { findProgram } from "../../dev/tools/requirements";
import { fromProbe, root, temporaryFolder, writeContext } from "../support/project";
import { type Infra, missing, startInfra } from "./infra";
import { basicAuth } from "../../dev/local/registry";

// The component package installs itself, and each language its own SDK of it.
jest.setTimeout(1_800_000);

const languages = { go: ["go"], yaml: [], python: ["python3"] };

/** Why a language's example cannot run here. */
function lacking(language: string, programs: string[]): string | undefined {
    const host = `pulumi-language-${language}`;
    const absent = [host, ...programs].find((program) => !findProgram(program, []));
    return missing ?? (absent && `examples in ${language} under the CLI: no \`${absent}\` in PATH`);
}

const runnable = Object.entries(languages).filter(([language, programs]) => {
    const reason = lacking(language, programs);
    if (reason) {
        process.stderr.write(`skipped: ${reason}\n`);
    }
    return !reason;
});

(runnable.length === 0 ? describe.skip : describe)("examples in other languages, under the Pulumi CLI", () => {
    let base: string;
    let infra: Infra;

    beforeAll(async () => {
        base = temporaryFolder("languages");
        infra = await startInfra(base);
        const { cli, farm, project } = infra;
        await project.prepare(undefined);
        await cli.succeed(project.dir, "up", "--yes", "--skip-preview", "--stack", "prod");
        const { address } = farm.registry;
        const auth = basicAuth(farm.registry);
        // The examples leave the login to the host.
        fs.writeFileSync(
            path.join(project.dockerConfig, "config.json"),
            JSON.stringify({ auths: { [address]: { auth } } }),
        );
    });

    afterAll(async () => {
        await infra?.farm.stop();
        fs.rmSync(base, { recursive: true, force: true });
    });

    test.each(runnable.map(([language]) => language))("%s", async (language) => {
        const { cli, farm, registry } = infra;
        const app = path.join(base, `app-${language}`);
        fs.cpSync(path.join(root, `examples/app-${language}`), app, { recursive: true });
        const project = path.join(app, "Pulumi.yaml");
        const plugin = path.join(root, "plugin");
        fs.writeFileSync(project, fs.readFileSync(project, "utf8").replace("../../plugin", plugin));
        writeContext(path.join(app, "web"), fromProbe);
        await cli.succeed(app, "stack", "init", "dev");
        const settings = {
            infra: "organization/multiarch-builder/prod",
            repositoryUrl: `${farm.registry.address}/${language}`,
            version: "1.0.0",
        };
        for (const [key, value] of Object.entries(settings)) {
            await cli.succeed(app, "config", "set", key, value, "--stack", "dev");
        }
        await cli.succeed(app, "install");
        await cli.succeed(app, "up", "--yes", "--skip-preview", "--stack", "dev");
        const built = await registry.platforms(language, "1.0.0");
        expect(built).toEqual({ "linux/amd64": "amd64", "linux/arm64": "arm64" });
        const digest = await registry.tagDigest(language, "1.0.0");
        expect(await cli.outputs(app, "dev")).toEqual({
            image: `${farm.registry.address}/${language}:1.0.0@${digest}`,
        });
        await cli.succeed(app, "up", "--yes", "--expect-no-changes", "--stack", "dev");
        const state = fs.readFileSync(path.join(base, `pulumi-state/.pulumi/stacks/web-${language}/dev.json`), "utf8");
        expect(state).not.toContain(farm.credentials.key.split("\n")[1]);
    });
});
