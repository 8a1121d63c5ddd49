import { StatefulSet } from "@pulumi/kubernetes/apps/v1";
import { ConfigMap, Namespace, Secret, Service, ServiceAccount } from "@pulumi/kubernetes/core/v1";
import { NetworkPolicy } from "@pulumi/kubernetes/networking/v1";
import { Role, RoleBinding } from "@pulumi/kubernetes/rbac/v1";
import { StorageClass } from "@pulumi/kubernetes/storage/v1";
import * as pulumi from "@pulumi/pulumi";
import { manifestParts } from "./manifests";
import { type KubernetesObject, type ManifestSettings } from "./objects";

type Create = new (name: string, object: never, opts: pulumi.CustomResourceOptions) => pulumi.CustomResource;

const classes: Record<string, Create> = {
    ConfigMap,
    Namespace,
    NetworkPolicy,
    Role,
    RoleBinding,
    Secret,
    Service,
    ServiceAccount,
    StatefulSet,
    StorageClass,
};

/** Creates the objects exactly as they are rendered. `machines` are what pods need to be scheduled. */
export function createObjects(
    name: string,
    settings: ManifestSettings<pulumi.Input<string>>,
    machines: pulumi.Resource[],
    parent: pulumi.Resource,
): { object: KubernetesObject; resource: pulumi.CustomResource }[] {
    const made: { object: KubernetesObject; resource: pulumi.CustomResource }[] = [];
    const which = (isOne: (other: KubernetesObject) => boolean) =>
        made.filter((other) => isOne(other.object)).map(({ resource }) => resource);
    const before: Record<string, (object: KubernetesObject) => pulumi.Resource[]> = {
        Namespace: () => [],
        // Its pods mount and need all of these; it ends before they do.
        StatefulSet: () => [...which(({ kind }) => kind !== "Service" && kind !== "StatefulSet"), ...machines],
        // The provider waits until a service has pods, which are those of its architecture.
        Service: (own) => which((other) => other.kind === "StatefulSet" && component(other) === component(own)),
    };
    const ordered = manifestParts(settings).sort((a, b) => rank(a.object) - rank(b.object));
    for (const { suffix, object } of ordered) {
        const dependsOn = before[object.kind]?.(object) ?? which(({ kind }) => kind === "Namespace");
        const options = { parent, dependsOn, customTimeouts: timeouts(object, settings) };
        made.push({ object, resource: new classes[object.kind]!(`${name}-${suffix}`, object as never, options) });
    }
    return made;
}

function component({ metadata }: KubernetesObject): string | undefined {
    return metadata.labels?.["app.kubernetes.io/component"];
}

/** Services come last, since the provider waits for their pods. */
function rank({ kind }: KubernetesObject): number {
    return ["StatefulSet", "Service"].indexOf(kind) + 1;
}

/** A machine has to start first; an update stops one replica after another, each with the builds that it runs. */
function timeouts<T>(
    { kind, metadata }: KubernetesObject,
    settings: ManifestSettings<T>,
): pulumi.CustomTimeouts | undefined {
    if (kind !== "StatefulSet") {
        return undefined;
    }
    const replicas = settings.nodes.find(({ name }) => name === metadata.name)?.replicas ?? 1;
    const stop = Math.ceil(settings.stopTimeoutSeconds / 60);
    return { create: "20m", update: `${replicas * (stop + 10) + 10}m`, delete: `${stop + 10}m` };
}
