import { setMaxListeners } from "node:events";
import * as path from "node:path";
import { stripVTControlCharacters } from "node:util";
import { PlainProgress } from "../progress/plain";
import { type Progress, through } from "../progress/progress";
import { DockerBuild } from "./dockerBuild";
import { Engine } from "./engine";
import type { Fact } from "./facts";
import { HookRegistry } from "./hooks";
import { modelProvider } from "./modelProvider";
import { serveMonitor, type Severity } from "./monitor";
import { renderOrder, type Change } from "./order";
import { passphraseSealers } from "./passphrase";
import { startRunner, type Runner } from "./program";
import { mask, secretStrings, type Properties, type Value } from "./properties";
import { Redactor } from "./redact";
import type { Goal, Provider } from "./resource";
import { loadStackConfig } from "./stackConfig";
import { readReferencedStack } from "./stackReference";
import { StackState } from "./state";
import { renderGroups, renderTree, type TreeLine } from "./tree";

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
    /** Gets progress in the place of `log`. Secrets are masked. */
    progress?: Progress;
    /** A preview that takes what the models answer for known, groups the resources and tells facts about them. */
    facts?: boolean;
    /** Ends the run: builds are interrupted, the state is written. */
    signal?: AbortSignal;
    /** A process for the program that was started beforehand. */
    runner?: Runner;
}

export interface RehearseResult {
    exitCode: number;
    /** The stack's outputs; secrets are "[secret]", what is not known is "[unknown]". */
    outputs: Record<string, unknown>;
    resources: TreeLine[];
    /** The changes of resources in their order. */
    changes: Change[];
    /** What was asked for with `facts`. */
    facts?: Fact[];
    errors: string[];
}

/** Runs a Pulumi program against this engine. Never throws: what goes wrong is in `errors`, with exit code 1. */
export async function rehearse(options: RehearseOptions): Promise<RehearseResult> {
    const redactor = new Redactor();
    const shown = options.progress ?? new PlainProgress((line) => options.log?.(line));
    const progress = through(shown, (text) => redactor.redact(text));
    const log = (line: string) => progress.log(line);
    const runner = options.runner ?? startRunner(options);
    try {
        return await run({ ...options, runner, progress }, redactor);
    } catch (error) {
        const message = redactor.redact((error as Error).message);
        log(`error: ${message}`);
        return { exitCode: 1, outputs: {}, resources: [], changes: [], errors: [message] };
    } finally {
        await runner?.close();
    }
}

/** Loaded for programs with certificates only: what makes them takes a tenth of a second to load. */
function tlsResources(): Provider {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import() finds no TypeScript under tsx/cjs
    const { TlsResources } = require("./models/tls") as typeof import("./models/tls");
    return new TlsResources();
}

/** Loaded for previews only. */
function tellFacts({ planned }: Engine): { facts: Fact[]; lines: string[] } {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import() finds no TypeScript under tsx/cjs
    const { factsOf, renderFacts } = require("./facts") as typeof import("./facts");
    const facts = factsOf(planned.values());
    return { facts, lines: renderFacts(facts) };
}

async function run(options: RehearseOptions & { progress: Progress }, redactor: Redactor): Promise<RehearseResult> {
    const { command, stack, configFile, stateFile, runner, progress, signal = new AbortController().signal } = options;
    const log = (line: string) => progress.log(line);
    const projectDir = path.resolve(options.projectDir);
    const stacksDir = path.resolve(options.stacksDir ?? path.dirname(projectDir));
    // Every build that runs listens to it, and Node takes more than ten listeners for a leak.
    setMaxListeners(0, signal);
    const { sealer, env } = passphraseSealers({ ...process.env, ...options.env });
    const config = await loadStackConfig(projectDir, stack, configFile, sealer);
    const stateSealer = (salt = config.encryptionSalt) => sealer(salt);
    const state = await StackState.load(stateFile, config.project, stack, stateSealer);
    // What the program prints may come before it registers the secret anew.
    const known = secretStrings([state.outputs, ...state.resources.values()] as unknown as Value);
    [...config.secrets, ...known].forEach((value) => redactor.add(value));

    const dryRun = command === "preview";
    const hooks = new HookRegistry(dryRun);
    const dockerBuild = new DockerBuild(projectDir, env);
    const providerFor = ({ type }: Goal) => {
        const candidates = [dockerBuild, ...(type.startsWith("tls:") ? [tlsResources()] : [])];
        return candidates.find((provider) => provider.handles(type)) ?? modelProvider;
    };
    const engine = new Engine({
        dryRun,
        foresee: options.facts,
        state,
        providerFor,
        hooks,
        redactor,
        progress,
        signal,
    });
    if (signal.aborted) {
        throw new Error("interrupted");
    }
    signal.addEventListener("abort", () => engine.fail("interrupted"), { once: true });
    const logged: string[] = [];
    if (runner !== undefined) {
        const readStack = (name: string) => readReferencedStack(name, stacksDir, config.project, sealer);
        const show = (severity: Severity, text: string) => {
            // The SDK colours error texts.
            const message = redactor.redact(stripVTControlCharacters(text));
            logged.push(...(severity === "error" ? [message] : []));
            if (severity !== "debug") {
                log(severity === "info" ? message : `${severity}: ${message}`);
            }
        };
        const { address, close } = await serveMonitor({ engine, hooks, config, log: show, readStack });
        try {
            const code = await runner.run({ config, dryRun, address, engine, signal, log });
            await engine.drained();
            if (code !== 0 && !engine.stopped.aborted) {
                engine.fail(logged.length > 0 ? "the program failed" : `the program ended with exit code ${code}`);
            }
        } finally {
            hooks.close();
            close();
        }
    }
    if (!engine.stopped.aborted) {
        engine.forgetUnregistered();
    }
    await (dryRun ? undefined : state.save());
    const resources = [...engine.tree.values()];
    const { changes } = engine.order;
    const told = dryRun && options.facts ? tellFacts(engine) : undefined;
    const plan = told ? renderGroups(resources) : renderTree(resources, dryRun);
    const errors = engine.errors.map((message) => `error: ${message}`);
    [...plan, ...renderOrder(changes), ...(told?.lines ?? []), ...errors].forEach(log);
    return {
        exitCode: engine.errors.length > 0 ? 1 : 0,
        outputs: mask(engine.outputs) as Properties,
        resources,
        changes,
        facts: told?.facts,
        errors: [...logged, ...engine.errors],
    };
}
