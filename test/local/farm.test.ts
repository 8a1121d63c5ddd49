import { spawnSync } from "node:child_process";
import {
    existsSync,
    mkdirSync,
    mkdtempSync,
    readFileSync,
    readdirSync,
    rmSync,
    statSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listWorkers } from "../../components/buildx/workers";
import { Farm, startFarm } from "../../dev/local/farm";
import { createPki } from "../../dev/local/pki";
import { stopFarm } from "../../dev/local/stopFarm";
import { goEnvironment } from "../../dev/local/sample";
import { toolsDir } from "../../dev/tools/build";
import { requireGo } from "../../dev/tools/requirements";
import { basicAuth } from "../../dev/local/registry";

// buildkitd runs build steps as root on Linux; elsewhere these tests cannot run.
const describeAsRoot = process.platform === "linux" && process.getuid?.() === 0 ? describe : describe.skip;
const foreign = process.arch === "x64" ? "linux/arm64" : "linux/amd64";
const native = process.arch === "x64" ? ["linux/amd64", "linux/386"] : ["linux/arm64"];
const nodes = native.map((platform) => ({ name: platform.slice("linux/".length), platforms: [platform] }));

jest.setTimeout(120_000);

describeAsRoot("a farm", () => {
    let dir: string;
    let farm: Farm;

    beforeAll(async () => {
        dir = mkdtempSync(join(tmpdir(), "farm-"));
        farm = await startFarm({ dir, nodes });
    });
    afterAll(() => stopFarm(dir, { purge: true }));

    it("runs build steps of every native platform and pushes with credentials", async () => {
        const context = join(dir, "context");
        mkdirSync(context);
        writeFileSync(
            join(context, "main.go"),
            `package main\nimport ("os"; "runtime")\nfunc main() { os.WriteFile("/arch", []byte(runtime.GOARCH), 0o644) }\n`,
        );
        for (const { name, platforms, endpoint, serverName } of farm.nodes) {
            const go = spawnSync(requireGo("any"), ["build", "-o", "tool", "main.go"], {
                cwd: context,
                env: { ...process.env, ...goEnvironment(platforms[0]!) },
                encoding: "utf8",
            });
            expect(go.stderr).toBe("");
            const key = (file: string) => join(dir, "pki", file);
            writeFileSync(join(context, "Dockerfile"), 'FROM scratch\nCOPY tool /tool\nRUN ["/tool"]\n');
            const image = `${farm.registry.address}/t/${name}:1`;
            const auth = basicAuth(farm.registry);
            const out = join(dir, `out-${name}`);
            const build = (output: string) =>
                spawnSync(
                    join(toolsDir, "buildctl"),
                    [
                        ...["--addr", endpoint, "--tlsservername", serverName, "--tlscacert", key("server-ca.pem")],
                        ...["--tlscert", key("client.pem"), "--tlskey", key("client-key.pem"), "build"],
                        ...["--frontend", "dockerfile.v0", "--opt", `platform=${platforms[0]}`, "--output", output],
                        ...["--local", `context=${context}`, "--local", `dockerfile=${context}`],
                    ],
                    {
                        env: {
                            ...process.env,
                            DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [farm.registry.address]: { auth } } }),
                        },
                        encoding: "utf8",
                    },
                );
            expect(build(`type=local,dest=${out}`)).toMatchObject({ status: 0 });
            expect(readFileSync(join(out, "arch"), "utf8")).toBe(name);
            expect(build(`type=image,name=${image},push=true`)).toMatchObject({ status: 0 });
            const manifest = `http://${farm.registry.address}/v2/t/${name}/manifests/1`;
            expect((await fetch(manifest)).status).toBe(401);
            const accept = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json";
            expect((await fetch(manifest, { headers: { authorization: `Basic ${auth}`, accept } })).status).toBe(200);
        }
    });

    it("refuses a client of another CA", async () => {
        const stranger = await createPki({ nodes: [] });
        const credentials = { ca: farm.credentials.ca, ...stranger.client };
        await expect(listWorkers(farm.nodes[0]!, credentials, 5000)).rejects.toThrow();
        await expect(listWorkers(farm.nodes[0]!, farm.credentials, 5000)).resolves.not.toHaveLength(0);
    });

    it("is reused, and marks what a node of another CPU would emulate", async () => {
        const lines: string[] = [];
        const log = (line: string) => lines.push(line);
        const again = await startFarm({ dir, nodes, log });
        expect(lines.filter((line) => !line.endsWith("reused"))).toEqual([]);
        expect(again).toMatchObject({ fresh: false, registry: farm.registry, credentials: farm.credentials });
        const other = await startFarm({
            dir: join(dir, "other"),
            nodes: [{ name: "foreign", platforms: [foreign] }],
            registry: false,
        });
        try {
            expect(other.nodes[0]!.emulated).toContain(foreign);
            expect(again.nodes.flatMap((node) => node.emulated)).not.toContain(native[0]);
            expect(() => other.registry).toThrow(/registry: false/);
        } finally {
            await other.stop();
        }
        await expect(listWorkers(farm.nodes[0]!, farm.credentials, 5000)).resolves.not.toHaveLength(0);
    });

    it("leaves no secret behind when it stops, and comes back on the same ports with its caches", async () => {
        const secrets = [farm.registry.password, farm.credentials.key.split("\n")[1]!];
        const address = farm.registry.address;
        await farm.stop();
        await farm.stop();
        const holding = readdirSync(dir, { recursive: true, encoding: "utf8" })
            .filter((name) => !name.includes("/root/") && !name.includes("registry/data/"))
            .map((name) => join(dir, name))
            .filter((file) => statSync(file).isFile())
            .filter((file) => secrets.some((secret) => readFileSync(file, "utf8").includes(secret)));
        expect(holding).toEqual([]);
        expect(existsSync(join(dir, "nodes", nodes[0]!.name, "root"))).toBe(true);
        await expect(listWorkers(farm.nodes[0]!, farm.credentials, 2000)).rejects.toThrow();
        const later = await startFarm({ dir, nodes });
        expect(later.registry.address).toBe(address);
        expect(later.nodes.map(({ endpoint }) => endpoint)).toEqual(farm.nodes.map(({ endpoint }) => endpoint));
        expect([later.fresh, later.registry.password === farm.registry.password]).toEqual([true, false]);
    });

    it("ends nodes that are not wanted any more", async () => {
        await startFarm({ dir, nodes: [{ name: "only", platforms: [native[0]!] }] });
        await expect(listWorkers(farm.nodes[0]!, farm.credentials, 2000)).rejects.toThrow();
        await stopFarm(dir, { purge: true });
        // What the tests themselves put there is not the farm's to remove.
        expect(readdirSync(dir).filter((name) => !/^(context|out-|other)/.test(name))).toEqual([]);
        rmSync(dir, { recursive: true });
        await stopFarm(dir);
    });

    it("refuses names that are no file names, and names twice", async () => {
        await expect(startFarm({ dir, nodes: [{ name: "../x", platforms: native }] })).rejects.toThrow(/node name/);
        await expect(startFarm({ dir, nodes: [nodes[0]!, nodes[0]!] })).rejects.toThrow(/two nodes/);
        await expect(startFarm({ dir, nodes: [{ name: "x", platforms: [] }] })).rejects.toThrow(/no platforms/);
    });
});
