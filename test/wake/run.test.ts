import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Builder } from "../../components/builder";
import type { Farm } from "../../dev/local/farm";
import { newestBuildx } from "../support/machine";
import { until } from "../support/processes";
import { RegistryView, root, temporaryFolder, testFarm } from "../support/project";
import { AwsStandIn } from "./support/awsStandIn";
import { isolateAws } from "./support/environment";
import { Sessions } from "./support/sessions";
import { basicAuth } from "../../dev/local/registry";

// `npx multiarch-builder run` with real nodes and a real buildx; EC2 and Session Manager are stand-ins.
jest.setTimeout(120_000);

let base: string;
let farm: Farm;
let aws: AwsStandIn;
let sessions: Sessions;
let restore: () => void;
let dir: string;

beforeAll(async () => {
    base = temporaryFolder("wake-run");
    farm = await testFarm(base, ["linux/amd64", "linux/386"]);
});

afterAll(async () => {
    await farm.stop();
    fs.rmSync(base, { recursive: true, force: true });
});

beforeEach(async () => {
    aws = await AwsStandIn.start();
    dir = fs.mkdtempSync(path.join(base, "case-"));
    restore = isolateAws(aws.url, dir);
    sessions = new Sessions(dir);
    process.env.TMPDIR = path.join(dir, "tmp");
    fs.mkdirSync(process.env.TMPDIR);
    farm.nodes.forEach((_, i) => aws.add({ id: `i-run-${i}`, state: "stopped" }));
    aws.startsAtOnce();
    sessions.leadToNodes(aws, "i-run", farm.nodes);
});

afterEach(async () => {
    // Neither keys nor tunnels outlive a run.
    expect(leftovers()).toEqual([]);
    await until("no tunnel runs", () => !sessions.events("started").some(({ pid }) => isAlive(pid)), 30);
    restore();
    await aws.stop();
});

function leftovers(): string[] {
    return fs.readdirSync(path.join(dir, "tmp")).filter((name) => name.startsWith("multiarch-builder-"));
}

function isAlive(pid: number): boolean {
    return fs.existsSync(`/proc/${pid}`);
}

/** The farm's nodes as sleeping ones that only Session Manager reaches. */
function outputs(): string {
    const nodes = farm.nodes.map(({ name, platforms, serverName }, i) => {
        const reach = { region: "eu-central-1", instanceId: `i-run-${i}` };
        const endpoint = `tcp://10.255.255.${i + 1}:1234`;
        const ways = { wake: { kind: "ec2", ...reach }, access: { kind: "ssm", ...reach } };
        return { name: `ci-${name}`, platforms, serverName, endpoint, ...ways };
    });
    const builder: Builder = { name: "ci", nodes };
    return JSON.stringify({ builder, builderCredentials: farm.credentials });
}

function start(args: string[], input?: string) {
    const child = spawn(
        process.execPath,
        ["--import", require.resolve("tsx"), path.join(root, "cli/main.ts"), "run", ...args],
        {
            env: { ...process.env, TSX_DISABLE_CACHE: "1" },
        },
    );
    const output = { stdout: "", stderr: "" };
    child.stdout.on("data", (text: Buffer) => (output.stdout += text.toString()));
    child.stderr.on("data", (text: Buffer) => (output.stderr += text.toString()));
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve, reject) => {
        child.on("error", reject);
        child.on("close", (code) => resolve({ code, ...output }));
    });
    return { child, output, ended };
}

function outputsFile(): string {
    const file = path.join(dir, "outputs.json");
    fs.writeFileSync(file, outputs(), { mode: 0o600 });
    return file;
}

