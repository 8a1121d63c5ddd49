import type { HookSubject } from "./callbacks";
import type { Properties } from "./properties";
import type { ResourceState } from "./state";
import type { Goal } from "./steps";

/** What a goal's hooks are told. */
export function subject(
    goal: Goal,
    old: ResourceState | undefined,
    newOutputs?: Properties,
    id = old?.id,
): HookSubject {
    const { urn, name, type, inputs } = goal;
    return {
        urn,
        id,
        name,
        type,
        newInputs: inputs,
        oldInputs: old?.inputs,
        newOutputs,
        oldOutputs: newOutputs && old?.outputs,
    };
}

/** What the state keeps of a goal. */
export function resourceState(
    goal: Goal,
    id: string | undefined,
    outputs: Properties,
    modelled: boolean,
): ResourceState {
    const { beforeDelete: before, afterDelete: after } = goal.hooks;
    return {
        urn: goal.urn,
        type: goal.type,
        name: goal.name,
        custom: goal.custom,
        id,
        parent: goal.parent,
        inputs: goal.inputs,
        outputs,
        dependencies: goal.dependencies,
        replacementTrigger: goal.replacementTrigger,
        protect: goal.protect,
        retainOnDelete: goal.retainOnDelete,
        deletedWith: goal.deletedWith,
        modelled: modelled || undefined,
        deleteHooks: before.length + after.length > 0 ? { before, after } : undefined,
    };
}
