import { createHash } from "node:crypto";
import { models, type Model } from "./models";
import { takesNew } from "./models/replacements";
import type { Goal, Provider } from "./resource";
import { changedInputs } from "./steps";

/** The model of a type; explicit providers (`new aws.Provider`) are configuration only. */
export function modelOf(type: string, urn: string): Model {
    const model = models[type] ?? (type.startsWith("pulumi:providers:") ? () => ({}) : undefined);
    if (model === undefined) {
        throw new Error(
            `unknown resource type ${JSON.stringify(type)} (${urn}): no provider and no model for it; add a model in dev/rehearsal/models`,
        );
    }
    return model;
}

/** Cloud resources, answered from a model; `check` refuses types without one. */
export const modelProvider: Provider = {
    handles: () => true,
    needsReality: false,
    modelled: true,
    check: async ({ type, urn, inputs }) => {
        modelOf(type, urn);
        return inputs;
    },
    difference: async ({ type, inputs }, old) => ({
        changed: changedInputs(old.inputs, inputs),
        replace: takesNew(type, old.inputs, inputs),
    }),
    computed: (goal) => Object.keys(outputsOf(goal, goal.urn)).filter((key) => !(key in goal.inputs)),
    apply: async (goal, { replaced = 0 }) => {
        const seed = replaced === 0 ? goal.urn : `${goal.urn}#${replaced}`;
        const { id, ...outputs } = outputsOf(goal, seed);
        const fallback = `modelled-${createHash("sha256").update(seed).digest("hex").slice(0, 17)}`;
        return { id: typeof id === "string" && id !== "" ? id : fallback, outputs: { ...goal.inputs, ...outputs } };
    },
};

function outputsOf({ type, urn, inputs }: Goal, seed: string) {
    return modelOf(type, urn)(inputs, seed);
}
