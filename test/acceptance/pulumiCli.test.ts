import * as fs from "node:fs";
import * as path from "node:path";
import type { Farm } from "../../dev/local/farm";
import { succeed } from "../support/commands";
import { stopNode } from "../support/farmFaults";
import {
    type Project,
    type RegistryView,
    fromProbe,
    root,
    temporaryFolder,
    testFarm,
    writeContext,
} from "../support/project";
import { missing, startInfra } from "./infra";
import type { Cli } from "./pulumi";

if (missing) {
    process.stderr.write(`skipped: ${missing}\n`);
}

// The CLI compiles programs, and a component package first installs itself.
jest.setTimeout(900_000);

const platforms = ["linux/amd64", "linux/386"];
const dockerfile = `${fromProbe}RUN ["/probe", "arch", "/arch"]\n`;

(missing ? describe.skip : describe)("under the Pulumi CLI", () => {
    let base: string;
    let farm: Farm;
    let infra: Project;
    let cli: Cli;
    let registry: RegistryView;

    beforeAll(async () => {
        base = temporaryFolder("cli");
        ({ farm, project: infra, registry, cli } = await startInfra(base));
        writeContext(path.join(infra.dir, "ctx"), dockerfile);
    });

    afterAll(async () => {
        await farm?.stop();
        fs.rmSync(base, { recursive: true, force: true });
    });

    const configure = (image: Record<string, unknown>) =>
        infra.prepare({ name: "app", context: "ctx", platforms, ...image });

    test("the program builds both platforms, and a second update changes nothing", async () => {
        await configure({ tags: ["1.0"], smokeTest: [["/probe", "arch", "/again"]] });
        await cli.succeed(infra.dir, "up", "--yes", "--skip-preview", "--stack", "prod");
        expect(await registry.platforms("app", "1.0")).toEqual({ "linux/amd64": "amd64", "linux/386": "386" });
        const digest = await registry.tagDigest("app", "1.0");
        expect(await cli.outputs(infra.dir, "prod")).toMatchObject({
            ref: `${farm.registry.address}/app:1.0@${digest}`,
            builderCredentials: "[secret]",
        });
        await cli.succeed(infra.dir, "up", "--yes", "--expect-no-changes", "--stack", "prod");
        const preview = await cli.succeed(infra.dir, "preview", "--expect-no-changes", "--stack", "prod");
        expect(preview).not.toContain("warning: Undefined value");
    });

    test("a smoke test that fails fails the update and moves no tag", async () => {
        await configure({ tags: ["1.1"], smokeTest: [["/probe", "require", "/arch", "another"]] });
        const { status, stdout } = await cli.up(infra.dir, "prod");
        expect(status).not.toBe(0);
        expect(stdout).toContain("did not complete successfully");
        expect((await registry.get("app/manifests/1.1")).status).toBe(404);
    });

    test("a node that is down is one error by a hook, with every node that was asked", async () => {
        await stopNode(farm, "386");
        try {
            await configure({ tags: ["1.2"], rebuild: "now" });
            const { status, stdout } = await cli.up(infra.dir, "prod");
            expect(status).not.toBe(0);
            expect(stdout).toContain("1 of 2 nodes asked over mutual TLS cannot be used");
            expect(stdout).toMatch(/connection refused: nothing listens there/);
            expect((await registry.get("app/manifests/1.2")).status).toBe(404);
        } finally {
            farm = await testFarm(base);
        }
        await cli.succeed(infra.dir, "up", "--yes", "--skip-preview", "--stack", "prod");
        expect((await registry.get("app/manifests/1.2")).status).toBe(200);
    });

    test("a program that has the component package's generated SDK builds on the farm of that stack", async () => {
        const app = path.join(base, "generated");
        fs.mkdirSync(app);
        writeContext(path.join(app, "web"), dockerfile);
        const files = {
            "Pulumi.yaml": "name: generated\nruntime: nodejs\n",
            "package.json": JSON.stringify({
                main: "index.ts",
                dependencies: { "@pulumi/pulumi": "^3.270.0" },
                devDependencies: { typescript: "~5.9.3" },
            }),
            "tsconfig.json": JSON.stringify({
                compilerOptions: { module: "nodenext", target: "ES2022", strict: true, skipLibCheck: true },
                files: ["index.ts"],
            }),
            "index.ts": `import * as pulumi from "@pulumi/pulumi";
import { MultiArchImage } from "@multiarch/multiarch-builder";

const infra = new pulumi.StackReference("organization/multiarch-builder/prod");
const web = new MultiArchImage("web", {
    builder: infra.requireOutput("builder"),
    credentials: infra.requireOutput("builderCredentials"),
    registryCredentials: { username: ${JSON.stringify(farm.registry.username)}, password: new pulumi.Config().requireSecret("password") },
    repositoryUrl: ${JSON.stringify(`${farm.registry.address}/web`)},
    context: "./web",
    platforms: ${JSON.stringify(platforms)},
    tags: ["2.0"],
});
export const image = web.ref;
`,
        };
        Object.entries(files).forEach(([name, text]) => fs.writeFileSync(path.join(app, name), text));
        await succeed("npm", ["install", "--silent"], { cwd: app, env: process.env, seconds: 300 });
        await cli.succeed(app, "stack", "init", "dev");
        await cli.succeed(app, "package", "add", path.join(root, "plugin"));
        const password = ["config", "set", "--secret", "password", "--stack", "dev"];
        await cli.succeed(app, ...password, farm.registry.password);
        await cli.succeed(app, "up", "--yes", "--skip-preview", "--stack", "dev");
        expect(await registry.platforms("web", "2.0")).toEqual({ "linux/amd64": "amd64", "linux/386": "386" });
        const state = fs.readFileSync(path.join(base, "pulumi-state/.pulumi/stacks/generated/dev.json"), "utf8");
        expect(state).not.toContain(farm.registry.password);
        expect(state).not.toContain(farm.credentials.key.split("\n")[1]);
        await cli.succeed(app, "up", "--yes", "--expect-no-changes", "--stack", "dev");
    });
});
