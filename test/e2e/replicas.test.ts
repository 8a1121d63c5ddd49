import * as fs from "node:fs";
import * as path from "node:path";
import type { BuilderNode } from "../../components/builder";
import { replicaFor } from "../../components/buildx/replicas";
import { type Farm, startFarm } from "../../dev/local/farm";
import type { RehearseResult } from "../../dev/rehearsal/run";
import { nodeView } from "../support/nodes";
import { Project, fromProbe, temporaryFolder, writeContext } from "../support/project";
import { basicAuth } from "../../dev/local/registry";

jest.setTimeout(180_000);

const dockerfile = `${fromProbe}COPY BASE /
RUN ["/probe", "arch", "/arch"]
COPY VERSION /
`;
// Its steps, of which a new version changes the last.
const steps = 4;
const platforms = ["linux/amd64", "linux/386"];
const nodeNames = ["amd64-0", "amd64-1", "amd64-2", "386"];

let base: string;
let farm: Farm;

beforeAll(async () => {
    base = temporaryFolder("replicas");
    const nodes = nodeNames.map((name) => ({ name, platforms: [`linux/${name.split("-")[0]}`] }));
    farm = await startFarm({ dir: path.join(base, "farm"), nodes });
});

afterAll(async () => {
    await farm?.stop();
    fs.rmSync(base, { recursive: true, force: true });
});

/** The number of the replica that builds an image, of so many. */
function replicaOf(image: string, count: number): number {
    const nodes = Array.from({ length: count }, (_, replica) => ({ replica }) as BuilderNode);
    return replicaFor(image, "linux/amd64", nodes).replica!;
}

/** A name of an image that these numbers of replicas put on these replicas. */
function imageOn(replicas: Record<number, number>): string {
    const wanted = Object.entries(replicas);
    const names = Array.from({ length: 500 }, (_, i) => `image-${i}`);
    return names.find((name) => wanted.every(([count, replica]) => replicaOf(name, Number(count)) === replica))!;
}

/** A stack that runs with any number of amd64 replicas and one node for 386. */
class ScaledProject extends Project {
    constructor(
        readonly name: string,
        private readonly image: Record<string, unknown>,
    ) {
        super(farm, base, name, name);
        this.write("1");
    }

    write(version: string): void {
        writeContext(path.join(this.dir, "ctx"), dockerfile, platforms, { BASE: this.name, VERSION: version });
    }

    /** Replicas that must not be needed are addresses where nothing listens. */
    async up(count: number, unneeded: string[] = []): Promise<RehearseResult> {
        const used = farm.nodes.filter(({ name }) => name === "386" || Number(name.split("-")[1]) < count);
        const endpoints = used.map(({ name, platforms: own, endpoint, serverName }, i) => ({
            platforms: own,
            endpoint: unneeded.includes(name) ? `tcp://127.0.0.1:${i + 1}` : endpoint,
            serverName,
            ...(name === "386" || count === 1 ? {} : { replica: Number(name.split("-")[1]) }),
        }));
        const image = { context: "ctx", tags: ["1"], platforms, ...this.image };
        const result = await this.run(image, { config: { endpoints } });
        expect(result.errors).toEqual([]);
        return result;
    }

    entries(): string[] {
        return fs.readdirSync(path.join(this.dockerConfig, "buildx/instances")).sort();
    }
}

/** What changed of the images and their tags. */
function changed({ resources }: RehearseResult): string[] {
    const built = resources.filter(({ type, op }) => type.startsWith("docker-build:") && op !== "same");
    return built.map(({ name, op }) => `${name} ${op}`).sort();
}

/** How many builds ran on each node while something was done, and how many of them took how many steps from the cache. */
async function builds(run: () => Promise<unknown>): Promise<Record<string, number[]>> {
    const before = nodeNames.map((name) => nodeView(farm, name).builds().length);
    await run();
    const after = nodeNames.map((name, i): [string, number[]] => {
        const own = nodeView(farm, name).builds().slice(before[i]);
        expect(own.filter((build) => build.error)).toEqual([]);
        return [name, own.map((build) => build.cachedSteps)];
    });
    return Object.fromEntries(after.filter(([, own]) => own.length > 0));
}

describe("an image on replicas of a platform", () => {
    // On one of two replicas, and on the third when it comes.
    const name = imageOn({ 2: 1, 3: 2 });
    let project: ScaledProject;

    beforeAll(() => {
        project = new ScaledProject("moves", { name, smokeTest: [["/probe", "arch", "/out"]] });
    });

    test("one node: entries are named as ever", async () => {
        expect(Object.keys(await builds(() => project.up(1)))).toEqual(["386", "amd64-0"]);
        expect(project.entries()).toEqual(["multiarch-moves", "multiarch-moves-386", "multiarch-moves-amd64"]);
    });

    test("from one to two: what is built for that platform is built once more, on the replica of its name", async () => {
        const built = await builds(async () => {
            expect(changed(await project.up(2, ["amd64-0", "386"]))).toEqual(
                expect.arrayContaining([`${name}-amd64 update`, `${name}-smoke-amd64 update`]),
            );
        });
        // The image and its smoke test; every step of the image comes from the registry's cache.
        expect(built).toEqual({ "amd64-1": [steps, expect.any(Number)] });
        expect(project.entries()).toEqual([
            "multiarch-moves",
            "multiarch-moves-386",
            "multiarch-moves-amd64",
            `multiarch-moves-amd64-${name}`,
        ]);
    });

    test("and then never again: not with two, not with three, not back at two", async () => {
        for (const count of [2, 3, 2, 3]) {
            const built = await builds(async () => expect(changed(await project.up(count))).toEqual([]));
            expect(built).toEqual({});
        }
    });

    test("a change is built on the replica where it belongs now, with the cache that the registry has", async () => {
        project.write("2");
        const built = await builds(() => project.up(3, ["amd64-0", "amd64-1"]));
        expect(Object.keys(built)).toEqual(["386", "amd64-2"]);
        expect(built["amd64-2"]![0]).toBe(steps - 1);
    });

    test("an entry goes with its replica", async () => {
        expect(project.entries()).toContain(`multiarch-moves-amd64-${name}`);
        await project.up(2);
        expect(project.entries()).not.toContain(`multiarch-moves-amd64-${name}`);
    });
});

test("another image stays on its own replica and its cache when a third comes", async () => {
    const name = imageOn({ 2: 0, 3: 0 });
    // Without the registry's cache: the steps come from the node's own.
    const project = new ScaledProject("stays", { name, cache: { enabled: false } });
    expect(Object.keys(await builds(() => project.up(2, ["amd64-1"])))).toEqual(["386", "amd64-0"]);
    project.write("2");
    const again = await builds(() => project.up(3, ["amd64-1", "amd64-2"]));
    expect(again).toEqual({ "386": [steps - 1], "amd64-0": [steps - 1] });
});

test("strategy single builds on the first replica, and no number of replicas builds it again", async () => {
    const { address } = farm.registry;
    const auth = basicAuth(farm.registry);
    const project = new ScaledProject("single", { name: imageOn({ 2: 1, 3: 2 }), strategy: "single" });
    project.env.DOCKER_AUTH_CONFIG = JSON.stringify({ auths: { [address]: { auth } } });
    const built = await builds(() => project.up(2, ["amd64-1"]));
    // The image, and a build that only writes its cache and takes every step from the node.
    expect(built).toEqual({ "386": [expect.any(Number), steps], "amd64-0": [expect.any(Number), steps] });
    for (const count of [3, 1, 2]) {
        expect(await builds(async () => expect(changed(await project.up(count))).toEqual([]))).toEqual({});
    }
});
