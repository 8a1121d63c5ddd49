import * as fs from "node:fs";
import * as path from "node:path";
import type { Farm } from "../../dev/local/farm";
import { nodeView } from "../support/nodes";
import { Project, RegistryView, fromProbe, temporaryFolder, testFarm, writeContext } from "../support/project";

const dockerfile = `${fromProbe}COPY VERSION /\n`;
const platforms = ["linux/amd64", "linux/386"];
let base: string;
let farm: Farm;
let registry: RegistryView;

beforeAll(async () => {
    base = temporaryFolder("tags");
    farm = await testFarm(base, platforms);
    registry = new RegistryView(farm);
}, 120_000);

afterAll(async () => {
    await farm?.stop();
    fs.rmSync(base, { recursive: true, force: true });
}, 60_000);

test("a tag that exists and may not move is refused before anything is built; a new or a moving one is built", async () => {
    const checkout = new Project(farm, base);
    const write = (version: string) =>
        writeContext(path.join(checkout.dir, "ctx"), dockerfile, platforms, { VERSION: version });
    const image = { name: "app", context: "ctx", platforms, tags: ["1.0", "latest"], movingTags: ["latest"] };
    write("1");
    expect((await checkout.run(image)).errors).toEqual([]);
    const digest = await registry.tagDigest("app", "1.0");
    // Nothing changed: nothing is looked up.
    expect((await checkout.run(image)).errors).toEqual([]);
    const builds = nodeView(farm, "amd64").builds().length;
    write("2");
    const refused = await checkout.run(image);
    expect(refused.exitCode).toBe(1);
    expect(refused.errors.join()).toContain(`/app has the tag already: 1.0 (${digest}). Nothing was built.`);
    expect(refused.errors.join()).toContain("`movingTags`");
    expect(nodeView(farm, "amd64").builds().length).toBe(builds);
    expect(await registry.tagDigest("app", "latest")).toBe(digest);
    expect((await checkout.run({ ...image, tags: ["1.1", "latest"] })).errors).toEqual([]);
    expect(await registry.tagDigest("app", "1.0")).toBe(digest);
    expect(await registry.tagDigest("app", "latest")).toBe(await registry.tagDigest("app", "1.1"));
}, 180_000);
