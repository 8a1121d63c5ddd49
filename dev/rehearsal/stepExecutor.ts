import type { HookRegistry } from "./callbacks";
import { resourceState, subject } from "./goalState";
import { containsSecret, secret, secretStrings, unknown, type Properties, type Value } from "./properties";
import type { Provider, ProviderCall } from "./provider";
import type { Redactor } from "./redact";
import type { ResourceState, StackState } from "./state";
import type { Goal, Operation } from "./steps";
import type { TreeLine } from "./tree";

/** The real engine's bound on retries that error hooks ask for. */
const maxRetries = 100;

/** What a program gets back for a registration. */
export interface Registered {
    urn: string;
    id: string;
    outputs: Properties;
    /** The resource was not made: its outputs are unknown, in an update too. */
    unknown: boolean;
}

/** A registration with its predecessor and the step decided for it. */
export interface Seen {
    goal: Goal;
    old?: ResourceState;
    op: Operation;
}

export interface StepOptions {
    dryRun: boolean;
    state: StackState;
    hooks: HookRegistry;
    redactor: Redactor;
    log: (line: string) => void;
    signal: AbortSignal;
}

/** Plans or executes one step. */
export class StepExecutor {
    constructor(private readonly options: StepOptions) {}

    async preview({ goal, old, op }: Seen, provider: Provider | undefined, call: ProviderCall): Promise<Registered> {
        if (op === "same" && old !== undefined && goal.custom) {
            return { urn: goal.urn, id: old.id ?? "", outputs: old.outputs, unknown: false };
        }
        const warning = provider?.previewWarning?.(call);
        if (warning !== undefined) {
            this.options.log(`warning: ${warning}`);
        }
        const computed = Object.fromEntries(
            (provider?.computed(call) ?? []).map((key): [string, Value] => [key, unknown]),
        );
        const outputs = this.secretOutputs(goal, { ...goal.inputs, ...computed });
        if (op !== "same") {
            const { before, after } = hooksOf(goal, op);
            await this.options.hooks.run("before", before, subject(goal, old));
            await this.options.hooks.run("after", goal.custom ? after : [], subject(goal, old, outputs));
        }
        return { urn: goal.urn, id: op === "update" ? (old?.id ?? "") : "", outputs, unknown: false };
    }

    async execute(
        { goal, old, op }: Seen,
        provider: Provider | undefined,
        call: ProviderCall,
        line: TreeLine,
    ): Promise<Registered> {
        const { hooks, state } = this.options;
        if (op === "same" && old !== undefined) {
            state.put(resourceState(goal, old.id, old.outputs, old.modelled ?? false));
            return {
                urn: goal.urn,
                id: old.id ?? "",
                outputs: goal.custom ? old.outputs : goal.inputs,
                unknown: false,
            };
        }
        const previous = op === "update" ? old : undefined;
        const { before, after } = hooksOf(goal, op);
        await hooks.run("before", before, subject(goal, previous));
        const started = Date.now();
        const made =
            provider === undefined
                ? undefined
                : await this.withRetries(goal, previous, op, () =>
                      provider.apply(call, op as Exclude<Operation, "same">),
                  );
        line.seconds = provider?.needsReality ? (Date.now() - started) / 1000 : undefined;
        const id = op === "update" ? (old?.id ?? made?.id) : made?.id;
        const outputs = this.secretOutputs(goal, made?.outputs ?? {});
        if (op === "replace" && old !== undefined && goal.custom) {
            state.replaced.push({ ...old, pendingDelete: true });
        }
        state.put(resourceState(goal, id, outputs, provider?.modelled ?? false));
        await this.learnSecrets(outputs);
        await state.save();
        // A component's after-hooks run when it registers its outputs.
        await hooks.run("after", goal.custom ? after : [], subject(goal, previous, outputs, id));
        return { urn: goal.urn, id: id ?? "", outputs: goal.custom ? outputs : goal.inputs, unknown: false };
    }

    /** Learns secrets for masking, and asks for the passphrase before anything is done that it would have to seal. */
    async learnSecrets(properties: Properties): Promise<void> {
        secretStrings(properties).forEach((value) => this.options.redactor.add(value));
        if (!this.options.dryRun && containsSecret(properties)) {
            await this.options.state.sealerForSecrets();
        }
    }

    /** Repeats a failed operation while an error hook asks for it; before-hooks run once. */
    private async withRetries<T>(
        goal: Goal,
        old: ResourceState | undefined,
        op: Operation,
        attempt: () => Promise<T>,
    ): Promise<T> {
        const errors: string[] = [];
        for (;;) {
            try {
                return await attempt();
            } catch (error) {
                errors.unshift(this.options.redactor.redact((error as Error).message));
                const operation = op === "update" ? "update" : "create";
                const names = this.options.signal.aborted ? [] : goal.hooks.onError;
                if (
                    errors.length > maxRetries ||
                    !(await this.options.hooks.retry(names, subject(goal, old), operation, errors))
                ) {
                    throw error;
                }
                this.options.log(
                    `warning: ${goal.name}: retrying ${operation} as an error hook asked for (${errors.length}/${maxRetries})`,
                );
            }
        }
    }

    private secretOutputs(goal: Goal, outputs: Properties): Properties {
        const hidden = goal.additionalSecretOutputs
            .filter((key) => key in outputs)
            .map((key): [string, Value] => [key, secret(outputs[key] ?? null)]);
        return { ...outputs, ...Object.fromEntries(hidden) };
    }
}

/** The hooks of an operation; a replacement is a create. */
export function hooksOf({ hooks }: Goal, op: Operation): { before: string[]; after: string[] } {
    return op === "update"
        ? { before: hooks.beforeUpdate, after: hooks.afterUpdate }
        : { before: hooks.beforeCreate, after: hooks.afterCreate };
}
