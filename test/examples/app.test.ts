import * as fs from "node:fs";
import * as path from "node:path";
import type { Farm } from "../../dev/local/farm";
import { type KeyPair, createCa, issueClient } from "../../dev/local/pki";
import { rehearse } from "../../dev/rehearsal/run";
import { plantPki, valid } from "../support/faultPki";
import { Project, RegistryView, Secret, fromProbe, temporaryFolder, testFarm, writeContext } from "../support/project";
import { operations } from "../rehearsal/trial";
import { installExamples } from "./installed";

// The package is compiled first, and a machine may be busy.
jest.setTimeout(900_000);

const base = temporaryFolder("app");
const lines: string[] = [];
let farm: Farm;
let infra: Project;
let pki: Awaited<ReturnType<typeof plantPki>>;

beforeAll(async () => {
    await installExamples(base, ["app"]);
    pki = await plantPki(base, ["amd64", "386", "arm64"]);
    farm = await testFarm(base);
    infra = new Project(farm, base, "infra");
    // The example's own image is made from one of Docker Hub.
    writeContext(path.join(base, "app/web"), fromProbe);
});

afterAll(async () => {
    await farm?.stop();
    fs.rmSync(base, { recursive: true, force: true });
});

/** The infra team's update, with another client certificate if one is given: no image of its own. */
async function updateInfra(client?: KeyPair) {
    const { ca } = farm.credentials;
    const credentials = client && { ca, cert: client.cert, key: new Secret(client.key) };
    const prepared = await infra.prepare(undefined, credentials && { credentials });
    const stateFile = path.join(base, "prod.json");
    const options = { projectDir: infra.dir, stack: "prod", log: (line: string) => void lines.push(line) };
    return rehearse({ command: "up", ...options, ...prepared, stateFile });
}

/** The application team's update, on a machine that has never seen the farm. */
async function updateApp(machine: string, version: string) {
    const { registry } = farm;
    const auth = Buffer.from(`${registry.username}:${registry.password}`).toString("base64");
    const configFile = path.join(base, "app/Pulumi.dev.yaml");
    const config = { infra: "organization/multiarch-builder/prod", repositoryUrl: `${registry.address}/web`, version };
    fs.writeFileSync(configFile, JSON.stringify({ config }));
    return rehearse({
        command: "up",
        projectDir: path.join(base, "app"),
        stack: "dev",
        configFile,
        stateFile: path.join(base, "app.json"),
        stacksDir: base,
        env: {
            PULUMI_CONFIG_PASSPHRASE: "correct horse",
            DOCKER_CONFIG: path.join(base, machine),
            DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [registry.address]: { auth } } }),
            MULTIARCH_BUILDER_READY_SECONDS: "5",
        },
        log: (line) => lines.push(line),
    });
}

const kinds = (result: Awaited<ReturnType<typeof updateApp>>) =>
    [...new Set(operations(result).map((line) => line.split(": ")[1]))].sort();

test("an application's stack builds on the farm of another stack", async () => {
    expect((await updateInfra()).errors).toEqual([]);
    const result = await updateApp("first", "1.0.0");
    expect(result.errors).toEqual([]);
    const registry = new RegistryView(farm);
    expect(await registry.platforms("web", "1.0.0")).toEqual({ "linux/amd64": "amd64", "linux/arm64": "arm64" });
    expect(result.outputs.image).toBe(`${farm.registry.address}/web:1.0.0@${await registry.tagDigest("web", "1.0.0")}`);
});

test("the farm's key is in neither the application's state nor what was printed", () => {
    const key = farm.credentials.key.split("\n")[1]!;
    expect(key.length).toBeGreaterThan(40);
    expect(fs.readFileSync(path.join(base, "app.json"), "utf8")).not.toContain(key);
    expect(lines.join("\n")).not.toContain(key);
});

test("a farm that got a new certificate rebuilds nothing, and the next build uses it", async () => {
    const changed = await updateInfra(await issueClient(pki.clientCa, valid));
    expect(changed.errors).toEqual([]);
    const unchanged = await updateApp("second", "1.0.0");
    expect(unchanged.errors).toEqual([]);
    expect(kinds(unchanged)).toEqual(["read", "same"]);
    const next = await updateApp("third", "1.0.1");
    expect(next.errors).toEqual([]);
    const registry = new RegistryView(farm);
    expect(await registry.tagDigest("web", "1.0.1")).toBe(await registry.tagDigest("web", "1.0.0"));
});

test("credentials that the farm does not take are one error, and no tag is made", async () => {
    const changed = await updateInfra(await issueClient(await createCa("stranger", valid), valid));
    expect(changed.errors).toEqual([]);
    fs.appendFileSync(path.join(base, "app/web/Dockerfile"), 'ENV CHANGED="yes"\n');
    const result = await updateApp("fourth", "1.0.2");
    expect(result.exitCode).toBe(1);
    expect(result.errors.join("\n")).toContain("mutual TLS");
    expect((await new RegistryView(farm).get("web/manifests/1.0.2")).status).toBe(404);
});
