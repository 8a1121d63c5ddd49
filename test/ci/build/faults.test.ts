import * as fs from "node:fs";
import type { Farm } from "../../../dev/local/farm";
import { type CiJob, ended } from "../../support/ciScripts";
import { killNode } from "../../support/farmFaults";
import { nodeView } from "../../support/nodes";
import { processesOf, until } from "../../support/processes";
import { RegistryView, fromProbe, temporaryFolder, testFarm, writeContext } from "../../support/project";
import { RegistryProxy } from "../../support/registryFaults";
import { activeBuilds } from "../../support/signals";
import { endJobs, farmJob, leftovers, logIn } from "./farmJob";
import { shells } from "./shell";

jest.setTimeout(120_000);

const platforms = ["linux/amd64", "linux/386"];
const nodes = ["amd64", "386"];

const denied =
    '{"errors":[{"code":"DENIED","message":"Your authorization token has expired. Reauthenticate and try again."}]}';

let base: string;
let farm: Farm;
let registry: RegistryView;
let job: CiJob;
let proxy: RegistryProxy;
/** Requests that the registry refuses. */
let refuses: (method: string, url: string) => boolean = () => false;

beforeAll(async () => {
    base = temporaryFolder("ci-faults");
    farm = await testFarm(base, platforms);
    registry = new RegistryView(farm);
    proxy = await RegistryProxy.inFrontOf(farm, (method, url) =>
        refuses(method, url) ? { status: 403, body: denied } : undefined,
    );
    job = await farmJob(farm, base);
    writeContext(`${job.dir}/ctx`, fromProbe, platforms);
    writeContext(`${job.dir}/slow`, `${fromProbe}ARG N\nRUN ["/probe", "sleep", "90"]\n`, platforms);
});

afterAll(async () => {
    await endJobs();
    await proxy?.close();
    await farm?.stop();
    fs.rmSync(base, { recursive: true, force: true });
});

const ref = (name: string) => `${farm.registry.address}/${name}:1`;

async function untilBuilding(): Promise<void> {
    await until("both nodes build", () => nodes.every((name) => activeBuilds(nodeView(farm, name)) > 0));
}

async function untilIdle(): Promise<void> {
    await until("no node builds", () => nodes.every((name) => activeBuilds(nodeView(farm, name)) === 0), 30);
}

describe.each(shells)("in $name", ({ command: shell }) => {
    test.each([
        ["SIGTERM", 143],
        ["SIGINT", 130],
        ["SIGHUP", 129],
    ] as const)("%s stops the builds on the nodes", async (signal, code) => {
        const child = job.start("builder-build", ["-t", ref("stopped"), "--no-cache", "slow"], { shell });
        const end = ended(child);
        await untilBuilding();
        child.kill(signal);
        const { status, stderr } = await end;
        expect(status).toBe(code);
        expect(stderr).toMatch(new RegExp(`got ${signal}: stopping what runs on the nodes`));
        await untilIdle();
        expect(leftovers(job)).toEqual([]);
        expect(processesOf(job.dir).filter(isBuild)).toEqual([]);
        expect(await registry.tagDigest("stopped", "1")).toBe("");
    });
});

function isBuild(pid: number): boolean {
    try {
        return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("\0build\0");
    } catch {
        return false;
    }
}

test("a killed job's builds end too", async () => {
    const child = job.start("builder-build", ["-t", ref("killed"), "--no-cache", "slow"]);
    await untilBuilding();
    expect(processesOf(job.dir).filter(isBuild)).toHaveLength(platforms.length);
    child.kill("SIGKILL");
    // As a CI system does: nobody reads its output any more.
    child.stdout?.destroy();
    child.stderr?.destroy();
    await until("the builds' processes are gone", () => !processesOf(job.dir).some(isBuild), 30);
    await untilIdle();
});

test.each([
    ["uploads of layers", (method: string, url: string) => method === "POST" && url.includes("/blobs/uploads")],
    ["the tag", (method: string, url: string) => method === "PUT" && url.endsWith("/manifests/1")],
])("a registry that refuses %s: its words and what to do", async (_, matches) => {
    refuses = matches;
    const args = ["-t", ref("refused"), "--cache=off", "--no-cache", "ctx"];
    const { status, stdout, stderr } = await job.run("builder-build", args).finally(() => (refuses = () => false));
    expect([status, stdout]).toEqual([1, ""]);
    const [last] = stderr.trim().split("\n").slice(-1);
    expect(last).toMatch(
        /^builder-build: error: .*denied: Your authorization token has expired.* try again\. The registry .*: log in again/,
    );
    expect(await registry.tagDigest("refused", "1")).toBe("");
});

test("a wrong password: the platform and what to do", async () => {
    const other = await farmJob(farm, base, "wrong-login");
    writeContext(`${other.dir}/ctx`, fromProbe, platforms);
    logIn(other, [{ ...farm.registry, password: "wrong" }]);
    const built = await other.run("builder-build", ["-t", ref("wrong"), "ctx"]);
    expect(built.status).toBe(1);
    expect(built.stderr).toMatch(
        /error: linux\/\S+ failed on node ci-\S+: .*401 Unauthorized\. The registry refused the login/,
    );
    const verified = await other.run("builder-verify", [ref("wrong")]);
    expect(verified.status).toBe(1);
    expect(verified.stderr).toMatch(
        /cannot be read from the registry: .*401 Unauthorized\. The registry refused the login/,
    );
    expect(built.stderr + verified.stderr).not.toContain(
        Buffer.from(`${farm.registry.username}:wrong`).toString("base64"),
    );
});

test("two jobs on one runner build and publish at the same time", async () => {
    const jobs = [job, await farmJob(farm, base, "second")];
    writeContext(`${jobs[1]!.dir}/ctx`, fromProbe, platforms);
    const results = await Promise.all(jobs.map((each, i) => each.run("builder-build", ["-t", ref(`two-${i}`), "ctx"])));
    expect(results.map(({ status }) => status)).toEqual([0, 0]);
    expect(results[0]!.stdout).toBe(results[1]!.stdout);
});

// The last one: the node does not come back.
test("a node that is lost in the middle is named, and so is one that does not answer", async () => {
    const end = job.run("builder-build", ["-t", ref("lost"), "--no-cache", "slow"]);
    await untilBuilding();
    await killNode(farm, "386");
    const { status, stderr } = await end;
    expect(stderr).toMatch(/builder-build: error: node ci-386 \(linux\/386\) cannot be reached: .*builder-setup wakes/);
    expect(status).toBe(3);
    await until("the other node is idle", () => activeBuilds(nodeView(farm, "amd64")) === 0, 30);
    const again = await job.run("builder-build", ["-t", ref("lost"), "--platform", "linux/386", "ctx"]);
    expect(again.status).toBe(3);
    expect(again.stderr).toMatch(/node ci-386 \(linux\/386\) cannot be reached: .*context deadline exceeded/);
});
