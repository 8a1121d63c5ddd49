import { createHash, randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Farm } from "../../../dev/local/farm";
import type { CiJob } from "../../support/ciScripts";
import { RegistryView, fromProbe, temporaryFolder, testFarm, writeContext } from "../../support/project";
import { endJobs, farmJob, leftovers } from "../build/farmJob";
import { shells } from "../build/shell";
import { basicAuth } from "../../../dev/local/registry";

jest.setTimeout(120_000);

const platforms = ["linux/amd64", "linux/386"];
const types = {
    index: "application/vnd.oci.image.index.v1+json",
    manifest: "application/vnd.oci.image.manifest.v1+json",
};

let base: string;
let farm: Farm;
let registry: RegistryView;
let job: CiJob;

beforeAll(async () => {
    base = temporaryFolder("ci-verify");
    farm = await testFarm(base, platforms);
    registry = new RegistryView(farm);
    job = await farmJob(farm, base);
    writeContext(path.join(job.dir, "ctx"), `${fromProbe}ENTRYPOINT ["/probe"]\n`, [...platforms, "linux/arm64"]);
    await build("app:right", ["ctx"]);
});

afterAll(async () => {
    await endJobs();
    await farm?.stop();
    fs.rmSync(base, { recursive: true, force: true });
});

const repository = (name: string) => `${farm.registry.address}/${name}`;

/** Publishes an image with the project's own program, whatever it holds. */
async function build(reference: string, args: string[]): Promise<void> {
    const { status, stderr } = await job.run("builder-build", ["-t", repository(reference), "--cache=off", ...args]);
    expect(status === 0 ? "" : stderr).toBe("");
}

/** Publishes what a Dockerfile says for one context of probes. */
async function buildText(reference: string, dockerfile: string): Promise<void> {
    const file = path.join(job.dir, reference.replace(/[/:]/g, "-"));
    fs.writeFileSync(file, dockerfile);
    await build(reference, ["-f", file, "ctx"]);
}

interface Descriptor {
    mediaType: string;
    digest: string;
    size: number;
    platform?: { os: string; architecture: string; variant?: string };
}

/** The entries of an index, by architecture. */
async function children(name: string, tag: string): Promise<Record<string, Descriptor>> {
    const { manifests } = (await registry.get(`${name}/manifests/${tag}`)).body as { manifests: Descriptor[] };
    return Object.fromEntries(manifests.map((each) => [each.platform!.architecture, each]));
}

/** Puts a manifest or an index into the registry. */
async function put(name: string, tag: string, body: object, type: string): Promise<Descriptor> {
    const text = JSON.stringify(body);
    const { address } = farm.registry;
    const authorization = `Basic ${basicAuth(farm.registry)}`;
    const headers = { authorization, "content-type": type };
    const answer = await fetch(`http://${address}/v2/${name}/manifests/${tag}`, { method: "PUT", headers, body: text });
    expect([answer.status, await answer.text()]).toEqual([201, ""]);
    return { mediaType: type, digest: `sha256:${createHash("sha256").update(text).digest("hex")}`, size: text.length };
}

const putIndex = (tag: string, manifests: Descriptor[]) =>
    put("app", tag, { schemaVersion: 2, mediaType: types.index, manifests }, types.index);

async function verify(args: string[], shell?: string[]) {
    const result = await job.run("builder-verify", args, { shell });
    expect(leftovers(job)).toEqual([]);
    return result;
}

describe.each(shells)("in $name", ({ command: shell }) => {
    test("an image that is right: a row for each platform", async () => {
        const { status, stdout, stderr } = await verify([repository("app:right")], shell);
        expect([status, stderr]).toEqual([0, ""]);
        const rows = stdout.trim().split("\n");
        expect(rows[0]).toMatch(/^PLATFORM +MANIFEST +CONFIGURATION +PROGRAMS/);
        expect(rows[1]).toMatch(/^linux\/amd64 +sha256:[0-9a-f]{12} +linux\/amd64 +1 for amd64 +ok$/);
        expect(rows[2]).toMatch(/^linux\/386 +sha256:[0-9a-f]{12} +linux\/386 +1 for 386 +ok$/);
    });

    test("a platform that is missing", async () => {
        const { amd64 } = await children("app", "right");
        await putIndex("half", [amd64!]);
        const { status, stdout, stderr } = await verify([repository("app:half")], shell);
        expect(status).toBe(1);
        expect(stdout).toMatch(/^linux\/386 +- +- +- +missing$/m);
        expect(stderr).toMatch(/^builder-verify: linux\/386: is missing; there is linux\/amd64$/m);
    });

    test("an image that holds programs of another machine", async () => {
        const wrong = 'FROM scratch\nCOPY probe-linux-386 /opt/app\nENTRYPOINT ["/opt/app"]\n';
        await buildText("app:copied", wrong);
        const { status, stdout, stderr } = await verify([repository("app:copied")], shell);
        expect(status).toBe(1);
        expect(stdout).toMatch(/^linux\/amd64 .* 1 of 1 wrong +wrong$/m);
        expect(stdout).toMatch(/^linux\/386 .* 1 for 386 +ok$/m);
        expect(stderr).toMatch(/linux\/amd64: holds 1 of 1 programs for another machine: \/opt\/app \(386\)$/m);
    });
});

