import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { cacheTag } from "../../../components/image/names";
import { type Farm, startFarm } from "../../../dev/local/farm";
import { contractBuildx, contractVersions } from "../../../dev/tools/contract";
import type { CiJob } from "../../support/ciScripts";
import { nodeView } from "../../support/nodes";
import { until } from "../../support/processes";
import { RegistryView, fromProbe, temporaryFolder, testFarm, writeContext } from "../../support/project";
import { activeBuilds } from "../../support/signals";
import { endJobs, farmJob, leftovers } from "./farmJob";
import { shells } from "./shell";

jest.setTimeout(120_000);

const platforms = ["linux/amd64", "linux/386"];
const dockerfile = `${fromProbe}RUN ["/probe", "arch", "/arch"]
ENTRYPOINT ["/probe"]
`;

let base: string;
let farm: Farm;
let registry: RegistryView;
let other: Farm;
let job: CiJob;

beforeAll(async () => {
    base = temporaryFolder("ci-build");
    farm = await testFarm(base, platforms);
    other = await startFarm({ dir: path.join(base, "other"), nodes: [] });
    registry = new RegistryView(farm);
    job = await newJob("main");
});

afterAll(async () => {
    await endJobs();
    await farm?.stop();
    await other?.stop();
    fs.rmSync(base, { recursive: true, force: true });
});

async function newJob(name: string, options: Parameters<typeof farmJob>[3] = {}): Promise<CiJob> {
    const made = await farmJob(farm, base, name, { registries: [farm.registry, other.registry], ...options });
    writeContext(path.join(made.dir, "ctx"), dockerfile, platforms);
    return made;
}

async function build(args: string[], options: Parameters<CiJob["run"]>[2] = {}, by = job) {
    const result = await by.run("builder-build", args, options);
    expect(leftovers(by)).toEqual([]);
    return result;
}

/** It has to succeed; gives the digest that it printed and its log. */
async function built(args: string[], options: Parameters<CiJob["run"]>[2] = {}, by = job) {
    const { status, stdout, stderr } = await build(args, options, by);
    expect(status === 0 ? "" : stderr).toBe("");
    return { digest: stdout.trim(), stderr };
}

const repository = (name: string, on = farm) => `${on.registry.address}/${name}`;

interface Config {
    config: { Labels?: Record<string, string>; Entrypoint?: string[] };
}

/** The configuration of a platform's image. */
async function config(name: string, reference: string, platform: string): Promise<Config> {
    const index = (await registry.get(`${name}/manifests/${reference}`)).body as {
        manifests: { digest: string; platform: { architecture: string } }[];
    };
    const { digest } = index.manifests.find((each) => each.platform.architecture === platform.split("/")[1])!;
    const manifest = (await registry.get(`${name}/manifests/${digest}`)).body as { config: { digest: string } };
    return (await registry.get(`${name}/blobs/${manifest.config.digest}`)).body as Config;
}

