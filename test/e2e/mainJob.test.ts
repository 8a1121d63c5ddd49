import * as fs from "node:fs";
import * as path from "node:path";
import type { Farm } from "../../dev/local/farm";
import { nodeView } from "../support/nodes";
import { Project, RegistryView, fromProbe, temporaryFolder, testFarm, writeContext } from "../support/project";
import { basicAuth } from "../../dev/local/registry";

const dockerfile = `${fromProbe}COPY VERSION /
RUN ["/probe", "arch", "/arch"]
`;
// What of a build is cached or run anew; the rest of its steps load the context and export.
const dockerfileSteps = 3;
const platforms = ["linux/amd64", "linux/386"];

let base: string;
let farm: Farm;
let registry: RegistryView;

beforeAll(async () => {
    base = temporaryFolder("main");
    farm = await testFarm(base);
    registry = new RegistryView(farm);
}, 120_000);

afterAll(async () => {
    await farm?.stop();
    fs.rmSync(base, { recursive: true, force: true });
}, 60_000);

function project(name: string, version: string, text = dockerfile): Project {
    const made = new Project(farm, base, name, name.replace(/-.*/, ""));
    writeContext(path.join(made.dir, "ctx"), text, undefined, { VERSION: version });
    return made;
}

function builtOn(node: string, marker: string): string[] {
    return nodeView(farm, node)
        .builds()
        .filter((build) => build.platform.startsWith(marker))
        .map((build) => build.platform);
}

describe("the main job on two native nodes", () => {
    const image = { name: "app", context: "ctx", tags: ["1.0"], platforms };

    test("a preview builds nothing, contacts no node and registers nothing", async () => {
        const checkout = project("preview", "1");
        const config = { endpoints: [{ platforms: ["linux/amd64"], endpoint: "tcp://127.0.0.1:1" }] };
        const preview = await checkout.run({ ...image, platforms: ["linux/amd64"] }, { command: "preview", config });
        expect(preview.errors).toEqual([]);
        expect(preview.exitCode).toBe(0);
        expect(preview.resources.map((resource) => resource.op)).not.toContain("same");
        expect(fs.existsSync(path.join(checkout.dockerConfig, "buildx"))).toBe(false);
    });

    test("builds each platform on its own node and joins them under the tag", async () => {
        const checkout = project("main", "1");
        const result = await checkout.run({ ...image, smokeTest: [["/probe", "require", "/VERSION", "1"]] });
        expect(result.errors).toEqual([]);
        expect(await registry.platforms("app", "1.0")).toEqual({ "linux/amd64": "amd64", "linux/386": "386" });
        expect(result.outputs.ref).toBe(`${farm.registry.address}/app:1.0@${await registry.tagDigest("app", "1.0")}`);
        // The image and its smoke test, on the platform's own node and on no other.
        expect(builtOn("amd64", "linux/")).toEqual(["linux/amd64", "linux/amd64"]);
        expect(builtOn("386", "linux/")).toEqual(["linux/386", "linux/386"]);
        expect(builtOn("arm64", "linux/")).toEqual([]);
        expect(await registry.tags("app")).toEqual(["1.0"]);
        expect(await registry.tags("cache")).toEqual(["app-main-linux-386", "app-main-linux-amd64"]);
    }, 120_000);

    test("changes nothing in a second run, and none from another checkout with an empty Docker configuration", async () => {
        for (const name of ["main", "main-second"]) {
            const checkout = project(name, "1");
            const before = nodeView(farm, "amd64").builds().length;
            const result = await checkout.run({ ...image, smokeTest: [["/probe", "require", "/VERSION", "1"]] });
            expect(result.errors).toEqual([]);
            expect([...new Set(result.resources.map((resource) => resource.op))]).toEqual(["same"]);
            expect(nodeView(farm, "amd64").builds().length).toBe(before);
            expect(result.outputs.digest).toBe(await registry.tagDigest("app", "1.0"));
        }
    }, 120_000);

    test("registers on a machine that has never built when its turn to build comes", async () => {
        const checkout = project("main-second", "2");
        expect(fs.existsSync(path.join(checkout.dockerConfig, "buildx/instances"))).toBe(false);
        const before = await registry.tagDigest("app", "1.0");
        const result = await checkout.run({ ...image, smokeTest: [["/probe", "require", "/VERSION", "2"]] });
        expect(result.errors).toEqual([]);
        expect(await registry.tagDigest("app", "1.0")).not.toBe(before);
        expect(fs.readdirSync(path.join(checkout.dockerConfig, "buildx/instances")).sort()).toEqual([
            "multiarch-main",
            "multiarch-main-386",
            "multiarch-main-amd64",
        ]);
    }, 120_000);

    test("takes every step of every platform from the registry's cache on wiped nodes", async () => {
        const checkout = project("main", "2");
        ["amd64", "386"].forEach((node) => nodeView(farm, node).wipe());
        const result = await checkout.run({
            ...image,
            smokeTest: [["/probe", "require", "/VERSION", "2"]],
            rebuild: "wiped",
        });
        expect(result.errors).toEqual([]);
        for (const node of ["amd64", "386"]) {
            const build = nodeView(farm, node).builds().at(-1);
            expect(build).toMatchObject({ error: undefined, cachedSteps: dockerfileSteps });
        }
    }, 120_000);

    test("leaves every tag where it was when a smoke test fails, and goes on with the next run", async () => {
        const checkout = project("main", "3");
        const before = await registry.tagDigest("app", "1.0");
        const wrong = await checkout.run({ ...image, smokeTest: [["/probe", "fail-on", "386"]], tags: ["1.0", "new"] });
        expect(wrong.exitCode).toBe(1);
        expect(wrong.errors.join("\n")).toMatch(/app-smoke-386[^]*probe: fails on 386/);
        expect(await registry.tagDigest("app", "1.0")).toBe(before);
        expect(await registry.tags("app")).toEqual(["1.0"]);
        const right = await checkout.run({
            ...image,
            smokeTest: [["/probe", "arch", "/tmp-arch"]],
            tags: ["1.0", "new"],
        });
        expect(right.errors).toEqual([]);
        expect(await registry.tagDigest("app", "new")).toBe(await registry.tagDigest("app", "1.0"));
        expect(await registry.tagDigest("app", "1.0")).not.toBe(before);
    }, 120_000);

    test("only moves a tag when only the tag is new", async () => {
        const checkout = project("main", "3");
        const before = nodeView(farm, "amd64").builds().length;
        const result = await checkout.run({
            ...image,
            smokeTest: [["/probe", "arch", "/tmp-arch"]],
            tags: ["2.0", "new"],
        });
        expect(result.errors).toEqual([]);
        expect(nodeView(farm, "amd64").builds().length).toBe(before);
        // What was pushed stays: deleting an index would delete the manifest that the new tag points to.
        expect(await registry.tags("app")).toEqual(["1.0", "2.0", "new"]);
        expect(await registry.tagDigest("app", "2.0")).toBe(await registry.tagDigest("app", "1.0"));
    }, 120_000);

    test("keeps every manifest when the stack is destroyed", async () => {
        const checkout = project("main", "3");
        const result = await checkout.run(undefined, { command: "destroy" });
        expect(result.errors).toEqual([]);
        expect(await registry.platforms("app", "2.0")).toEqual({ "linux/amd64": "amd64", "linux/386": "386" });
    }, 60_000);
});

