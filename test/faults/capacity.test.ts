import { spawnSync } from "node:child_process";
import * as path from "node:path";
import { type Farm, startFarm } from "../../dev/local/farm";
import { privateFolder } from "../../dev/local/files";
import { isProcessRunning } from "../../dev/local/processes";
import { endFarm } from "../support/farmFaults";
import { altered, expectFault, stackOn, writeSource } from "../support/faults";
import { nodeView } from "../support/nodes";
import { until } from "../support/processes";
import { type Project, RegistryView, temporaryFolder } from "../support/project";

const platforms = ["linux/amd64"];
const image = { name: "app", context: "ctx", tags: ["1.0"], platforms };
const works = ["/probe", "arch", "/arch"];

jest.setTimeout(240_000);

let base: string;
let farm: Farm | undefined;
let project: Project;

beforeAll(async () => {
    base = temporaryFolder("fault-capacity");
    const dir = path.join(base, "farm");
    const disk = privateFolder(path.join(dir, "nodes", "small", "root"));
    mountSmallDisk(path.join(base, "disk"), disk);
    const nodes = [
        { name: "small", platforms },
        { name: "mixed", platforms: ["linux/amd64", "linux/arm64"] },
    ];
    farm = await startFarm({ dir, nodes });
    project = stackOn(altered(farm, { nodes: [farm.nodes[0]!] }), base);
    writeSource(project, platforms, "first", works);
    expect((await project.run(image)).errors).toEqual([]);
});

afterAll(() => endFarm(farm, base), 60_000);

/** A file system of its own: on tmpfs BuildKit's databases have holes, and cannot even be written to when it is full. */
function mountSmallDisk(file: string, folder: string): void {
    const script = 'truncate -s 100M "$1" && mkfs.ext4 -q "$1" && mount -o loop "$1" "$2"';
    const { status, stderr } = spawnSync("sh", ["-c", script, "sh", file, folder], { encoding: "utf8" });
    if (status !== 0) {
        throw new Error(`no small disk could be made (needs mkfs.ext4 and loop devices): ${stderr}`);
    }
}

/**
 * BuildKit removes a failed step's files a minute after the build at most, and a prune does it at once. The prune itself
 * is refused while not even its record fits on the disk.
 */
async function prunes(...args: string[]): Promise<void> {
    await until(
        "a prune passes",
        () => {
            try {
                nodeView(farm!, "small").buildctl("prune", ...args);
                return true;
            } catch (error) {
                expect((error as Error).message).toMatch(/no space left|input\/output|disk/i);
                return false;
            }
        },
        120,
    );
}

async function passes(on: Project): Promise<void> {
    const registry = new RegistryView(farm!);
    const before = await registry.tagDigest("app", "1.0");
    expect((await on.run(image)).errors).toEqual([]);
    expect(await registry.tagDigest("app", "1.0")).not.toBe(before);
}

test("a step that fills the node's disk fails clearly; the daemon lives and builds on", async () => {
    writeSource(project, platforms, "full", ["/probe", "fill", "/big", "200"]);
    const fault = await expectFault(project, "app", () => project.run(image));
    expect(fault.text).toMatch(/Image app-amd64 [^]*\[3\/3\] RUN \["\/probe","fill"[^]*no space left on device/);
    expect(fault.text).toMatch(/a disk is full, most likely that of the node that built app\. .* prune/);
    expect(isProcessRunning(farm!.dir, "buildkitd-small")).toBe(true);
    await prunes("--keep-duration", "1h");
    writeSource(project, platforms, "small", works);
    await passes(project);
});

test("a disk full of cache fails clearly, and a prune frees it", async () => {
    writeSource(project, platforms, "half", ["/probe", "fill", "/one", "30"]);
    const kept = { ...image, tags: undefined, push: false, cache: { enabled: false } };
    expect((await project.run(kept)).errors).toEqual([]);
    writeSource(project, platforms, "over", ["/probe", "fill", "/two", "60"]);
    const fault = await expectFault(project, "app", () => project.run(image));
    expect(fault.text).toContain("no space left on device");
    await prunes("--all");
    writeSource(project, platforms, "over", works);
    await passes(project);
});

test("a platform that a node offers beyond its own CPU is refused until it is opted in by name", async () => {
    const mixed = farm!.nodes.find(({ name }) => name === "mixed")!;
    expect(mixed.advertised).toContain("linux/arm64");
    const undeclared = stackOn(altered(farm!, { nodes: [{ ...mixed, platforms, emulated: [] }] }), base);
    writeSource(undeclared, platforms, "mixed", works);
    const fault = await expectFault(undeclared, "app", () => undeclared.run(image));
    expect(fault.errors).toHaveLength(1);
    expect(fault.text).toMatch(
        /multiarch-test-amd64 \(tcp:.*\): it advertises linux\/arm64, which a CPU that runs linux\/amd64/,
    );
    expect(fault.text).toMatch(/remove it \(its binfmt entries .*\).*, or opt in .* `emulated: \["linux\/arm64"\]`/);
    await passes(stackOn(altered(farm!, { nodes: [{ ...mixed, platforms, emulated: ["linux/arm64"] }] }), base));
});