test("an index whose platform is not that of the image's configuration", async () => {
    const { amd64, "386": i386 } = await children("app", "right");
    await putIndex("swapped", [
        { ...i386!, platform: amd64!.platform },
        { ...amd64!, platform: i386!.platform },
    ]);
    const { status, stdout, stderr } = await verify([repository("app:swapped")]);
    expect(status).toBe(1);
    expect(stdout.match(/ wrong$/gm)).toHaveLength(2);
    expect(stderr).toMatch(/linux\/amd64: is in the index, but its image says linux\/386/);
    expect(stderr).toMatch(/linux\/386: is in the index, but its image says linux\/amd64/);
});

test("a platform that is in the index twice, and one that nobody asked for", async () => {
    const { amd64, "386": i386 } = await children("app", "right");
    const arm = { ...amd64!, platform: { os: "linux", architecture: "arm64", variant: "v8" } };
    await putIndex("twice", [amd64!, i386!, amd64!, arm]);
    const { status, stderr } = await verify([repository("app:twice")]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/linux\/amd64: is in the index more than once/);
    expect(stderr).toMatch(/linux\/arm64: is in the index, but its image says linux\/amd64/);
});

test("attestations are listed and are no platforms", async () => {
    await build("app:attested", ["--provenance=mode=max", "ctx"]);
    const { status, stdout } = await verify([repository("app:attested")]);
    expect(status).toBe(0);
    expect(stdout.match(/^attestation +sha256:[0-9a-f]{12} +of sha256:[0-9a-f]{12}/gm)).toHaveLength(2);
});

test("a single manifest, which is no index", async () => {
    const { amd64 } = await children("app", "right");
    const single = `${repository("app")}@${amd64!.digest}`;
    const { status, stderr } = await verify([single]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/is a single manifest and no index/);
    expect(stderr).toMatch(/linux\/386: is missing; there is linux\/amd64/);
    expect(await verify(["--platform", "linux/amd64", single])).toMatchObject({ status: 0 });
});

test("a platform without a node is checked too, without running anything", async () => {
    const { amd64, "386": i386 } = await children("app", "right");
    const config = (await registry.get(`app/manifests/${amd64!.digest}`)).body as {
        config: Descriptor;
        layers: object[];
    };
    const blob = (await registry.get(`app/blobs/${config.config.digest}`)).body as object;
    const uploaded = await upload("app", JSON.stringify({ ...blob, architecture: "arm64" }));
    const foreign = { ...config, config: { ...config.config, ...uploaded } };
    const arm = await put("app", "foreign-arm64", foreign, types.manifest);
    await putIndex("foreign", [amd64!, i386!, { ...arm, platform: { os: "linux", architecture: "arm64" } }]);
    const { status, stderr } = await verify(["--platform", "linux/amd64,linux/arm64", repository("app:foreign")]);
    expect(status).toBe(1);
    // The very common mistake: an arm64 image with a program for amd64.
    expect(stderr).toMatch(/linux\/arm64: holds 1 of 1 programs for another machine: \/probe \(amd64\)/);
    expect(await verify([repository("app:foreign")])).toMatchObject({ status: 0 });
});

async function upload(name: string, text: string): Promise<{ digest: string; size: number }> {
    const { address } = farm.registry;
    const authorization = `Basic ${basicAuth(farm.registry)}`;
    const begun = await fetch(`http://${address}/v2/${name}/blobs/uploads/`, {
        method: "POST",
        headers: { authorization },
    });
    const digest = `sha256:${createHash("sha256").update(text).digest("hex")}`;
    const location = new URL(begun.headers.get("location")!, `http://${address}`);
    location.searchParams.set("digest", digest);
    const headers = { authorization, "content-type": "application/octet-stream" };
    expect((await fetch(location, { method: "PUT", headers, body: text })).status).toBe(201);
    return { digest, size: text.length };
}

