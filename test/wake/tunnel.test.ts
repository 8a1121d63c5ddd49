import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import type { BuilderNode } from "../../components/builder";
import { closeTunnels, openTunnels, throughTunnels } from "../../components/buildx/tunnel";
import { until } from "../support/processes";
import { temporaryFolder } from "../support/project";
import { AwsFault, AwsStandIn } from "./support/awsStandIn";
import { isolateAws } from "./support/environment";
import { Sessions } from "./support/sessions";

let aws: AwsStandIn;
let sessions: Sessions;
let restore: () => void;
/** Answers what it is sent, with its name in front. */
let echo: net.Server;
let echoPort: number;
let counter = 0;

beforeEach(async () => {
    aws = await AwsStandIn.start();
    const dir = temporaryFolder("tunnel");
    restore = isolateAws(aws.url, dir);
    sessions = new Sessions(dir);
    echo = net.createServer((socket) => socket.on("data", (data) => socket.write(`echo:${data.toString()}`)));
    await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
    echoPort = (echo.address() as net.AddressInfo).port;
});

afterEach(async () => {
    await closeTunnels();
    restore();
    sessions.remove();
    await aws.stop();
    await new Promise((resolve) => echo.close(resolve));
});

function node(
    access: Partial<BuilderNode["access"]> = {},
): BuilderNode & { access: NonNullable<BuilderNode["access"]> } {
    counter++;
    return {
        name: `ci-arm64-${counter}`,
        platforms: ["linux/arm64"],
        endpoint: "tcp://10.0.0.5:1234",
        serverName: "arm64.ci.internal",
        access: { kind: "ssm", region: "eu-central-1", instanceId: `i-${counter}`, ...access },
    };
}

function portOf(endpoint: string | undefined): number {
    return Number(new URL(endpoint ?? "").port);
}

async function say(port: number, text: string): Promise<string> {
    const socket = net.connect(port, "127.0.0.1");
    return new Promise((resolve, reject) => {
        socket.on("error", reject);
        socket.on("data", (data) => {
            resolve(data.toString());
            socket.destroy();
        });
        socket.write(text);
    });
}

const quick = { pollMs: 20 };

test("a tunnel forwards a free local port, once for all builds of the program", async () => {
    const remote = node();
    sessions.lead(aws, { [remote.access.instanceId]: echoPort });
    const lines: string[] = [];
    const [first, second] = await Promise.all(
        [1, 2].map(() => openTunnels([remote], (line) => lines.push(line), quick)),
    );
    const endpoint = first!.get(remote.name);
    expect(endpoint).toMatch(/^tcp:\/\/127\.0\.0\.1:\d+$/);
    expect(second!.get(remote.name)).toBe(endpoint);
    expect(await say(portOf(endpoint), "hello")).toBe("echo:hello");
    expect(aws.actions()).toEqual(["StartSession"]);
    expect(aws.calls[0]!.input).toMatchObject({
        Target: remote.access.instanceId,
        DocumentName: "AWS-StartPortForwardingSession",
        Parameters: { portNumber: ["1234"] },
    });
    expect(lines).toEqual([expect.stringMatching(/port \d+ of this machine is forwarded to it by Session Manager/)]);
    expect(throughTunnels([remote])).toEqual([{ ...remote, endpoint }]);
    expect(throughTunnels([node()])[0]!.endpoint).toBe("tcp://10.0.0.5:1234");
});

test("the session's token is in no command line", async () => {
    const remote = node({ profile: undefined });
    sessions.lead(aws, { [remote.access.instanceId]: echoPort });
    await openTunnels([remote], () => undefined, quick);
    const [started] = sessions.events("started");
    expect(started!.token).toBe("hush-token");
    expect(started!.cmdline).not.toContain("hush");
    expect(started!.parentCmdline).not.toContain("hush");
    expect(started!.argv).toEqual([
        "AWS_SSM_START_SESSION_RESPONSE",
        "eu-central-1",
        "StartSession",
        "",
        JSON.stringify({ Target: remote.access.instanceId }),
        aws.url,
    ]);
    // For sessions that a KMS key encrypts.
    expect(started!.accessKey).toBe("AMBIENT");
});

test("nodes without `access` get none", async () => {
    expect((await openTunnels([{ ...node(), access: undefined }], () => undefined)).size).toBe(0);
    expect(aws.calls).toEqual([]);
});

test("an agent that is not registered yet is waited for", async () => {
    const remote = node();
    sessions.lead(aws, { [remote.access.instanceId]: echoPort });
    const lead = aws.onStartSession;
    let tries = 0;
    aws.onStartSession = (input) =>
        ++tries < 4 ? new AwsFault("TargetNotConnected", `${String(input.Target)} is not connected.`) : lead(input);
    const lines: string[] = [];
    await openTunnels([remote], (line) => lines.push(line), quick);
    expect(tries).toBe(4);
    expect(lines[0]).toBe(`${remote.name}: waiting for its agent to register with Session Manager`);
    expect(lines).toHaveLength(2);
});

