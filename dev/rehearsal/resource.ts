import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";
import type { Properties, Value } from "./properties";

/** Names of a resource's hooks, by kind. */
export type Hooks = Partial<RegisterResourceRequest.ResourceHooksBinding.AsObject>;

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
    retainOnDelete: boolean;
    deleteBeforeReplace: boolean;
    /** How long an operation may take, in Go's form: `1h30m`. */
    customTimeouts?: { create: string; update: string };
    /** Top-level properties. */
    ignoreChanges: string[];
    additionalSecretOutputs: string[];
    hooks: Hooks;
}

/** A resource as the state keeps it. */
export interface ResourceState extends Goal {
    id: string;
    outputs: Properties;
    /** The resource was answered from a model: nothing was created. */
    modelled: boolean;
    /** How often it was replaced: a replacement gets another id from its model. */
    replaced?: number;
}

/** What changed in a resource, by property, and whether that takes a new resource. */
export interface Difference {
    changed: string[];
    replace: boolean;
}

/** Answers for the resources of some types. */
export interface Provider {
    handles(type: string): boolean;
    /** The resources are answered from a model: nothing is created. */
    modelled: boolean;
    /** Needs real nodes: not run when it depends on a modelled resource. */
    needsReality: boolean;
    /** Gives the inputs with defaults filled in; throws with every problem. */
    check(goal: Goal): Promise<Properties>;
    difference(goal: Goal, old: ResourceState): Promise<Difference>;
    /** Outputs that a preview does not know. */
    computed(goal: Goal): string[];
    /** Creates the resource, or updates `old`. */
    apply(goal: Goal, run: Run): Promise<{ id: string; outputs: Properties }>;
}

export interface Run {
    old?: ResourceState;
    /** How often the resource was replaced, this time included. */
    replaced?: number;
    /** Shows people what the resource is at. */
    progress: (step: string, extent?: string) => void;
    signal: AbortSignal;
}
