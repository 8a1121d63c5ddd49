import type { Farm } from "../../dev/local/farm";
import { endFarm, killNode, stopNode } from "../support/farmFaults";
import { expectFault, stackOn, writeSource } from "../support/faults";
import { until } from "../support/processes";
import { type Project, RegistryView, temporaryFolder, testFarm } from "../support/project";

const platforms = ["linux/amd64", "linux/386"];
const image = { name: "app", context: "ctx", tags: ["1.0"], platforms };
const works = ["/probe", "arch", "/arch"];

let base: string;
let farm: Farm | undefined;
let registry: RegistryView;
let project: Project;

beforeAll(async () => {
    base = temporaryFolder("fault-nodes");
    farm = await testFarm(base, platforms);
    registry = new RegistryView(farm);
    project = stackOn(farm, base);
}, 120_000);

afterAll(() => endFarm(farm, base), 60_000);

/** The node's daemon comes back as it was. */
async function restart(): Promise<void> {
    await testFarm(base, platforms);
}

async function passes(options: Record<string, unknown> = {}): Promise<void> {
    const before = await registry.tagDigest("app", "1.0");
    const result = await project.run({ ...image, ...options });
    expect(result.errors).toEqual([]);
    expect(await registry.platforms("app", "1.0")).toEqual({ "linux/amd64": "amd64", "linux/386": "386" });
    expect(await registry.tagDigest("app", "1.0")).not.toBe(before);
}

test("a node that is down before a build is named, with what was tried; the next run passes", async () => {
    writeSource(project, platforms, "1", works);
    await stopNode(farm!, "386");
    const fault = await expectFault(project, "app", () => project.run(image));
    expect(fault.errors).toHaveLength(1);
    expect(fault.text).toMatch(/1 of 2 nodes asked[^]*no tag has moved/);
    expect(fault.text).toMatch(
        /multiarch-test-386 \(tcp:\S+, server name \S+, linux\/386\): connection refused: nothing/,
    );
    expect(fault.text).toMatch(/multiarch-test-amd64 .*: ready/);
    expect(fault.seconds).toBeLessThan(60);
    await restart();
    await passes();
}, 180_000);

test("a node that is killed in a RUN step is named at once; the next run passes", async () => {
    writeSource(project, platforms, "2", ["/probe", "sleep", "300"]);
    project.log.length = 0;
    const fault = await expectFault(project, "app", async () => {
        const run = project.run({ ...image, platforms: ["linux/386"] });
        await until("the RUN step runs", () => project.log.some((line) => /app-386: .*RUN .*sleep/.test(line)));
        await killNode(farm!, "386");
        return run;
    });
    expect(fault.text).toMatch(
        /multiarch-test-386 \(tcp:\S+, linux\/386\) was lost while it worked on app: connection ref/,
    );
    expect(fault.text).toMatch(/no tag has moved. See to the node .* run the update again/);
    expect(fault.seconds).toBeLessThan(120);
    await restart();
    writeSource(project, platforms, "2", works);
    await passes();
}, 240_000);

test("a node that goes down between the images and their smoke tests moves no tag", async () => {
    writeSource(project, platforms, "3", works);
    const tested = {
        ...image,
        tags: ["1.0", "2.0"],
        smokeTest: [["/probe", "sleep", "300"]],
        smokeTestPlatforms: ["linux/386"],
    };
    project.log.length = 0;
    const fault = await expectFault(project, "app", async () => {
        const run = project.run(tested);
        await until("the smoke test runs", () => project.log.some((line) => /app-smoke-386: .*RUN/.test(line)));
        await killNode(farm!, "386");
        return run;
    });
    expect(fault.text).toMatch(/multiarch-test-386 .* was lost while it worked on app/);
    const again = await expectFault(project, "app", () => project.run({ ...tested, smokeTest: [works] }), restart);
    expect(again.errors.length).toBeLessThanOrEqual(2);
    expect(again.text).toMatch(/multiarch-test-386 .*: connection refused/);
    await passes({ ...tested, smokeTest: [works] });
    expect(await registry.tags("app")).toEqual(["1.0", "2.0"]);
}, 300_000);

test("a build that fails on one platform lets the other finish, and tells platform and step", async () => {
    writeSource(project, platforms, "4", ["/probe", "fail-on", "386"], ["/probe", "sleep", "2"]);
    const results: string[] = [];
    const fault = await expectFault(project, "app", async () => {
        const result = await project.run(image);
        results.push(...result.resources.map(({ name, op }) => `${name}: ${op}`));
        return result;
    });
    expect(fault.errors).toHaveLength(1);
    expect(fault.text).toMatch(/Image app-386 [^]*\[3\/4\] RUN \["\/probe","fail-on","386"\][^]*probe: fails on 386/);
    expect(results).toEqual(expect.arrayContaining(["app-amd64: update", "app-386: failed"]));
    expect(results.filter((line) => line.includes("-tag-"))).toEqual([]);
    writeSource(project, platforms, "4", works);
    await passes();
}, 240_000);
