import { rm, writeFile } from "node:fs/promises";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Builder, BuilderNode } from "../../components/builder";
import type { Farm } from "../../dev/local/farm";
import { nodeProcess } from "../../dev/local/node";
import { stopProcess } from "../../dev/local/processes";
import type { Finding, Report } from "../../dev/prove/verifyAwsReport";
import { type Ended, runCommand } from "../support/commands";
import { Machine } from "../support/machine";
import { root, temporaryFolder, testFarm } from "../support/project";
import { RegistryProxy } from "../support/registryFaults";
import { AwsFault, AwsStandIn } from "../wake/support/awsStandIn";
import { isolateAws } from "../wake/support/environment";
import { Sessions } from "../wake/support/sessions";

// Real nodes, a real registry and a real buildx; EC2 and Session Manager are stand-ins.
jest.setTimeout(600_000);

const platforms = ["linux/amd64", "linux/386"];
const base = temporaryFolder("verify-aws");
let farm: Farm;
let machine: Machine;
let aws: AwsStandIn;
let restore: () => void;
let sessions: Sessions;

beforeAll(async () => {
    farm = await testFarm(base, platforms);
    machine = new Machine(farm, path.join(base, "machine"));
    machine.logIn();
    aws = await AwsStandIn.start();
    restore = isolateAws(aws.url, base);
    sessions = new Sessions(base);
});

afterAll(async () => {
    restore();
    await aws.stop();
    await farm.stop();
    await rm(base, { recursive: true, force: true });
});

/** Instances whose BuildKit ends and starts with them. */
function instances(afterStop: (name: string) => Promise<void> | void = () => undefined): void {
    aws.calls.length = 0;
    for (const { name } of farm.nodes) {
        aws.add({ id: `i-${name}`, state: "running" });
    }
    aws.onStop = (instance) => {
        const name = instance.id.slice(2);
        instance.state = "stopping";
        void stopProcess(farm.dir, nodeProcess(name))
            .then(() => afterStop(name))
            .then(() => (instance.state = "stopped"));
    };
    // Each start sees to all nodes: two at once would get into each other's way.
    let started: Promise<unknown> = Promise.resolve();
    aws.onStart = (instance) => {
        instance.state = "pending";
        started = started.then(async () => {
            await testFarm(base, platforms);
            Object.assign(instance, { state: "running", launched: new Date() });
        });
    };
    const ports = farm.nodes.map(({ name, endpoint }) => [`i-${name}`, Number(new URL(endpoint).port)] as const);
    sessions.lead(aws, Object.fromEntries(ports));
}

function recordOf(change: (node: BuilderNode) => Partial<BuilderNode> = () => ({})): Builder {
    const nodes = farm.nodes.map(({ name, platforms: own, serverName, endpoint }): BuilderNode => {
        const reach = { region: "eu-central-1", instanceId: `i-${name}` };
        const node = { name: `ci-${name}`, platforms: own, serverName, endpoint, wake: { kind: "ec2", ...reach } };
        return { ...node, ...change(node) };
    });
    const { address } = farm.registry;
    return { name: "ci", nodes, imageRepositoryUrl: `${address}/app`, cacheRepositoryUrl: `${address}/cache` };
}

const overSessionManager = ({ wake, endpoint }: BuilderNode): Partial<BuilderNode> => ({
    access: { kind: "ssm", region: wake!.region, instanceId: wake!.instanceId },
    endpoint: `tcp://10.255.255.1:${new URL(endpoint).port}`,
});

async function verify(args: string[], outputs?: object): Promise<Ended> {
    const file = path.join(base, "outputs.json");
    await writeFile(file, JSON.stringify(outputs ?? {}), { mode: 0o600 });
    const main = ["--import", "tsx", path.join(root, "dev/prove/verifyAws.ts"), "--outputs", file];
    return runCommand(process.execPath, [...main, ...args], {
        cwd: root,
        env: { ...process.env, DOCKER_CONFIG: machine.dockerConfig },
        seconds: 500,
    });
}

/** A registry whose tags cannot be moved, as ECR's. */
function immutable(): Promise<RegistryProxy> {
    const pushed = new Set<string>();
    const text = "The image tag already exists and cannot be overwritten because the repository is immutable.";
    const body = JSON.stringify({ errors: [{ code: "TAG_INVALID", message: text }] });
    return RegistryProxy.inFrontOf(farm, (method, url) => {
        const isTag = method === "PUT" && /^\/v2\/app\/manifests\/(?!sha256:)/.test(url);
        const again = isTag && pushed.has(url);
        pushed.add(isTag ? url : "");
        return again ? { status: 400, body } : undefined;
    });
}

function report({ stdout, stderr }: Ended): Report {
    if (stdout === "") {
        throw new Error(`no report; it said:\n${stderr}`);
    }
    return JSON.parse(stdout) as Report;
}
const results = (ended: Ended) =>
    report(ended).findings.map(({ check, node = "", result }) => `${result} ${check} ${node}`.trim());
const found = (ended: Ended, check: string): Finding[] =>
    report(ended).findings.filter((finding) => finding.check === check);

