import { subject } from "./goalState";
import { unknown, type Properties, type Value } from "./properties";
import type { Provider, ProviderCall } from "./provider";
import { removeResources } from "./removal";
import { hooksOf, StepExecutor, type Registered, type Seen, type StepOptions } from "./stepExecutor";
import type { ResourceState } from "./state";
import { changedInputs, decide, keepIgnored, type Goal } from "./steps";
import type { TreeLine } from "./tree";

/** The run is over: registrations are refused so that the program ends. */
export class Terminating extends Error {}

interface EngineOptions extends StepOptions {
    providers: Provider[];
}

/** Decides and executes the steps of one preview or update. */
export class Engine {
    readonly tree = new Map<string, TreeLine>();
    readonly errors: string[] = [];
    outputs: Properties = {};
    /** A step failed: nothing new is started. */
    stopped = false;
    private finished = false;
    private readonly seen = new Map<string, Seen>();
    /** URN to the name of the modelled resource it rests on. */
    private readonly unreal = new Map<string, string>();
    private running = 0;
    private readonly idle: (() => void)[] = [];
    private readonly steps: StepExecutor;

    constructor(private readonly options: EngineOptions) {
        this.steps = new StepExecutor(options);
    }

    get failed(): boolean {
        return this.errors.length > 0;
    }

    /** Notes a failure and stops new work. */
    fail(message: string): void {
        this.errors.push(this.options.redactor.redact(message));
        this.stopped = true;
    }

    async register(goal: Goal, aliases: string[]): Promise<Registered> {
        await this.refuseWhenStopped();
        if (this.seen.has(goal.urn)) {
            this.fail(`Duplicate resource URN '${goal.urn}'; try giving it a unique name`);
            return this.end();
        }
        const { resources } = this.options.state;
        const old = [goal.urn, ...aliases].map((urn) => resources.get(urn)).find((found) => found !== undefined);
        if (old !== undefined && old.urn !== goal.urn && !this.options.dryRun) {
            resources.delete(old.urn);
            resources.set(goal.urn, { ...old, urn: goal.urn, name: goal.name, type: goal.type, parent: goal.parent });
        }
        const entry: Seen = { goal, old, op: "same" };
        this.seen.set(goal.urn, entry);
        const line: TreeLine = {
            urn: goal.urn,
            type: goal.type,
            name: goal.name,
            parent: goal.parent,
            op: "same",
            modelled: false,
        };
        this.tree.set(goal.urn, line);
        this.running++;
        try {
            return await this.step(entry, line);
        } catch (error) {
            line.op = "failed";
            // What breaks after an interruption breaks by it, and that has been noted.
            if (!this.options.signal.aborted) {
                this.fail(`${goal.type} ${goal.name} (${goal.urn}): ${(error as Error).message}`);
            }
        } finally {
            this.running--;
            if (this.running === 0) {
                this.idle.splice(0).forEach((wake) => wake());
            }
        }
        return this.end();
    }

    /** Attaches a component's outputs and runs its after-hooks; the stack's outputs are the run's. */
    async registerOutputs(urn: string, outputs: Properties): Promise<void> {
        await this.refuseWhenStopped();
        await this.steps.learnSecrets(outputs);
        const entry = this.seen.get(urn);
        const { dryRun, state, hooks } = this.options;
        if (entry?.goal.type === "pulumi:pulumi:Stack") {
            this.outputs = outputs;
            if (!dryRun) {
                state.outputs = outputs;
            }
        }
        const resource = state.resources.get(urn);
        if (resource !== undefined && !dryRun) {
            resource.outputs = outputs;
            await state.save();
        }
        if (entry !== undefined && !entry.goal.custom && entry.op !== "same") {
            const { goal, op, old } = entry;
            // The component exists: a failing after-hook fails the run, not the resource.
            await hooks
                .run("after", hooksOf(goal, op).after, subject(goal, old, outputs))
                .catch((error: Error) => this.errors.push(this.options.redactor.redact(error.message)));
        }
    }

    /** Deletes what the program no longer registers, once it has registered everything. */
    async finish(): Promise<void> {
        if (this.finished || this.failed || this.options.signal.aborted) {
            return;
        }
        this.finished = true;
        const { resources, replaced } = this.options.state;
        await this.remove(
            [...replaced, ...[...resources.values()].filter(({ urn }) => !this.seen.has(urn)).reverse()],
            true,
        );
    }

