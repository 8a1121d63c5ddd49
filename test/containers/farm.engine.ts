import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { createServer } from "node:http";
import * as path from "node:path";
import { prepareEngine } from "../../dev/local/containers/engine";
import { runContainers } from "../../dev/local/containers/farm";
import { imageVariables } from "../../dev/local/containers/images";
import { type Farm, startFarm } from "../../dev/local/farm";
import { stopFarm } from "../../dev/local/stopFarm";
import { ended } from "../support/ciScripts";
import { nodeView } from "../support/nodes";
import { fromProbe, root, temporaryFolder, writeContext } from "../support/project";
import { LocalTestRegistry } from "../registry/localRegistry";
import { TestEngine } from "./testEngine";

const started = TestEngine.start();
const nodes = [
    { name: "amd64", platforms: ["linux/amd64"] },
    { name: "arm64", platforms: ["linux/arm64"] },
];
let base: string;
let dir: string;

/** `npm start` or `npm run stop` as a process of its own, on a farm of its own. */
function command(script: "start" | "stop", args: string[], env: Record<string, string> = {}): ChildProcess {
    const main = ["--require", require.resolve("tsx/cjs"), path.join(root, `dev/local/${script}.ts`)];
    return spawn(process.execPath, [...main, "--dir", dir, ...args], {
        cwd: root,
        env: { ...process.env, ...env },
        stdio: ["ignore", "pipe", "pipe"],
    });
}

function run(args: string[] = ["--nodes", "containers"], env: Record<string, string> = {}) {
    return ended(command("start", args, env));
}

beforeAll(() => {
    base = temporaryFolder("containers");
});

beforeEach(() => {
    dir = path.join(base, "farm");
});

afterAll(() => {
    fs.rmSync(base, { recursive: true, force: true });
});

test("without the Docker CLI it says where to get it", async () => {
    const { status, stderr } = await run(undefined, { PATH: base });
    expect(stderr).toMatch(/^error: no `docker` in PATH: .* install Docker Desktop/m);
    expect(status).toBe(1);
    expect(fs.existsSync(dir)).toBe(false);
}, 60_000);

