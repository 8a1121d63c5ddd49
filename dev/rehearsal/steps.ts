import { equal, isObject, reveal, type Properties, type Value } from "./properties";
import type { ResourceState } from "./state";

export type Operation = "create" | "update" | "replace" | "same";

/** What a program registers. */
export interface Goal {
    urn: string;
    type: string;
    name: string;
    custom: boolean;
    parent?: string;
    inputs: Properties;
    dependencies: string[];
    replacementTrigger?: Value;
    protect?: boolean;
    retainOnDelete?: boolean;
    deletedWith?: string;
    ignoreChanges: string[];
    replaceOnChanges: string[];
    additionalSecretOutputs: string[];
    hooks: Hooks;
}

/** Names of a resource's hooks. */
export interface Hooks {
    beforeCreate: string[];
    afterCreate: string[];
    beforeUpdate: string[];
    afterUpdate: string[];
    beforeDelete: string[];
    afterDelete: string[];
    onError: string[];
}

/** What a provider finds changed: paths of inputs, and those that force a replacement. */
export interface Difference {
    changed: string[];
    replace: string[];
}

/** Decides the step for a resource. */
export function decide(
    old: ResourceState | undefined,
    goal: Goal,
    difference: Difference,
): { op: Operation; changed: string[] } {
    if (old === undefined) {
        return { op: "create", changed: [] };
    }
    const { changed } = difference;
    if (!equal(old.replacementTrigger, goal.replacementTrigger)) {
        return { op: "replace", changed: [...changed, "replacementTrigger"] };
    }
    const forced = changed.filter(
        (path) => goal.replaceOnChanges.includes("*") || goal.replaceOnChanges.includes(path.split(/[.[]/)[0] ?? ""),
    );
    if (difference.replace.length > 0 || forced.length > 0) {
        return { op: "replace", changed };
    }
    return { op: changed.length > 0 ? "update" : "same", changed };
}

/** The plain difference: every input whose value changed. Secrets are compared by value. */
export function changedInputs(old: Properties, inputs: Properties): string[] {
    const keys = new Set([...Object.keys(old), ...Object.keys(inputs)]);
    return [...keys].filter((key) => !equal(old[key], inputs[key])).sort();
}

/** The difference of a docker-build Image or Index: registry passwords are short-lived and do not count. */
export function dockerBuildDifference(type: string, old: Properties, inputs: Properties): Difference {
    const changed = changedInputs(withoutPasswords(old), withoutPasswords(inputs));
    if (type !== "docker-build:index:Index") {
        return { changed, replace: [] };
    }
    const address = (properties: Properties) => {
        const registry = reveal(properties.registry ?? null);
        return isObject(registry) ? registry.address : undefined;
    };
    const moved =
        changed.includes("registry") &&
        Boolean(address(old)) &&
        Boolean(address(inputs)) &&
        address(old) !== address(inputs);
    return { changed, replace: [...(changed.includes("tag") ? ["tag"] : []), ...(moved ? ["registry.address"] : [])] };
}

function withoutPasswords(properties: Properties): Properties {
    const strip = (registry: Value): Value => {
        const rest = { ...(isObject(registry) ? registry : {}) };
        delete rest.password;
        return rest;
    };
    const result = { ...properties };
    const registries = reveal(result.registries ?? null);
    if (Array.isArray(registries)) {
        result.registries = registries.map(strip);
    }
    const registry = reveal(result.registry ?? null);
    if (isObject(registry)) {
        result.registry = strip(registry);
    }
    return result;
}

/** The inputs with ignored properties (`a`, `a.b`) set back to their old values. */
export function keepIgnored(old: Properties, inputs: Properties, paths: string[]): Properties {
    let result = inputs;
    for (const path of paths) {
        const [key = "", ...rest] = path.split(".");
        const before = old[key];
        const now = result[key];
        if (rest.length > 0 && isObject(before) && isObject(now)) {
            result = { ...result, [key]: keepIgnored(before, now, [rest.join(".")]) };
        } else if (before === undefined) {
            result = { ...result };
            delete result[key];
        } else {
            result = { ...result, [key]: before };
        }
    }
    return result;
}
