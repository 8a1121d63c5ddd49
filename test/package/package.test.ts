import * as fs from "node:fs";
import * as path from "node:path";
import { rehearse } from "../../dev/rehearsal/run";
import { runCommand, succeed } from "../support/commands";
import { makeCredentials } from "../support/credentials";
import { root, temporaryFolder } from "../support/project";

// npm fetches the dependencies.
jest.setTimeout(600_000);

const base = temporaryFolder("package");
const project = path.join(base, "project");
let packed: { filename: string; files: { path: string }[]; size: number };

const npm = (cwd: string, ...args: string[]) => succeed("npm", args, { cwd, env: process.env, seconds: 400 });

beforeAll(async () => {
    // `npm ci` has compiled it.
    const pack = ["pack", "--json", "--ignore-scripts", "--pack-destination", base];
    [packed] = JSON.parse(await npm(root, ...pack)) as [typeof packed];
    fs.mkdirSync(project);
    fs.writeFileSync(path.join(project, "package.json"), JSON.stringify({ name: "consumer", private: true }));
    await npm(project, "install", "--no-audit", "--no-fund", "--prefer-offline", path.join(base, packed.filename));
});

afterAll(() => fs.rmSync(base, { recursive: true, force: true }));

test("the package holds the compiled library with types and source maps, and what nodes and jobs run", () => {
    const files = packed.files.map((file) => file.path);
    const folders = [...new Set(files.map((file) => file.split("/").slice(0, 2).join("/")))].sort();
    expect(folders).toEqual([
        "LICENSE",
        "README.md",
        "assets/ci",
        "assets/eks",
        "assets/empty-context",
        "assets/node",
        "dist/cli",
        "dist/components",
        "package.json",
    ]);
    for (const ending of [".js", ".d.ts", ".js.map"]) {
        expect(files).toContain(`dist/components/multiArchBuilder${ending}`);
    }
    expect(files.filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))).toEqual([]);
    expect(packed.size).toBeLessThan(1_000_000);
});

test("it depends on nothing that only its development needs", () => {
    const installed = (name: string) => fs.existsSync(path.join(project, "node_modules", name));
    expect(["@pulumi/pulumi", "@pulumi/docker-build"].map(installed)).toEqual([true, true]);
    expect(["jest", "eslint", "tsx", "yaml", "bcryptjs", "@peculiar/x509"].filter(installed)).toEqual([]);
});

test.each([
    ["a CommonJS module", "consumer.cjs", 'const { MultiArchBuilder, BuildStrategy } = require("multiarch-builder");'],
    ["an ES module", "consumer.mjs", 'import { MultiArchBuilder, BuildStrategy } from "multiarch-builder";'],
])("%s has its names", async (_, file, line) => {
    fs.writeFileSync(path.join(project, file), `${line}\nconsole.log(MultiArchBuilder.name, BuildStrategy.Single);\n`);
    const printed = await succeed(process.execPath, [file], { cwd: project, env: process.env });
    expect(printed).toBe("MultiArchBuilder single\n");
});

test("nothing else of it can be imported", async () => {
    const deep = 'require("multiarch-builder/dist/components/platform")';
    const { status, stderr } = await runCommand(process.execPath, ["-e", deep], { cwd: project, env: process.env });
    expect(status).toBe(1);
    expect(stderr).toContain("ERR_PACKAGE_PATH_NOT_EXPORTED");
});

test.each(["node16", "bundler"])("TypeScript finds its types with moduleResolution %s", async (moduleResolution) => {
    const module = moduleResolution === "node16" ? "node16" : "esnext";
    const compilerOptions = { module, moduleResolution, target: "ES2022", strict: true, skipLibCheck: true, types: [] };
    const text = `import { MultiArchBuilder, type MultiArchBuilderArgs } from "multiarch-builder";
export const make = (args: MultiArchBuilderArgs) => new MultiArchBuilder("ci", args).buildImage("api", { tags: ["1"] }).ref;
// @ts-expect-error -- an argument that does not exist
export const wrong: MultiArchBuilderArgs = { nodes: [] };
`;
    fs.writeFileSync(path.join(project, "consumer.ts"), text);
    const config = path.join(project, "tsconfig.json");
    fs.writeFileSync(
        config,
        JSON.stringify({ compilerOptions: { ...compilerOptions, noEmit: true }, files: ["consumer.ts"] }),
    );
    const tsc = path.join(root, "node_modules/typescript/bin/tsc");
    const { status, stdout } = await runCommand(process.execPath, [tsc, "-p", config], {
        cwd: project,
        env: process.env,
        seconds: 300,
    });
    fs.rmSync(config);
    expect([status, stdout]).toEqual([0, ""]);
});

test("a program runs with it", async () => {
    const files = {
        "Pulumi.yaml": "name: consumer\nruntime: nodejs\nmain: index.js\n",
        "index.js": `const { MultiArchBuilder } = require("multiarch-builder");
const farm = new MultiArchBuilder("ci", {
    endpoints: [{ platforms: ["linux/amd64"], endpoint: "tcp://127.0.0.1:1", serverName: "amd64" }],
    credentials: ${JSON.stringify(await makeCredentials())},
    registry: { imageRepositoryUrl: "registry.test/app", cacheRepositoryUrl: "registry.test/cache" },
});
exports.image = farm.buildImage("api", { context: ".", tags: ["1.0"] }).ref;
exports.builder = farm.builder;
`,
        "Pulumi.dev.yaml": "config: {}\n",
        Dockerfile: "FROM scratch\n",
    };
    Object.entries(files).forEach(([name, text]) => fs.writeFileSync(path.join(project, name), text));
    const lines: string[] = [];
    const preview = await rehearse({
        command: "preview",
        projectDir: project,
        stack: "dev",
        configFile: path.join(project, "Pulumi.dev.yaml"),
        stateFile: path.join(base, "state.json"),
        env: { PULUMI_CONFIG_PASSPHRASE: "x" },
        log: (line) => lines.push(line),
    });
    expect(preview.errors).toEqual([]);
    expect(preview.resources.map(({ name }) => name)).toEqual(
        expect.arrayContaining(["ci", "api", "api-amd64", "api-tag-0"]),
    );
});

test("its command runs", async () => {
    const command = path.join(project, "node_modules/.bin/multiarch-builder");
    expect(await succeed(command, ["--help"], { cwd: project, env: process.env })).toContain("npx multiarch-builder");
});
