import * as grpc from "@grpc/grpc-js";
import { CallbacksClient } from "@pulumi/pulumi/proto/callback_grpc_pb";
import { CallbackInvokeRequest, type Callback } from "@pulumi/pulumi/proto/callback_pb";
import * as resproto from "@pulumi/pulumi/proto/resource_pb";
import { toStruct, type Properties } from "./properties";

interface Hook {
    target: string;
    token: string;
    onDryRun: boolean;
    ignoreErrors: boolean;
    kind: "resource" | "error";
}

/** What a hook is told about its resource. */
export interface HookSubject {
    urn: string;
    id?: string;
    name: string;
    type: string;
    newInputs?: Properties;
    oldInputs?: Properties;
    newOutputs?: Properties;
    oldOutputs?: Properties;
}

/** The hooks a program registered, and their calls into it. */
export class HookRegistry {
    private readonly hooks = new Map<string, Hook>();
    private readonly clients = new Map<string, CallbacksClient>();

    constructor(
        private readonly dryRun: boolean,
        private readonly warn: (text: string) => void,
    ) {}

    register(
        name: string,
        kind: Hook["kind"],
        callback: Callback | undefined,
        options: { onDryRun?: boolean; ignoreErrors?: boolean } = {},
    ): void {
        if (this.hooks.has(name)) {
            throw new Error(
                `a hook named ${JSON.stringify(name)} is registered already: hook names are unique in the whole program`,
            );
        }
        this.hooks.set(name, {
            target: callback?.getTarget() ?? "",
            token: callback?.getToken() ?? "",
            onDryRun: options.onDryRun ?? false,
            ignoreErrors: options.ignoreErrors ?? false,
            kind,
        });
    }

    /** Runs hooks one after another; the first that fails ends the list. */
    async run(when: "before" | "after", names: string[], subject: HookSubject): Promise<void> {
        for (const name of names) {
            const hook = this.get(name, "resource");
            if (this.dryRun && !hook.onDryRun) {
                continue;
            }
            const request = this.fill(new resproto.ResourceHookRequest(), subject);
            if (subject.newOutputs) {
                request.setNewOutputs(toStruct(subject.newOutputs));
            }
            const response = resproto.ResourceHookResponse.deserializeBinary(
                await this.invoke(hook, request.serializeBinary()),
            );
            if (response.getError() === "") {
                continue;
            }
            const message = `${when} hook ${JSON.stringify(name)} failed: ${response.getError()}`;
            if (!hook.ignoreErrors) {
                throw new Error(message);
            }
            this.warn(`${subject.urn}: ${message}`);
        }
    }

    /** Asks the error hooks of a failed operation whether to try again. `errors` is newest first. */
    async retry(names: string[], subject: HookSubject, failedOperation: string, errors: string[]): Promise<boolean> {
        let retry = false;
        for (const name of names) {
            const request = this.fill(new resproto.ErrorHookRequest(), subject);
            request.setFailedOperation(failedOperation);
            request.setErrorsList(errors);
            const bytes = await this.invoke(this.get(name, "error"), request.serializeBinary());
            const response = resproto.ErrorHookResponse.deserializeBinary(bytes);
            if (response.getError() !== "") {
                throw new Error(`error hook ${JSON.stringify(name)} failed: ${response.getError()}`);
            }
            retry = response.getRetry() || retry;
        }
        return retry;
    }

    close(): void {
        this.clients.forEach((client) => client.close());
    }

    private get(name: string, kind: Hook["kind"]): Hook {
        const hook = this.hooks.get(name);
        if (hook?.kind !== kind) {
            throw new Error(`hook ${JSON.stringify(name)} was not registered`);
        }
        return hook;
    }

    private fill<T extends resproto.ResourceHookRequest | resproto.ErrorHookRequest>(
        request: T,
        subject: HookSubject,
    ): T {
        request.setUrn(subject.urn);
        request.setId(subject.id ?? "");
        request.setName(subject.name);
        request.setType(subject.type);
        if (subject.newInputs) {
            request.setNewInputs(toStruct(subject.newInputs));
        }
        if (subject.oldInputs) {
            request.setOldInputs(toStruct(subject.oldInputs));
        }
        if (subject.oldOutputs) {
            request.setOldOutputs(toStruct(subject.oldOutputs));
        }
        return request;
    }

    private invoke(hook: Hook, bytes: Uint8Array): Promise<Uint8Array> {
        let client = this.clients.get(hook.target);
        if (client === undefined) {
            client = new CallbacksClient(hook.target, grpc.credentials.createInsecure());
            this.clients.set(hook.target, client);
        }
        const request = new CallbackInvokeRequest();
        request.setToken(hook.token);
        request.setRequest(bytes);
        return new Promise((resolve, reject) =>
            client.invoke(request, (error, response) =>
                error
                    ? reject(new Error(`the program's hook did not answer: ${error.message}`))
                    : resolve(response.getResponse_asU8()),
            ),
        );
    }
}