describe.each(shells)("in $name", ({ name, command: shell }) => {
    test("every platform is built on its own node, and every tag is the index of all", async () => {
        const before = platforms.map((platform) => nodeView(farm, platform.split("/")[1]!).builds().length);
        const output = path.join(job.temp, "output");
        fs.writeFileSync(output, "");
        const args = ["-t", `${repository(name)}:1.2.3\n${repository(name)}:1.2`, `--tag=${repository(`${name}/two`)}`];
        const tests = ["--smoke-test", "/probe arch /out", "--smoke-test", '["/probe", "write", "/<<x", "a b"]'];
        const options = { shell, env: { GITHUB_OUTPUT: output } };
        const { digest, stderr } = await built([...args, ...tests, "--metadata-file", "meta.json", "ctx"], options);
        expect(await registry.tags(name)).toEqual(["1.2", "1.2.3"]);
        expect(await registry.tags(`${name}/two`)).toEqual(["latest"]);
        for (const [where, tag] of [
            [name, "1.2"] as const,
            [name, "1.2.3"] as const,
            [`${name}/two`, "latest"] as const,
        ]) {
            expect(await registry.tagDigest(where, tag)).toBe(digest);
            expect(await registry.platforms(where, tag)).toEqual({ "linux/amd64": "amd64", "linux/386": "386" });
        }
        const published = [...stderr.matchAll(/published \S+:(\S+)/g)].map(([, tag]) => tag);
        expect(published).toEqual(["1.2.3", "1.2", "latest"]);
        const refs = [`${repository(name)}:1.2.3`, `${repository(name)}:1.2`, `${repository(`${name}/two`)}:latest`];
        expect(JSON.parse(fs.readFileSync(path.join(job.dir, "meta.json"), "utf8"))).toEqual({
            "containerimage.digest": digest,
            "image.name": refs.join(),
        });
        expect(fs.readFileSync(output, "utf8")).toBe(`digest=${digest}\nref=${refs[0]}@${digest}\n`);
        // The image and its smoke test on each node, and nothing of the other platform.
        platforms.forEach((platform, i) => {
            const own = nodeView(farm, platform.split("/")[1]!).builds().slice(before[i]);
            expect(own.map((each) => each.platform)).toEqual([platform, platform]);
        });
        expect(stderr).toMatch(/^amd64 \| #\d+ /m);
        expect(stderr).toMatch(/^386-test \| .*RUN \["\/probe"/m);
        expect(await registry.tags("cache")).toEqual(
            expect.arrayContaining(platforms.map((platform) => cacheTag(name, "main", platform))),
        );
    });

    test("a failing platform stops the others, nothing is published, and its last lines are at the end", async () => {
        const failing = `${dockerfile}RUN ["/probe", "fail-on", "386"]\nRUN ["/probe", "sleep", "90"]\n`;
        fs.writeFileSync(path.join(job.dir, "ctx/failing"), failing);
        const began = Date.now();
        const args = ["-t", `${repository("failing")}:${name}`, "-f", "ctx/failing", "ctx"];
        const { status, stderr } = await build(args, { shell });
        expect(status).toBe(1);
        expect(Date.now() - began).toBeLessThan(60_000);
        expect(stderr).toMatch(/the build for linux\/386 failed, nothing is published; its last lines:\n/);
        expect(stderr).toMatch(/probe: fails on 386/);
        const [lastLine] = stderr.trim().split("\n").slice(-1);
        expect(lastLine).toMatch(/^builder-build: error: linux\/386 failed on node ci-386: .*exit code: 1$/);
        expect(await registry.tagDigest("failing", name)).toBe("");
        await until("the other platform's build is over", () => activeBuilds(nodeView(farm, "amd64")) === 0, 30);
    });
});

test("a failing smoke test publishes nothing", async () => {
    const args = ["-t", `${repository("untested")}:1`, "--smoke-test", "/probe fail-on 386", "ctx"];
    const { status, stdout, stderr } = await build(args);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/a smoke test on linux\/386 failed, nothing is published/);
    expect(stderr).toMatch(/probe: fails on 386/);
    expect(await registry.tagDigest("untested", "1")).toBe("");
});

test("what goes to buildx arrives there as it is, and a secret nowhere else", async () => {
    const secret = "s3cret-of-the-test";
    // The digest of the secret: the text of a step stands in the log.
    const digest = createHash("sha256").update(secret).digest("hex");
    const text = `${fromProbe.replace("FROM scratch", "FROM scratch AS first")}ARG NAME
LABEL name="\${NAME}"
RUN --mount=type=secret,id=token ["/probe", "require-sha256", "/run/secrets/token", "${digest}"]
RUN --mount=type=secret,id=file ["/probe", "require", "/run/secrets/file", "from a file"]
COPY --from=more note /
RUN ["/probe", "require", "/note", "hello"]
FROM scratch AS last
`;
    fs.writeFileSync(path.join(job.dir, "My Dockerfile"), text);
    fs.mkdirSync(path.join(job.dir, "more"), { recursive: true });
    fs.writeFileSync(path.join(job.dir, "more/note"), "hello");
    fs.writeFileSync(path.join(job.dir, "secret file"), "from a file");
    const value = `it's "quoted" $HOME \\ * #`;
    const args = [
        ...["--file", "My Dockerfile", "--target=first", "--build-arg", `NAME=${"x y"}`, "--label", `odd=${value}`],
        ...["--secret", "id=token,env=TOKEN", "--secret=id=file,src=secret file", "--build-context", "more=more"],
        ...[
            "--no-cache",
            "--add-host",
            "a.internal:127.0.0.1",
            "--pull=false",
            "-t",
            `${repository("flags")}:1`,
            "ctx",
        ],
    ];
    const { stderr } = await built(args, { env: { TOKEN: secret } });
    expect(stderr).not.toContain(secret);
    expect((await config("flags", "1", "linux/386")).config.Labels).toEqual({ name: "x y", odd: value });
});

test("branches read their own cache and main's; read-only and off write none", async () => {
    const args = (...more: string[]) => ["-t", `${repository("scoped")}:1`, ...more, "ctx"];
    const own = (scope: string) => platforms.map((platform) => cacheTag("scoped", scope, platform));
    const scoped = async () => (await registry.tags("cache")).filter((tag) => tag.startsWith("scoped")).sort();
    await built(args("--cache", "read-only"));
    await built(args("--cache=off"));
    expect(await scoped()).toEqual([]);
    await built(args());
    expect(await scoped()).toEqual(own("main").sort());
    platforms.forEach((platform) => nodeView(farm, platform.split("/")[1]!).wipe());
    const { stderr } = await built(args("--cache-scope", "feature/größe"));
    expect(await scoped()).toEqual([...own("main"), ...own("feature/größe")].sort());
    expect(stderr).toMatch(/^386 \| #\d+ importing cache manifest from .*scoped-feature-gr--e-linux-386/m);
    platforms.forEach((platform) => {
        // The cache that main wrote has every step.
        const [image] = nodeView(farm, platform.split("/")[1]!).builds().slice(-1);
        expect(image!.cachedSteps).toBeGreaterThanOrEqual(2);
    });
    await built(["-t", `${repository("renamed")}:1`, "--image", "scoped", "--cache", "read-only", "ctx"]);
});

test("a pull request's build publishes nothing, and its smoke tests run all the same", async () => {
    const cached = await registry.tags("cache");
    const args = ["--no-push", "--cache", "read-only", "-t", `${repository("pr")}:1`, "--metadata-file", "no.json"];
    const { digest, stderr } = await built([...args, "--smoke-test", "/probe arch /x", "ctx"]);
    expect(digest).toBe("");
    expect(stderr).toMatch(/builder-build: built linux\/amd64 linux\/386; nothing is published\n$/);
    expect((await registry.get("pr/tags/list")).status).toBe(404);
    expect(await registry.tags("cache")).toEqual(cached);
    expect(fs.existsSync(path.join(job.dir, "no.json"))).toBe(false);
    const failing = await build([...args, "--provenance", "--smoke-test", "/probe fail-on 386", "ctx"]);
    expect(failing.status).toBe(1);
    expect(failing.stderr).toMatch(/a smoke test on linux\/386 failed/);
    // Without a name there is no cache of the registry.
    const nameless = await built(["ctx"]);
    expect(nameless.stderr).toMatch(/no cache of the registry is used/);
    expect(nameless.stderr).not.toMatch(/importing cache/);
});

test("two registries: every one gets the blobs from the nodes", async () => {
    const refs = [`${repository("both")}:1`, `${repository("app/both", other)}:1`];
    const { digest } = await built(refs.flatMap((ref) => ["-t", ref]).concat("ctx"));
    for (const [view, name] of [[registry, "both"] as const, [new RegistryView(other), "app/both"] as const]) {
        expect(await view.tagDigest(name, "1")).toBe(digest);
        expect(await view.platforms(name, "1")).toEqual({ "linux/amd64": "amd64", "linux/386": "386" });
    }
});

test("provenance is attached on request and told apart from the platforms", async () => {
    const args = ["-t", `${repository("attested")}:1`, "--provenance=mode=max", "--smoke-test", "/probe", "ctx"];
    await built(args);
    const found = Object.keys(await registry.platforms("attested", "1").catch(() => ({})));
    const index = (await registry.get("attested/manifests/1")).body as {
        manifests: { platform: { architecture: string }; annotations?: Record<string, string> }[];
    };
    const attestations = index.manifests.filter(({ annotations }) => annotations?.["vnd.docker.reference.type"]);
    expect(attestations.map(({ platform }) => platform.architecture)).toEqual(["unknown", "unknown"]);
    expect(found).toEqual(expect.arrayContaining(platforms));
});

test("the image is the one that people build by hand on the multi-node builder", async () => {
    await built(["-t", `${repository("same")}:script`, "--cache", "off", "ctx"]);
    const byHand = ["build", "--builder", "ci", "--platform", platforms.join(), "--provenance=false", "--push"];
    const line = `buildx ${[...byHand, "-t", `${repository("same")}:hand`, "ctx"].join(" ")}`;
    const env = { BUILDX_CONFIG: path.join(job.env.BUILDER_STATE!, "buildx") };
    expect(await job.run("-c", [line], { env })).toMatchObject({ status: 0 });
    // Every step was built once, so that both are the same bytes.
    expect(await registry.tagDigest("same", "hand")).toBe(await registry.tagDigest("same", "script"));
});

test("the oldest buildx that is supported", async () => {
    const [version = ""] = contractVersions;
    const old = await newJob(`buildx-${version}`, { buildx: await contractBuildx(version, () => undefined) });
    const refs = ["-t", `${repository("old")}:${version}`, "-t", `${repository("older")}:${version}`];
    const { digest } = await built([...refs, "--provenance", "--smoke-test", "/probe", "ctx"], {}, old);
    expect(await registry.tagDigest("older", version)).toBe(digest);
    await built(["--no-push", "--smoke-test", "/probe", "ctx"], {}, old);
    const verified = await old.run("builder-verify", ["--run", "/probe arch /x", `${repository("old")}:${version}`]);
    expect(verified.status === 0 ? "" : verified.stderr).toBe("");
    expect(verified.stdout).toMatch(/^attestation +sha256:\S+ +of sha256:/m);
}, 600_000);

test("with nothing but busybox, by a user that is not root", async () => {
    const alpine = await newJob("alpine", { alpine: true, user: { uid: 65534, gid: 65534 } });
    const ref = `${repository("alpine")}:1`;
    const { digest } = await built(
        ["-t", ref, "--smoke-test", "/probe", "--metadata-file", "m.json", "ctx"],
        {},
        alpine,
    );
    expect(await registry.tagDigest("alpine", "1")).toBe(digest);
    expect(fs.readFileSync(path.join(alpine.dir, "m.json"), "utf8")).toContain(digest);
    const verified = await alpine.run("builder-verify", ["--run", "/probe", `${repository("alpine")}@${digest}`]);
    expect(verified.status === 0 ? "" : verified.stderr).toBe("");
    expect(verified.stderr).toMatch(/^386-run \| #\d+ [\d.]+ probe 386$/m);
});

describe("wrong usage names the flag and what to do, before anything is built", () => {
    const ref = "registry.invalid/app:1";
    test.each([
        [[], /give the context/],
        [["-t", ref], /give the context/],
        [["-t", ref, ".", "ctx"], /more than one context/],
        [["-t", ref, "-"], /context -: several builds cannot read standard input/],
        [["-t", "Registry/App:1", "."], /-t Registry\/App:1: not repository:tag/],
        [["-t", "app:1@sha256:00", "."], /not repository:tag/],
        [["-t", "", "."], /-t is empty/],
        [["-t", " \n", "."], /-t is empty/],
        [["-t", "*", "."], /-t \*:latest: not repository:tag/],
        [["-t", ref, "--platform", "linux/amd46", "."], /--platform linux\/amd46: not a platform/],
        [["-t", ref, "--platform", "linux/s390x", "."], /has no node for it; it offers linux\/amd64 linux\/386/],
        [["-t", ref, "--push", "."], /--push: whatever has -t is pushed/],
        [["-t", ref, "--cache-to", "x", "."], /--cache-to: every platform has a cache of its own/],
        [["-t", ref, "--load", "."], /--load: images are pushed/],
        [["-t", ref, "--builder=x", "."], /--builder: the builder is the one that builder-setup registered/],
        [["-t", ref, "-f", "-", "."], /-f -: several builds/],
        [["-t", ref, "--cache", "rw", "."], /--cache rw: must be read-write, read-only or off/],
        [["-t", ref, "--smoke-test", "sh -c 'x'", "."], /no shell runs it.*give an array/],
        [["-t", ref, "--smoke-test", " ", "."], /the command is empty/],
        [["-t", ref, "--image", "a/b", "."], /--image a\/b: must be/],
        [["-t"], /-t needs a value/],
        [["--squash", "."], /unknown option --squash/],
    ])("%j", async (args, message) => {
        const { status, stdout, stderr } = await build(args);
        expect(stderr).toMatch(message);
        expect([status, stdout]).toEqual([2, ""]);
    });

    test("--help shows every option, and a job without builder-setup is told of it", async () => {
        const help = await build(["--help"]);
        expect([help.status, help.stderr]).toEqual([0, ""]);
        expect(help.stdout).toMatch(/^Usage: builder-build/m);
        expect(help.stdout).toMatch(/--smoke-test CMD/);
        const { status, stderr } = await build(["-t", ref, "."], { env: { BUILDER_STATE: path.join(base, "none") } });
        expect(status).toBe(2);
        expect(stderr).toMatch(/run builder-setup first/);
    });
});
