import { type ChildProcess, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Builder, BuilderCredentials } from "../../../components/builder";
import { standingEntries } from "../../../components/buildx/entries";
import { writeEntries } from "../../../components/buildx/store";
import { recordText } from "../../../components/ci/recordText";
import type { Farm } from "../../../dev/local/farm";
import { type Pki, issueClient } from "../../../dev/local/pki";
import { CiJob, ended } from "../../support/ciScripts";
import { expired, plantPki, valid } from "../../support/faultPki";
import { endFarm, killNode } from "../../support/farmFaults";
import { newestBuildx } from "../../support/machine";
import { processesOf, until } from "../../support/processes";
import { temporaryFolder, testFarm } from "../../support/project";

jest.setTimeout(240_000);

const nobody = { uid: 65534, gid: 65534 };

let base: string;
let pki: Pki;
let farm: Farm;
let builder: Builder;
let count = 0;

beforeAll(async () => {
    base = temporaryFolder("ci-setup");
    pki = await plantPki(base, ["amd64", "386"]);
    farm = await testFarm(base, ["linux/amd64", "linux/386"]);
    const nodes = farm.nodes.map(({ name, ...node }) => ({
        name: `ci-${name}`,
        platforms: node.platforms,
        endpoint: node.endpoint,
        serverName: node.serverName,
        // Whatever emulator this machine has got meanwhile.
        emulated: ["linux/arm64"],
    }));
    builder = { name: "ci", nodes };
}, 240_000);

afterAll(async () => endFarm(farm, base), 60_000);

/** A job that has buildx and the record as a file; its own environment names it. */
function newJob(user?: { uid: number; gid: number }): CiJob {
    const job = new CiJob(base, `job-${++count}`, user);
    // Readable for every user.
    const buildx = path.join(base, "buildx");
    if (!fs.existsSync(buildx)) {
        fs.copyFileSync(newestBuildx, buildx);
        fs.chmodSync(buildx, 0o755);
    }
    job.addProgram("buildx", buildx);
    job.addPrograms(["busybox"]);
    fs.writeFileSync(path.join(job.dir, "record"), recordText(builder));
    return job;
}

function variables({ ca, cert, key }: BuilderCredentials = farm.credentials): Record<string, string> {
    return { BUILDER_CA: ca, BUILDER_CERT: cert, BUILDER_KEY: key };
}

/** The folder that the job's state is in. */
function stateOf(job: CiJob): string {
    const [name] = fs.readdirSync(job.temp).filter((file) => file.startsWith("multiarch-builder-"));
    return path.join(job.temp, name ?? "none");
}

/** Sets up; the job ends with this process unless it is given another. */
function setUp(job: CiJob, args: string[] = [], env = variables(), owner = process.pid, shell?: string[]) {
    return job.run("builder-setup", ["--record", "record", "--owner", String(owner), ...args], { env, shell });
}

async function nothingLeft(job: CiJob): Promise<void> {
    expect(fs.readdirSync(job.temp)).toEqual([]);
    await until("no process of the job is left", () => processesOf(job.temp).length === 0, 30);
}

/** How many connections a node has, as it counts them itself when it decides whether to sleep. */
function connections(name: string): number {
    const { port } = new URL(farm.nodes.find((node) => node.name === name)!.endpoint);
    const { stdout } = spawnSync("ss", ["-Htn", "state", "established", `( sport = :${port} )`], { encoding: "utf8" });
    return stdout.split("\n").filter(Boolean).length;
}

