import { accessSync, constants, existsSync, readFileSync, readdirSync, statSync, statfsSync } from "node:fs";
import { homedir, release, totalmem, type } from "node:os";
import { dirname, join, resolve } from "node:path";
import { findGo } from "../local/containers/choose";
import { canRun, isNative } from "../local/emulation";
import { Ports } from "../local/ports";
import { toolsDir } from "../tools/build";
import { goTools, goVersion, readGoMod } from "../tools/modules";
import { missingPackages } from "../tools/packages";
import { findProgram } from "../tools/requirements";
import { testPrograms } from "../tools/testPackages";
import { findCredentials } from "./credentials";
import type { Engine, Facts, Folder, Program } from "./facts";
import { ask, program } from "./run";
import { isAtLeast } from "./versions";

const projectDir = resolve(__dirname, "../..");
const gibibyte = 1024 ** 3;
const platforms = ["amd64", "arm64", "386", "arm/v7", "riscv64", "ppc64le", "s390x", "loong64"].map(
    (architecture) => `linux/${architecture}`,
);

/** Looks at this machine. Nothing is changed, and a probe that fails leaves the others alone. */
export async function gatherFacts(env: NodeJS.ProcessEnv, options: { aws: boolean }): Promise<Facts> {
    const failures: string[] = [];
    const safely = async <T>(name: string, probe: () => T | Promise<T>, fallback: T): Promise<T> => {
        try {
            return await probe();
        } catch (error) {
            failures.push(`${name}: ${(error as Error).message.split("\n")[0]}`);
            return fallback;
        }
    };
    const version = (name: string, args: string[], pattern: RegExp, folders: string[] = []) =>
        safely(name, () => program(name, args, pattern, folders), undefined);
    const pulumiHome = env.PULUMI_HOME ?? join(homedir(), ".pulumi");
    const pulumiBin = [join(pulumiHome, "bin")];
    const sbin = ["/usr/sbin", "/usr/local/sbin", "/usr/bin"];
    // Those that start programs run at the same time; the others take no time.
    const [go, runc, docker, engine, buildx, python, pulumi, aws, sessionPlugin, kubectl, identity] = await Promise.all(
        [
            safely("go", goFound, undefined),
            version("runc", ["--version"], /version (\S+)/, sbin),
            version("docker", ["--version"], /version ([^\s,]+)/),
            safely("Docker engine", dockerEngine, {}),
            safely("buildx", () => buildxFound(env), undefined),
            version("python3", ["--version"], /Python (\S+)/),
            version("pulumi", ["version"], /v?(\d\S*)/, pulumiBin),
            version("aws", ["--version"], /aws-cli\/(\S+)/),
            version("session-manager-plugin", ["--version"], /(\d\S*)/),
            version("kubectl", ["version", "--client", "--output=json"], /"gitVersion": *"v?([^"]+)"/),
            options.aws ? safely("STS", callerIdentity, { problem: "it was not asked" }) : undefined,
        ],
    );
    const { credentials, region } = await safely("AWS's files", () => findCredentials(env, new Date()), {});
    const languageHost = findProgram("pulumi-language-nodejs", pulumiBin);
    return {
        platform: process.platform,
        system: await safely("operating system", systemName, type()),
        packages: findProgram("apt-get") ? "apt" : process.platform === "darwin" ? "brew" : undefined,
        root: process.getuid?.() === 0,
        node: process.versions.node,
        missingModules: await safely("npm packages", missingModules, []),
        go,
        goWanted: await safely("go.mod", newestGo, "1.21"),
        runc,
        missingTools: goTools.map(({ name }) => name).filter((name) => !existsSync(join(toolsDir, name))),
        freeGiB: await safely("free disk", freeGiB, undefined),
        memoryGiB: totalmem() / gibibyte,
        kernel: `${type()} ${release()}`,
        overlay: await safely("overlayfs", () => /\boverlay$/m.test(readFileSync("/proc/filesystems", "utf8")), false),
        cgroup: existsSync("/sys/fs/cgroup/cgroup.controllers")
            ? "v2"
            : existsSync("/sys/fs/cgroup/cpu")
              ? "v1"
              : "none",
        project: folder(join(projectDir, ".local")),
        store: folder(storeFolder(env)),
        freePort: await safely("ports", () => new Ports().of("doctor", false), undefined),
        docker,
        engine,
        buildx,
        native: platforms.filter((platform) => isNative(platform)),
        emulated: platforms.filter((platform) => !isNative(platform) && canRun(platform)),
        python,
        missingTestPackages: await safely("programs of tests", () => missingPackages(testPrograms), []),
        pulumi,
        pulumiNode: languageHost === undefined ? undefined : { path: languageHost },
        dockerBuild: await safely("docker-build plugin", () => pluginVersions(join(pulumiHome, "plugins")), []),
        dockerBuildWanted: await safely("package.json", dockerBuildWanted, "0.0.22"),
        aws,
        credentials,
        region,
        identity,
        sessionPlugin,
        kubectl,
        failures,
    };
}