    /** Deletes everything, dependents first. The program does not run, so neither do its hooks. */
    async destroy(): Promise<void> {
        const { resources, replaced } = this.options.state;
        const all = [...replaced, ...[...resources.values()].reverse()];
        const hooked = all.find(({ deleteHooks }) => deleteHooks !== undefined);
        if (hooked !== undefined) {
            this.fail(
                `${hooked.urn} has delete hooks, which need the running program: take it out of the program and run \`up\` first`,
            );
            return;
        }
        await this.remove(all, false);
        if (!this.failed) {
            this.options.state.outputs = {};
            await this.options.state.save();
        }
    }

    /** Lists a resource that the program reads. */
    noteRead(line: TreeLine): void {
        this.tree.set(line.urn, line);
        if (line.modelled) {
            this.unreal.set(line.urn, line.name);
        }
    }

    /** Resolves when no step is running. */
    drained(): Promise<void> {
        return this.running === 0 ? Promise.resolve() : new Promise((resolve) => this.idle.push(resolve));
    }

    async refuseWhenStopped(): Promise<void> {
        if (this.stopped || this.options.signal.aborted) {
            await this.end();
        }
    }

    /** Lets running work finish, then refuses. */
    private async end(): Promise<never> {
        await this.drained();
        throw new Terminating("the run is terminating");
    }

    private async step(entry: Seen, line: TreeLine): Promise<Registered> {
        const { goal, old } = entry;
        const { dryRun } = this.options;
        await this.steps.learnSecrets(goal.inputs);
        const provider = goal.custom ? this.providerFor(goal) : undefined;
        if (old !== undefined) {
            goal.inputs = keepIgnored(old.inputs, goal.inputs, goal.ignoreChanges);
        }
        const call = this.call(goal, old);
        call.inputs = goal.inputs = (await provider?.check(call)) ?? goal.inputs;
        const cause = this.restsOnModel(goal);
        if (cause !== undefined || provider?.modelled) {
            this.unreal.set(goal.urn, cause ?? goal.name);
        }
        line.modelled = provider?.modelled ?? false;
        if (cause !== undefined && provider?.needsReality) {
            line.op = "not built";
            line.note = `depends on ${cause}, which is modelled`;
            const computed = Object.fromEntries(provider.computed(call).map((key): [string, Value] => [key, unknown]));
            return { urn: goal.urn, id: "", outputs: { ...goal.inputs, ...computed }, unknown: true };
        }
        const difference =
            old === undefined
                ? { changed: [], replace: [] }
                : ((await provider?.difference({ ...call, old })) ?? {
                      changed: changedInputs(old.inputs, goal.inputs),
                      replace: [],
                  });
        const { op, changed } = decide(old, goal, difference);
        entry.op = op;
        line.op = op;
        line.changed = changed;
        if (op === "replace" && old?.protect) {
            throw new Error("is protected and would be replaced: unprotect it first");
        }
        return dryRun ? this.steps.preview(entry, provider, call) : this.steps.execute(entry, provider, call, line);
    }

    private remove(resources: ResourceState[], programRuns: boolean): Promise<void> {
        const { state, dryRun, hooks, signal } = this.options;
        const providerFor = (resource: ResourceState) => this.providerFor(resource);
        const fail = (message: string) => this.fail(message);
        return removeResources(resources, {
            state,
            dryRun,
            hooks,
            programRuns,
            signal,
            tree: this.tree,
            providerFor,
            fail,
        });
    }

    private providerFor({ type, urn }: { type: string; urn: string }): Provider {
        const provider = this.options.providers.find((candidate) => candidate.handles(type));
        if (provider === undefined) {
            throw new Error(
                `unknown resource type ${JSON.stringify(type)} (${urn}): no provider and no model for it; add a model in dev/rehearsal/models`,
            );
        }
        return provider;
    }

    /** The modelled resource that a goal rests on, by its own dependencies or those of its parents. */
    private restsOnModel(goal: Goal): string | undefined {
        for (let at: Goal | undefined = goal; at !== undefined; at = this.seen.get(at.parent ?? "")?.goal) {
            const found = at.dependencies.map((urn) => this.unreal.get(urn)).find((name) => name !== undefined);
            if (found !== undefined) {
                return found;
            }
        }
        return undefined;
    }

    private call(goal: Goal, old: ResourceState | undefined): ProviderCall {
        const progress = (line: string) => this.options.log(`${goal.name}: ${line}`);
        return {
            type: goal.type,
            urn: goal.urn,
            name: goal.name,
            inputs: goal.inputs,
            old,
            progress,
            signal: this.options.signal,
        };
    }
}
