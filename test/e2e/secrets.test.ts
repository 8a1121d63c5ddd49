import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Farm } from "../../dev/local/farm";
import { Project, RegistryView, Secret, fromProbe, temporaryFolder, testFarm, writeContext } from "../support/project";
import { basicAuth } from "../../dev/local/registry";

const buildSecret = "swordfish-build-secret";
const buildArgument = "swordfish-build-argument";
const passphrase = "swordfish-passphrase";
const platforms = ["linux/amd64", "linux/386"];

let base: string;
let farm: Farm;

beforeAll(async () => {
    base = temporaryFolder("secrets");
    farm = await testFarm(base, platforms);
}, 120_000);

afterAll(async () => {
    await farm?.stop();
    fs.rmSync(base, { recursive: true, force: true });
}, 60_000);

/** What must be found nowhere but where it belongs. */
function secrets(): string[] {
    const key = farm.credentials.key.split("\n")[1]!;
    const login = basicAuth(farm.registry);
    return [buildSecret, buildArgument, passphrase, farm.registry.password, login, key];
}

function leaks(text: string): string[] {
    return secrets().filter((secret) => text.includes(secret));
}

/** Files below a folder that hold a secret. */
function leakingFiles(folder: string): string[] {
    return fs.readdirSync(folder, { withFileTypes: true, recursive: true }).flatMap((entry) => {
        const file = path.join(entry.parentPath, entry.name);
        const leaking = entry.isFile() && leaks(fs.readFileSync(file, "latin1")).length > 0;
        return leaking ? [path.relative(folder, file)] : [];
    });
}

/** Reads every process's arguments, over and over, until stopped. */
function watchArguments(): () => string[] {
    const found = new Set<string>();
    const timer = setInterval(() => {
        for (const pid of fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
            try {
                leaks(fs.readFileSync(path.join("/proc", pid, "cmdline"), "latin1")).forEach((leak) => found.add(leak));
            } catch {
                // The process has ended in between.
            }
        }
    }, 5);
    return () => {
        clearInterval(timer);
        return [...found];
    };
}

test("no secret gets into output, arguments, state, an image or a file that is left", async () => {
    const project = new Project(farm, base, "checkout", "secrets", passphrase);
    const hash = createHash("sha256").update(buildSecret).digest("hex");
    const run = `RUN --mount=type=secret,id=token ["/probe", "require-sha256", "/run/secrets/token", "${hash}"]`;
    writeContext(path.join(project.dir, "ctx"), `${fromProbe}ARG WORD\n${run}\n`, platforms);
    // A temporary folder of its own: other tests run beside this one.
    const temporary = path.join(base, "tmp");
    fs.mkdirSync(temporary);
    project.env.TMPDIR = temporary;
    const stopWatching = watchArguments();
    const image = {
        name: "app",
        context: "ctx",
        tags: ["1.0"],
        platforms,
        smokeTest: [["/probe"]],
        secrets: { token: new Secret(buildSecret) },
        buildArgs: { WORD: new Secret(buildArgument) },
    };
    const result = await project.run(image);
    expect(stopWatching()).toEqual([]);
    expect(result.errors).toEqual([]);
    expect(await new RegistryView(farm).tags("app")).toEqual(["1.0"]);

    expect(leaks(project.log.join("\n"))).toEqual([]);
    expect(leaks(JSON.stringify(result.outputs))).toEqual([]);
    // Only buildx's store holds the client key, as buildx reads it at every dial; its files are private.
    const leaking = leakingFiles(project.dir);
    expect(leaking.map((file) => file.replace(/[0-9a-f]{16}/, "HASH"))).toEqual([
        "docker/buildx/multiarch-builder/HASH/key.pem",
    ]);
    expect(fs.statSync(path.join(project.dir, leaking[0]!)).mode & 0o777).toBe(0o600);
    expect(leaks(fs.readFileSync(path.join(base, "state-secrets.json"), "utf8"))).toEqual([]);
    expect(fs.readdirSync(temporary).filter((name) => !name.startsWith("ts-node-"))).toEqual([]);
}, 120_000);

test("stopping the farm leaves no file with a secret", async () => {
    const known = secrets();
    await farm.stop();
    const files = fs.readdirSync(farm.dir, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
    const leaking = files
        .map((entry) => path.join(entry.parentPath, entry.name))
        // The image's history holds build arguments: the documentation says so of buildArgs.
        .filter((file) =>
            known.filter((secret) => secret !== buildArgument).some((s) => fs.readFileSync(file, "latin1").includes(s)),
        );
    expect(leaking).toEqual([]);
}, 60_000);