describe("strategy single", () => {
    const image = { name: "one", context: "ctx", tags: ["1.0", "latest"], platforms, strategy: "single" };

    function login(): string {
        const { address } = farm.registry;
        const auth = basicAuth(farm.registry);
        return JSON.stringify({ auths: { [address]: { auth } } });
    }

    test("is one build on the multi-node builder, with the host's login, and a cache per platform", async () => {
        const checkout = project("single", "1");
        checkout.env.DOCKER_AUTH_CONFIG = login();
        const counts = ["amd64", "386"].map((node) => nodeView(farm, node).builds().length);
        const result = await checkout.run(image);
        expect(result.errors).toEqual([]);
        expect(await registry.platforms("app", "latest")).toEqual({ "linux/amd64": "amd64", "linux/386": "386" });
        expect(await registry.tagDigest("app", "latest")).toBe(result.outputs.digest);
        expect(await registry.tags("cache")).toEqual(
            expect.arrayContaining(["one-main-linux-386", "one-main-linux-amd64"]),
        );
        // One share of the image and one build that only writes the cache, on each node.
        ["amd64", "386"].forEach((node, i) => {
            expect(
                nodeView(farm, node)
                    .builds()
                    .slice(counts[i])
                    .map((build) => build.platform),
            ).toEqual([`linux/${node}`, `linux/${node}`]);
        });
        expect((await checkout.run(image)).resources.every((resource) => resource.op === "same")).toBe(true);
    }, 120_000);

    test("fills caches that a wiped node's build takes every step from", async () => {
        const checkout = project("single", "1");
        checkout.env.DOCKER_AUTH_CONFIG = login();
        ["amd64", "386"].forEach((node) => nodeView(farm, node).wipe());
        const counts = ["amd64", "386"].map((node) => nodeView(farm, node).builds().length);
        expect((await checkout.run({ ...image, rebuild: "wiped" })).errors).toEqual([]);
        ["amd64", "386"].forEach((node, i) => {
            const build = nodeView(farm, node).builds()[counts[i]!];
            expect(build).toMatchObject({ error: undefined, cachedSteps: dockerfileSteps });
        });
    }, 120_000);
});
