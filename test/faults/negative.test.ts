import * as fs from "node:fs";
import * as path from "node:path";
import type { Farm } from "../../dev/local/farm";
import { succeed } from "../support/commands";
import { nodeView } from "../support/nodes";
import { Project, RegistryView, fromProbe, root, temporaryFolder, testFarm, writeContext } from "../support/project";
import { basicAuth } from "../../dev/local/registry";

const platforms = ["linux/amd64", "linux/386"];
const names = ["amd64", "386"];
const dockerfile = `${fromProbe}RUN ["/probe", "arch", "/arch"]\nRUN ["/probe", "write", "/done", "yes"]\n`;
// The steps that can come from the cache; the rest of a build loads the context and exports.
const dockerfileSteps = 3;

let base: string;
let farm: Farm;
let registry: RegistryView;
let project: Project;

beforeAll(async () => {
    base = temporaryFolder("negative");
    farm = await testFarm(base, platforms);
    registry = new RegistryView(farm);
    project = new Project(farm, base);
    writeContext(path.join(project.dir, "ctx"), dockerfile, platforms);
}, 120_000);

afterAll(async () => {
    await farm?.stop();
    fs.rmSync(base, { recursive: true, force: true });
}, 60_000);

/** What a team without this package types: one build on the multi-node builder, one cache ref for all platforms. */
async function plainBuild(): Promise<void> {
    const { address } = farm.registry;
    const auth = basicAuth(farm.registry);
    const cache = `type=registry,ref=${address}/cache:shared`;
    const output = ["--platform", platforms.join(), "--provenance=false", "--push", "--tag", `${address}/plain:1`];
    const caches = ["--cache-from", cache, "--cache-to", `${cache},mode=max,image-manifest=true,oci-mediatypes=true`];
    const all = ["build", "--builder", "multiarch-test", ...output, ...caches, path.join(project.dir, "ctx")];
    const auths = JSON.stringify({ auths: { [address]: { auth } } });
    await succeed(path.join(root, ".tools/bin/buildx"), all, {
        env: { ...process.env, DOCKER_CONFIG: project.dockerConfig, DOCKER_AUTH_CONFIG: auths },
    });
}

/** Wipes both nodes, builds, and returns how many Dockerfile steps each node's build took from the registry's cache. */
async function cachedOnWipedNodes(build: () => Promise<void>): Promise<number[]> {
    names.forEach((name) => nodeView(farm, name).wipe());
    const counts = names.map((name) => nodeView(farm, name).builds().length);
    await build();
    return names.map((name, i) => {
        const [own] = nodeView(farm, name).builds().slice(counts[i]);
        expect(own).toMatchObject({ platform: `linux/${name}`, error: undefined });
        return own!.cachedSteps;
    });
}

test("this package keeps the cache of every platform when all nodes are lost", async () => {
    const image = { name: "app", context: "ctx", tags: ["1.0"], platforms };
    expect((await project.run(image)).errors).toEqual([]);
    const cached = await cachedOnWipedNodes(async () => {
        expect((await project.run({ ...image, rebuild: "wiped" })).errors).toEqual([]);
    });
    expect(cached).toEqual([dockerfileSteps, dockerfileSteps]);
}, 120_000);

test("the control: one shared cache ref keeps the last exporter's platform alone", async () => {
    names.forEach((name) => nodeView(farm, name).wipe());
    await plainBuild();
    expect(await registry.platforms("plain", "1")).toEqual({ "linux/amd64": "amd64", "linux/386": "386" });
    const cached = await cachedOnWipedNodes(plainBuild);
    expect(cached.filter((steps) => steps === dockerfileSteps)).toHaveLength(1);
    expect(cached.filter((steps) => steps === 0)).toHaveLength(1);
}, 120_000);
