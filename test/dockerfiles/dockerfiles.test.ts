import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import type { Farm } from "../../dev/local/farm";
import { RegistryView, probe, temporaryFolder, testFarm } from "../support/project";
import { prepareBases } from "./bases";
import { type Build, Desk } from "./desk";
import { architectureOf, codeOf } from "./elf";
import { dockerfiles } from "./page";

jest.setTimeout(300_000);

/** What BuildKit's checks say of each Dockerfile of the page. */
const checks: Record<string, string[]> = {
    "native-module": [],
    "dependencies-first": [],
    "cross-compile": [],
    variants: [],
    downloads: [],
    "stage-per-architecture": [],
    "several-targets": [],
    "cache-mount": [],
    secrets: [],
    "wrong-arg-before-from": [],
    "wrong-no-goarch": [],
    "wrong-no-goarm": [],
    "wrong-goarm-with-v": [],
    "wrong-target-platform": ["RedundantTargetPlatform"],
    "wrong-constant-platform": ["FromPlatformFlagConstDisallowed"],
    "wrong-download": [],
    "wrong-copied-to-image": [],
    "wrong-copied-to-build": [],
    "wrong-dependencies-late": [],
    "wrong-secret": ["SecretsUsedInArgOrEnv"],
};

test("every Dockerfile of the page is tested, and no other", () => {
    expect([...dockerfiles().keys()].sort()).toEqual(Object.keys(checks).sort());
});

const program = (text: string) => `package main\n\nfunc main() { println("${text}") }\n`;
const app = {
    "go.mod": "module acme.example/app\n\ngo 1.26\n",
    "go.sum": "",
    "main.go": program("hello"),
    "app.txt": "app\n",
};

const base = temporaryFolder("dockerfiles");
const reason = process.arch === "x64" ? prepareBases() : "stand-ins of base images are made on x86-64 machines only";
if (reason !== undefined) {
    process.stderr.write(`skipped: the Dockerfiles of docs/dockerfiles.md: ${reason}\n`);
}
afterAll(() => fs.rmSync(base, { recursive: true, force: true }));

