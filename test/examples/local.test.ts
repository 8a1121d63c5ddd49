import * as fs from "node:fs";
import * as path from "node:path";
import type { Builder } from "../../components/builder";
import { rehearse } from "../../dev/rehearsal/run";
import { succeed } from "../support/commands";
import { root, temporaryFolder } from "../support/project";
import { operations } from "../rehearsal/trial";
import { installExamples } from "./installed";

// The package is compiled first, and a machine may be busy.
jest.setTimeout(900_000);

const base = temporaryFolder("local");
const folder = path.join(base, "nodes");
const log: string[] = [];

/** What `npm start` and `npm run stop` run. */
function run(script: "start" | "stop", ...args: string[]): Promise<string> {
    const main = ["--require", "tsx/cjs", `dev/local/${script}.ts`, "--dir", folder];
    return succeed(process.execPath, [...main, ...args], { cwd: root, env: process.env, seconds: 600 });
}

afterAll(async () => {
    await run("stop", "--purge");
    fs.rmSync(base, { recursive: true, force: true });
});

async function update() {
    const configFile = path.join(base, "local/Pulumi.dev.yaml");
    fs.writeFileSync(configFile, JSON.stringify({ config: { folder } }));
    return rehearse({
        command: "up",
        projectDir: path.join(base, "local"),
        stack: "dev",
        configFile,
        stateFile: path.join(base, "state.json"),
        env: { PULUMI_CONFIG_PASSPHRASE: "correct horse", DOCKER_CONFIG: path.join(base, "docker") },
        log: (line) => log.push(line),
    });
}

test("a stack of one's own builds on what `npm start` left running", async () => {
    await installExamples(base, ["local"]);
    await run("start", "--engine", "rehearsal", "--nodes", "processes");
    const result = await update();
    expect(result.errors).toEqual([]);
    const { builder } = JSON.parse(fs.readFileSync(path.join(folder, "outputs.json"), "utf8")) as { builder: Builder };
    const registry = builder.cacheRepositoryUrl!.split("/")[0]!;
    const [, digest] = new RegExp(`^${registry}/app:1\\.0\\.0@(sha256:[0-9a-f]{64})$`).exec(
        String(result.outputs.image),
    )!;
    const password = fs.readFileSync(path.join(folder, "registry/password"), "utf8");
    const index = await fetch(`http://${registry}/v2/app/manifests/1.0.0`, {
        headers: {
            authorization: `Basic ${Buffer.from(`local:${password}`).toString("base64")}`,
            accept: "application/vnd.oci.image.index.v1+json",
        },
    });
    expect(index.headers.get("docker-content-digest")).toBe(digest);
    const { manifests } = (await index.json()) as { manifests: { platform: { architecture: string } }[] };
    expect(manifests.map(({ platform }) => platform.architecture).sort()).toEqual(["amd64", "arm64"]);

    const again = await update();
    expect(new Set(operations(again).map((line) => line.split(": ")[1]))).toEqual(new Set(["same"]));
    const key = fs.readFileSync(path.join(folder, "pki/client-key.pem"), "utf8").split("\n")[1]!;
    const kept = fs.readFileSync(path.join(base, "state.json"), "utf8") + log.join("\n");
    expect([password, key].filter((secret) => kept.includes(secret))).toEqual([]);
});