describe.each<[string, string[] | undefined]>([
    ["dash", undefined],
    ["busybox sh", ["busybox", "sh"]],
])("under %s", (_, shell) => {
    test("a job gets the builder that `pulumi up` writes, keeps the nodes awake and leaves nothing", async () => {
        const job = newJob();
        const done = await setUp(job, [], variables(), process.pid, shell);
        expect({ ...done, stderr: "" }).toEqual({ status: 0, stdout: "", stderr: "" });
        expect(done.stderr).toMatch(/ci-amd64: ready \(BuildKit v[\d.]+\)/);
        expect(done.stderr).toMatch(/builder ci is ready for linux\/amd64,linux\/386/);
        const state = stateOf(job);
        const store = path.join(state, "buildx");

        const written = path.join(base, `written-${count}`);
        await writeEntries(written, standingEntries(builder), farm.credentials);
        const [folder] = fs.readdirSync(path.join(written, "multiarch-builder"));
        for (const name of ["ci", "ci-amd64", "ci-386"]) {
            const ours = fs.readFileSync(path.join(written, "instances", name), "utf8");
            const expected = ours.replaceAll(
                path.join(written, "multiarch-builder", folder!),
                path.join(store, "multiarch-builder/credentials"),
            );
            expect(fs.readFileSync(path.join(store, "instances", name), "utf8")).toBe(expected);
        }
        expect(fs.readFileSync(path.join(store, "current"), "utf8")).toBe('{"Key":"","Name":"ci","Global":true}');
        for (const file of ["ca", "cert", "key"]) {
            const pem = path.join(store, "multiarch-builder/credentials", `${file}.pem`);
            expect(fs.statSync(pem).mode & 0o777).toBe(0o600);
        }
        expect(fs.statSync(state).mode & 0o777).toBe(0o700);
        expect(fs.readdirSync(job.home)).toEqual([]);

        const used = await job.run("-c", [
            'eval "$(.multiarch-builder/builder-setup --use)" && echo "$BUILDER_NAME" && buildx inspect | head -n 1',
        ]);
        expect(used.stdout).toMatch(/^ci\nName: +ci\n$/);

        await until("every node has a connection", () => connections("amd64") > 0 && connections("386") > 0, 30);
        const again = await setUp(job, [], variables(), process.pid, shell);
        expect(again.status).toBe(0);
        expect(stateOf(job)).toBe(state);
        expect(await job.run("builder-setup", ["--cleanup"], { shell })).toEqual({ status: 0, stdout: "", stderr: "" });
        await nothingLeft(job);
        await until("the nodes are free", () => connections("amd64") + connections("386") === 0, 30);
    });
});

test("a user who is not root, with the record in a variable, base64 and the variables of GitHub", async () => {
    const job = newJob(nobody);
    const files = { GITHUB_ENV: "github-env", GITHUB_PATH: "github-path", RUNNER_TEMP: "tmp" };
    const github = Object.fromEntries(
        Object.entries(files).map(([key, file]) => [key, path.join(job.temp, "..", file)]),
    );
    for (const key of ["GITHUB_ENV", "GITHUB_PATH"]) {
        fs.writeFileSync(github[key]!, "");
        fs.chownSync(github[key]!, nobody.uid, nobody.gid);
    }
    const base64 = Object.fromEntries(
        Object.entries(variables()).map(([key, text]) => [key, Buffer.from(text).toString("base64")]),
    );
    const env = { ...github, ...base64, BUILDER_RECORD: recordText(builder), BUILDER_PLATFORMS: "linux/i386" };
    const { status, stderr } = await job.run("builder-setup", ["--owner", "1"], { env });
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringMatching(/ready for linux\/386/) as string });
    expect(stderr).not.toContain("ci-amd64");
    expect(fs.statSync(stateOf(job)).uid).toBe(nobody.uid);
    expect(fs.readFileSync(github.GITHUB_ENV!, "utf8")).toBe(
        `BUILDX_CONFIG=${stateOf(job)}/buildx\nBUILDER_NAME=ci\nBUILDER_STATE=${stateOf(job)}\n`,
    );
    expect((await job.run("builder-setup", ["--cleanup"], { env: github })).status).toBe(0);
    await nothingLeft(job);
});

test("two jobs at once do not meet, and neither key is in an argument or in what they say", async () => {
    const jobs = [newJob(), newJob()];
    const secret = farm.credentials.key.split("\n")[1]!;
    const running = jobs.map((job) => setUp(job));
    let seen = 0;
    const watch = setInterval(() => {
        const all = processesOf(base).map((pid) => readProc(pid, "cmdline"));
        seen += all.filter((text) => text.includes(secret)).length;
    }, 100);
    const results = await Promise.all(running);
    clearInterval(watch);
    expect(results.map(({ status }) => status)).toEqual([0, 0]);
    expect(seen).toBe(0);
    expect(results.map(({ stdout, stderr }) => stdout + stderr).join("")).not.toContain(secret);
    for (const job of jobs) {
        const keeper = fs.readFileSync(path.join(stateOf(job), "keeper"), "utf8").trim();
        expect(readProc(Number(keeper), "environ")).toContain(`HOME=${job.home}`);
        expect(readProc(Number(keeper), "environ")).not.toContain("BUILDER_KEY");
    }
    expect((await jobs[0]!.run("builder-setup", ["--cleanup"])).status).toBe(0);
    await nothingLeft(jobs[0]!);
    expect(fs.existsSync(path.join(stateOf(jobs[1]!), "ready"))).toBe(true);
    expect((await jobs[1]!.run("builder-setup", ["--cleanup"])).status).toBe(0);
    await nothingLeft(jobs[1]!);
});

