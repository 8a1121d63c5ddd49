import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import * as fc from "fast-check";
import { buildxPlugin } from "../../dev/local/containers/buildx";
import { chooseMode, processesLack } from "../../dev/local/containers/choose";
import { chosenImages, imageVariables, registryImage } from "../../dev/local/containers/images";
import { explained } from "../../dev/local/containers/problems";
import { containerSpecs } from "../../dev/local/containers/specs";
import { tarOf } from "../../dev/local/containers/tar";
import { lockName, takeLock } from "../../dev/local/files";
import { temporaryFolder } from "../support/project";

let base: string;
beforeAll(() => {
    base = temporaryFolder("containers-text");
});
afterAll(() => {
    fs.rmSync(base, { recursive: true, force: true });
});

describe("what the engine says, with its remedy", () => {
    const start = ["start", "c"];
    const pull = ["pull", "--quiet", "moby/buildkit:v1@sha256:0"];
    // Words of Docker Engine 20.10 to 28, Docker Desktop and containerd.
    test.each<[string, string[], string, RegExp]>([
        [
            "stopped",
            start,
            "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
            /start Docker Desktop or the service/,
        ],
        [
            "stopped, on Windows",
            start,
            "error during connect: this error may indicate that the docker daemon is not running",
            /start Docker Desktop/,
        ],
        ["no answer", start, "no answer in 15 s", /no Docker engine answers/],
        [
            "not allowed",
            start,
            'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.24/version": dial unix /var/run/docker.sock: connect: permission denied',
            /usermod -aG docker/,
        ],
        [
            "rootless or nested",
            start,
            "Error response from daemon: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: unable to apply caps: operation not permitted: unknown",
            /refuses privileged containers/,
        ],
        [
            "mapped users",
            ["create"],
            "Error response from daemon: privileged mode is incompatible with user namespaces. You must run the container in the host namespace when running privileged mode.",
            /refuses privileged containers/,
        ],
        [
            "a policy",
            ["create"],
            "Error response from daemon: authorization denied by plugin opa-docker-authz: request rejected by administrative policy.",
            /ask whoever runs the engine/,
        ],
        [
            "a port",
            start,
            "Error response from daemon: driver failed programming external connectivity on endpoint x: Bind for 127.0.0.1:20001 failed: port is already allocated",
            /it takes free ones/,
        ],
        [
            "a port, on a Mac",
            start,
            "Error response from daemon: Ports are not available: exposing port TCP 127.0.0.1:20001 -> 127.0.0.1:0: listen tcp 127.0.0.1:20001: bind: address already in use",
            /it takes free ones/,
        ],
        [
            "a full disk",
            pull,
            "failed to register layer: write /usr/bin/buildkitd: no space left on device",
            /docker system prune/,
        ],
        [
            "no such image",
            pull,
            "Error response from daemon: manifest for moby/buildkit:v1 not found: manifest unknown: manifest unknown",
            /cannot be pulled: .*MULTIARCH_BUILDER_BUILDKIT_IMAGE/,
        ],
        [
            "no network",
            pull,
            'Error response from daemon: Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host',
            /cannot be pulled: check the network/,
        ],
        [
            "too many pulls",
            pull,
            "Error response from daemon: toomanyrequests: You have reached your unauthenticated pull rate limit.",
            /`docker login`/,
        ],
        [
            "no such context",
            ["version"],
            'Failed to initialize: unable to resolve docker endpoint: context "nope": context not found',
            /see `docker context ls`/,
        ],
        ["anything else", start, "Error response from daemon: something new", /see the engine's own log/],
    ])("%s", (_, args, said, advice) => {
        const { message } = explained(args, `${said}\n`);
        expect(message).toMatch(advice);
        expect(message).toContain(`\n  ${said}`);
    });

    test("names the command, never its options", () => {
        expect(explained(["volume", "create", "--label", "a=b", "name"], "x").message).toMatch(
            /^`docker volume create` failed/,
        );
        expect(explained(pull, "x").message).toMatch(/^`docker pull moby\/buildkit:v1@sha256:0` failed/);
    });
});

describe("images", () => {
    test("are pinned by digest, and those that the environment names", () => {
        const pinned = chosenImages({});
        Object.values(pinned).forEach((image) => expect(image).toMatch(/^[\w/]+:[\w.]+@sha256:[0-9a-f]{64}$/));
        expect(chosenImages({ [imageVariables.buildkit]: "mirror.acme.io:5000/buildkit:1" })).toEqual({
            buildkit: "mirror.acme.io:5000/buildkit:1",
            registry: registryImage,
        });
    });

    test("a name that the CLI would take for an option is refused", () => {
        expect(() => chosenImages({ [imageVariables.registry]: "--privileged" })).toThrow(
            /^MULTIARCH_BUILDER_REGISTRY_IMAGE="--privileged": use an image's name, for example registry:/,
        );
    });
});

test.each([
    ["linux", 0, true, undefined],
    ["linux", 0, false, "no `go`"],
    ["linux", 1000, true, "this user is not root"],
    ["darwin", 0, true, "buildkitd needs Linux"],
] as const)("on %s as user %d with Go %s, processes lack %s", (platform, uid, go, lack) => {
    expect(processesLack(platform, uid, go)).toBe(lack);
});

test.each([
    ["processes", {}],
    ["containers", { engine: "ID" }],
])("a folder that has %s keeps them", async (mode, state) => {
    const dir = fs.mkdtempSync(path.join(base, "kept-"));
    fs.writeFileSync(path.join(dir, "state.json"), JSON.stringify({ ports: {}, ...state }));
    expect(await chooseMode(dir)).toEqual({ mode, reason: "as in this folder before" });
    expect((await chooseMode(dir, "containers")).reason).toBe("as asked");
});

describe("the Docker CLI's buildx", () => {
    test.each(["v0.23.0", "0.30.1-desktop.1", "v1.0.0"])("%s will do", (version) => {
        expect(buildxPlugin(`${version} /Applications/Docker.app/cli plugins/docker-buildx`)).toBe(
            "/Applications/Docker.app/cli plugins/docker-buildx",
        );
    });

    test("an old one and none are refused", () => {
        expect(() => buildxPlugin("v0.19.3+ds1 /usr/libexec/docker-buildx")).toThrow(
            /buildx at \/usr\/libexec\/docker-buildx is v0\.19\.3\+ds1, this needs v0\.23\.0 or newer: update it/,
        );
        expect(() => buildxPlugin("")).toThrow(/has no buildx, .* install it/);
    });
});

test("an archive holds every file as it was, readable for root only", () => {
    const name = fc.stringMatching(/^[a-z]{1,20}$/).map((text) => `etc/${text}`);
    const content = fc.string({ unit: "binary", maxLength: 2000 });
    fc.assert(
        fc.property(fc.dictionary(name, content, { minKeys: 1, maxKeys: 4 }), (files) => {
            const to = fs.mkdtempSync(path.join(base, "tar-"));
            const { status, stderr } = spawnSync("tar", ["-x", "-p", "-C", to], {
                input: tarOf(files),
                encoding: "utf8",
            });
            expect([status, stderr]).toEqual([0, ""]);
            for (const [file, text] of Object.entries(files)) {
                expect(fs.readFileSync(path.join(to, file)).equals(Buffer.from(text))).toBe(true);
                expect(fs.statSync(path.join(to, file)).mode & 0o777).toBe(0o600);
            }
        }),
        { numRuns: 30 },
    );
    expect(() => tarOf({ ["x".repeat(101)]: "" })).toThrow(/too long for a tar archive/);
});

describe("the plan of a farm", () => {
    const file = (name: string) => {
        const at = path.join(base, name);
        fs.writeFileSync(at, `text of ${name}`);
        return at;
    };
    const farm = () => ({
        images: { buildkit: "b", registry: "r" },
        nodes: [
            { name: "amd64", platforms: ["linux/amd64"], port: 21 },
            { name: "arm64", platforms: ["linux/arm64"], port: 22 },
        ],
        pki: { certFile: () => file("cert"), keyFile: () => file("key"), clientCaFile: file("ca") },
    });

    test("nodes reach the registry where this machine does, and only they are privileged", () => {
        const registry = { port: 11, internalPort: 12, htpasswd: "local:hash" };
        const { specs, ports } = containerSpecs({ ...farm(), registry });
        expect(specs.map(({ name }) => name)).toEqual(["registry", "amd64", "arm64"]);
        expect(specs.map(({ options }) => options.includes("--privileged"))).toEqual([false, true, true]);
        expect(ports).toEqual([
            { host: 12, container: 11 },
            { host: 21, container: 21 },
            { host: 22, container: 22 },
        ]);
        const toml = specs[1]!.files["/etc/multiarch-builder/buildkitd.toml"]!;
        expect(toml).toContain('[registry."127.0.0.1:11"]\n  http = true');
        expect(toml).toContain('platforms = ["linux/amd64"]');
        expect(specs[0]!.files["/etc/multiarch-builder/registry.yml"]).toContain("0.0.0.0:11");
    });

    test("secrets are in files and nowhere else", () => {
        const { specs } = containerSpecs({
            ...farm(),
            registry: { port: 11, internalPort: 12, htpasswd: "local:hash" },
        });
        const visible = JSON.stringify(specs.map((spec) => ({ ...spec, files: undefined })));
        expect(visible).not.toMatch(/text of|hash/);
        expect(specs[1]!.files["/etc/multiarch-builder/key.pem"]).toBe("text of key");
    });

    test("without a registry the first node holds the network", () => {
        const { specs, ports } = containerSpecs(farm());
        expect(specs.map(({ name }) => name)).toEqual(["amd64", "arm64"]);
        expect(ports.map(({ host }) => host)).toEqual([21, 22]);
    });
});

test("where no abstract sockets are, a folder's lock is a file that does not outlive its holder", async () => {
    const name = path.join(base, "lock.sock");
    expect(lockName("/a", "darwin")).toMatch(/\/multiarch-[0-9a-f]{16}\.sock$/);
    const lock = await takeLock(name);
    expect(lock).toBeDefined();
    expect(await takeLock(name)).toBeUndefined();
    await new Promise((resolve) => lock!.close(resolve));
    const program = `require("net").createServer().listen(${JSON.stringify(name)}, () => process.kill(process.pid, "SIGKILL"))`;
    spawnSync(process.execPath, ["-e", program]);
    expect(fs.existsSync(name)).toBe(true);
    expect(await takeLock(name)).toBeUndefined();
    const next = await takeLock(name);
    expect(next).toBeDefined();
    await new Promise((resolve) => next!.close(resolve));
});
