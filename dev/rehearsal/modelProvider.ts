import { createHash } from "node:crypto";
import { models, type Model } from "./models";
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
    difference: async ({ inputs }, old) => ({ changed: changedInputs(old.inputs, inputs), replace: false }),
    computed: (goal) => Object.keys(outputsOf(goal)).filter((key) => !(key in goal.inputs)),
    apply: async (goal) => {
        const { id, ...outputs } = outputsOf(goal);
        const fallback = `modelled-${createHash("sha256").update(goal.urn).digest("hex").slice(0, 17)}`;
        return { id: typeof id === "string" && id !== "" ? id : fallback, outputs: { ...goal.inputs, ...outputs } };
    },
};

function outputsOf({ type, urn, inputs }: Goal) {
    return modelOf(type, urn)(inputs, urn);
}
