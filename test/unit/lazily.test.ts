import * as path from "node:path";
import { succeed } from "../support/commands";
import { root } from "../support/project";

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
