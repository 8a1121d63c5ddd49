import { promisify } from "node:util";
import * as grpc from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb";
import { ResourceMonitorService } from "@pulumi/pulumi/proto/resource_grpc_pb";
import * as resproto from "@pulumi/pulumi/proto/resource_pb";
import { Terminating, type Engine } from "./engine";
import type { HookRegistry } from "./hooks";
import { modelOf } from "./modelProvider";
import { invokes } from "./models";
import { fromStruct, normalize, toStruct, type Properties, type Value } from "./properties";
import type { Goal } from "./resource";
import type { StackConfig } from "./stackConfig";

const Feature = resproto.ResourceMonitorFeature;

/** What the SDK may use. Aliases and `deletedWith` have no effect here; calls that are not served answer UNIMPLEMENTED. */
const features = [
    Feature.RESOURCE_MONITOR_FEATURE_SECRETS,
    Feature.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
    Feature.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    Feature.RESOURCE_MONITOR_FEATURE_REPLACEMENT_TRIGGER,
    Feature.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    Feature.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
    Feature.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
];

/** By the SDK's number. */
const severities = ["debug", "info", "warning", "error"] as const;
export type Severity = (typeof severities)[number];

interface MonitorOptions {
    engine: Engine;
    hooks: HookRegistry;
    config: StackConfig;
    log: (severity: Severity, message: string) => void;
    /** Properties of a StackReference. */
    readStack: (name: string) => Promise<Properties>;
}

/** Serves the SDK's ResourceMonitor and Engine on a loopback port. */
export async function serveMonitor(options: MonitorOptions): Promise<{ address: string; close: () => void }> {
    const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
    server.addService(ResourceMonitorService, resourceMonitor(options));
    server.addService(EngineService, engineService(options));
    const bind = promisify(server.bindAsync.bind(server));
    const port = await bind("127.0.0.1:0", grpc.ServerCredentials.createInsecure());
    return { address: `127.0.0.1:${port}`, close: () => server.forceShutdown() };
}

function resourceMonitor(options: MonitorOptions): grpc.UntypedServiceImplementation {
    const { engine, hooks, config } = options;
    const whileRunning = <Request, Response>(handle: (request: Request) => Promise<Response>) =>
        unary((request: Request) => (engine.stopped.aborted ? engine.end() : handle(request)));
    return {
        getDeploymentInfo: unary(async () => new resproto.DeploymentInfo().setSupportedfeaturesList(features)),
        supportsFeature: unary(async () => {
            // An SDK that asks this way would be told of no feature that it needs, and send secrets in clear.
            throw new Error(
                "the rehearsal needs @pulumi/pulumi 3.270 or newer: run `npm install @pulumi/pulumi@latest`",
            );
        }),
        registerResourceHook: unary(async (request: resproto.RegisterResourceHookRequest) => {
            hooks.register(request.getName(), { callback: request.getCallback()!, onDryRun: request.getOnDryRun() });
            return new Empty();
        }),
        registerErrorHook: unary(async (request: resproto.RegisterErrorHookRequest) => {
            hooks.register(request.getName(), { callback: request.getCallback()! });
            return new Empty();
        }),
        registerResource: whileRunning(async (request: resproto.RegisterResourceRequest) => {
            const goal = toGoal(request, config);
            const { id, outputs, unknown = false } = await engine.register(goal);
            const response = new resproto.RegisterResourceResponse().setUrn(goal.urn).setId(id);
            return response.setObject(toStruct(outputs)).setUnknown(unknown);
        }),
        registerResourceOutputs: whileRunning(async (request: resproto.RegisterResourceOutputsRequest) => {
            await engine.registerOutputs(request.getUrn(), fromStruct(request.getOutputs()));
            return new Empty();
        }),
        readResource: whileRunning(async (request: resproto.ReadResourceRequest) => {
            const { id, type, name, parent } = request.toObject();
            const urn = makeUrn(config, parent, type, name);
            const given = fromStruct(request.getProperties());
            const modelled = type !== "pulumi:pulumi:StackReference";
            const found = modelled ? modelOf(type, urn)({ ...given, id }, urn) : await options.readStack(id);
            engine.tree.set(urn, { urn, type, name, parent, op: "read", modelled });
            return new resproto.ReadResourceResponse().setUrn(urn).setProperties(toStruct({ ...given, ...found }));
        }),
        invoke: whileRunning(async (request: resproto.ResourceInvokeRequest) => {
            const answer = invokes[request.getTok()];
            if (answer === undefined) {
                throw new Error(`no answer for the function "${request.getTok()}": add it to dev/rehearsal/models`);
            }
            return new resproto.ResourceInvokeResponse().setReturn(toStruct(answer(fromStruct(request.getArgs()))));
        }),
    };
}

function engineService({ log }: MonitorOptions): grpc.UntypedServiceImplementation {
    return {
        log: unary(async (request: LogRequest) => {
            const name = request.getUrn().split("::").pop();
            if (request.getMessage() !== "") {
                log(severities[request.getSeverity()], `${name ? `${name}: ` : ""}${request.getMessage()}`);
            }
            return new Empty();
        }),
    };
}

function toGoal(request: resproto.RegisterResourceRequest, config: StackConfig): Goal {
    const { type, name, parent, custom, remote, hooks, ...options } = request.toObject();
    if (remote || hooks?.beforeDeleteList.length || hooks?.afterDeleteList.length) {
        const what = remote ? "a component of a plugin" : "a resource with a delete hook";
        throw new Error(`${type} ${name} is ${what}, which is not rehearsed: take it out or use the Pulumi CLI`);
    }
    const trigger = request.getReplacementTrigger();
    const byProperty = options.propertydependenciesMap.flatMap(([, { urnsList }]) => urnsList);
    return {
        ...{ type, name, custom, parent: parent || undefined, urn: makeUrn(config, parent, type, name) },
        inputs: fromStruct(request.getObject()),
        dependencies: [...new Set([...options.dependenciesList, ...byProperty])].sort(),
        replacementTrigger: trigger && normalize(trigger.toJavaScript() as Value),
        retainOnDelete: options.retainondelete ?? false,
        deleteBeforeReplace: options.deletebeforereplace,
        customTimeouts: options.customtimeouts,
        ignoreChanges: options.ignorechangesList,
        additionalSecretOutputs: options.additionalsecretoutputsList,
        hooks: hooks ?? {},
    };
}

/** `urn:pulumi:<stack>::<project>::<types of the parents>$<type>::<name>`; the stack itself is not among the parents. */
function makeUrn({ stack, project }: StackConfig, parent: string, type: string, name: string): string {
    const parentType = parent.split("::")[2] ?? "";
    const qualified = parentType === "" || parentType === "pulumi:pulumi:Stack" ? type : `${parentType}$${type}`;
    return `urn:pulumi:${stack}::${project}::${qualified}::${name}`;
}

/** A unary handler; a run that is over answers UNAVAILABLE, which the SDK takes as a quiet end. */
function unary<Request, Response>(
    handle: (request: Request) => Promise<Response>,
): grpc.handleUnaryCall<Request, Response> {
    const status = (error: Error) => (error instanceof Terminating ? grpc.status.UNAVAILABLE : grpc.status.UNKNOWN);
    return (call, callback) => {
        handle(call.request).then(
            (response) => callback(null, response),
            (error: Error) => callback({ code: status(error), details: error.message }),
        );
    };
}
