import { EksExposure, EksSecurity, type FarmEks } from "../../components/eks/arguments";
import { renderManifests } from "../../components/eks/manifests";
import type { KubernetesObject } from "../../components/eks/objects";
import { manifestSettings } from "../../components/eks/settings";
import { buildkitImage } from "../../components/node/pins";
import { isObject, type Properties, type Value } from "../rehearsal/properties";
import type { Judged } from "./judge";

const access: Record<EksExposure, FarmEks["access"]> = {
    [EksExposure.Cluster]: { namespaces: ["runners"] },
    [EksExposure.InternalNlb]: { cidrs: ["10.9.0.0/16"] },
    [EksExposure.KubePod]: { groups: ["ci"] },
};

/** The objects of a builder on a cluster, by name of the builder: `<security>-<exposure>`, each combination once. */
export function manifests(): Map<string, KubernetesObject[]> {
    const combinations = Object.values(EksSecurity).flatMap((security) =>
        Object.values(EksExposure).map((exposure) => ({ security, exposure })),
    );
    // Checkov connects pods to policies and roles by labels and names, over all files: a builder's name keeps them apart.
    return new Map(
        combinations.map(({ security, exposure }) => [
            `${security}-${exposure}`,
            render(`${security}-${exposure}`, security, exposure),
        ]),
    );
}

function render(builderName: string, security: EksSecurity, exposure: EksExposure): KubernetesObject[] {
    const balanced = exposure === EksExposure.InternalNlb;
    const args = { clusterName: "tools", security, exposure, access: access[exposure] };
    return renderManifests(
        manifestSettings(builderName, args, {
            image: buildkitImage,
            loadBalancer: balanced ? { subnetIds: "subnet-a,subnet-b", subnetCidrs: ["10.0.0.0/20"] } : undefined,
            tls: () => ({ ca: "CA", cert: "CERTIFICATE", key: "KEY", checksum: "CHECKSUM" }),
        }),
    );
}

/** A file that Checkov reads as Kubernetes prints objects. */
export function listOf(objects: KubernetesObject[]): object {
    return { apiVersion: "v1", kind: "List", items: objects };
}

/** What Checkov counts: objects, and the pods that it finds in them. */
export function resourcesIn(objects: KubernetesObject[]): number {
    return (
        objects.length + objects.filter(({ spec }) => isObject(spec as Value) && "template" in (spec as object)).length
    );
}

/** The objects as rules and exceptions know them: by address, with each value by its path, as in `spec.replicas`. */
export function judgedOf(objects: KubernetesObject[]): Judged[] {
    return objects.map((object) => ({
        address: [object.kind, object.metadata.namespace ?? "default", object.metadata.name].join("."),
        type: object.kind,
        values: leaves(object as unknown as Value, ""),
    }));
}

function leaves(value: Value, path: string): Properties {
    if (!isObject(value) && !Array.isArray(value)) {
        return { [path]: value };
    }
    const inner = Object.entries(value).map(([key, each]) => leaves(each, path === "" ? key : `${path}.${key}`));
    return Object.assign({}, ...inner) as Properties;
}