if (typeof started === "string") {
    process.stderr.write(`skipped: nodes as containers: ${started}\n`);
    test.skip(`nodes as containers (skipped: ${started})`, () => undefined);
} else {
    const engine = started;

    const start = (platforms = nodes): Promise<Farm> => startFarm({ dir, nodes: platforms, mode: "containers" });
    /** Ids of the running containers. */
    const ids = () => engine.docker("ps", "--quiet", "--no-trunc").split("\n").sort();

    describe("a farm of containers", () => {
        let farm: Farm;

        test("serves on loopback only, says what is native on the engine's CPU, and is reused by the next start", async () => {
            farm = await start();
            const family = process.arch === "x64" ? "amd64" : "arm64";
            expect(farm.nodes.map(({ name, emulated }) => [name, emulated.includes(`linux/${name}`)])).toEqual(
                nodes.map(({ name }) => [name, name !== family]),
            );
            expect(farm.canRun(`linux/${family}`)).toBe(true);
            expect(engine.docker("ps", "--format", "{{.Ports}}")).not.toMatch(/0\.0\.0\.0|\[::\]|:::/);
            const before = ids();
            const again = await start();
            expect(ids()).toEqual(before);
            expect(again.nodes).toEqual(farm.nodes);
            expect(again.registry).toEqual(farm.registry);
        }, 120_000);

        test("keeps keys and the password's hash out of what the engine tells, and readable for root only", () => {
            const key = fs.readFileSync(path.join(dir, "pki/server-amd64-key.pem"), "utf8").split("\n")[1]!;
            const hash = fs.readFileSync(path.join(dir, "registry/htpasswd"), "utf8").trim();
            const all = ids();
            const told = [
                engine.docker("inspect", ...all),
                engine.docker("info"),
                engine.docker("volume", "ls"),
            ].join();
            [key, hash, farm.registry.password].forEach((secret) => expect(told).not.toContain(secret));
            for (const id of all) {
                const archive = engine.archive(id, "/etc/multiarch-builder");
                expect(archive.length).toBeGreaterThan(1);
                expect(archive.filter((line) => !/^(d|-rw------- (0\/0|root\/root) )/.test(line))).toEqual([]);
            }
        });

        test("serves again after a reboot, and with another platform, from the same caches and addresses", async () => {
            const { address } = farm.registry;
            const size = () => nodeView(farm, "amd64").buildctl("du").length;
            const volumes = () => engine.docker("volume", "ls", "--quiet").split("\n");
            const before = volumes();
            engine.docker("stop", "--time", "1", ...ids());
            farm = await start();
            expect(farm.registry.address).toBe(address);
            expect(farm.fresh).toBe(false);
            expect(volumes()).toEqual(before);
            expect(size()).toBeGreaterThan(0);
            const [first] = ids();
            engine.docker("rm", "--force", first!);
            farm = await start();
            expect(ids()).toHaveLength(3);
        }, 120_000);

        test("ends with `npm run stop`, also when its folder was deleted; volumes go with --purge", async () => {
            const stop = (...args: string[]) => ended(command("stop", args));
            fs.rmSync(dir, { recursive: true });
            const stopped = await stop();
            expect(stopped.stdout).toMatch(/^3 containers: removed\nstopped$/m);
            expect(engine.docker("ps", "--all", "--quiet")).toBe("");
            expect(engine.things()).toHaveLength(3);
            expect((await stop("--purge")).status).toBe(0);
            expect(engine.things()).toEqual([]);
            expect((await stop()).stdout).toMatch(/^no farm in /);
        }, 60_000);

        test("pulls what the engine does not have, and runs what the image has an emulator for", async () => {
            const registry = await LocalTestRegistry.start();
            const foreign = process.arch === "x64" ? ["linux/arm64", "aarch64"] : ["linux/amd64", "x86_64"];
            const image = `${registry.host}/buildkit`;
            const { username, password } = registry.login;
            process.env.DOCKER_CONFIG = path.join(base, "docker");
            const variable = imageVariables.buildkit;
            const before = process.env[variable];
            try {
                engine.docker("login", "--username", username, "--password", password, registry.host);
                engine.docker("create", "--name", "emulating", before!);
                engine.docker("cp", "--follow-link", "/bin/busybox", `emulating:/usr/bin/buildkit-qemu-${foreign[1]}`);
                engine.docker("commit", "emulating", `${image}:1`);
                engine.docker("rm", "--volumes", "emulating");
                engine.docker("push", `${image}:1`);
                const digest = engine.docker("inspect", "--format", "{{index .RepoDigests 0}}", `${image}:1`);
                engine.docker("rmi", `${image}:1`);
                process.env[variable] = digest.replace("@", ":1@");
                const said: string[] = [];
                farm = await startFarm({ dir, nodes, mode: "containers", log: (line) => said.push(line) });
                expect(said.slice(0, 2)).toEqual([
                    `${process.env[variable]}: pulling`,
                    expect.stringMatching(/: pulled in \d/),
                ]);
                expect(farm.canRun(foreign[0]!)).toBe(true);
                const again: string[] = [];
                await startFarm({ dir, nodes, mode: "containers", log: (line) => again.push(line) });
                expect(again.join()).not.toMatch(/pull|ready/);
            } finally {
                await stopFarm(dir, { purge: true });
                process.env[variable] = before;
                delete process.env.DOCKER_CONFIG;
                await registry.stop();
            }
        }, 120_000);

        test("takes the place of processes in the same folder, and they of it", async () => {
            const one = [nodes[0]!];
            const processes = await startFarm({ dir, nodes: one });
            farm = await start(one);
            expect(engine.docker("ps", "--quiet").split("\n")).toHaveLength(2);
            expect(spawnSync("pgrep", ["-f", `${dir}/nodes`]).stdout.toString()).toBe("");
            // Neither has the other's images, so what the engines know of them goes.
            expect(farm.credentials).not.toEqual(processes.credentials);
            await startFarm({ dir, nodes: one });
            expect(engine.docker("ps", "--all", "--quiet")).toBe("");
            await stopFarm(dir, { purge: true });
            expect(engine.things()).toEqual([]);
        }, 120_000);

        test("stopping needs the engine that has the containers", async () => {
            farm = await start([nodes[0]!]);
            const elsewhere = { DOCKER_HOST: `unix://${base}/none.sock` };
            const failed = await ended(command("stop", [], elsewhere));
            expect(failed.stderr).toMatch(
                /^error: `docker info` failed: no Docker engine answers: start Docker Desktop/m,
            );
            expect(failed.status).toBe(1);
            // No secret waits for the engine.
            expect(fs.existsSync(path.join(dir, "pki"))).toBe(false);
            await stopFarm(dir, { purge: true });
            expect(engine.things()).toEqual([]);
            expect(fs.existsSync(dir)).toBe(false);
        }, 60_000);
    });

    test("`npm start` builds, tests and pushes, says what was native, and a second one changes nothing", async () => {
        const native = process.arch === "x64" ? "amd64" : "arm64";
        const foreign = native === "amd64" ? "arm64" : "amd64";
        const context = path.join(base, "ctx");
        writeContext(context, fromProbe, [`linux/${native}`, `linux/${foreign}`]);
        const args = ["--context", context, "--name", "app", "--engine", "rehearsal", "--smoke-test", "/probe arch /a"];
        const first = await run([...args, "--nodes", "containers"]);
        expect(first.stderr).toBe("");
        expect(first.status).toBe(0);
        expect(first.stdout).toMatch(new RegExp(`built on multiarch-local-${native}\\s+\\(native\\)`));
        expect(first.stdout).toMatch(new RegExp(`built on multiarch-local-${foreign}\\s+\\(emulated: `));
        const tests = [...first.stdout.matchAll(/smoke test:\s+(passed|not\s+run \(no\s+emulator)/g)];
        expect(tests.map(([, result]) => result!.slice(0, 3)).sort()).toEqual(["not", "pas"]);
        const second = await run(args);
        expect(second.stdout).toMatch(/^nodes: containers \(as in this folder before\)$/m);
        expect(second.stdout).toMatch(/^Resources: \d+ unchanged$/m);
        await stopFarm(dir, { purge: true });
        expect(engine.things()).toEqual([]);
    }, 120_000);

    describe("what goes wrong is one error with its remedy, and nothing is left", () => {
        afterEach(() => {
            expect(engine.things()).toEqual([]);
            expect(fs.existsSync(dir)).toBe(false);
        });

        const failing = async (expected: RegExp, env: Record<string, string> = {}) => {
            const { status, stderr } = await run(undefined, env);
            expect(stderr).toMatch(expected);
            expect(stderr.match(/^error: /gm)).toHaveLength(1);
            expect(status).toBe(1);
        };

        test("an engine that does not run", async () => {
            const none = { DOCKER_HOST: `unix://${base}/none.sock` };
            await failing(/^error: `docker version` failed: no Docker engine answers: start Docker Desktop/m, none);
        }, 60_000);

        test("an image that cannot be pulled", async () => {
            const image = "127.0.0.1:1/mirror/buildkit:1";
            const none = { [imageVariables.buildkit]: image };
            await failing(
                /^error: `docker pull 127\.0\.0\.1:1\/mirror\/buildkit:1` failed: the image cannot be pulled: check the network.*\n {2}.*connection refused/m,
                none,
            );
        }, 60_000);

        test("no space on the engine's disk", async () => {
            await engine.whileFull(() =>
                failing(/^error: .* failed: the engine's disk is full: .*`docker system df`/m),
            );
        }, 60_000);

        test("a port that was taken in the meantime", async () => {
            const thief = createTcpServer();
            await new Promise<void>((resolve) => thief.listen(0, "127.0.0.1", resolve));
            const { port } = thief.address() as AddressInfo;
            const signal = new AbortController().signal;
            const ready = await prepareEngine(() => undefined, signal);
            const options = { dir, nodes: [nodes[0]!], registry: false };
            await expect(runContainers(options, ready, { "buildkitd-amd64": port }, signal)).rejects.toThrow(
                /^`docker start` failed: the port was taken in the meantime: run it again, it takes free ones/,
            );
            thief.close();
            fs.rmSync(dir, { recursive: true });
        }, 60_000);

        test("a container that ends at once", async () => {
            engine.docker("tag", "multiarch-test/registry:1", "multiarch-test/broken:1");
            const broken = { [imageVariables.buildkit]: "multiarch-test/broken:1" };
            await failing(/^error: amd64 ended while starting; last lines of its log:\n[^]*help for registry/m, broken);
            engine.docker("rmi", "multiarch-test/broken:1");
        }, 60_000);

        test("an interruption", async () => {
            const child = command("start", ["--nodes", "containers"]);
            const done = ended(child);
            while (engine.docker("ps", "--all", "--quiet") === "" && child.exitCode === null) {
                await new Promise((resolve) => setTimeout(resolve, 20));
            }
            child.kill("SIGINT");
            child.kill("SIGINT");
            const { status, stderr } = await done;
            expect(stderr).toMatch(/^error: interrupted: what this start had made was removed/m);
            expect(status).toBe(1);
        }, 60_000);

        test("an engine whose policy refuses privileged containers", async () => {
            // https://docs.docker.com/engine/extend/plugins_authorization/
            const gate = createServer((request, response) => {
                const parts: Buffer[] = [];
                request.on("data", (part: Buffer) => parts.push(part));
                request.on("end", () => {
                    const asked = JSON.parse(Buffer.concat(parts).toString() || "{}") as { RequestBody?: string };
                    const body = Buffer.from(asked.RequestBody ?? "", "base64").toString();
                    const allowed = !/"Privileged":true/.test(body);
                    const answer = request.url?.startsWith("/Plugin.Activate")
                        ? { Implements: ["authz"] }
                        : { Allow: allowed, Msg: allowed ? "" : "no privileged containers here" };
                    response.end(JSON.stringify(answer));
                });
            });
            await engine.useGate(gate);
            try {
                await failing(
                    /^error: `docker create` failed: .* privileged containers, .*\n {2}.*authorization denied by plugin gate: no privileged containers here/m,
                );
            } finally {
                await engine.useGate();
                gate.closeAllConnections();
                gate.close();
            }
        }, 60_000);
    });

    test("everything that the tests started is gone", () => {
        const things = engine.things();
        expect(engine.stop()).toEqual([]);
        expect(things).toEqual([]);
        expect(spawnSync("pgrep", ["-f", base]).stdout.toString()).toBe("");
    }, 60_000);
}
