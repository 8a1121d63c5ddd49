import { equal, type Properties } from "./properties";
import type { Difference, Goal, ResourceState } from "./resource";

export type Operation = "create" | "update" | "replace" | "same";

/** Decides the step for a resource. */
export function decide(old: ResourceState | undefined, goal: Goal, difference: Difference): Operation {
    const { changed, replace } = difference;
    if (old === undefined) {
        return "create";
    }
    // As in the CLI: where there was no trigger, or is none any more, nothing is triggered.
    const [before = null, after = null] = [old.replacementTrigger, goal.replacementTrigger];
    const triggered = before !== null && after !== null && !equal(before, after);
    if (replace || triggered) {
        return "replace";
    }
    return changed.length > 0 ? "update" : "same";
}

/** Every input whose value changed. Secrets are compared by value. */
export function changedInputs(old: Properties, inputs: Properties): string[] {
    const keys = new Set([...Object.keys(old), ...Object.keys(inputs)]);
    return [...keys].filter((key) => !equal(old[key], inputs[key])).sort();
}

/** The inputs with ignored properties set back to their old values. */
export function keepIgnored(old: Properties, inputs: Properties, ignored: string[]): Properties {
    const kept = Object.entries(old).filter(([key]) => ignored.includes(key));
    const others = Object.entries(inputs).filter(([key]) => !ignored.includes(key));
    return Object.fromEntries([...others, ...kept]);
}
