import * as fs from "node:fs";
import * as path from "node:path";
import { succeed } from "../support/commands";
import { root, temporaryFolder } from "../support/project";

/** Packages of the dependencies that a module loads, in a process of its own. */
async function loaded(module: string): Promise<string[]> {
    const script = `require(${JSON.stringify(path.join(root, module))});
const names = Object.keys(require.cache).map((file) => /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(file)?.[1]);
console.log(JSON.stringify([...new Set(names)]));`;
    const text = await succeed(process.execPath, ["--require", "tsx/cjs", "-e", script], {
        cwd: root,
        env: process.env,
    });
    return JSON.parse(text) as string[];
}

test("a farm of endpoints loads neither Kubernetes' SDK nor AWS's clients, which take longer than all the rest", async () => {
    const names = await loaded("components/multiArchBuilder.ts");
    expect(names).toContain("@pulumi/docker-build");
    expect(names.filter((name) => /^@aws-sdk|^@pulumi\/kubernetes$/.test(name))).toEqual([]);
});

test("the backend on EKS loads Kubernetes' SDK", async () => {
    expect(await loaded("components/farm/eks.ts")).toContain("@pulumi/kubernetes");
});

describe("what the SDK packs functions with", () => {
    const dir = temporaryFolder("packages");
    const write = (file: string, content: object) => {
        fs.mkdirSync(path.dirname(path.join(dir, file)), { recursive: true });
        fs.writeFileSync(path.join(dir, file), JSON.stringify(content));
    };
    afterAll(() => fs.rmSync(dir, { recursive: true }));

    it("is loaded by a program that packs one, and by no other", async () => {
        write("package.json", { name: "program", version: "1.0.0", dependencies: { needed: "1.0.0" } });
        write("node_modules/needed/package.json", { name: "needed", version: "1.0.0" });
        const script = `require(${JSON.stringify(path.join(root, "dev/rehearsal/deferred.cjs"))})(require);
const { runtime } = require("@pulumi/pulumi");
const loaded = () => Object.keys(require.cache).filter((file) => file.includes("node_modules/pacote/")).length > 0;
const before = loaded();
process.chdir(${JSON.stringify(dir)});
runtime.computeCodePaths({}).then((paths) => console.log(JSON.stringify([before, [...paths.keys()], loaded()])));`;
        const text = await succeed(process.execPath, ["-e", script], { cwd: root, env: process.env });
        expect(JSON.parse(text)).toEqual([false, ["node_modules/needed"], true]);
    });
});