test("a build for both platforms on nodes that slept, with what a person types", async () => {
    const context = path.join(dir, "context");
    fs.mkdirSync(context);
    fs.writeFileSync(path.join(context, "Dockerfile"), "FROM scratch\nCOPY Dockerfile /\n");
    const { address } = farm.registry;
    const auth = basicAuth(farm.registry);
    process.env.DOCKER_AUTH_CONFIG = JSON.stringify({ auths: { [address]: { auth } } });
    const build = ["build", "--platform", "linux/amd64,linux/386", "-t", `${address}/run:1`, "--push", context];
    const { code, stderr } = await start([outputsFile(), "--", newestBuildx, ...build]).ended;
    expect(stderr).toContain("ci-amd64: it sleeps; starting it\n");
    expect(stderr).toContain("ci-386: it sleeps; starting it\n");
    expect(code).toBe(0);
    const { body } = await new RegistryView(farm).get("run/manifests/1");
    const { manifests } = body as { manifests: { platform: { architecture: string } }[] };
    const platforms = manifests.map(({ platform }) => platform.architecture);
    expect(platforms).toEqual(expect.arrayContaining(["amd64", "386"]));
});

test("the command gets the builder as its default, its own arguments, and standard input where that is free", async () => {
    const script = 'echo "$BUILDX_BUILDER $1"; cat; ls "$BUILDX_CONFIG/instances"; exit 7';
    const { code, stdout } = await start([outputsFile(), "--", "sh", "-c", script, "sh", "--help"], "typed\n").ended;
    expect(stdout).toBe("ci --help\ntyped\nci\nci-386\nci-amd64\n");
    expect(code).toBe(7);
});

test("only the nodes of the wanted platforms are woken, and are in the entry", async () => {
    const script = 'cat "$BUILDX_CONFIG/instances/ci"; cat';
    const { code, stdout } = await start(["--platform", "linux/amd64", "-", "--", "sh", "-c", script], outputs()).ended;
    const { Nodes: nodes } = JSON.parse(stdout) as { Nodes: { Name: string; Endpoint: string }[] };
    expect(nodes).toEqual([
        expect.objectContaining({
            Name: "ci-amd64",
            Endpoint: expect.stringMatching(/^tcp:\/\/127\.0\.0\.1:/) as string,
        }),
    ]);
    expect([...aws.instances.values()].map(({ state }) => state)).toEqual(["running", "stopped"]);
    expect(code).toBe(0);
});

test("while the command runs, each node has a connection: it does not go to sleep", async () => {
    const ports = farm.nodes.map(({ endpoint }) => Number(new URL(endpoint).port));
    const { child, output, ended } = start([outputsFile(), "--", "sh", "-c", "echo runs; exec sleep 600"]);
    await until("the command runs", () => output.stdout === "runs\n", 60);
    await until("every node has a connection", () => ports.every((port) => connections(port) > 0), 30);
    child.kill("SIGTERM");
    expect((await ended).code).toBe(143);
    await until("none has", () => ports.every((port) => connections(port) === 0), 30);
});

/** Established connections to a port of this machine, as the kernel lists them for the listening side. */
function connections(port: number): number {
    const established = "01";
    const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
    const lines = fs.readFileSync("/proc/net/tcp", "utf8").split("\n");
    return lines
        .filter((line) => line.includes(` ${local} `) && line.trim().split(/\s+/)[1] === local)
        .filter((line) => line.trim().split(/\s+/)[3] === established).length;
}

test("a signal before the nodes answer ends the wait", async () => {
    aws.onStart = () => undefined;
    const { child, output, ended } = start([outputsFile(), "--", "sh", "-c", "echo must not run"]);
    await until("it wakes nodes", () => output.stderr.includes("starting it"), 60);
    child.kill("SIGTERM");
    expect(await ended).toEqual(expect.objectContaining({ code: 143, stdout: "" }));
});

test.each<[string, string[], number, RegExp]>([
    ["no command", ["outputs.json"], 2, /give a file with the stack's outputs, then -- and a command/],
    ["no file", ["--", "true"], 2, /give a file with the stack's outputs, then -- and a command/],
    [
        "a platform that no node offers",
        ["--platform", "linux/arm64", "FILE", "--", "true"],
        2,
        /has no node for linux\/arm64; it offers linux\/amd64, linux\/386/,
    ],
    ["a command that is not there", ["FILE", "--", "no-such-program"], 127, /no-such-program: command not found/],
])("%s", async (_, args, expected, message) => {
    const file = outputsFile();
    const { code, stderr } = await start(args.map((arg) => (arg === "FILE" ? file : arg))).ended;
    expect(stderr).toMatch(message);
    expect(code).toBe(expected);
});
