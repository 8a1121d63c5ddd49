import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import { gunzipSync } from "node:zlib";
import { type Farm, startFarm } from "../../dev/local/farm";
import { createSealer } from "../../dev/rehearsal/passphrase";
import { rehearse } from "../../dev/rehearsal/run";
import { succeed } from "../support/commands";
import { newestBuildx } from "../support/machine";
import { Project, RegistryView, temporaryFolder, testFarm } from "../support/project";
import { prepareShell } from "../dockerfiles/bases";
import { operations } from "../rehearsal/trial";
import { installExamples } from "./installed";
import { basicAuth } from "../../dev/local/registry";

// The package is compiled first, and a machine may be busy.
jest.setTimeout(900_000);

const platforms = ["linux/amd64", "linux/386"];
const tokens = ["swordfish-first", "swordfish-second"];
const content = "a private package\n";
const base = temporaryFolder("private");
const log: string[] = [];
let asked: string[] = [];
const server = http.createServer(({ url = "", headers }, response) => {
    asked.push(url);
    const known = tokens.some((token) => headers.authorization === `Bearer ${token}`);
    response.writeHead(known ? 200 : 401).end(known ? content : "");
});

const reason = shells();
if (reason !== undefined) {
    process.stderr.write(`skipped: examples/private-base: ${reason}\n`);
}
afterAll(() => fs.rmSync(base, { recursive: true, force: true }));

/** Makes what the base image holds; the reason where that cannot be. */
function shells(): string | undefined {
    if (process.arch !== "x64") {
        return "its steps run for linux/amd64 and linux/386, and this machine is no x86-64 one";
    }
    try {
        ["amd64", "386"].forEach(prepareShell);
        return undefined;
    } catch (error) {
        return `Debian's package busybox-static cannot be had: ${(error as Error).message}`;
    }
}

(reason === undefined ? describe : describe.skip)("examples/private-base", () => {
    let farm: Farm;
    let other: Farm;
    let image: string;

    beforeAll(async () => {
        await installExamples(base, ["private-base"]);
        farm = await testFarm(base, platforms);
        other = await startFarm({ dir: path.join(base, "private"), nodes: [] });
        image = `${other.registry.address}/alpine:3.22`;
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        const infra = new Project(farm, base, "infra");
        const prepared = await infra.prepare(undefined);
        const options = { projectDir: infra.dir, stack: "prod", stateFile: path.join(base, "prod.json") };
        const made = await rehearse({ command: "up", ...prepared, ...options, log: (line) => log.push(line) });
        expect(made.errors).toEqual([]);
        await pushBase(infra.dockerConfig, (made.outputs.builder as { name: string }).name);
    });

    afterAll(async () => {
        server.close();
        await farm?.stop();
        await other?.stop();
    });

    beforeEach(() => (asked = []));

    function login({ registry }: Farm): string {
        const auth = basicAuth(registry);
        return JSON.stringify({ auths: { [registry.address]: { auth } } });
    }

    /** The private base image: a shell for both platforms, in a registry that asks for another password. */
    async function pushBase(dockerConfig: string, builder: string): Promise<void> {
        const context = path.join(base, "base");
        for (const architecture of ["amd64", "386"]) {
            fs.cpSync(prepareShell(architecture), path.join(context, architecture), {
                recursive: true,
                verbatimSymlinks: true,
            });
        }
        fs.writeFileSync(path.join(context, "Dockerfile"), "FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /\n");
        const args = ["build", "--builder", builder, "--platform", platforms.join(), "-t", image, "--push", context];
        const env = { PATH: process.env.PATH, DOCKER_CONFIG: dockerConfig, DOCKER_AUTH_CONFIG: login(other) };
        await succeed(newestBuildx, args, { env });
    }

    /** The application team's update, on a machine with a login for the image's registry only. */
    async function update(token: string, basePassword: string) {
        const sealer = await createSealer("correct horse");
        const configFile = path.join(base, "private-base/Pulumi.dev.yaml");
        const config = {
            infra: "organization/multiarch-builder/prod",
            repositoryUrl: `${farm.registry.address}/app`,
            platforms,
            base: image,
            baseUsername: other.registry.username,
            basePassword: { secure: sealer.seal(basePassword) },
            packages: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
            token: { secure: sealer.seal(token) },
        };
        fs.writeFileSync(configFile, JSON.stringify({ encryptionsalt: sealer.encryptionSalt, config }));
        const dockerConfig = path.join(base, "docker");
        fs.mkdirSync(dockerConfig, { recursive: true });
        fs.writeFileSync(path.join(dockerConfig, "config.json"), login(farm));
        return rehearse({
            command: "up",
            projectDir: path.join(base, "private-base"),
            stack: "dev",
            configFile,
            stateFile: path.join(base, "state.json"),
            stacksDir: base,
            env: { PULUMI_CONFIG_PASSPHRASE: "correct horse", DOCKER_CONFIG: dockerConfig },
            log: (line) => log.push(line),
        });
    }

    /** Files below a folder that hold a text, compressed or not. */
    function filesWith(folder: string, text: string): string[] {
        return fs
            .readdirSync(folder, { withFileTypes: true, recursive: true })
            .filter((entry) => entry.isFile())
            .map((entry) => path.join(entry.parentPath, entry.name))
            .filter((file) => {
                const bytes = fs.readFileSync(file);
                return (
                    bytes.includes(text) ||
                    (bytes.toString("latin1", 0, 2) === "\x1f\x8b" && gunzipSync(bytes).includes(text))
                );
            });
    }

    test("without the base registry's password nothing is built, and no tag is made", async () => {
        const result = await update(tokens[0]!, "not-the-password");
        expect(result.exitCode).toBe(1);
        expect(result.errors.join("\n")).toMatch(/401|unauthorized|denied|insufficient/i);
        expect(result.errors.join("\n")).toContain(other.registry.address);
        expect(await new RegistryView(farm).tagDigest("app", "1.0.0")).toBe("");
    });

    test("the image is built on the private base, with the secret in the one step", async () => {
        const result = await update(tokens[0]!, other.registry.password);
        expect(result.errors).toEqual([]);
        const built = await new RegistryView(farm).platforms("app", "1.0.0");
        expect(built).toEqual({ "linux/amd64": "amd64", "linux/386": "386" });
        expect(asked).toEqual(["/package", "/package"]);
    });

    test("another token builds the image again, from the cache", async () => {
        const registry = new RegistryView(farm);
        const before = await registry.tagDigest("app", "1.0.0");
        const result = await update(tokens[1]!, other.registry.password);
        expect(result.errors).toEqual([]);
        expect(operations(result)).toEqual(expect.arrayContaining(["app-amd64: update", "app-386: update"]));
        expect(asked).toEqual([]);
        expect(await registry.tagDigest("app", "1.0.0")).toBe(before);
    });

    test("token and password are in no layer, history, cache, log or state", () => {
        const data = path.join(farm.dir, "registry/data");
        // What the step wrote is found, so the search does look into layers.
        expect(filesWith(data, content)).not.toEqual([]);
        for (const secret of [...tokens, other.registry.password]) {
            expect(filesWith(data, secret)).toEqual([]);
            expect(filesWith(path.join(farm.dir, "nodes"), secret)).toEqual([]);
            expect(log.join("\n")).not.toContain(secret);
            expect(fs.readFileSync(path.join(base, "state.json"), "utf8")).not.toContain(secret);
        }
    });
});