describe("what cannot be used ends with one clear error and leaves nothing", () => {
    test.each<[string, () => Promise<BuilderCredentials>, number, RegExp]>([
        [
            "an expired certificate",
            async () => client(await issueClient(pki.clientCa, expired)),
            3,
            /the node refuses the client's certificate: it has expired, or another CA signed it/,
        ],
        [
            "a certificate of another CA",
            async () => client(await issueClient(pki.serverCa, valid)),
            3,
            /the node refuses the client's certificate/,
        ],
        [
            "nodes of another CA",
            async () => ({ ...farm.credentials, ca: pki.clientCa.cert }),
            3,
            /the node's certificate is not signed by the CA of the credentials/,
        ],
        [
            "a key of another certificate",
            async () => ({ ...farm.credentials, key: (await issueClient(pki.clientCa, valid)).key }),
            3,
            /the client's key does not belong to its certificate/,
        ],
        [
            "a certificate for a key",
            async () => ({ ...farm.credentials, key: farm.credentials.cert }),
            1,
            /BUILDER_KEY is no unencrypted private key/,
        ],
    ])("%s", async (_, credentials, status, reason) => {
        const job = newJob();
        const given = await credentials();
        const done = await setUp(job, ["--platform", "linux/amd64", "--timeout", "60"], variables(given));
        expect({ status: done.status, stderr: done.stderr }).toEqual({
            status,
            stderr: expect.stringMatching(reason) as string,
        });
        expect(done.stderr.match(/builder-setup: error:/g)).toHaveLength(1);
        expect(done.stderr).not.toContain(given.key.split("\n")[1]);
        await nothingLeft(job);
    });

    test("a node that advertises what its CPU cannot run", async () => {
        const job = newJob();
        const [node] = builder.nodes;
        const lying = { name: "ci", nodes: [{ ...node!, platforms: ["linux/arm64"], emulated: [] }] };
        fs.writeFileSync(path.join(job.dir, "record"), recordText(lying));
        const done = await setUp(job);
        expect(done.status).toBe(3);
        expect(done.stderr).toMatch(
            /ci-amd64 cannot be used: it advertises linux\/amd64[^\n]*, which a CPU that runs linux\/arm64 natively cannot run/,
        );
        await nothingLeft(job);
    });

    test("a node that is not there, within the time given", async () => {
        const job = newJob();
        const gone = { name: "ci", nodes: [{ ...builder.nodes[0]!, endpoint: "tcp://127.0.0.1:1" }] };
        fs.writeFileSync(path.join(job.dir, "record"), recordText(gone));
        const done = await setUp(job, ["--timeout", "3"]);
        expect(done.status).toBe(3);
        expect(done.stderr).toMatch(
            /ci-amd64 does not answer: .*connection refused[^]*not ready after 3 s \(--timeout\)/,
        );
        await nothingLeft(job);
    });

    test.each<[string, string[], Record<string, string>, RegExp]>([
        ["no record", [], {}, /no record: give --record FILE/],
        [
            "two records",
            ["--record", "record"],
            { BUILDER_RECORD: "x" },
            /give the record once, not by --record BUILDER_RECORD/,
        ],
        ["a parameter without region", ["--record-parameter", "/x"], {}, /needs --region or AWS_REGION/],
        [
            "half a certificate",
            ["--record", "record", "--ca", "x"],
            {},
            /--ca, --cert and --key go together; only --ca/,
        ],
        ["an unknown option", ["--recrod", "record"], {}, /unknown option --recrod/],
        ["a time that is none", ["--record", "record", "--timeout", "4m"], {}, /--timeout wants a whole number/],
        [
            "an owner that is not there",
            ["--record", "record", "--owner", "999999999"],
            {},
            /--owner: there is no process/,
        ],
        ["another platform", ["--record", "record", "--platform", "linux/amd46"], {}, /linux\/amd46 is no platform/],
    ])("%s", async (_, args, env, reason) => {
        const job = newJob();
        const done = await job.run("builder-setup", args, { env });
        expect({ status: done.status, stderr: done.stderr }).toEqual({
            status: 2,
            stderr: expect.stringMatching(reason) as string,
        });
        await nothingLeft(job);
    });

    test("a folder that is somebody else's is left alone", async () => {
        const job = newJob();
        const theirs = path.join(job.temp, "theirs");
        fs.mkdirSync(theirs);
        fs.writeFileSync(path.join(theirs, "precious"), "");
        const env = { ...variables(), BUILDER_STATE: theirs };
        const done = await setUp(job, [], env);
        expect({ status: done.status, stderr: done.stderr }).toEqual({
            status: 1,
            stderr: expect.stringMatching(/is somebody else's: set BUILDER_STATE/) as string,
        });
        expect((await job.run("builder-setup", ["--cleanup"], { env })).status).toBe(0);
        expect(fs.readdirSync(theirs)).toEqual(["precious"]);
    });
});

describe("the end of the job", () => {
    /** A job's agent, which runs steps one after another; and its first step. */
    function agent(job: CiJob): ChildProcess {
        const step = "sh -c '.multiarch-builder/builder-setup --record record; echo set up' 2>&1; read -r end";
        return job.start("-c", [step], { env: variables() });
    }

    test("a killed job leaves nothing behind, though its step has ended", async () => {
        const job = newJob();
        const child = agent(job);
        let said = "";
        child.stdout!.on("data", (chunk: Buffer) => (said += chunk.toString()));
        await until("the step has ended", () => said.includes("set up"), 120);
        expect(said).toMatch(/builder ci is ready/);
        const state = stateOf(job);
        await until("every node has a connection", () => connections("amd64") > 0 && connections("386") > 0, 30);
        expect(fs.existsSync(path.join(state, "ready"))).toBe(true);
        child.kill("SIGKILL");
        await until("the state is gone", () => !fs.existsSync(state), 30);
        await until("the nodes are free", () => connections("amd64") + connections("386") === 0, 30);
        await nothingLeft(job);
    });

    test("a step that is killed in the middle leaves nothing either", async () => {
        const job = newJob();
        const child = job.start("builder-setup", ["--record", "record", "--owner", String(process.pid)], {
            env: variables(),
        });
        await until("the key is there", () => fs.existsSync(path.join(stateOf(job), "buildx")), 60);
        const exit = ended(child);
        child.kill("SIGTERM");
        expect((await exit).status).not.toBe(0);
        await nothingLeft(job);
    });

    test("a removed folder ends everything, and so does the end of its time", async () => {
        const job = newJob();
        expect((await setUp(job, ["--platform", "linux/amd64"])).status).toBe(0);
        await until("the node has a connection", () => connections("amd64") > 0, 30);
        fs.rmSync(stateOf(job), { recursive: true });
        await until("the node is free", () => connections("amd64") === 0, 30);
        await nothingLeft(job);

        expect((await setUp(job, ["--platform", "linux/amd64"])).status).toBe(0);
        const owner = path.join(stateOf(job), "owner");
        fs.writeFileSync(owner, fs.readFileSync(owner, "utf8").replace(/\d+\n$/, "1\n"));
        await until("the state is gone", () => fs.readdirSync(job.temp).length === 0, 30);
        await nothingLeft(job);
    });
});

test("a lost connection is opened again", async () => {
    const job = newJob();
    expect((await setUp(job, ["--platform", "linux/386"])).status).toBe(0);
    await until("the node has a connection", () => connections("386") > 0, 30);
    await killNode(farm, "386");
    farm = await testFarm(base, ["linux/amd64", "linux/386"]);
    await until("the node has a connection again", () => connections("386") > 0, 60);
    expect((await job.run("builder-setup", ["--cleanup"])).status).toBe(0);
    await nothingLeft(job);
});

function client({ cert, key }: { cert: string; key: string }): BuilderCredentials {
    return { ca: farm.credentials.ca, cert, key };
}

function readProc(pid: number, file: string): string {
    try {
        return fs.readFileSync(`/proc/${pid}/${file}`, "utf8");
    } catch {
        return "";
    }
}