test("a tunnel that ended is opened anew", async () => {
    const remote = node();
    sessions.lead(aws, { [remote.access.instanceId]: echoPort });
    await openTunnels([remote], () => undefined, quick);
    process.kill(sessions.events("started")[0]!.pid, "SIGKILL");
    await until("the tunnel is gone", () => throughTunnels([remote])[0]!.endpoint === remote.endpoint, 5);
    const again = await openTunnels([remote], () => undefined, quick);
    expect(await say(portOf(again.get(remote.name)), "hello")).toBe("echo:hello");
});

describe("what cannot be reached", () => {
    test("a missing plugin is said before AWS is asked", async () => {
        process.env.PATH = "/nonexistent";
        await expect(openTunnels([node()], () => undefined, quick)).rejects.toThrow(
            /reached through AWS Session Manager, and session-manager-plugin is not on this machine's PATH: install it: https/,
        );
        expect(aws.calls).toEqual([]);
    });

    test.each(["1.2.463.0", "1.1.61.0", "1.2.496.9"])("plugin %s would show the token", async (version) => {
        process.env.STAND_IN_PLUGIN_VERSION = version;
        await expect(openTunnels([node()], () => undefined, quick)).rejects.toThrow(
            new RegExp(`is version "${version.replaceAll(".", "\\.")}", and 1\\.2\\.497\\.0 or later is needed`),
        );
        expect(aws.calls).toEqual([]);
    });

    test.each(["1.2.497.0", "1.2.1000.0", "1.3.0.0", "2.0.0.0"])("plugin %s is taken", async (version) => {
        process.env.STAND_IN_PLUGIN_VERSION = version;
        const remote = node();
        sessions.lead(aws, { [remote.access.instanceId]: echoPort });
        await openTunnels([remote], () => undefined, quick);
    });

    test("an agent that never registers", async () => {
        const remote = node();
        aws.onStartSession = () => new AwsFault("TargetNotConnected", "i-1 is not connected.");
        const options = { ...quick, seconds: new Map([[remote.name, 0.1]]) };
        await expect(openTunnels([remote], () => undefined, options)).rejects.toThrow(
            new RegExp(
                `1 of 1 nodes cannot be reached[^]*${remote.name} [^]*agent is not connected to Session Manager[^]*NAT or VPC`,
            ),
        );
        expect(sessions.events("started")).toEqual([]);
    });

    test("an identity without the right", async () => {
        aws.onStartSession = () => new AwsFault("AccessDeniedException", "not authorized");
        await expect(openTunnels([node()], () => undefined, quick)).rejects.toThrow(
            /the AWS credentials of the environment may not do ssm:StartSession on the instance/,
        );
    });

    test("a plugin that fails, without quoting the token", async () => {
        process.env.STAND_IN_PLUGIN_FAILS = "1";
        const remote = node();
        sessions.lead(aws, { [remote.access.instanceId]: echoPort });
        const failure = openTunnels([remote], () => undefined, quick).catch((error: Error) => error.message);
        expect(await failure).toMatch(
            /session-manager-plugin ended: .*Cannot perform start session: websocket: bad handshake/,
        );
        expect(await failure).not.toContain("hush");
    });

    test("a kind of access that this version does not know", async () => {
        await expect(openTunnels([node({ kind: "ssh" })], () => undefined, quick)).rejects.toThrow(
            /does not know access of kind "ssh"/,
        );
    });
});

describe("the end of the program ends its tunnels", () => {
    async function program(mode: string): Promise<ChildProcess> {
        sessions.lead(aws, { "i-1": echoPort });
        const file = path.join(__dirname, "support/program.ts");
        const child = spawn(process.execPath, ["--import", require.resolve("tsx"), file, mode], {
            env: process.env,
            stdio: ["ignore", "pipe", "inherit"],
        });
        await new Promise((resolve) => child.stdout.once("data", resolve));
        return child;
    }
    const terminated = () => until("the session is terminated", () => sessions.events("terminated").length === 1, 10);
    const gone = (pid: number) => !fs.existsSync(`/proc/${pid}`);

    test("when it is done, and is not kept from ending", async () => {
        const child = await program("end");
        await new Promise((resolve) => child.once("exit", resolve));
        expect(child.exitCode).toBe(0);
        await terminated();
    });

    test.each(["SIGINT", "SIGTERM", "SIGKILL"] as const)("by %s", async (signal) => {
        const child = await program("wait");
        const { pid } = sessions.events("started")[0]!;
        expect(gone(pid)).toBe(false);
        child.kill(signal);
        await terminated();
        await until("the plugin is gone", () => gone(pid), 5);
    });
});
