import * as fs from "node:fs";
import * as path from "node:path";
import { gunzipSync } from "node:zlib";
import { architectureSuffix } from "../../components/platform";
import { type Farm, startFarm } from "../../dev/local/farm";
import { expectFault, stackOn } from "../support/faults";
import { nodeView } from "../support/nodes";
import { Project, RegistryView, temporaryFolder } from "../support/project";
import { basicAuth } from "../../dev/local/registry";

// Each node builds what one machine of a farm would: its own family, and the others by declaration.
const nodes = [
    { name: "x86", platforms: ["linux/amd64", "linux/386"] },
    { name: "arm", platforms: ["linux/arm64", "linux/arm/v7", "linux/arm/v6"] },
    { name: "ibm", platforms: ["linux/ppc64le", "linux/s390x"] },
];
const platforms = nodes.flatMap((node) => node.platforms);
const native = ["linux/amd64", "linux/386"];

let base: string;
let farm: Farm;
let registry: RegistryView;

beforeAll(async () => {
    base = temporaryFolder("platforms");
    farm = await startFarm({ dir: path.join(base, "farm"), nodes });
    registry = new RegistryView(farm);
}, 120_000);

afterAll(async () => {
    await farm?.stop();
    fs.rmSync(base, { recursive: true, force: true });
}, 60_000);

/** A context with one file per platform, which is all that its image holds. */
function writePlatformFiles(dir: string): void {
    fs.mkdirSync(dir, { recursive: true });
    const dockerfile =
        "FROM scratch\nARG TARGETARCH TARGETVARIANT\nCOPY file-${TARGETARCH}${TARGETVARIANT} /platform\n";
    fs.writeFileSync(path.join(dir, "Dockerfile"), dockerfile);
    for (const platform of platforms) {
        const [, architecture, variant = ""] = platform.split("/");
        fs.writeFileSync(path.join(dir, `file-${architecture}${variant}`), content(platform));
    }
}

function content(platform: string): string {
    return `for ${platform} alone`;
}

interface Config {
    os: string;
    architecture: string;
    variant?: string;
}

interface Stored {
    /** As the index says. */
    index: string;
    /** As the image's own configuration says. */
    config: string;
    /** What its one layer holds of the platforms' files. */
    holds: string[];
}

async function readBack(repository: string, tag: string): Promise<Stored[]> {
    const index = (await registry.get(`${repository}/manifests/${tag}`)).body as {
        manifests: { digest: string; platform: Config }[];
    };
    return Promise.all(
        index.manifests.map(async ({ digest, platform }) => {
            const manifest = (await registry.get(`${repository}/manifests/${digest}`)).body as {
                config: { digest: string };
                layers: { digest: string }[];
            };
            const config = (await registry.get(`${repository}/blobs/${manifest.config.digest}`)).body as Config;
            const layers = await Promise.all(manifest.layers.map((layer) => blob(repository, layer.digest)));
            const text = layers.map((layer) => gunzipSync(layer).toString("latin1")).join();
            const holds = platforms.filter((candidate) => text.includes(`${content(candidate)}\0`));
            return { index: nameOf(platform), config: nameOf(config), holds };
        }),
    );
}

async function blob(repository: string, digest: string): Promise<Buffer> {
    const { address } = farm.registry;
    const authorization = `Basic ${basicAuth(farm.registry)}`;
    const response = await fetch(`http://${address}/v2/${repository}/blobs/${digest}`, { headers: { authorization } });
    expect(response.status).toBe(200);
    return Buffer.from(await response.arrayBuffer());
}

function nameOf({ os, architecture, variant }: Config): string {
    return [os, architecture, variant].filter(Boolean).join("/");
}

test("seven platforms are cross-built on three nodes into one index", async () => {
    const project = new Project(farm, base);
    writePlatformFiles(path.join(project.dir, "ctx"));
    const image = { name: "app", context: "ctx", tags: ["1.0"], platforms };
    const result = await project.run(image);
    expect(result.errors).toEqual([]);

    const stored = await readBack("app", "1.0");
    expect(stored.map(({ index }) => index)).toEqual(platforms);
    expect(stored.map(({ config }) => config)).toEqual(platforms);
    expect(stored.map(({ holds }) => holds)).toEqual(platforms.map((platform) => [platform]));

    // Each node built its own platforms and no other.
    for (const { name, platforms: own } of nodes) {
        const built = nodeView(farm, name).builds();
        expect(built.map(({ platform }) => platform).sort()).toEqual([...own].sort());
    }
    const images = result.outputs.images as Record<string, { emulated: boolean }>;
    expect(platforms.filter((platform) => images[platform]?.emulated)).toEqual(
        platforms.filter((platform) => !native.includes(platform)),
    );
    const caches = platforms.map((platform) => `app-main-linux-${architectureSuffix(platform)}`);
    expect(await registry.tags("cache")).toEqual(caches.sort());

    const again = await project.run(image);
    expect(again.errors).toEqual([]);
    expect(again.resources.filter(({ op }) => op !== "same")).toEqual([]);
}, 120_000);

test("strategy single puts the same seven platforms into one index", async () => {
    const { address } = farm.registry;
    const auth = basicAuth(farm.registry);
    const project = new Project(farm, base, "single", "single");
    project.env.DOCKER_AUTH_CONFIG = JSON.stringify({ auths: { [address]: { auth } } });
    writePlatformFiles(path.join(project.dir, "ctx"));
    const result = await project.run({ name: "one", context: "ctx", tags: ["single"], platforms, strategy: "single" });
    expect(result.errors).toEqual([]);
    const stored = await readBack("app", "single");
    expect(stored.map(({ config }) => config).sort()).toEqual([...platforms].sort());
    expect(stored.map(({ holds }) => holds)).toEqual(stored.map(({ config }) => [config]));
}, 120_000);

test("a platform that no node offers is refused at once, with the way out", async () => {
    const project = stackOn(farm, base, "other");
    writePlatformFiles(path.join(project.dir, "ctx"));
    const fault = await expectFault(project, "app", () =>
        project.run({ name: "app", context: "ctx", tags: ["1.0"], platforms: ["linux/riscv64"] }),
    );
    expect(fault.text).toMatch(/no node for linux\/riscv64; it offers linux\/amd64, linux\/386, .*add a node/);
    // Node takes a minute to print some errors of applies.
    expect(fault.seconds).toBeLessThan(30);
}, 60_000);
