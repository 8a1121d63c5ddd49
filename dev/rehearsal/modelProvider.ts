import { createHash } from "node:crypto";
import { models } from "./models";
import type { Properties } from "./properties";
import type { Provider, ProviderCall } from "./provider";
import type { ResourceState } from "./state";
import { changedInputs, type Difference } from "./steps";

/** Cloud resources, answered from a model. */
export class ModelProvider implements Provider {
    readonly modelled: boolean = true;
    readonly needsReality = false;

    handles(type: string): boolean {
        return type in models;
    }

    async check({ inputs }: ProviderCall): Promise<Properties> {
        return inputs;
    }

    async difference({ inputs, old }: ProviderCall & { old: ResourceState }): Promise<Difference> {
        return { changed: changedInputs(old.inputs, inputs), replace: [] };
    }

    computed(call: ProviderCall): string[] {
        return Object.keys(this.outputs(call)).filter((key) => !(key in call.inputs));
    }

    async apply(call: ProviderCall): Promise<{ id: string; outputs: Properties }> {
        const { id, ...outputs } = this.outputs(call);
        const fallback = `modelled-${createHash("sha256").update(call.urn).digest("hex").slice(0, 17)}`;
        return { id: typeof id === "string" && id !== "" ? id : fallback, outputs: { ...call.inputs, ...outputs } };
    }

    async delete(): Promise<void> {
        // There is nothing behind a model.
    }

    private outputs({ type, inputs, urn }: ProviderCall): Properties {
        return models[type]?.(inputs, urn) ?? {};
    }
}

/** Explicit providers (`new aws.Provider`): configuration only. */
export class ProviderResources extends ModelProvider {
    override readonly modelled = false;

    override handles(type: string): boolean {
        return type.startsWith("pulumi:providers:");
    }

    override async check(call: ProviderCall): Promise<Properties> {
        if (
            call.type === "pulumi:providers:docker-build" &&
            Object.keys(call.inputs).some((key) => key !== "version")
        ) {
            throw new Error(
                "an explicit docker-build provider with configuration is not rehearsed: give `registries` to the Image",
            );
        }
        return call.inputs;
    }
}
