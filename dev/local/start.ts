import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { architectureSuffix } from "../../components/platform";
import { createProgress } from "../progress/create";
import { type Task, during, through } from "../progress/progress";
import { Redactor } from "../rehearsal/redact";
import { ensureTools } from "../tools/build";
import { StartArguments, UsageError, parseStartArguments, startUsage } from "./arguments";
import { chooseEngine, runProgram } from "./engine";
import { buildxEnvironment } from "./containers/buildx";
import { chooseMode, findGo } from "./containers/choose";
import { Farm, startFarm } from "./farm";
import { readIfThere, withFolderLock, writePrivate } from "./files";
import { taskTitles } from "./progress/titles";
import { readBackProblems, readImage } from "./registryClient";
import { compileSample, sampleWithoutGo } from "./sample";
import { writeStackConfig } from "./stackConfig";
import { farmState } from "./stopFarm";
import { programOutputs, summaryLines } from "./summary";
import { basicAuth } from "./registry";

const projectDir = resolve(__dirname, "../..");

async function main(args: string[]): Promise<number> {
    try {
        const parsed =
            args.includes("--help") || args.includes("-h")
                ? undefined
                : parseStartArguments(args, projectDir, callerDir());
        if (!parsed) {
            process.stdout.write(startUsage);
            return 0;
        }
        refuseForeignFolder(parsed.dir);
        await withFolderLock(join(parsed.dir, "program"), say, () => start(parsed));
        return 0;
    } catch (error) {
        if (error instanceof UsageError) {
            console.error(`error: ${error.message}\n\nSee npm start -- --help.`);
            return 2;
        }
        console.error(`error: ${redactor.redact(error instanceof Error ? error.message : String(error))}`);
        return 1;
    }
}

// Knows every secret as soon as it exists; everything that is printed passes through it.
const redactor = new Redactor();
const progress = through(createProgress(process.stdout), (text) => redactor.redact(text));
const say = (line: string): void => progress.log(line);

async function start({ dir, platforms, image: asked, engine: wanted, nodes: how }: StartArguments): Promise<void> {
    const seconds: [string, number][] = [];
    const step = async <T>(name: string, action: () => T | Promise<T>): Promise<T> => {
        const began = Date.now();
        const result = await action();
        seconds.push([name, (Date.now() - began) / 1000]);
        return result;
    };
    const { engine, reason } = chooseEngine(wanted);
    const { mode, reason: why } = await chooseMode(dir, how);
    say(`nodes: ${mode} (${why})`);
    const image = asked.sample && mode === "containers" && !findGo() ? sampleWithoutGo(asked) : asked;
    if (mode === "processes") {
        await step("tools", () => ensureTools(say, progress));
    }
    const buildx = engine === "rehearsal" ? await buildxEnvironment() : {};
    const nodes = platforms.map(nodeOf);
    const startNodes = (task: Task) =>
        startFarm({ dir, mode, nodes, log: say, starting: (what) => task.at(`starting ${what}`) });
    const farm = await step("farm", () => during(progress, "services", "starting", startNodes, { done: "ready" }));
    [farm.registry.password, basicAuth(farm.registry), farm.credentials.key].forEach((secret) => redactor.add(secret));
    // Until this run has its own, those of an earlier run must not pass for them.
    rmSync(join(dir, "outputs.json"), { force: true });
    if (image.sample && image === asked) {
        await step("sample", () => {
            const compile = (task: Task) =>
                compileSample(projectDir, platforms, (platform) => task.at(`compiling for ${platform}`));
            return during(progress, "sample", "compiling", compile, { done: "compiled" });
        });
    }
    const stack = await step("configuration", () => writeStackConfig(farm, image, platforms));
    redactor.add(stack.passphrase);
    say(`engine: ${engine} (${reason})`);
    const env = { ...environment(farm, image.strategy === "single"), ...buildx };
    const builds = through(progress, (text) => text, taskTitles(image, platforms));
    const outputs = programOutputs(
        await step("program", () => runProgram(engine, { projectDir, dir, stack, env, progress: builds })),
    );
    const stored = await step("read back", () => readImage(farm.registry, image.name, outputs.digest));
    const problems = readBackProblems(stored, platforms);
    if (problems.length > 0) {
        throw new Error(`the image in the registry is not what was asked for: ${problems.join("; ")}`);
    }
    writeOutputs(dir, outputs);
    summaryLines({ outputs, stored, image, farm, mode, projectDir, engine, seconds }).forEach(say);
}

function nodeOf(platform: string) {
    return { name: architectureSuffix(platform), platforms: [platform] };
}

/** A folder with other things in it is not taken: its mode would change, and a stop would remove files. */
function refuseForeignFolder(dir: string): void {
    if (existsSync(dir) && readdirSync(dir).length > 0 && !existsSync(join(dir, farmState))) {
        throw new UsageError(`--dir ${JSON.stringify(dir)}: the folder holds other things; use a new or an empty one`);
    }
}

/** The environment of the program: its own buildx store, and the registry's CA besides the system's. */
function environment(farm: Farm, hostLogin: boolean): Record<string, string> {
    const bundle = join(farm.dir, "ca-bundle.pem");
    writeFileSync(bundle, `${systemCertificates()}\n${readFileSync(farm.registry.caFile, "utf8")}`);
    const auths = { auths: { [farm.registry.address]: { auth: basicAuth(farm.registry) } } };
    return {
        BUILDX_CONFIG: join(farm.dir, "buildx"),
        SSL_CERT_FILE: bundle,
        ...(hostLogin ? { DOCKER_AUTH_CONFIG: JSON.stringify(auths) } : {}),
    };
}

// https://go.dev/src/crypto/x509/root_linux.go
function systemCertificates(): string {
    const files = [
        process.env.SSL_CERT_FILE,
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/pki/tls/cacert.pem",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ];
    return files.map((file) => (file ? readIfThere(file) : undefined)).find((text) => text !== undefined) ?? "";
}

/** Outputs as JSON for other programs. `builderCredentials` is left out: masked it is of no use. */
function writeOutputs(dir: string, outputs: object): void {
    const kept = Object.entries(outputs).filter(([key]) => key !== "builderCredentials");
    const text = `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`;
    if (redactor.redact(text) !== text) {
        throw new Error(
            "an output of the program holds a secret in clear, so outputs.json was not written: mark it with pulumi.secret",
        );
    }
    writePrivate(join(dir, "outputs.json"), text);
}

/** Where the person stands; npm runs scripts in the project's folder. */
function callerDir(): string {
    return process.env.INIT_CWD ?? process.cwd();
}

void main(process.argv.slice(2)).then((code) => (process.exitCode = code));
