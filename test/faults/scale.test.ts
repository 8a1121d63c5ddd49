import * as fs from "node:fs";
import * as path from "node:path";
import { stringify } from "yaml";
import type { Farm } from "../../dev/local/farm";
import { createSealer } from "../../dev/rehearsal/passphrase";
import { type RehearseResult, rehearse } from "../../dev/rehearsal/run";
import { storeProblems } from "../support/faults";
import { nodeView } from "../support/nodes";
import { RegistryView, fromProbe, temporaryFolder, testFarm, writeContext } from "../support/project";

const platforms = ["linux/amd64", "linux/386"];
const count = 10;
const passphrase = "correct horse";
const entries = ["crowd", "crowd-386", "crowd-amd64"];

let base: string;
let farm: Farm;
let registry: RegistryView;
const log: string[] = [];

beforeAll(async () => {
    base = temporaryFolder("scale");
    farm = await testFarm(base, platforms);
    registry = new RegistryView(farm);
    const files = Object.fromEntries(Array.from({ length: count }, (_, i) => [`file-${i}`, `image ${i}`]));
    writeContext(path.join(base, "ctx"), `${fromProbe}ARG FILE\nCOPY $FILE /name\n`, platforms, files);
}, 120_000);

afterAll(async () => {
    await farm?.stop();
    fs.rmSync(base, { recursive: true, force: true });
}, 60_000);

/** Runs the program with ten images on a machine of its own. */
async function up(machine: string): Promise<RehearseResult> {
    const configFile = path.join(base, "Pulumi.crowd.yaml");
    const sealer = await createSealer(passphrase);
    const { address, username, password } = farm.registry;
    const settings = {
        endpoints: farm.nodes.map(({ platforms, endpoint, serverName }) => ({ platforms, endpoint, serverName })),
        credentials: { ...farm.credentials, key: { secure: sealer.seal(farm.credentials.key) } },
        registry: address,
        username,
        password: { secure: sealer.seal(password) },
        context: path.join(base, "ctx"),
    };
    const config = { "ten-images:farm": settings, "ten-images:count": count };
    fs.writeFileSync(configFile, stringify({ encryptionsalt: sealer.encryptionSalt, config }), { mode: 0o600 });
    return rehearse({
        command: "up",
        projectDir: path.join(__dirname, "fixtures/ten"),
        stack: "crowd",
        configFile,
        stateFile: path.join(base, "state.json"),
        env: { DOCKER_CONFIG: path.join(base, machine), PULUMI_CONFIG_PASSPHRASE: passphrase },
        log: (line) => log.push(line),
    });
}

test("ten images are built at once on one farm, each with its own content in its own index", async () => {
    const result = await up("first");
    expect(result.errors).toEqual([]);
    const refs = result.outputs.refs as string[];
    expect(new Set(refs).size).toBe(count);
    for (let i = 0; i < count; i++) {
        expect(await registry.platforms(`image-${i}`, "1")).toEqual({ "linux/amd64": "amd64", "linux/386": "386" });
        expect(refs[i]).toBe(`${farm.registry.address}/image-${i}:1@${await registry.tagDigest(`image-${i}`, "1")}`);
    }
    // Each image and its smoke test, which looks for the image's own content, ran on its platform's node.
    for (const platform of platforms) {
        const built = nodeView(farm, platform.split("/")[1]!).builds();
        expect(built.map((build) => build.platform)).toEqual(Array(2 * count).fill(platform));
        expect(built.filter((build) => build.error)).toEqual([]);
    }
    expect(await registry.tags("cache")).toHaveLength(platforms.length * count);
    const store = path.join(base, "first/buildx");
    expect(storeProblems(store)).toEqual([]);
    expect(fs.readdirSync(path.join(store, "instances")).sort()).toEqual(entries);
    expect(fs.readdirSync(path.join(store, "multiarch-builder"))).toHaveLength(1);
}, 240_000);

test("a second run on a fresh machine changes none of them and builds nothing", async () => {
    const builds = nodeView(farm, "amd64").builds().length;
    const result = await up("second");
    expect(result.errors).toEqual([]);
    expect(result.resources.filter(({ op }) => op !== "same")).toEqual([]);
    expect(nodeView(farm, "amd64").builds().length).toBe(builds);
}, 60_000);

test("a fresh machine registers the builder again when its turn to build comes", async () => {
    fs.writeFileSync(path.join(base, "ctx/another"), "file");
    const result = await up("third");
    expect(result.errors).toEqual([]);
    const images = result.resources.filter(({ name }) => /^image-\d+-(amd64|386)$/.test(name));
    expect(images.map(({ op }) => op)).toEqual(Array(platforms.length * count).fill("update"));
    expect(storeProblems(path.join(base, "third/buildx"))).toEqual([]);
    expect(fs.readdirSync(path.join(base, "third/buildx/instances")).sort()).toEqual(entries);
}, 240_000);

test("no secret got into what the runs printed", () => {
    const text = log.join("\n");
    const key = farm.credentials.key.split("\n")[1]!;
    expect([farm.registry.password, key, passphrase].filter((secret) => text.includes(secret))).toEqual([]);
});