/** "Debian GNU/Linux 12 (bookworm)". */
function systemName(): string {
    const files = ["/etc/os-release", "/usr/lib/os-release"].filter((file) => existsSync(file));
    const name = files[0] && /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(readFileSync(files[0], "utf8"))?.[1];
    return name || `${type()} ${release()}`;
}

function packageJson() {
    const text = readFileSync(join(projectDir, "package.json"), "utf8");
    return JSON.parse(text) as { dependencies: Record<string, string>; devDependencies: Record<string, string> };
}

function missingModules(): string[] {
    const { dependencies, devDependencies } = packageJson();
    const names = Object.keys({ ...dependencies, ...devDependencies });
    return names.filter((name) => !existsSync(join(projectDir, "node_modules", name, "package.json")));
}

function dockerBuildWanted(): string {
    return packageJson().dependencies["@pulumi/docker-build"]!.replace(/^\D+/, "");
}

async function goFound(): Promise<Program | undefined> {
    const path = findGo();
    const { ok, stdout, problem } = path ? await ask(path, ["version"]) : { ok: true, stdout: "", problem: "" };
    const version = /go(\d\S*)/.exec(stdout)?.[1];
    return path ? { path, version, ...(ok ? {} : { problem }) } : undefined;
}

function newestGo(): string {
    const versions = goTools.map((tool) => goVersion(readGoMod(tool)));
    return versions.reduce((newest, version) => (isAtLeast(version, newest) ? version : newest));
}

function freeGiB(): number {
    const { bavail, bsize } = statfsSync(existsSync(toolsDir) ? toolsDir : projectDir);
    return (bavail * bsize) / gibibyte;
}

function storeFolder(env: NodeJS.ProcessEnv): string {
    return env.BUILDX_CONFIG || join(env.DOCKER_CONFIG || join(homedir(), ".docker"), "buildx");
}

/** Whether a folder can be written, or the one in which it would be made. */
function folder(path: string): Folder {
    let place = path;
    while (!existsSync(place) && dirname(place) !== place) {
        place = dirname(place);
    }
    try {
        accessSync(place, constants.W_OK);
        return { path, ...(statSync(place).isDirectory() ? {} : { problem: `${place} is no folder` }) };
    } catch {
        return { path, problem: `${place} cannot be written` };
    }
}

async function dockerEngine(): Promise<Engine> {
    const path = findProgram("docker");
    if (path === undefined) {
        return {};
    }
    const [context, version, security] = await Promise.all([
        ask(path, ["context", "show"]),
        ask(path, ["version", "--format", "{{.Server.Version}} {{.Server.Os}} {{.Server.Arch}}"]),
        ask(path, ["info", "--format", "{{json .SecurityOptions}}"]),
    ]);
    const found = { ...(context.ok ? { context: context.stdout.trim() } : {}) };
    const [server, os, architecture] = version.stdout.trim().split(" ");
    return version.ok && server
        ? { ...found, version: server, os, architecture, rootless: security.stdout.includes("name=rootless") }
        : { ...found, problem: version.problem || "no answer" };
}

/** The buildx that `npm start` would take. */
async function buildxFound(env: NodeJS.ProcessEnv): Promise<Program | undefined> {
    const own = env.MULTIARCH_BUILDX ?? join(toolsDir, "buildx");
    const path = existsSync(own) ? own : (findProgram("docker-buildx") ?? findProgram("buildx"));
    const docker = findProgram("docker");
    const [command, args] = path ? [path, ["version"]] : [docker, ["buildx", "version"]];
    const { ok, stdout } = command ? await ask(command, args) : { ok: false, stdout: "" };
    const version = /\sv?(\d\S*)/.exec(stdout)?.[1];
    return ok && command ? { path: command, version } : undefined;
}

/** Versions of a plugin's folders, `resource-docker-build-v0.0.22`; one in PATH is taken as it is. */
function pluginVersions(plugins: string): string[] {
    const names = existsSync(plugins) ? readdirSync(plugins) : [];
    const versions = names.flatMap((name) => /^resource-docker-build-v(\d+(?:\.\d+)*)$/.exec(name)?.[1] ?? []);
    return versions.length > 0 || !findProgram("pulumi-resource-docker-build") ? versions : [dockerBuildWanted()];
}

async function callerIdentity(): Promise<NonNullable<Facts["identity"]>> {
    const path = findProgram("aws");
    if (path === undefined) {
        return { problem: "no `aws` in PATH to ask with" };
    }
    const { ok, stdout, problem } = await ask(path, ["sts", "get-caller-identity", "--output", "json"]);
    return ok ? { arn: (JSON.parse(stdout) as { Arn: string }).Arn } : { problem };
}
