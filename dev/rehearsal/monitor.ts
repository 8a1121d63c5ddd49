import * as grpc from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import * as engproto from "@pulumi/pulumi/proto/engine_pb";
import { ResourceMonitorService } from "@pulumi/pulumi/proto/resource_grpc_pb";
import * as resproto from "@pulumi/pulumi/proto/resource_pb";
import type { HookRegistry } from "./callbacks";
import { Terminating, type Engine } from "./engine";
import { invokes, models } from "./models";
import { fromStruct, normalize, toStruct, type Properties, type Value } from "./properties";
import type { StackConfig } from "./stackConfig";
import type { ReferencedStack } from "./stackReference";
import type { Goal, Hooks } from "./steps";

const Feature = resproto.ResourceMonitorFeature;

/** What this engine can do, truthfully: no transforms, no remote components, no state migrations. */
const features = [
    Feature.RESOURCE_MONITOR_FEATURE_SECRETS,
    Feature.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
    Feature.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    Feature.RESOURCE_MONITOR_FEATURE_REPLACEMENT_TRIGGER,
    Feature.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    Feature.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
    Feature.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
];
const featureNames = ["secrets", "outputValues", "aliasSpecs", "deletedWith", "resourceHooks", "errorHooks"];

interface MonitorOptions {
    engine: Engine;
    hooks: HookRegistry;
    config: StackConfig;
    stack: string;
    dryRun: boolean;
    log: (severity: "info" | "warning" | "error", message: string) => void;
    readStack: (name: string) => Promise<ReferencedStack>;
}

/** Serves the SDK's ResourceMonitor and Engine on a loopback port. */
export async function serveMonitor(options: MonitorOptions): Promise<{ address: string; close: () => void }> {
    const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
    server.addService(ResourceMonitorService, resourceMonitor(options));
    server.addService(EngineService, engineService(options));
    const port = await new Promise<number>((resolve, reject) =>
        server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
            error ? reject(error) : resolve(bound),
        ),
    );
    return { address: `127.0.0.1:${port}`, close: () => server.forceShutdown() };
}

function resourceMonitor(options: MonitorOptions): grpc.UntypedServiceImplementation {
    const { engine, hooks, config, stack, dryRun } = options;
    return {
        getDeploymentInfo: unary(async () => {
            const info = new resproto.DeploymentInfo();
            info.setProject(config.project);
            info.setStack(stack);
            info.setOrganization("organization");
            Object.entries(config.values).forEach(([key, value]) => info.getConfigMap().set(key, value));
            info.setConfigsecretkeysList(config.secretKeys);
            info.setDryrun(dryRun);
            info.setParallel(16);
            info.setSupportedfeaturesList(features);
            return info;
        }),
        supportsFeature: unary(async (request: resproto.SupportsFeatureRequest) => {
            const response = new resproto.SupportsFeatureResponse();
            response.setHassupport(featureNames.includes(request.getId()));
            return response;
        }),
        registerPackage: unary(async (request: resproto.RegisterPackageRequest) => {
            const response = new resproto.RegisterPackageResponse();
            response.setRef(`${request.getName()}@${request.getVersion()}`);
            return response;
        }),
        registerResourceHook: unary(async (request: resproto.RegisterResourceHookRequest) => {
            const { onDryRun, ignoreErrors } = {
                onDryRun: request.getOnDryRun(),
                ignoreErrors: request.getIgnoreErrors(),
            };
            hooks.register(request.getName(), "resource", request.getCallback(), { onDryRun, ignoreErrors });
            return new Empty();
        }),
        registerErrorHook: unary(async (request: resproto.RegisterErrorHookRequest) => {
            hooks.register(request.getName(), "error", request.getCallback());
            return new Empty();
        }),
        registerResource: unary(async (request: resproto.RegisterResourceRequest) => {
            if (request.getRemote()) {
                throw new Error(
                    `${request.getType()} ${request.getName()}: components of a plugin are not rehearsed; use the library in the program`,
                );
            }
            const goal = toGoal(request, stack, config.project);
            const registered = await engine.register(goal, aliasUrns(request, goal, stack, config.project));
            const response = new resproto.RegisterResourceResponse();
            response.setUrn(registered.urn);
            response.setId(registered.id);
            response.setObject(toStruct(registered.outputs));
            response.setUnknown(registered.unknown);
            return response;
        }),
        registerResourceOutputs: unary(async (request: resproto.RegisterResourceOutputsRequest) => {
            await engine.registerOutputs(request.getUrn(), fromStruct(request.getOutputs()));
            return new Empty();
        }),
        readResource: unary(async (request: resproto.ReadResourceRequest) => {
            await engine.refuseWhenStopped();
            const urn = makeUrn(stack, config.project, request.getParent(), request.getType(), request.getName());
            const response = new resproto.ReadResourceResponse();
            response.setUrn(urn);
            response.setProperties(toStruct(await read(request, urn, options)));
            const { modelled, name } = { modelled: request.getType() in models, name: request.getName() };
            engine.noteRead({
                urn,
                type: request.getType(),
                name,
                parent: request.getParent() || undefined,
                op: "read",
                modelled,
            });
            return response;
        }),
        invoke: unary(async (request: resproto.ResourceInvokeRequest) => {
            await engine.refuseWhenStopped();
            const answer = invokes[request.getTok()];
            if (answer === undefined) {
                throw new Error(
                    `no answer for the function ${JSON.stringify(request.getTok())}: add it to dev/rehearsal/models`,
                );
            }
            const response = new resproto.ResourceInvokeResponse();
            response.setReturn(toStruct(answer(fromStruct(request.getArgs()))));
            return response;
        }),
        signalAndWaitForShutdown: unary(async () => {
            await engine.drained();
            await engine.finish();
            return new Empty();
        }),
    };
}

