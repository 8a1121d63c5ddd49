import * as fs from "node:fs";
import * as path from "node:path";
import type { Farm } from "../../dev/local/farm";
import { endFarm } from "../support/farmFaults";
import { expectFault, stackOn, writeSource } from "../support/faults";
import { nodeView } from "../support/nodes";
import { type Project, RegistryView, temporaryFolder, testFarm } from "../support/project";
import { RegistryProxy } from "../support/registryFaults";

const platforms = ["linux/amd64", "linux/386"];
const image = { name: "app", context: "ctx", tags: ["1.0"], platforms };
const works = ["/probe", "arch", "/arch"];
const limitSeconds = 15;

jest.setTimeout(240_000);

let base: string;
let farm: Farm | undefined;
let registry: RegistryView;
let project: Project;

beforeAll(async () => {
    base = temporaryFolder("fault-hang");
    farm = await testFarm(base, platforms);
    registry = new RegistryView(farm);
    project = stackOn(farm, base);
    setLimit(project);
    writeSource(project, platforms, "first", works);
    expect((await project.run(image)).errors).toEqual([]);
}, 180_000);

afterAll(() => endFarm(farm, base), 60_000);

/** The checkout's program, with a limit of its own for builds and indexes. */
function setLimit({ dir }: Project): void {
    const file = path.join(dir, "index.ts");
    const limits = `{ create: "${limitSeconds}s", update: "${limitSeconds}s" }`;
    const call = "farm.buildImage(settings.image.name, settings.image.args";
    const program = fs.readFileSync(file, "utf8");
    expect(program).toContain(`${call})`);
    fs.writeFileSync(file, program.replace(`${call})`, `${call}, { customTimeouts: ${limits} })`));
}

/** Runs with a registry that takes the requests of a kind and never answers them; then the next run has to pass. */
async function expectHang(hangs: (method: string, url: string) => boolean) {
    let proxy: RegistryProxy | undefined;
    const run = async () => {
        proxy = await RegistryProxy.inFrontOf(farm!, (method, url) => ({ hang: hangs(method, url) }));
        return project.run(image);
    };
    const mend = async () => {
        await proxy?.close();
        await testFarm(base, platforms);
    };
    const fault = await expectFault(project, "app", run, mend);
    const before = await registry.tagDigest("app", "1.0");
    expect((await project.run(image)).errors).toEqual([]);
    expect(await registry.tagDigest("app", "1.0")).not.toBe(before);
    return fault;
}

function builds(): number {
    return farm!.nodes.reduce((sum, { name }) => sum + nodeView(farm!, name).builds().length, 0);
}

test("a registry that never answers is named before anything is built", async () => {
    writeSource(project, platforms, "silent", works);
    const before = builds();
    let built = 0;
    const fault = await expectHang(() => {
        built = builds() - before;
        return true;
    });
    const { address } = farm!.registry;
    expect(fault.errors).toContainEqual(
        expect.stringMatching(
            `the registry ${address} does not answer: GET http://${address}/v2/ had no answer in 5 s`,
        ),
    );
    expect(fault.errors.filter((error) => !error.includes("does not answer"))).toEqual([]);
    expect(built).toBe(0);
    expect(fault.seconds).toBeLessThan(60);
});

test.each([
    ["a push", (method: string, url: string) => /^(POST|PUT|PATCH)$/.test(method) && url.includes("/app/blobs/")],
    ["a cache export", (method: string, url: string) => method === "PUT" && url.includes("/cache/manifests/")],
    ["a tag", (method: string, url: string) => method === "PUT" && url.includes("/app/manifests/1.0")],
    ["a read", (method: string, url: string) => method === "GET" && url.includes("/app/manifests/")],
])("%s that is never answered ends with the time limit", async (what, hangs) => {
    writeSource(project, platforms, what, works);
    const fault = await expectHang(hangs);
    expect(fault.text).toContain("app was not done within its time limit (`customTimeouts`)");
    expect(fault.seconds).toBeGreaterThan(limitSeconds);
    expect(fault.seconds).toBeLessThan(limitSeconds + 60);
});
