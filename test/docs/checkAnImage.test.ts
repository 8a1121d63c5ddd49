import * as fs from "node:fs";
import * as path from "node:path";
import type { Builder } from "../../components/builder";
import type { Farm } from "../../dev/local/farm";
import { compileSample, sampleContext } from "../../dev/local/sample";
import { succeed } from "../support/commands";
import { Machine, newestBuildx } from "../support/machine";
import { Project, root, temporaryFolder, testFarm } from "../support/project";
import { listingsOf, withoutAccidents } from "./listings";

const page = fs.readFileSync(path.join(root, "docs/check-an-image.md"), "utf8");
const listings = listingsOf(page);
const platforms = ["linux/amd64", "linux/arm64"];

let base: string;
let farm: Farm;
let machine: Machine;
let outputs: Record<string, unknown>;

// What the page's reader has: the sample's image, the builder registered with buildx, and a login at the registry.
beforeAll(async () => {
    base = temporaryFolder("listings");
    farm = await testFarm(base, platforms);
    await compileSample(root, platforms);
    const repositoryUrl = `${farm.registry.address}/sample`;
    const result = await new Project(farm, base).run({
        name: "sample",
        context: path.join(root, sampleContext),
        repositoryUrl,
        tags: ["latest"],
        smokeTest: [["/hello", "--version"]],
        smokeTestPlatforms: ["linux/amd64"],
    });
    expect(result.errors).toEqual([]);
    outputs = result.outputs;
    machine = new Machine(farm, path.join(base, "machine"));
    machine.logIn();
    const used = await machine.cli(["use"], JSON.stringify({ ...outputs, builderCredentials: farm.credentials }));
    expect(used.status).toBe(0);
}, 240_000);

afterAll(async () => {
    await farm?.stop();
    fs.rmSync(base, { recursive: true, force: true });
}, 60_000);

/** The page's text with this test's registry and builder in the place of those of the local default. */
function here(text: string): string {
    const { name } = outputs.builder as Builder;
    return text.replaceAll("127.0.0.1:20252", farm.registry.address).replaceAll("multiarch-local", name);
}

test("the page has listings", () => {
    expect(listings.length).toBeGreaterThan(5);
});

test.each(listings)(
    "prints what the page says: $command",
    async ({ command, output }) => {
        const docker = `docker() { shift; "${newestBuildx}" "$@"; }\n`;
        const printed = await succeed("sh", ["-c", docker + here(command)], { cwd: root, env: machine.env });
        // A build without a listing has its progress on standard error.
        expect(withoutAccidents(printed)).toBe(withoutAccidents(here(output)));
    },
    60_000,
);

test("a build by hand of the same files has the very images of the stack, from the nodes' caches", async () => {
    const images = Object.values(outputs.images as Record<string, { digest: string }>).map(({ digest }) => digest);
    const byHand = await machine.type("buildx", ["imagetools", "inspect", `${farm.registry.address}/sample:by-hand`]);
    expect(images).toHaveLength(2);
    expect(images.filter((digest) => !byHand.includes(`:by-hand@${digest}`))).toEqual([]);
});

test("the output `images` has the shape that the page shows", () => {
    const [, shown] = /^```json\n([^]*?)^```$/m.exec(page)!;
    const shape = (images: unknown) => JSON.parse(withoutAccidents(JSON.stringify(images))) as unknown;
    const images = JSON.parse(here(shown!)) as Record<string, { emulated: boolean; node: string }>;
    // On a machine of another CPU the other platform is the emulated one.
    const own = outputs.images as typeof images;
    platforms.forEach((platform) => (images[platform]!.emulated = own[platform]!.emulated));
    expect(shape(own)).toEqual(shape(images));
});