test("without --yes it tells what it would do, and does nothing", async () => {
    instances();
    const { status, stderr, stdout } = await verify([], { builder: recordOf(), builderCredentials: farm.credentials });
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain("ci-amd64: i-amd64 in eu-central-1, woken and STOPPED once");
    expect(aws.calls).toEqual([]);
    const help = await verify(["--help"]);
    expect(help.status).toBe(0);
    expect(help.stdout).toContain("costs less than");
    expect((await verify(["--yes", "--context-mib", "none"])).status).toBe(2);
    const secretless = await verify(["--yes"], { builder: recordOf(), builderCredentials: "[secret]" });
    expect(secretless).toMatchObject({ status: 1, stderr: expect.stringContaining("--show-secrets") as string });
});

test("every check passes on nodes that sleep behind Session Manager and a registry with immutable tags", async () => {
    instances();
    const proxy = await immutable();
    try {
        const outputs = { builder: recordOf(overSessionManager), builderCredentials: farm.credentials };
        const ended = await verify(["--yes", "--context-mib", "4"], outputs);
        expect(results(ended)).toEqual([
            ...["ci-amd64", "ci-386"].flatMap((node) =>
                [
                    ...["node answers", "way to the node", "node cache", "push by digest", "cache export"],
                    ...["start latency", "cache volume after a stop"],
                ].map((check) => `ok ${check} ${node}`),
            ),
            ...["ok index", "ok immutable tag", "ok cache import ci-386"],
        ]);
        expect(ended.status).toBe(0);
        const [latency] = found(ended, "start latency");
        expect(latency!.measured.answersSeconds).toBeGreaterThanOrEqual(latency!.measured.runningSeconds!);
        const [way] = found(ended, "way to the node");
        expect(way!.detail).toMatch(/^Session Manager: .* 4 MiB of context at [\d.]+ MiB\/s$/);
        expect(way!.measured.mibPerSecond).toBeGreaterThan(0);
        expect(found(ended, "cache volume after a stop")[0]!.detail).toBe("3 of 3 steps cached");
        const [import_] = found(ended, "cache import");
        expect(import_!.detail).toBe("3 of 3 steps from the cache that ci-amd64 exported");
        expect(aws.actions().filter((action) => /^(Start|Stop)Instances$/.test(action))).toEqual([
            ...["StopInstances", "StartInstances", "StopInstances", "StartInstances"],
        ]);
        expect(sessions.events("terminated").length).toBe(sessions.events("started").length);
        expect(ended.stderr).toMatch(/^17 ok, 0 failed, 0 skipped$/m);
        expect(ended.stderr).toContain(`${farm.registry.address}/app:verify-`);
        expect(`${ended.stdout}${ended.stderr}`).not.toContain(farm.credentials.key.split("\n")[1]);
        expect(fs.existsSync(machine.store)).toBe(false);
    } finally {
        await proxy.close();
    }
});

test("a cache that did not survive, tags that move and a cache that is refused are failures", async () => {
    instances((name) => rm(path.join(farm.dir, "nodes", name), { recursive: true, force: true }));
    await testFarm(base, platforms);
    const refuse = (method: string, url: string) =>
        method === "PUT" && url.startsWith("/v2/cache/manifests/") ? { status: 400, body: "{}" } : undefined;
    const proxy = await RegistryProxy.inFrontOf(farm, refuse);
    try {
        const [first] = recordOf().nodes;
        const outputs = { builder: { ...recordOf(), nodes: [first] }, builderCredentials: farm.credentials };
        const ended = await verify(["--yes", "--context-mib", "1"], outputs);
        expect(ended.status).toBe(1);
        expect(results(ended)).toEqual([
            ...["ok node answers", "ok way to the node", "ok node cache", "ok push by digest"].map(
                (l) => `${l} ci-amd64`,
            ),
            ...["failed cache export", "ok start latency", "failed cache volume after a stop"].map(
                (l) => `${l} ci-amd64`,
            ),
            ...["ok index", "failed immutable tag", "skipped cache import"],
        ]);
        expect(found(ended, "cache volume after a stop")[0]!.detail).toBe("0 of 3 steps cached");
        expect(found(ended, "immutable tag")[0]!.detail).toContain("the repository's tags are mutable");
    } finally {
        await proxy.close();
    }
});

test("nothing is stopped with --no-stop, and a node that may not be started is one finding", async () => {
    instances();
    await testFarm(base, platforms);
    const outputs = { builder: recordOf(), builderCredentials: farm.credentials };
    aws.add({ id: "i-386", state: "stopped" });
    aws.onStart = () => new AwsFault("UnauthorizedOperation", "You are not authorized");
    const ended = await verify(["--yes", "--no-stop", "--context-mib", "1"], outputs);
    expect(ended.status).toBe(1);
    expect(results(ended)).toContain("skipped start latency ci-amd64");
    expect(results(ended)).not.toContain("ok cache volume after a stop ci-amd64");
    expect(found(ended, "node answers")[1]).toMatchObject({
        result: "failed",
        detail: expect.stringContaining("may not do ec2:DescribeInstances and ec2:StartInstances") as string,
    });
    expect(aws.actions()).not.toContain("StopInstances");
});
