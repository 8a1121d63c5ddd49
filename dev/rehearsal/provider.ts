import type { Properties } from "./properties";
import type { ResourceState } from "./state";
import type { Difference, Operation } from "./steps";

/** What a provider gets for one resource. */
export interface ProviderCall {
    type: string;
    urn: string;
    name: string;
    inputs: Properties;
    old?: ResourceState;
    /** One short line for people. */
    progress: (line: string) => void;
    signal: AbortSignal;
}

/** Answers for the resources of some types. */
export interface Provider {
    handles(type: string): boolean;
    /** The resources are answered from a model. */
    modelled: boolean;
    /** Needs real nodes: not run when it depends on a modelled resource. */
    needsReality: boolean;
    /** Validates inputs and fills in defaults; throws with every problem. */
    check(call: ProviderCall): Promise<Properties>;
    difference(call: ProviderCall & { old: ResourceState }): Promise<Difference>;
    /** Outputs that a preview does not know. */
    computed(call: ProviderCall): string[];
    /** A remark for the preview. */
    previewWarning?(call: ProviderCall): string | undefined;
    apply(call: ProviderCall, operation: Exclude<Operation, "same">): Promise<{ id: string; outputs: Properties }>;
    delete(state: ResourceState): Promise<void>;
}
