import { during, type Progress, type Task } from "../progress/progress";
import type { HookRegistry } from "./hooks";
import { Order } from "./order";
import { containsSecret, secret, secretStrings, unknown, type Properties, type Value } from "./properties";
import type { Redactor } from "./redact";
import type { Goal, Provider, ResourceState } from "./resource";
import type { StackState } from "./state";
import { changedInputs, decide, keepIgnored } from "./steps";
import type { TreeLine } from "./tree";

/** The run is over: calls are refused so that the program ends. */
export class Terminating extends Error {}

/** How often error hooks may have an operation repeated. */
const maxRetries = 5;

interface EngineOptions {
    dryRun: boolean;
    /** A preview takes what models answer for known, so that everything that follows from it can be told. */
    foresee?: boolean;
    state: StackState;
    providerFor: (resource: Goal) => Provider;
    hooks: HookRegistry;
    redactor: Redactor;
    progress: Progress;
    signal: AbortSignal;
}

/** What a program gets back for a registration. */
interface Registered {
    id: string;
    outputs: Properties;
    /** The resource was not made: its outputs are unknown, in an update too. */
    unknown?: boolean;
}

/** Decides and executes the steps of one preview or update. */
export class Engine {
    readonly tree = new Map<string, TreeLine>();
    /** Every resource of the program as it would be. */
    readonly planned = new Map<string, ResourceState>();
    readonly order: Order;
    readonly errors: string[] = [];
    outputs: Properties = {};
    private readonly stop = new AbortController();
    /** Aborted by the first failure: nothing new is started. */
    readonly stopped = this.stop.signal;
    private readonly goals = new Map<string, Goal>();
    private readonly steps: Promise<unknown>[] = [];

    constructor(private readonly options: EngineOptions) {
        this.order = new Order(new Map(options.state.resources));
    }

    /** Notes a failure and stops new work. */
    fail(message: string): void {
        this.errors.push(this.options.redactor.redact(message));
        this.stop.abort();
    }

    /** Resolves when no step is running. */
    async drained(): Promise<void> {
        await Promise.allSettled(this.steps);
    }

    /** Lets running work finish, then refuses. */
    async end(): Promise<never> {
        await this.drained();
        throw new Terminating("the run is terminating");
    }

    async register(goal: Goal): Promise<Registered> {
        const { urn, type, name, parent } = goal;
        if (this.goals.has(urn)) {
            this.fail(`Duplicate resource URN '${urn}'; try giving it a unique name`);
            return this.end();
        }
        const line: TreeLine = { urn, type, name, parent, op: "same", modelled: false, component: !goal.custom };
        this.goals.set(urn, goal);
        this.tree.set(urn, line);
        const step = this.step(goal, line);
        this.steps.push(step);
        try {
            return await step;
        } catch (error) {
            line.op = "failed";
            // What breaks after an interruption breaks by it, and that has been noted.
            if (!this.options.signal.aborted) {
                this.fail(`${type} ${name} (${urn}): ${(error as Error).message}`);
            }
            return this.end();
        }
    }

    /** Attaches a component's outputs and runs its after-hooks; the stack's outputs are the run's. */
    async registerOutputs(urn: string, outputs: Properties): Promise<void> {
        await this.learnSecrets(outputs);
        const { dryRun, state, hooks } = this.options;
        const goal = this.goals.get(urn);
        const resource = state.resources.get(urn);
        const isStack = goal?.type === "pulumi:pulumi:Stack";
        this.outputs = isStack ? outputs : this.outputs;
        if (resource !== undefined && !dryRun) {
            resource.outputs = outputs;
            state.outputs = isStack ? outputs : state.outputs;
        }
        const op = this.tree.get(urn)?.op;
        if (goal?.custom === false && op !== undefined) {
            await hooks.run("after", op, { goal, outputs }).catch((error: Error) => this.fail(error.message));
        }
    }

    /** Takes what the program did not register out of the state, dependents first. */
    forgetUnregistered(): void {
        const { dryRun, state } = this.options;
        const unwanted = [...state.resources.values()].filter(({ urn }) => !this.goals.has(urn)).reverse();
        for (const resource of unwanted) {
            const { urn, type, name, parent, modelled, custom } = resource;
            const real = resource.custom && this.options.providerFor(resource).needsReality;
            const kept = resource.retainOnDelete ? "retained" : "only forgotten: what was pushed stays in the registry";
            const note = real ? kept : undefined;
            this.tree.set(urn, { urn, type, name, parent, op: "delete", modelled, note, component: !custom });
        }
        this.order.end(unwanted);
        if (!dryRun) {
            unwanted.forEach(({ urn }) => state.resources.delete(urn));
            state.outputs = this.outputs;
        }
    }

