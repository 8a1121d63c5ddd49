import type { HookRegistry, HookSubject } from "./callbacks";
import type { Provider } from "./provider";
import type { ResourceState, StackState } from "./state";
import type { TreeLine } from "./tree";

interface Removal {
    state: StackState;
    dryRun: boolean;
    hooks: HookRegistry;
    /** Delete hooks need the program. */
    programRuns: boolean;
    signal: AbortSignal;
    tree: Map<string, TreeLine>;
    providerFor: (resource: ResourceState) => Provider;
    fail: (message: string) => void;
}

/** Deletes resources in the given order; the first failure ends it. Nothing is deleted when one of them is protected. */
export async function removeResources(resources: ResourceState[], removal: Removal): Promise<void> {
    const { state, dryRun, tree, fail, signal } = removal;
    const held = resources.find(({ protect }) => protect);
    if (held !== undefined) {
        fail(
            `resource ${held.urn} cannot be deleted because it is protected: set \`protect: false\`, run \`up\`, then delete it`,
        );
        return;
    }
    const gone = new Set(resources.map(({ urn }) => urn));
    for (const resource of resources) {
        if (signal.aborted) {
            return;
        }
        const { urn, type, name, parent, modelled = false, pendingDelete } = resource;
        const line: TreeLine = { urn, type, name, parent, op: "delete", modelled, replaced: pendingDelete };
        tree.set(pendingDelete ? `${urn}#replaced` : urn, line);
        line.note = resource.retainOnDelete ? "retained" : undefined;
        if (dryRun) {
            continue;
        }
        try {
            await removeResource(resource, gone, removal);
            if (pendingDelete) {
                state.replaced.splice(state.replaced.indexOf(resource), 1);
            } else {
                state.resources.delete(urn);
            }
            await state.save();
        } catch (error) {
            line.op = "failed";
            fail(`deleting ${urn}: ${(error as Error).message}`);
            return;
        }
    }
}

async function removeResource(resource: ResourceState, gone: Set<string>, removal: Removal): Promise<void> {
    const { hooks, programRuns, providerFor } = removal;
    const { urn, id, name, type, inputs, outputs, deleteHooks } = resource;
    const about: HookSubject = { urn, id, name, type, oldInputs: inputs, oldOutputs: outputs };
    await hooks.run("before", programRuns ? (deleteHooks?.before ?? []) : [], about);
    const kept =
        resource.retainOnDelete === true || (resource.deletedWith !== undefined && gone.has(resource.deletedWith));
    if (resource.custom && !kept) {
        await providerFor(resource).delete(resource);
    }
    await hooks.run("after", programRuns ? (deleteHooks?.after ?? []) : [], about);
}
