import * as fs from "node:fs";
import * as path from "node:path";
import type { Farm } from "../../dev/local/farm";
import { nodeView } from "../support/nodes";
import { Project, RegistryView, fromProbe, temporaryFolder, testFarm, writeContext } from "../support/project";

const platforms = ["linux/amd64"];
const image = { name: "app", context: "ctx", tags: ["1.0"], platforms, smokeTest: [["/probe", "arch", "/arch"]] };

let base: string;
let farm: Farm;
let registry: RegistryView;

beforeAll(async () => {
    base = temporaryFolder("umask");
    farm = await testFarm(base, platforms);
    registry = new RegistryView(farm);
}, 120_000);

afterAll(async () => {
    await farm?.stop();
    fs.rmSync(base, { recursive: true, force: true });
}, 60_000);

/** A checkout of the same stack, as a clone under a umask leaves it: git stores no mode but the executable bit. */
function checkout(name: string, umask: number): Project {
    const before = process.umask(umask);
    try {
        const project = new Project(farm, base, name);
        const context = path.join(project.dir, "ctx");
        writeContext(context, `${fromProbe}COPY settings/ /settings/\n`, platforms);
        fs.mkdirSync(path.join(context, "settings"));
        fs.writeFileSync(path.join(context, "settings/app.yaml"), "a: 1\n");
        // `copyFile` keeps the mode of its source; git writes every file anew.
        filesBelow(project.dir).forEach((file) => fs.chmodSync(file, gitMode(file) & ~umask));
        return project;
    } finally {
        process.umask(before);
    }
}

function gitMode(file: string): number {
    return fs.statSync(file).mode & 0o100 ? 0o777 : 0o666;
}

function filesBelow(folder: string): string[] {
    return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        const file = path.join(folder, entry.name);
        return entry.isDirectory() ? filesBelow(file) : entry.isFile() ? [file] : [];
    });
}

/** What a run did with the images and their index, by name. */
async function operations(project: Project): Promise<Record<string, string>> {
    const result = await project.run(image);
    expect(result.errors).toEqual([]);
    const own = result.resources.filter(({ type }) => type.startsWith("docker-build:"));
    return Object.fromEntries(own.map(({ name, op, changed }) => [name, [op, ...(changed ?? [])].join(" ")]));
}

const unchanged = { "app-amd64": "same", "app-smoke-amd64": "same", "app-tag-0": "same" };

test("a checkout under another umask rebuilds the image, since modes are part of it, and equal modes do not", async () => {
    const usual = checkout("usual", 0o022);
    const group = checkout("group", 0o002);
    expect(fs.statSync(path.join(usual.dir, "ctx/settings/app.yaml")).mode & 0o777).toBe(0o644);
    expect(fs.statSync(path.join(group.dir, "ctx/settings/app.yaml")).mode & 0o777).toBe(0o664);
    await operations(usual);
    const first = await registry.tagDigest("app", "1.0");

    // The provider's hash sees the modes, and what it builds is another image: COPY keeps them.
    expect((await operations(group))["app-amd64"]).toBe("update contextHash");
    expect(await registry.tagDigest("app", "1.0")).not.toBe(first);
    expect((await operations(group))["app-amd64"]).toBe("same");

    // The remedy: the modes that a umask of 022 leaves, in every checkout, with `chmod -R go-w`.
    filesBelow(path.join(group.dir, "ctx")).forEach((file) => fs.chmodSync(file, fs.statSync(file).mode & ~0o022));
    expect((await operations(group))["app-amd64"]).toBe("update contextHash");
    expect(await operations(usual)).toEqual(unchanged);
}, 120_000);

test("the umask of a run, modes of folders and of files outside the context change nothing", async () => {
    const project = checkout("own", 0o002);
    await operations(project);
    const builds = nodeView(farm, "amd64").builds().length;
    const before = process.umask(0o077);
    try {
        fs.chmodSync(path.join(project.dir, "ctx/settings"), 0o700);
        // Its smoke test has a context of its own, from the package, with the modes of that checkout.
        fs.chmodSync(path.join(project.dir, "assets/empty-context/.dockerignore"), 0o600);
        expect(await operations(project)).toEqual(unchanged);
    } finally {
        process.umask(before);
    }
    expect(nodeView(farm, "amd64").builds().length).toBe(builds);
}, 60_000);

test("the store is private whatever the umask", async () => {
    const before = process.umask(0);
    try {
        const project = checkout("open", 0);
        expect((await project.run({ ...image, rebuild: "open" })).errors).toEqual([]);
        const store = path.join(project.dockerConfig, "buildx/multiarch-builder");
        const [folder] = fs.readdirSync(store);
        const mode = (file: string) => (fs.statSync(file).mode & 0o777).toString(8);
        expect([mode(store), mode(path.join(store, folder!))]).toEqual(["700", "700"]);
        const files = fs.readdirSync(path.join(store, folder!)).map((file) => path.join(store, folder!, file));
        expect(files.map(mode)).toEqual(["600", "600", "600"]);
        expect(mode(path.join(base, "state-test.json"))).toBe("600");
    } finally {
        process.umask(before);
    }
}, 60_000);
