// Run by registryTls.test.ts in a network namespace where the registry's name resolves.
import * as fs from "node:fs";
import * as path from "node:path";
import { type Farm, startFarm } from "../../dev/local/farm";
import { type LocalRegistry, basicAuth } from "../../dev/local/registry";
import { expectFault } from "../support/faults";
import { nodeView } from "../support/nodes";
import { until } from "../support/processes";
import { Project, RegistryView, fromProbe, writeContext } from "../support/project";

const base = process.env.TLS_REGISTRY_DIR ?? "";
const platforms = ["linux/amd64", "linux/386"];
const dockerfile = `${fromProbe}COPY VERSION /
RUN ["/probe", "arch", "/arch"]
`;
const image = { name: "app", context: "ctx", tags: ["1.0", "latest"], platforms };

let registry: LocalRegistry;
let farm: Farm;
let view: RegistryView;

/** Starts the nodes, or starts them anew when what they trust is different. */
async function startNodes(trusted: boolean): Promise<Farm> {
    const nodes = platforms.map((platform) => ({ name: platform.split("/")[1]!, platforms: [platform] }));
    const trustedRegistries = trusted ? [{ host: registry.address, caFile: registry.caFile }] : [];
    const started = await startFarm({ dir: path.join(base, "farm"), nodes, registry: false, trustedRegistries });
    const { dir, nodes: running, credentials, fresh, canRun } = started;
    return { dir, nodes: running, credentials, fresh, registry, canRun, stop: () => started.stop() };
}

beforeAll(async () => {
    registry = JSON.parse(fs.readFileSync(path.join(base, "settings.json"), "utf8")) as LocalRegistry;
    farm = await startNodes(true);
    view = new RegistryView(farm);
    await until("the registry answers", async () => (await view.get("").catch(() => ({ status: 0 }))).status === 200);
}, 120_000);

afterAll(async () => {
    await farm?.stop();
}, 60_000);

/** The checkout; buildx's client side trusts the registry by SSL_CERT_FILE, as the provider does. */
function project(version: string, trusted = true, name = "shop"): Project {
    const checkout = new Project(farm, path.join(base, "stacks"), name, name);
    checkout.env.SSL_CERT_FILE = trusted ? registry.caFile : path.join(farm.dir, "pki/server-ca.pem");
    writeContext(path.join(checkout.dir, "ctx"), dockerfile, platforms, { VERSION: version });
    return checkout;
}

function smokeTest(version: string): { smokeTest: string[][] } {
    return { smokeTest: [["/probe", "require", "/VERSION", version]] };
}

/** What the run says of a failure in its own words. */
function adviceOf(errors: string[]): string[] {
    return errors.filter((error) => /does not trust|do not trust/.test(error));
}

function lastBuilds(counts: number[]) {
    return farm.nodes.map(({ name }, i) => nodeView(farm, name).builds().slice(counts[i]));
}

function buildCounts(): number[] {
    return farm.nodes.map(({ name }) => nodeView(farm, name).builds().length);
}

test("the registry takes no plain HTTP, and its name resolves to no loopback address", async () => {
    const { lookup } = await import("node:dns/promises");
    expect((await lookup(registry.address)).address).toBe("10.231.77.1");
    await expect(fetch(`http://${registry.address}/v2/`)).rejects.toThrow();
    const overTls = await fetch(`http://${registry.address}:443/v2/`);
    expect([overTls.status, await overTls.text()]).toEqual([400, expect.stringMatching(/HTTP request to an HTTPS/)]);
});

test("push, index, cache and smoke tests of every platform", async () => {
    const result = await project("1").run({ ...image, ...smokeTest("1") });
    expect(result.errors).toEqual([]);
    expect(await view.platforms("app", "1.0")).toEqual({ "linux/amd64": "amd64", "linux/386": "386" });
    expect(result.outputs.ref).toBe(`${registry.address}/app:1.0@${await view.tagDigest("app", "latest")}`);
    expect(await view.tags("app")).toEqual(["1.0", "latest"]);
    expect(await view.tags("cache")).toEqual(["app-main-linux-386", "app-main-linux-amd64"]);
    // The image and its smoke test, which pulls it again, on each node.
    expect(lastBuilds([0, 0]).map((builds) => builds.map(({ platform, error }) => error ?? platform))).toEqual(
        platforms.map((platform) => [platform, platform]),
    );
    const again = await project("1").run({ ...image, ...smokeTest("1") });
    expect([...new Set(again.resources.map(({ op }) => op))]).toEqual(["same"]);
}, 120_000);

test("wiped nodes take every step from the cache in the registry", async () => {
    farm.nodes.forEach(({ name }) => nodeView(farm, name).wipe());
    const counts = buildCounts();
    const result = await project("1").run({ ...image, ...smokeTest("1"), rebuild: "wiped" });
    expect(result.errors).toEqual([]);
    for (const builds of lastBuilds(counts)) {
        expect(builds[0]).toMatchObject({ error: undefined, cachedSteps: 3 });
    }
}, 120_000);

test("strategy single pushes with the host's login", async () => {
    const checkout = project("1", true, "single");
    const auth = basicAuth(registry);
    checkout.env.DOCKER_AUTH_CONFIG = JSON.stringify({ auths: { [registry.address]: { auth } } });
    const result = await checkout.run({ ...image, name: "one", tags: ["single"], strategy: "single" });
    expect(result.errors).toEqual([]);
    expect(await view.platforms("app", "single")).toEqual({ "linux/amd64": "amd64", "linux/386": "386" });
    expect(await view.tags("cache")).toEqual(expect.arrayContaining(["one-main-linux-386", "one-main-linux-amd64"]));
}, 120_000);

test("a client that does not trust the registry's CA moves no tag, and the next run is not blocked", async () => {
    const wrong = project("2", false);
    const fault = await expectFault(wrong, "app", () => wrong.run({ ...image, ...smokeTest("2") }));
    expect(adviceOf(fault.errors)).toEqual([
        expect.stringMatching(
            /this machine does not trust the CA of the registry registry\.shop\.internal.*SSL_CERT_FILE/,
        ),
    ]);
    expect(fault.text).toMatch(/app-tag-0[^]*certificate signed by unknown authority/);
    expect(fault.seconds).toBeLessThan(60);
    const before = await view.tagDigest("app", "1.0");
    const mended = await project("2").run({ ...image, ...smokeTest("2") });
    expect(mended.errors).toEqual([]);
    expect(await view.tagDigest("app", "1.0")).not.toBe(before);
    expect(await view.tagDigest("app", "latest")).toBe(await view.tagDigest("app", "1.0"));
}, 180_000);

test("nodes that do not trust the registry's CA fail by name, and work once they do", async () => {
    farm = await startNodes(false);
    const checkout = project("3");
    const fault = await expectFault(checkout, "app", () => checkout.run({ ...image, ...smokeTest("3") }));
    expect(adviceOf(fault.errors)).toEqual([
        expect.stringMatching(/nodes do not trust the CA of the registry registry\.shop\.internal.*buildkitd\.toml/),
    ]);
    expect(fault.text).toMatch(/app-(amd64|386)[^]*registry\.shop\.internal[^]*unknown authority/);
    expect(fault.seconds).toBeLessThan(60);
    farm = await startNodes(true);
    const mended = await project("3").run({ ...image, ...smokeTest("3") });
    expect(mended.errors).toEqual([]);
    expect(await view.platforms("app", "1.0")).toEqual({ "linux/amd64": "amd64", "linux/386": "386" });
}, 180_000);