(reason === undefined ? describe : describe.skip)("docs/dockerfiles.md", () => {
    const platforms = ["linux/amd64", "linux/386"];
    const tokens = ["swordfish-first", "swordfish-second"];
    let farm: Farm;
    let desk: Desk;
    let server: http.Server;
    let requests: string[] = [];
    let url: string;

    beforeAll(async () => {
        farm = await testFarm(base, platforms);
        desk = await Desk.open(farm, path.join(base, "desk"), {
            one: { amd64: [...platforms, "linux/arm64", "linux/arm/v6", "linux/arm/v7"] },
            farm: { amd64: ["linux/amd64"], "386": ["linux/386"] },
        });
        server = http.createServer((request, response) => answer(request, response));
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });

    afterAll(async () => {
        server?.close();
        await farm?.stop();
    });

    beforeEach(() => (requests = []));

    /** Releases of a tool for two CPUs, and a package for those who have a token. */
    function answer({ url: asked = "", headers }: http.IncomingMessage, response: http.ServerResponse): void {
        requests.push(asked);
        const architecture = { "/tool-linux-x86_64": "amd64", "/tool-linux-i686": "386" }[asked];
        if (architecture) {
            response.end(fs.readFileSync(probe(`linux/${architecture}`)));
        } else if (asked === "/package" && tokens.some((token) => headers.authorization === `Bearer ${token}`)) {
            response.end("a package\n");
        } else {
            response.writeHead(asked === "/package" ? 401 : 404).end();
        }
    }

    /** Builds that have to succeed. */
    async function build(name: string, context: string, builder: string, wanted: string[], args: string[] = []) {
        const built = await desk.build(name, context, { builder, platforms: wanted, args });
        expect(built.message).toBe("");
        expect(built.failed).toBe(false);
        return built;
    }

    const inImage = ({ out }: Build, platform: string, file: string) =>
        path.join(out, platform.replaceAll("/", "_"), file);
    const architectures = (built: Build, wanted: string[], file: string) =>
        wanted.map((platform) => architectureOf(inImage(built, platform, file)));
    /** Where the steps with a text ran, and which of them were cached: `linux/amd64 build`, `cached: linux/amd64 build`. */
    const steps = ({ steps: all }: Build, text: string) =>
        all
            .filter(({ name }) => name.includes(`] ${text}`))
            .map(({ name, cached }) => `${cached ? "cached: " : ""}${/^\[(.*) \d+\/\d+\]/.exec(name)![1]}`)
            .sort();
    const goVariable = (file: string, name: string) =>
        new RegExp(`\\s${name}=(.*)$`, "m").exec(
            spawnSync("go", ["version", "-m", file], { encoding: "utf8" }).stdout,
        )?.[1];

    test.each(Object.entries(checks))("the check says of %s: %j", async (name, rules) => {
        expect(await desk.check(name, "one")).toEqual(rules);
    });

    describe("patterns", () => {
        test("native modules are compiled by each platform's own compiler on its own node", async () => {
            const context = desk.context({ "native.c": "int answer(void) { return 42; }\n" });
            const built = await build("native-module", context, "farm", platforms);
            expect(steps(built, "RUN gcc")).toEqual(["linux/386 build", "linux/amd64 build"]);
            expect(architectures(built, platforms, "native.so")).toEqual(["amd64", "386"]);
        });

        test("dependencies first: a change of the source takes them from every node's cache", async () => {
            const both = ["linux/386 build", "linux/amd64 build"];
            const cached = both.map((step) => `cached: ${step}`);
            const first = await build("dependencies-first", desk.context(app), "farm", platforms);
            expect(steps(first, "RUN go mod download")).toEqual(both);
            expect(architectures(first, platforms, "app")).toEqual(["amd64", "386"]);
            const source = desk.context({ ...app, "main.go": program("changed") });
            const changed = await build("dependencies-first", source, "farm", platforms);
            expect(steps(changed, "RUN go mod download")).toEqual(cached);
            expect(steps(changed, "RUN CGO_ENABLED=0 go build")).toEqual(both);
        });

        test("cross-compilation on one node: shared steps run once, and the rest per platform, all natively", async () => {
            const wanted = ["linux/amd64", "linux/arm64"];
            const context = desk.context({ ...app, "main.go": program("cross") });
            const built = await build("cross-compile", context, "one", wanted);
            expect(steps(built, "COPY . .")).toEqual(["linux/amd64 build"]);
            expect(steps(built, "RUN CGO_ENABLED=0")).toEqual(["linux/amd64 build", "linux/amd64->arm64 build"]);
            expect(architectures(built, wanted, "app")).toEqual(["amd64", "arm64"]);
        });

        test("on a farm, BUILDPLATFORM is the platform of each node", async () => {
            const context = desk.context({ ...app, "main.go": program("farm") });
            const built = await build("cross-compile", context, "farm", platforms);
            const both = ["linux/386 build", "linux/amd64 build"];
            expect(steps(built, "COPY . .")).toEqual(both);
            expect(steps(built, "RUN CGO_ENABLED=0")).toEqual(both);
            expect(architectures(built, platforms, "app")).toEqual(["amd64", "386"]);
        });

        test("variants: GOARM is what the platform says", async () => {
            const wanted = ["linux/amd64", "linux/arm/v6", "linux/arm/v7"];
            const built = await build("variants", desk.context(app), "one", wanted);
            expect(architectures(built, wanted, "app")).toEqual(["amd64", "arm", "arm"]);
            const arm = wanted.slice(1).map((platform) => goVariable(inImage(built, platform, "app"), "GOARM"));
            expect(arm).toEqual(["6", "7"]);
        });

        test("downloads: each node fetches what is for it, and an unknown architecture is an error", async () => {
            const args = ["--build-arg", `RELEASES=${url}`];
            const built = await build("downloads", desk.context(app), "farm", platforms, args);
            expect([...requests].sort()).toEqual(["/tool-linux-i686", "/tool-linux-x86_64"]);
            expect(architectures(built, platforms, "tool")).toEqual(["amd64", "386"]);
            const unknown = await desk.build("downloads", desk.context(app), {
                builder: "farm",
                platforms: ["linux/amd64"],
                args: [...args, "--build-arg", "TARGETARCH=riscv64"],
            });
            expect(unknown.failed).toBe(true);
            expect(unknown.steps.map(({ log }) => log).join()).toContain("no release of the tool for riscv64");
        });

        test("a stage per architecture: only the chosen one is built; one that is missing is taken for an image", async () => {
            const wanted = ["linux/amd64", "linux/386", "linux/arm64"];
            const context = desk.context({ ...app, "settings/x86.conf": "x86\n", "settings/arm.conf": "arm\n" });
            const built = await build("stage-per-architecture", context, "one", wanted);
            const settings = wanted.map((platform) =>
                fs.readFileSync(inImage(built, platform, "etc/app.conf"), "utf8"),
            );
            expect(settings).toEqual(["x86\n", "x86\n", "arm\n"]);
            const single = await build("stage-per-architecture", context, "one", ["linux/arm64"]);
            expect(steps(single, "COPY settings")).toEqual(["cached: files-arm64"]);
            const image = `files-arm=docker-image://${farm.registry.address}/base/files-arm`;
            const missing = await desk.build("stage-per-architecture", context, {
                builder: "one",
                platforms: ["linux/arm/v7"],
                args: ["--build-context", image],
            });
            expect(missing.message).toMatch(/base\/files-arm.*not found/);
        });

        test("several targets: each has its own files, they share their steps, and no other stage is built", async () => {
            const files = { "cmd/api/main.go": program("api"), "cmd/worker/main.go": program("worker") };
            const context = desk.context({ "go.mod": app["go.mod"], ...files });
            const api = await build("several-targets", context, "farm", platforms, ["--target", "api"]);
            const worker = await build("several-targets", context, "farm", platforms, ["--target", "worker"]);
            for (const platform of platforms) {
                expect(fs.readdirSync(inImage(api, platform, "."))).toEqual(["api"]);
                expect(fs.readdirSync(inImage(worker, platform, "."))).toEqual(["worker"]);
            }
            expect(steps(api, "COPY --from=build")).toEqual(["linux/386 api", "linux/amd64 api"]);
            expect(steps(worker, "RUN CGO_ENABLED=0 go build")).toEqual([
                "cached: linux/386 build",
                "cached: linux/amd64 build",
            ]);
        });

        test("cache mounts: the next build on the node compiles what is new, another node everything", async () => {
            const compiled = (built: Build, step: string) =>
                built.steps.find(({ name }) => name.startsWith(`[${step} `) && name.includes("go build"))!.log;
            const wanted = ["linux/amd64", "linux/arm64"];
            const first = await build("cache-mount", desk.context(app), "one", wanted);
            const source = desk.context({ ...app, "main.go": program("changed") });
            const second = await build("cache-mount", source, "one", wanted);
            for (const step of ["linux/amd64 build", "linux/amd64->arm64 build"]) {
                expect(compiled(first, step).split("\n")).toEqual(
                    expect.arrayContaining(["runtime", "acme.example/app"]),
                );
                expect(compiled(second, step)).toBe("acme.example/app\n");
            }
            const other = await build("cache-mount", source, "farm", platforms);
            expect(compiled(other, "linux/386 build").split("\n")).toContain("runtime");
        });

        test("secrets: in no file and no history, needed once, and no part of the cache key", async () => {
            const context = desk.context(app);
            const args = ["--build-arg", `PRIVATE=${url}`, "--secret", "id=token,env=TOKEN"];
            const options = { builder: "farm", platforms, args, env: { TOKEN: tokens[0]! } };
            await desk.push("secrets", context, options);
            const pushed = await everythingOf("secrets");
            expect(pushed).toContain("/package");
            expect(tokens.filter((token) => pushed.includes(token))).toEqual([]);
            const again = await desk.build("secrets", context, { ...options, env: { TOKEN: tokens[1]! } });
            expect(steps(again, "RUN")).toEqual(["cached: linux/386 download", "cached: linux/amd64 download"]);
            expect(fs.readFileSync(inImage(again, "linux/amd64", "package"), "utf8")).toBe("a package\n");
            expect(requests).toEqual(["/package", "/package"]);
            const without = await desk.build("secrets", context, {
                ...options,
                args: ["--no-cache", "--build-arg", `PRIVATE=${url}`],
            });
            expect(without.message).toContain("secret token: not found");
        });
    });

    describe("mistakes", () => {
        const wanted = ["linux/amd64", "linux/arm64"];

        test.each([
            ["wrong-arg-before-from", "app"],
            ["wrong-no-goarch", "app"],
            ["wrong-copied-to-image", "bin/busybox"],
            ["wrong-constant-platform", "bin/busybox"],
        ])("%s puts the node's own program into every image", async (name, file) => {
            expect(architectures(await build(name, desk.context(app), "one", wanted), wanted, file)).toEqual([
                "amd64",
                "amd64",
            ]);
        });

        test("a constant platform: the index says arm64 all the same", async () => {
            await desk.push("wrong-constant-platform", desk.context(app), { builder: "one", platforms: wanted });
            const said = await new RegistryView(farm).platforms("wrong-constant-platform", "pushed");
            expect(said).toEqual({ "linux/amd64": "amd64", "linux/arm64": "arm64" });
        });

        test("--platform=$TARGETPLATFORM changes nothing", async () => {
            const built = await build("wrong-target-platform", desk.context(app), "one", wanted);
            expect(architectures(built, wanted, "bin/busybox")).toEqual(["amd64", "arm64"]);
        });

        test("without GOARM, the program for v6 is one for v7", async () => {
            const arm = ["linux/arm/v6", "linux/arm/v7"];
            const built = await build("wrong-no-goarm", desk.context(app), "one", arm);
            expect(arm.map((platform) => goVariable(inImage(built, platform, "app"), "GOARM"))).toEqual(["7", "7"]);
        });

        test("GOARM=v6 is no error and not v6", async () => {
            const arm = ["linux/arm/v6", "linux/arm/v7"];
            const context = desk.context(app);
            const right = await build("variants", context, "one", arm);
            const wrong = await build("wrong-goarm-with-v", context, "one", arm);
            const same = arm.map((platform) =>
                codeOf(inImage(wrong, platform, "app")).equals(codeOf(inImage(right, platform, "app"))),
            );
            expect(same).toEqual([false, true]);
        });

        test("a download for one CPU is in every image", async () => {
            const args = ["--build-arg", `RELEASES=${url}`];
            const built = await build("wrong-download", desk.context(app), "farm", platforms, args);
            expect(architectures(built, platforms, "tool")).toEqual(["amd64", "amd64"]);
        });

        test("a program copied from the target's stage does not run in the build", async () => {
            const options = { builder: "one", platforms: ["linux/arm64"] };
            const built = await desk.build("wrong-copied-to-build", desk.context(app), options);
            expect(built.failed).toBe(true);
            expect(built.steps.map(({ log }) => log).join()).toContain("exec format error");
        });

        test("source before dependencies: they are downloaded again for a change of the source", async () => {
            await build("wrong-dependencies-late", desk.context(app), "farm", platforms);
            const source = desk.context({ ...app, "main.go": program("changed") });
            const changed = await build("wrong-dependencies-late", source, "farm", platforms);
            expect(steps(changed, "RUN go mod download")).toEqual(["linux/386 build", "linux/amd64 build"]);
        });

        test("a secret as ARG is in the history", async () => {
            const args = ["--build-arg", `PRIVATE=${url}`, "--build-arg", `TOKEN=${tokens[0]!}`];
            await desk.push("wrong-secret", desk.context(app), { builder: "farm", platforms, args });
            expect(await everythingOf("wrong-secret")).toContain(tokens[0]);
        });
    });

    /** Manifests and configurations of a pushed image, as text. */
    async function everythingOf(repository: string): Promise<string> {
        const registry = new RegistryView(farm);
        type Index = { manifests: { digest: string }[] };
        type Manifest = { config: { digest: string } };
        const index = (await registry.get(`${repository}/manifests/pushed`)).body as Index;
        const parts = await Promise.all(
            index.manifests.map(async ({ digest }) => {
                const manifest = (await registry.get(`${repository}/manifests/${digest}`)).body as Manifest;
                return [manifest, (await registry.get(`${repository}/blobs/${manifest.config.digest}`)).body];
            }),
        );
        return JSON.stringify([index, parts]);
    }
});
