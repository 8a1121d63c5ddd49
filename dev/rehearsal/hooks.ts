import * as grpc from "@grpc/grpc-js";
import { CallbacksClient } from "@pulumi/pulumi/proto/callback_grpc_pb";
import { CallbackInvokeRequest, type Callback } from "@pulumi/pulumi/proto/callback_pb";
import * as resproto from "@pulumi/pulumi/proto/resource_pb";
import { toStruct, type Properties } from "./properties";
import type { Goal, ResourceState } from "./resource";
import type { TreeLine } from "./tree";

interface Hook {
    callback: Callback;
    onDryRun?: boolean;
}

type HookRequest = resproto.ResourceHookRequest | resproto.ErrorHookRequest;

/** What a hook is told about: a resource before or, with its outputs, after the step. */
export interface HookSubject {
    goal: Goal;
    old?: ResourceState;
    id?: string;
    outputs?: Properties;
}

/** The hooks a program registered, and their calls into it. */
export class HookRegistry {
    private readonly hooks = new Map<string, Hook>();
    private client?: CallbacksClient;

    constructor(private readonly dryRun: boolean) {}

    register(name: string, hook: Hook): void {
        if (this.hooks.has(name)) {
            throw new Error(`a hook named "${name}" is registered already: hook names are unique in a program`);
        }
        this.hooks.set(name, hook);
    }

    /** Runs the hooks of a step one after another; the first that fails ends the list. A replacement is a create. */
    async run(when: "before" | "after", op: TreeLine["op"], subject: HookSubject): Promise<void> {
        const list = `${when}${op === "update" ? "Update" : "Create"}List` as const;
        const names = (op === "same" ? undefined : subject.goal.hooks[list]) ?? [];
        for (const name of names.filter((candidate) => !this.dryRun || this.hooks.get(candidate)?.onDryRun)) {
            const request = new resproto.ResourceHookRequest();
            describe(subject, request);
            request.setNewOutputs(subject.outputs && toStruct(subject.outputs));
            const answer = await this.invoke(name, request.serializeBinary());
            const error = resproto.ResourceHookResponse.deserializeBinary(answer).getError();
            if (error !== "") {
                throw new Error(`${when} hook ${JSON.stringify(name)} failed: ${error}`);
            }
        }
    }

    /** Asks the error hooks of a failed operation whether to try again. `errors` is newest first. */
    async retry(operation: "create" | "update", subject: HookSubject, errors: string[]): Promise<boolean> {
        let retry = false;
        for (const name of subject.goal.hooks.onErrorList ?? []) {
            const request = new resproto.ErrorHookRequest();
            describe(subject, request);
            request.setFailedOperation(operation).setErrorsList(errors);
            const answer = await this.invoke(name, request.serializeBinary());
            const response = resproto.ErrorHookResponse.deserializeBinary(answer);
            if (response.getError() !== "") {
                throw new Error(`error hook ${JSON.stringify(name)} failed: ${response.getError()}`);
            }
            retry ||= response.getRetry();
        }
        return retry;
    }

    close(): void {
        this.client?.close();
    }

    private async invoke(name: string, bytes: Uint8Array): Promise<Uint8Array> {
        const callback = this.hooks.get(name)?.callback;
        if (callback === undefined) {
            throw new Error(`hook ${JSON.stringify(name)} was not registered`);
        }
        // One program serves all its hooks at one address.
        const client = (this.client ??= new CallbacksClient(callback.getTarget(), grpc.credentials.createInsecure()));
        const request = new CallbackInvokeRequest().setToken(callback.getToken()).setRequest(bytes);
        return new Promise((resolve, reject) =>
            client.invoke(request, (error, response) =>
                error
                    ? reject(new Error(`the hook ${name} did not answer: ${error.message}`))
                    : resolve(response.getResponse_asU8()),
            ),
        );
    }
}

function describe({ goal, old, id }: HookSubject, request: HookRequest): void {
    request.setUrn(goal.urn).setName(goal.name).setType(goal.type);
    request.setId(id ?? old?.id ?? "").setNewInputs(toStruct(goal.inputs));
    request.setOldInputs(old && toStruct(old.inputs)).setOldOutputs(old && toStruct(old.outputs));
}
