import { spawn, type ChildProcess } from "node:child_process";
import { setMaxListeners } from "node:events";
import * as fs from "node:fs/promises";
import { createRequire } from "node:module";
import * as path from "node:path";
import * as readline from "node:readline";
import { stripVTControlCharacters } from "node:util";
import { HookRegistry } from "./callbacks";
import { DockerBuild } from "./dockerBuild";
import { Engine } from "./engine";
import { ModelProvider, ProviderResources } from "./modelProvider";
import { TlsResources } from "./models/tls";
import { serveMonitor } from "./monitor";
import { createSealer, type Sealer } from "./passphrase";
import { mask, secretStrings, type Properties, type Value } from "./properties";
import { Redactor } from "./redact";
import { loadStackConfig, type StackConfig } from "./stackConfig";
import { readReferencedStack } from "./stackReference";
import { StackState } from "./state";
import { renderTree, type TreeLine } from "./tree";

export interface RehearseOptions {
    command: "preview" | "up" | "destroy";
    /** Folder of the project: Pulumi.yaml is there. */
    projectDir: string;
    stack: string;
    /** The stack's Pulumi.STACK.yaml. */
    configFile: string;
    stateFile: string;
    /** Folder below which a StackReference finds other stacks' states. Defaults to the folder above the project. */
    stacksDir?: string;
    /** Added to this process's environment, for the program and for buildx. */
    env?: Record<string, string>;
    /** Gets progress line by line. Secrets are masked. */
    log?: (line: string) => void;
    /** Ends the run: builds are interrupted, the state is written. */
    signal?: AbortSignal;
}

export interface RehearseResult {
    exitCode: number;
    /** The stack's outputs; secrets are "[secret]", what is not known is "[unknown]". */
    outputs: Record<string, unknown>;
    resources: TreeLine[];
    errors: string[];
}

/** How long a program may take to end once the run is over. */
const graceMilliseconds = 15_000;

/** Runs a Pulumi program against this engine. Never throws: what goes wrong is in `errors`, with exit code 1. */
export async function rehearse(options: RehearseOptions): Promise<RehearseResult> {
    const redactor = new Redactor();
    const log = (line: string) => options.log?.(redactor.redact(line));
    try {
        return await run(options, redactor, log);
    } catch (error) {
        const message = redactor.redact((error as Error).message);
        log(`error: ${message}`);
        return { exitCode: 1, outputs: {}, resources: [], errors: [message] };
    }
}

async function run(options: RehearseOptions, redactor: Redactor, log: (line: string) => void): Promise<RehearseResult> {
    const { command, stack } = options;
    const projectDir = path.resolve(options.projectDir);
    const env: NodeJS.ProcessEnv = { ...process.env, ...options.env };
    const signal = options.signal ?? new AbortController().signal;
    // Every build that runs listens to it, and Node takes more than ten listeners for a leak.
    setMaxListeners(0, signal);
    const sealerFor = passphraseSealer(env);
    const config = await loadStackConfig(projectDir, stack, options.configFile, sealerFor);
    config.secrets.forEach((value) => redactor.add(value));
    const state = await StackState.load(options.stateFile, config.project, stack, (salt) =>
        sealerFor(salt ?? config.encryptionSalt),
    );
    // What the program prints may come before it registers the secret anew.
    [state.outputs, ...state.resources.values()].forEach((known) =>
        secretStrings(known as unknown as Value).forEach((value) => redactor.add(value)),
    );
    const dryRun = command === "preview";
    const warn = (text: string) => log(`warning: ${text}`);
    const hooks = new HookRegistry(dryRun, warn);
    const childEnv = withoutPassphrase(env);
    const providers = [
        new DockerBuild(projectDir, childEnv, warn),
        new TlsResources(),
        new ProviderResources(),
        new ModelProvider(),
    ];
    const engine = new Engine({ dryRun, state, providers, hooks, redactor, log, signal });
    const logged: string[] = [];
    if (signal.aborted) {
        throw new Error("interrupted");
    }
    signal.addEventListener("abort", () => engine.fail("interrupted"), { once: true });
    if (command === "destroy") {
        await engine.destroy();
    } else {
        const monitor = await serveMonitor({
            engine,
            hooks,
            config,
            stack,
            dryRun,
            log: (severity, text) => {
                // The SDK colours error texts.
                const message = stripVTControlCharacters(text);
                if (severity === "error") {
                    logged.push(redactor.redact(message));
                }
                log(severity === "info" ? message : `${severity}: ${message}`);
            },
            readStack: (name) =>
                readReferencedStack(
                    name,
                    path.resolve(options.stacksDir ?? path.dirname(projectDir)),
                    config.project,
                    sealerFor,
                ),
        });
        try {
            const code = await runProgram(
                projectDir,
                stack,
                config,
                monitor.address,
                dryRun,
                childEnv,
                engine,
                signal,
                log,
            );
            if (code !== 0 && !engine.failed) {
                engine.fail(
                    logged.length > 0 ? "the program failed" : `the program ended with exit code ${String(code)}`,
                );
            }
            await engine.drained();
            await engine.finish();
        } finally {
            hooks.close();
            monitor.close();
        }
    }
    if (!dryRun) {
        await state.save();
    }
    const resources = [...engine.tree.values()];
    renderTree(resources, dryRun).forEach(log);
    const errors = [...logged, ...engine.errors];
    engine.errors.forEach((message) => log(`error: ${message}`));
    return { exitCode: engine.failed ? 1 : 0, outputs: mask(engine.outputs) as Properties, resources, errors };
}