describe("a large image", () => {
    // Random, so that it does not become small.
    const large = "COPY large /large\n";

    beforeAll(() => {
        const file = path.join(job.dir, "ctx/large");
        const fd = fs.openSync(file, "w");
        for (let i = 0; i < 70; i++) {
            fs.writeSync(fd, randomBytes(1 << 20));
        }
        fs.closeSync(fd);
    });

    test.each([
        ["an entrypoint", 'COPY probe-linux-386 /opt/app\nENTRYPOINT ["/opt/app"]', "/opt/app"],
        [
            "a command in PATH",
            'ENV PATH=/none:/opt/bin\nCOPY probe-linux-386 /opt/bin/app\nCMD ["app", "-x"]',
            "/opt/bin/app",
        ],
        ["what tini runs", 'COPY probe-linux-386 /srv/app\nENTRYPOINT ["/tini", "--", "/srv/app"]', "/srv/app"],
        ["what a shell runs", "COPY probe-linux-386 /srv/app\nENTRYPOINT exec /srv/app --serve", "/srv/app"],
        ["what is in /usr/local/bin", "COPY probe-linux-386 /usr/local/bin/tool", "/usr/local/bin/tool"],
    ])("%s of the wrong machine is found", async (_, lines, file) => {
        await buildText("large:1", `FROM scratch\n${large}${lines}\n`);
        const { status, stderr } = await verify(["--platform", "linux/amd64", repository("large:1")]);
        expect(status).toBe(1);
        expect(stderr).toContain(`linux/amd64: holds 1 of 1 programs for another machine: ${file} (386)`);
    });

    test("any other is found with --all, unless it is to be ignored", async () => {
        await buildText("large:2", `FROM scratch\n${large}COPY probe-linux-386 /a/node_modules/x/app\n`);
        const one = ["--platform", "linux/amd64", repository("large:2")];
        const { status, stdout } = await verify(one);
        expect(status).toBe(0);
        expect(stdout).toMatch(/ none found +ok$/m);
        expect((await verify(["--all", ...one])).stderr).toMatch(/\/a\/node_modules\/x\/app \(386\)/);
        const ignored = await verify(["--all", "--ignore", "*/node_modules/*", ...one]);
        expect(ignored.status).toBe(0);
        expect(ignored.stderr).toMatch(/^builder-verify: copying .*: \d+ MiB, compressed\n$/);
    });
});

test("an amd64 image may hold programs for 386 besides its own", async () => {
    await buildText("app:both", "FROM scratch\nCOPY probe-linux-386 /a\nCOPY probe-linux-amd64 /b\n");
    const { status, stdout, stderr } = await verify([repository("app:both")]);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^linux\/amd64 .* 2 for amd64 +ok$/m);
    expect(stderr).toMatch(/linux\/386: holds 1 of 2 programs for another machine: \/b \(amd64\)/);
});

test("--run runs a command in the image on the node of every platform, and shows what it says", async () => {
    const run = await verify(["--run", "/probe", "--run", '["/probe", "arch", "/x"]', repository("app:right")]);
    expect(run.status).toBe(0);
    expect(run.stderr).toMatch(/^amd64-run \| #\d+ [\d.]+ probe amd64$/m);
    expect(run.stderr).toMatch(/^386-run \| #\d+ [\d.]+ probe 386$/m);
    const again = await verify(["--run", "/probe", repository("app:right")]);
    expect(again.stderr).toMatch(/^386-run \| #\d+ [\d.]+ probe 386$/m);
    const failing = await verify(["--run", "/probe fail-on 386", repository("app:right")]);
    expect(failing.status).toBe(1);
    expect(failing.stderr).toMatch(/a command on linux\/386 failed; its last lines:/);
    expect(failing.stderr).toMatch(/error: linux\/386 failed on node ci-386/);
});

test("an image that is not there, and wrong usage", async () => {
    const missing = await verify([repository("app:none")]);
    expect(missing.status).toBe(1);
    expect(missing.stderr).toMatch(/app:none cannot be read from the registry: .*not found$/m);
    for (const [args, message] of [
        [[], /give the image/],
        [["a", "b"], /more than one image/],
        [["--platform"], /--platform needs a value/],
        [["--fast", "a"], /unknown option --fast/],
        [["--run", "sh -c 'x'", "a"], /no shell runs it/],
        [["--run", "/x", "--platform", "linux/arm64", "a"], /has no node for it/],
    ] as const) {
        const { status, stderr } = await verify([...args]);
        expect(stderr).toMatch(message);
        expect(status).toBe(2);
    }
    expect((await verify(["--help"])).stdout).toMatch(/^Usage: builder-verify/m);
});
