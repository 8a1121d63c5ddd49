import type { Farm } from "../../dev/local/farm";
import { endFarm } from "../support/farmFaults";
import { altered, expectFault, stackOn, writeSource } from "../support/faults";
import { type Project, RegistryView, temporaryFolder, testFarm } from "../support/project";
import { type Interference, RegistryProxy, deleteManifest, stopRegistry } from "../support/registryFaults";

const platforms = ["linux/amd64", "linux/386"];
const image = { name: "app", context: "ctx", tags: ["1.0"], platforms };
const works = ["/probe", "arch", "/arch"];
const denied = { status: 403, body: JSON.stringify({ errors: [{ code: "DENIED", message: "no right to push" }] }) };
const immutable = { status: 403, body: JSON.stringify({ errors: [{ code: "DENIED", message: "tag is immutable" }] }) };

jest.setTimeout(240_000);

let base: string;
let farm: Farm | undefined;
let registry: RegistryView;
let project: Project;

beforeAll(async () => {
    base = temporaryFolder("fault-registry");
    farm = await testFarm(base, platforms);
    registry = new RegistryView(farm);
    project = stackOn(farm, base);
    writeSource(project, platforms, "first", works);
    expect((await project.run(image)).errors).toEqual([]);
}, 180_000);

afterAll(() => endFarm(farm, base), 60_000);

async function restart(): Promise<void> {
    await testFarm(base, platforms);
}

/** Runs with something else in the place of the registry. */
async function behind<T>(
    interfere: (method: string, url: string) => Interference | undefined,
    run: () => Promise<T>,
): Promise<T> {
    const proxy = await RegistryProxy.inFrontOf(farm!, interfere);
    try {
        return await run();
    } finally {
        await proxy.close();
        await restart();
    }
}

async function passes(): Promise<void> {
    const before = await registry.tagDigest("app", "1.0");
    expect((await project.run(image)).errors).toEqual([]);
    expect(await registry.tagDigest("app", "1.0")).not.toBe(before);
}

test("a registry that is down is named, and the next run passes", async () => {
    writeSource(project, platforms, "down", works);
    const run = async () => {
        await stopRegistry(farm!);
        return project.run(image);
    };
    const fault = await expectFault(project, "app", run, restart);
    const advice = fault.errors.filter((error) => error.includes("the registry does not answer. See to it"));
    expect(advice).toEqual([expect.stringContaining(`${farm!.registry.address}/app cannot be written for app`)]);
    expect(fault.seconds).toBeLessThan(120);
    await passes();
});

test("a wrong password is told as a refused login, and is not repeated anywhere", async () => {
    writeSource(project, platforms, "password", works);
    const { address, username, caFile } = farm!.registry;
    const wrong = altered(farm!, { registry: { address, username, caFile, password: "wrong-swordfish" } });
    const stranger = stackOn(wrong, base);
    const fault = await expectFault(project, "app", () => stranger.run(image));
    expect(stranger.log.join("\n")).not.toContain("wrong-swordfish");
    const advice = fault.errors.filter((error) =>
        error.includes("refuses the login. Check the user name and password"),
    );
    expect(advice).toEqual([expect.stringContaining(`${address}/app cannot be written for app`)]);
    await passes();
});

test("a login without the right to push is told so", async () => {
    writeSource(project, platforms, "denied", works);
    const fault = await behind(
        (method) => (/PUT|POST|PATCH/.test(method) ? denied : undefined),
        () => expectFault(project, "app", () => project.run(image)),
    );
    expect(fault.text).toContain(`${farm!.registry.address}/app cannot be written for app: the registry denies it`);
});

test("a tag that may not be moved stays; the images are not built again once it may", async () => {
    const fault = await behind(
        (method, url) => (method === "PUT" && url.endsWith("/manifests/1.0") ? immutable : undefined),
        () => expectFault(project, "app", () => project.run(image)),
    );
    expect(fault.text).toMatch(/app:1\.0 cannot be written for app: the registry denies it.* immutable/);
    const result = await project.run(image);
    expect(result.errors).toEqual([]);
    expect(Object.fromEntries(result.resources.map(({ name, op }) => [name, op]))).toMatchObject({
        "app-amd64": "same",
        "app-386": "same",
        "app-tag-0": "update",
    });
});

test("a slow registry only takes longer", async () => {
    writeSource(project, platforms, "slow", works);
    await behind(() => ({ delayMs: 250 }), passes);
});

test("a manifest that the registry has lost is told together with `rebuild`, which mends it", async () => {
    const index = (await registry.get("app/manifests/1.0")).body as {
        manifests: { digest: string; platform: { architecture: string } }[];
    };
    const lost = index.manifests.find(({ platform }) => platform.architecture === "386")!.digest;
    await deleteManifest(farm!, "app", lost);
    const tagged = { ...image, tags: ["1.0", "2.0"] };
    const fault = await expectFault(project, "app", () => project.run(tagged));
    expect(fault.errors).toEqual([
        expect.stringMatching(/no longer holds an image that app was built to earlier .* set `rebuild` to a new text/),
        expect.stringContaining(`/app@${lost}: not found`),
    ]);
    const tested = await expectFault(project, "app", () => project.run({ ...image, smokeTest: [works] }));
    expect(tested.text).toMatch(/Image app-smoke-386/);
    expect(tested.text).toContain("set `rebuild` to a new text");
    expect((await project.run({ ...tagged, smokeTest: [works], rebuild: "lost" })).errors).toEqual([]);
    expect(await registry.platforms("app", "2.0")).toEqual({ "linux/amd64": "amd64", "linux/386": "386" });
});