/** Starts the SDK's own runner for the program and waits for its end. */
async function runProgram(
    projectDir: string,
    stack: string,
    config: StackConfig,
    address: string,
    dryRun: boolean,
    env: NodeJS.ProcessEnv,
    engine: Engine,
    signal: AbortSignal,
    log: (line: string) => void,
): Promise<number | null> {
    const program = path.resolve(projectDir, config.main);
    await fs.access(program).catch(() => {
        throw new Error(
            `${program} does not exist: \`main\` in Pulumi.yaml names the program (got ${JSON.stringify(config.main)})`,
        );
    });
    const args = [
        ...[
            sdkRunner(projectDir),
            `--monitor=${address}`,
            `--engine=${address}`,
            `--project=${config.project}`,
            `--stack=${stack}`,
        ],
        ...[
            "--organization=organization",
            "--parallel=16",
            `--root-directory=${projectDir}`,
            ...(dryRun ? ["--dry-run"] : []),
            `--pwd=${projectDir}`,
            program,
        ],
    ];
    const child = spawn(process.execPath, args, {
        cwd: projectDir,
        stdio: ["ignore", "pipe", "pipe"],
        env: {
            ...env,
            PULUMI_CONFIG: JSON.stringify(config.values),
            PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(config.secretKeys),
            ...(config.typescript ? { PULUMI_NODEJS_TYPESCRIPT: "true" } : {}),
            ...(config.tsconfig ? { PULUMI_NODEJS_TSCONFIG_PATH: config.tsconfig } : {}),
        },
    });
    readline.createInterface({ input: child.stdout }).on("line", log);
    readline.createInterface({ input: child.stderr }).on("line", log);
    const ended = new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
    const watch = setInterval(() => {
        if (engine.stopped) {
            clearInterval(watch);
            void stopProgram(child, engine, signal.aborted);
        }
    }, 100);
    try {
        return await ended;
    } finally {
        clearInterval(watch);
    }
}

/** After a failure a program ends by itself; one that does not, or an interrupted one, is ended once running work is done. */
async function stopProgram(child: ChildProcess, engine: Engine, interrupted: boolean): Promise<void> {
    const timeout = new Promise<void>((resolve) => setTimeout(resolve, graceMilliseconds).unref());
    await (interrupted ? Promise.race([engine.drained(), timeout]) : engine.drained());
    const wait = interrupted ? 1_000 : graceMilliseconds;
    setTimeout(() => child.kill("SIGTERM"), wait).unref();
    setTimeout(() => child.kill("SIGKILL"), wait + 2_000).unref();
}

function sdkRunner(projectDir: string): string {
    try {
        return createRequire(path.join(projectDir, "package.json")).resolve("@pulumi/pulumi/cmd/run");
    } catch {
        throw new Error(`@pulumi/pulumi is not installed for ${projectDir}: run \`npm install\` there`);
    }
}

/** One sealer per salt: deriving a key takes half a second. */
function passphraseSealer(env: NodeJS.ProcessEnv): (salt?: string) => Promise<Sealer> {
    const sealers = new Map<string, Promise<Sealer>>();
    return (salt) => {
        const key = salt ?? "";
        const sealer = sealers.get(key) ?? readPassphrase(env).then((passphrase) => createSealer(passphrase, salt));
        sealers.set(key, sealer);
        return sealer;
    };
}

async function readPassphrase(env: NodeJS.ProcessEnv): Promise<string> {
    if (env.PULUMI_CONFIG_PASSPHRASE !== undefined) {
        return env.PULUMI_CONFIG_PASSPHRASE;
    }
    if (env.PULUMI_CONFIG_PASSPHRASE_FILE) {
        return (await fs.readFile(env.PULUMI_CONFIG_PASSPHRASE_FILE, "utf8")).trim();
    }
    throw new Error(
        "the stack has secrets: passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE environment variables",
    );
}

function withoutPassphrase(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    const rest = { ...env };
    delete rest.PULUMI_CONFIG_PASSPHRASE;
    delete rest.PULUMI_CONFIG_PASSPHRASE_FILE;
    return rest;
}
