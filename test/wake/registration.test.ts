import * as fs from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import type { Builder, BuilderNode } from "../../components/builder";
import { registerBuilder, registerForBuild } from "../../components/buildx/registration";
import { closeTunnels } from "../../components/buildx/tunnel";
import type { Farm } from "../../dev/local/farm";
import { succeed } from "../support/commands";
import { newestBuildx } from "../support/machine";
import { root, temporaryFolder, testFarm } from "../support/project";
import { AwsStandIn } from "./support/awsStandIn";
import { isolateAws } from "./support/environment";
import { freePort } from "./support/moto";
import { Sessions } from "./support/sessions";

// Real nodes and a real buildx; EC2 and Session Manager are stand-ins.
jest.setTimeout(120_000);

let base: string;
let farm: Farm;
let aws: AwsStandIn;
let sessions: Sessions;
let restore: () => void;
let lines: string[];

beforeAll(async () => {
    base = temporaryFolder("wake-registration");
    farm = await testFarm(base, ["linux/amd64", "linux/386"]);
});

afterAll(async () => {
    await farm.stop();
    fs.rmSync(base, { recursive: true, force: true });
});

beforeEach(async () => {
    aws = await AwsStandIn.start();
    const dir = fs.mkdtempSync(path.join(base, "case-"));
    restore = isolateAws(aws.url, dir);
    sessions = new Sessions(dir);
    process.env.BUILDX_CONFIG = path.join(dir, "buildx");
    lines = [];
});

afterEach(async () => {
    await closeTunnels();
    restore();
    await aws.stop();
});

const log = (line: string) => void lines.push(line);

/** The farm as builders on EC2 that only Session Manager reaches. */
function remoteBuilder(change: (node: BuilderNode, i: number) => BuilderNode): Builder {
    const nodes = farm.nodes.map(({ name, platforms, serverName }, i) =>
        change({ name: `ci-${name}`, platforms, serverName, endpoint: `tcp://10.255.255.${i + 1}:1234` }, i),
    );
    return { name: "ci", nodes };
}

function endpoints(entry: string): string[] {
    const file = path.join(process.env.BUILDX_CONFIG!, "instances", entry);
    return (JSON.parse(fs.readFileSync(file, "utf8")) as { Nodes: { Endpoint: string }[] }).Nodes.map(
        (node) => node.Endpoint,
    );
}

test("a build through a tunnel on a node that slept: only that node is woken and reached", async () => {
    const reach = (i: number) => ({ region: "eu-central-1", instanceId: `i-tunnel-${i}` });
    const builder = remoteBuilder((node, i) => ({
        ...node,
        wake: { kind: "ec2", ...reach(i) },
        access: { kind: "ssm", ...reach(i) },
    }));
    builder.nodes.forEach((_, i) => aws.add({ id: `i-tunnel-${i}`, state: "stopped" }));
    aws.startsAtOnce();
    sessions.leadToNodes(aws, "i-tunnel", farm.nodes);

    await registerForBuild(builder, farm.credentials, { platforms: ["linux/amd64"], image: "api" }, log);
    expect(lines).toEqual([
        "ci-amd64: it sleeps; starting it",
        expect.stringMatching(/^ci-amd64: it runs; BuildKit has 2\d\d s to answer$/),
        expect.stringMatching(/^ci-amd64: port \d+ of this machine is forwarded/),
    ]);
    expect(new Set(aws.calls.map(({ input }) => input.Target ?? input["InstanceId.1"]))).toEqual(
        new Set(["i-tunnel-0"]),
    );
    const [endpoint] = endpoints("ci-amd64");
    expect(endpoint).toMatch(/^tcp:\/\/127\.0\.0\.1:\d+$/);
    expect(endpoints("ci")).toEqual([endpoint, "tcp://10.255.255.2:1234"]);

    // The stack's own registration, which may come later in the same run, keeps the tunnel.
    await registerBuilder(builder, farm.credentials);
    expect(endpoints("ci-amd64")).toEqual([endpoint]);

    const context = path.join(base, "context");
    fs.mkdirSync(context);
    fs.writeFileSync(path.join(context, "Dockerfile"), "FROM scratch\nCOPY Dockerfile /\n");
    const out = path.join(base, "image.tar");
    await succeed(newestBuildx, ["build", "--builder", "ci-amd64", "--output", `type=oci,dest=${out}`, context], {
        cwd: root,
        env: { ...process.env },
    });
    expect(fs.statSync(out).size).toBeGreaterThan(1000);
});

test("a node that goes to sleep just when it is needed is woken again", async () => {
    const real = Number(new URL(farm.nodes[0]!.endpoint).port);
    const clients = new Set<net.Socket>();
    const relay = net.createServer((client) => {
        clients.add(client);
        const upstream = net.connect(real, "127.0.0.1");
        client.pipe(upstream).pipe(client);
        upstream.on("error", () => client.destroy());
        client.on("error", () => upstream.destroy());
    });
    const port = await freePort();
    const builder = remoteBuilder((node, i) => ({
        ...node,
        endpoint: `tcp://127.0.0.1:${port + i}`,
        wake: { kind: "ec2", region: "eu-central-1", instanceId: `i-again-${i}` },
    }));
    const instance = aws.add({ id: "i-again-0" });
    process.env.MULTIARCH_BUILDER_READY_SECONDS = "1";
    let looks = 0;
    aws.onDescribe = () => {
        if (++looks === 2) {
            instance.state = "stopping";
        } else if (looks === 3) {
            instance.state = "stopped";
        }
    };
    aws.onStart = () => {
        Object.assign(instance, { state: "running", launched: new Date() });
        relay.listen(port, "127.0.0.1");
    };
    try {
        await registerForBuild(builder, farm.credentials, { platforms: ["linux/amd64"], image: "api" }, log);
    } finally {
        delete process.env.MULTIARCH_BUILDER_READY_SECONDS;
        clients.forEach((client) => client.destroy());
        relay.close();
    }
    expect(lines.slice(0, 2)).toEqual([
        "ci-amd64: it went to sleep just now; waking it again",
        "ci-amd64: it sleeps; starting it",
    ]);
    expect(endpoints("ci-amd64")).toEqual([`tcp://127.0.0.1:${port}`]);
});

test("a machine that runs and does not answer: the error says how to look into it, and nothing is registered", async () => {
    const port = await freePort();
    const builder = remoteBuilder((node, i) => ({
        ...node,
        endpoint: `tcp://127.0.0.1:${port + i}`,
        wake: { kind: "ec2", region: "eu-central-1", instanceId: `i-mute-${i}` },
    }));
    aws.add({ id: "i-mute-0" });
    process.env.MULTIARCH_BUILDER_READY_SECONDS = "1";
    try {
        const build = registerForBuild(builder, farm.credentials, { platforms: ["linux/amd64"], image: "api" }, log);
        await expect(build).rejects.toThrow(
            /connection refused[^]*aws ec2 get-console-output --latest --region eu-central-1 --instance-id i-mute-0/,
        );
    } finally {
        delete process.env.MULTIARCH_BUILDER_READY_SECONDS;
    }
    expect(fs.existsSync(process.env.BUILDX_CONFIG!)).toBe(false);
});
