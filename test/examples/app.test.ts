import * as fs from "node:fs";
import * as path from "node:path";
import type { Farm } from "../../dev/local/farm";
import { type KeyPair, createCa, issueClient } from "../../dev/local/pki";
import { createSealer } from "../../dev/rehearsal/passphrase";
import { rehearse } from "../../dev/rehearsal/run";
import { plantPki, valid } from "../support/faultPki";
import { Project, RegistryView, Secret, fromProbe, temporaryFolder, testFarm, writeContext } from "../support/project";
import { operations } from "../rehearsal/trial";
import { installExamples } from "./installed";
import { basicAuth } from "../../dev/local/registry";

// The package is compiled first, and a machine may be busy.
jest.setTimeout(900_000);

const base = temporaryFolder("app");
const lines: string[] = [];
let farm: Farm;
let infra: Project;
let pki: Awaited<ReturnType<typeof plantPki>>;

beforeAll(async () => {
    await installExamples(base, ["app", "endpoints", "monorepo"]);
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

/** The infra team's update, with another client certificate or other settings if given: no image of its own. */
async function updateInfra(client?: KeyPair, settings: Record<string, unknown> = {}) {
    const { ca } = farm.credentials;
    const credentials = client && { ca, cert: client.cert, key: new Secret(client.key) };
    const prepared = await infra.prepare(undefined, { ...settings, ...(credentials && { credentials }) });
    const stateFile = path.join(base, "prod.json");
    const options = { projectDir: infra.dir, stack: "prod", log: (line: string) => void lines.push(line) };
    return rehearse({ command: "up", ...options, ...prepared, stateFile });
}

/** An update of an example, on a machine that has never seen the farm. */
async function update(example: string, machine: string, config: Record<string, unknown>) {
    const { registry } = farm;
    const auth = basicAuth(registry);
    const configFile = path.join(base, example, "Pulumi.dev.yaml");
    fs.writeFileSync(configFile, JSON.stringify(config));
    return rehearse({
        command: "up",
        projectDir: path.join(base, example),
        stack: "dev",
        configFile,
        stateFile: path.join(base, `${example}.json`),
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

/** The application team's update. */
function updateApp(machine: string, version: string) {
    const repositoryUrl = `${farm.registry.address}/web`;
    return update("app", machine, { config: { infra: "organization/multiarch-builder/prod", repositoryUrl, version } });
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

test("a farm with another node, at other addresses, changes nothing in the application, which contacts no node", async () => {
    const endpoints = ["amd64", "386", "arm64", "s390x"].map((arch, i) => ({
        platforms: [`linux/${arch}`],
        // Nothing listens there.
        endpoint: `tcp://127.0.0.1:${i + 1}`,
        serverName: `${arch}.test`,
    }));
    expect((await updateInfra(undefined, { endpoints })).errors).toEqual([]);
    const unchanged = await updateApp("fifth", "1.0.1");
    expect(unchanged.errors).toEqual([]);
    expect(kinds(unchanged)).toEqual(["read", "same"]);
    expect((await updateInfra(await issueClient(pki.clientCa, valid))).errors).toEqual([]);
});

test("services of one repository are built from their own folders and what they share", async () => {
    const infraStack = { infra: "organization/multiarch-builder/prod", repositoryUrl: `${farm.registry.address}/shop` };
    const config = (version: string) => ({ config: { ...infraStack, version } });
    const result = await update("monorepo", "monorepo-docker", config("1.0.0"));
    expect(result.errors).toEqual([]);
    const registry = new RegistryView(farm);
    for (const service of ["api", "web"]) {
        const built = await registry.platforms(`shop/${service}`, "1.0.0");
        expect(built).toEqual({ "linux/amd64": "amd64", "linux/arm64": "arm64" });
    }
    fs.writeFileSync(path.join(base, "monorepo/services/web/service.txt"), "another web\n");
    const changed = await update("monorepo", "monorepo-docker", config("1.0.0"));
    expect(changed.errors).toEqual([]);
    expect(operations(changed).filter((line) => line.startsWith("api-") && !line.endsWith(": same"))).toEqual([]);
    expect(operations(changed)).toContain("web-amd64: update");
});

test("daemons that run already become a builder", async () => {
    const { nodes, credentials, registry } = farm;
    const sealer = await createSealer("correct horse");
    const endpoints = nodes
        .filter(({ name }) => name !== "386")
        .map(({ platforms, endpoint, serverName, emulated }) => ({ platforms, endpoint, serverName, emulated }));
    const result = await update("endpoints", "endpoints-docker", {
        encryptionsalt: sealer.encryptionSalt,
        config: {
            endpoints,
            credentials: { ...credentials, key: { secure: sealer.seal(credentials.key) } },
            repositoryUrl: `${registry.address}/app`,
            cacheRepositoryUrl: `${registry.address}/cache`,
        },
    });
    expect(result.errors).toEqual([]);
    expect(result.outputs.builderCredentials).toBe("[secret]");
    const built = await new RegistryView(farm).platforms("app", "1.0.0");
    expect(built).toEqual({ "linux/amd64": "amd64", "linux/arm64": "arm64" });
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