    private async step(goal: Goal, line: TreeLine): Promise<Registered> {
        const { dryRun, foresee = false, hooks, state } = this.options;
        const old = state.resources.get(goal.urn);
        await this.learnSecrets(goal.inputs);
        const provider = goal.custom ? this.options.providerFor(goal) : undefined;
        goal.inputs = old ? keepIgnored(old.inputs, goal.inputs, goal.ignoreChanges) : goal.inputs;
        goal.inputs = (await provider?.check(goal)) ?? goal.inputs;
        line.modelled = provider?.modelled ?? false;
        line.restsOn = this.modelBelow(goal);
        if (line.restsOn !== undefined && provider?.needsReality) {
            line.op = "not built";
            const registered = { ...foreseen(goal, provider), unknown: true };
            this.planned.set(goal.urn, { ...goal, ...registered, modelled: false });
            return registered;
        }
        const inputsOnly = { changed: old ? changedInputs(old.inputs, goal.inputs) : [], replace: false };
        const difference = (old && (await provider?.difference(goal, old))) ?? inputsOnly;
        const op = decide(old, goal, difference);
        Object.assign(line, { op, changed: difference.changed });
        this.order.note(op, goal, old);
        if (op === "same" && old !== undefined) {
            await this.keep({ ...old, ...goal }, false);
            return { id: old.id, outputs: goal.custom ? old.outputs : goal.inputs };
        }
        const previous = op === "update" ? old : undefined;
        const replaced = (old?.replaced ?? 0) + (op === "replace" ? 1 : 0);
        // A component's hook would act on machines that are not there.
        const run = goal.custom || line.restsOn === undefined;
        const known = provider !== undefined && (!dryRun || (foresee && !provider.needsReality));
        const make = async (task?: Task) => {
            await (run ? hooks.run("before", op, { goal, old: previous }) : undefined);
            return known
                ? await this.apply(provider, line, goal, replaced, previous, task)
                : foreseen(goal, provider, previous);
        };
        const { progress, signal } = this.options;
        const failed = () => (signal.aborted ? "stopped" : "failed");
        const isShown = known && provider.needsReality;
        const made = await (isShown ? during(progress, goal.name, "preparing", make, { failed }) : make());
        const id = previous?.id ?? made.id;
        const outputs = withSecrets(goal, made.outputs);
        await this.learnSecrets(outputs);
        await this.keep({ ...goal, id, outputs, modelled: line.modelled, replaced });
        // A component's after-hooks run when it registers its outputs.
        await (goal.custom ? hooks.run("after", op, { goal, old: previous, id, outputs }) : undefined);
        return { id, outputs };
    }

    /** Executes an operation, again while an error hook asks for it; before-hooks run once. */
    private async apply(
        provider: Provider,
        line: TreeLine,
        goal: Goal,
        replaced: number,
        old?: ResourceState,
        task?: Task,
    ): Promise<Registered> {
        const { hooks, redactor, signal } = this.options;
        const operation = old === undefined ? "create" : "update";
        const seconds = durationSeconds(goal.customTimeouts?.[operation] ?? "");
        const progress = (step: string, extent?: string) => task?.at(step, extent);
        const started = Date.now();
        const errors: string[] = [];
        for (;;) {
            const limit = seconds > 0 ? AbortSignal.timeout(seconds * 1000) : undefined;
            const stop = limit ? AbortSignal.any([signal, limit]) : signal;
            try {
                const made = await provider.apply(goal, { old, replaced, progress, signal: stop });
                line.seconds = provider.needsReality ? (Date.now() - started) / 1000 : undefined;
                return made;
            } catch (failure) {
                // As a provider puts it whose context ends.
                const late = limit?.aborted === true && !signal.aborted;
                const error = late ? new Error("context deadline exceeded") : failure;
                errors.unshift(redactor.redact((error as Error).message));
                const again = !signal.aborted && (await hooks.retry(operation, { goal, old }, errors));
                if (!again || errors.length > maxRetries) {
                    throw error;
                }
                const tries = `${errors.length}/${maxRetries}`;
                this.options.progress.log(`${goal.name}: retrying ${operation} as an error hook asked for (${tries})`);
            }
        }
    }

    /** Puts a resource into the state, which is written at once unless nothing was done. */
    private async keep(resource: ResourceState, write = true): Promise<void> {
        this.planned.set(resource.urn, resource);
        if (!this.options.dryRun) {
            this.options.state.put(resource);
            await (write ? this.options.state.save() : undefined);
        }
    }

    /** The modelled resource that a goal rests on, by its dependencies or its parents'. */
    private modelBelow({ parent = "", dependencies }: Goal): string | undefined {
        const lines = [parent, ...dependencies].map((urn) => this.tree.get(urn));
        const names = lines.map((line) => (line?.modelled ? line.name : line?.restsOn));
        return names.find((name) => name !== undefined);
    }

    /** Learns secrets for masking, and asks for the passphrase before anything is done that it would have to seal. */
    private async learnSecrets(properties: Properties): Promise<void> {
        secretStrings(properties).forEach((value) => this.options.redactor.add(value));
        if (!this.options.dryRun && containsSecret(properties)) {
            await this.options.state.sealerForSecrets();
        }
    }
}

/** What a preview knows of a resource: an update of anything but a build leaves what only the cloud knows as it is. */
function foreseen(goal: Goal, provider?: Provider, old?: ResourceState): Registered {
    if (old !== undefined && !provider?.needsReality) {
        return { id: old.id, outputs: { ...(goal.custom ? old.outputs : {}), ...goal.inputs } };
    }
    const unknowns = (provider?.computed(goal) ?? []).map((key): [string, Value] => [key, unknown]);
    return { id: "", outputs: { ...goal.inputs, ...Object.fromEntries(unknowns) } };
}

/** Seconds of a duration as Go writes it, `1h30m`; 0 for an empty one, which is none. */
function durationSeconds(text: string): number {
    const units: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 0.001 };
    const parts = [...text.matchAll(/([\d.]+)(ms|[hms])/g)];
    if (parts.map(([part]) => part).join("") !== text) {
        throw new Error(`customTimeouts: ${JSON.stringify(text)} is no duration such as 1h30m`);
    }
    return parts.reduce((sum, [, count, unit]) => sum + Number(count) * units[unit!]!, 0);
}

function withSecrets({ additionalSecretOutputs: names }: Goal, outputs: Properties): Properties {
    const hidden = names.filter((key) => key in outputs).map((key) => [key, secret(outputs[key] ?? null)] as const);
    return { ...outputs, ...Object.fromEntries(hidden) };
}