function engineService({ log }: MonitorOptions): grpc.UntypedServiceImplementation {
    let root = "";
    const Severity = engproto.LogSeverity;
    return {
        getRootResource: unary(async () => {
            const response = new engproto.GetRootResourceResponse();
            response.setUrn(root);
            return response;
        }),
        setRootResource: unary(async (request: engproto.SetRootResourceRequest) => {
            root = request.getUrn();
            return new engproto.SetRootResourceResponse();
        }),
        log: unary(async (request: engproto.LogRequest) => {
            const name = request.getUrn().split("::").pop();
            const message = `${name ? `${name}: ` : ""}${request.getMessage()}`;
            if (request.getSeverity() === Severity.ERROR) {
                log("error", message);
            } else if (request.getSeverity() === Severity.WARNING) {
                log("warning", message);
            } else if (request.getSeverity() === Severity.INFO && request.getMessage() !== "") {
                log("info", message);
            }
            return new Empty();
        }),
        requirePulumiVersion: unary(async () => new engproto.RequirePulumiVersionResponse()),
    };
}

async function read(
    request: resproto.ReadResourceRequest,
    urn: string,
    { readStack }: MonitorOptions,
): Promise<Properties> {
    const properties = fromStruct(request.getProperties());
    if (request.getType() === "pulumi:pulumi:StackReference") {
        const { outputs, secretOutputNames } = await readStack(request.getId());
        return { name: request.getId(), outputs, secretOutputNames };
    }
    const model = models[request.getType()];
    if (model === undefined) {
        throw new Error(
            `unknown resource type ${JSON.stringify(request.getType())} (${urn}): no model to read it from; add one in dev/rehearsal/models`,
        );
    }
    return { ...properties, ...model({ ...properties, id: request.getId() }, urn) };
}

function toGoal(request: resproto.RegisterResourceRequest, stack: string, project: string): Goal {
    const trigger = request.getReplacementTrigger();
    return {
        urn: makeUrn(stack, project, request.getParent(), request.getType(), request.getName()),
        type: request.getType(),
        name: request.getName(),
        custom: request.getCustom(),
        parent: request.getParent() || undefined,
        inputs: fromStruct(request.getObject()),
        dependencies: [...new Set([...request.getDependenciesList(), ...propertyUrns(request)])].sort(),
        replacementTrigger: trigger && normalize(trigger.toJavaScript() as Value),
        protect: request.getProtect() || undefined,
        retainOnDelete: request.getRetainondelete() || undefined,
        deletedWith: request.getDeletedwith() || undefined,
        ignoreChanges: request.getIgnorechangesList(),
        replaceOnChanges: request.getReplaceonchangesList(),
        additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
        hooks: toHooks(request.getHooks()),
    };
}

function propertyUrns(request: resproto.RegisterResourceRequest): string[] {
    return [...request.getPropertydependenciesMap().entries()].flatMap(([, dependencies]) =>
        dependencies.getUrnsList(),
    );
}

function toHooks(binding: resproto.RegisterResourceRequest.ResourceHooksBinding | undefined): Hooks {
    return {
        beforeCreate: binding?.getBeforeCreateList() ?? [],
        afterCreate: binding?.getAfterCreateList() ?? [],
        beforeUpdate: binding?.getBeforeUpdateList() ?? [],
        afterUpdate: binding?.getAfterUpdateList() ?? [],
        beforeDelete: binding?.getBeforeDeleteList() ?? [],
        afterDelete: binding?.getAfterDeleteList() ?? [],
        onError: binding?.getOnErrorList() ?? [],
    };
}

/** `urn:pulumi:<stack>::<project>::<types of the parents>$<type>::<name>`; the stack itself is not among the parents. */
export function makeUrn(stack: string, project: string, parent: string, type: string, name: string): string {
    const parentType = parent.split("::")[2] ?? "";
    const qualified = parentType === "" || parentType === "pulumi:pulumi:Stack" ? type : `${parentType}$${type}`;
    return `urn:pulumi:${stack}::${project}::${qualified}::${name}`;
}

function aliasUrns(request: resproto.RegisterResourceRequest, goal: Goal, stack: string, project: string): string[] {
    const specs = request.getAliasesList().map((alias) => {
        const spec = alias.getSpec();
        if (alias.hasUrn() || spec === undefined) {
            return alias.getUrn();
        }
        const parent = spec.getNoparent() ? "" : spec.getParenturn() || (goal.parent ?? "");
        return makeUrn(
            spec.getStack() || stack,
            spec.getProject() || project,
            parent,
            spec.getType() || goal.type,
            spec.getName() || goal.name,
        );
    });
    return [...request.getAliasurnsList(), ...specs];
}

/** A unary handler; a run that is over answers UNAVAILABLE, which the SDK takes as a quiet end. */
function unary<Request, Response>(
    handle: (request: Request) => Promise<Response>,
): grpc.handleUnaryCall<Request, Response> {
    return (call, callback) => {
        handle(call.request).then(
            (response) => callback(null, response),
            (error: Error) =>
                callback({
                    code: error instanceof Terminating ? grpc.status.UNAVAILABLE : grpc.status.UNKNOWN,
                    details: error.message,
                }),
        );
    };
}
