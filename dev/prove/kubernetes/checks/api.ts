import { renderManifests } from "../../../../components/eks/manifests";
import type { KubernetesObject } from "../../../../components/eks/objects";
import { type Builders, type Pod, here } from "../builders";
import { builderName, everyVariant, foreign, settingsOf, tlsOf } from "../settings";

/** The API server takes every object that can be rendered, the pods that they lead to, and nothing misspelt. */
export async function everyObject({ cluster, pki }: Builders): Promise<string> {
    const variants = everyVariant.map((variant) => renderManifests(settingsOf(variant, tlsOf(pki))));
    const dryRun = (objects: KubernetesObject[]) =>
        cluster.apply(objects, "--dry-run=server", "--validate=strict", "--warnings-as-errors");
    for (const objects of variants) {
        // What the others are in and run under has to be there.
        await cluster.apply(objects.filter(({ kind }) => kind === "Namespace" || kind === "ServiceAccount"));
        await dryRun([...objects, ...objects.filter(({ kind }) => kind === "StatefulSet").map(podOf)]);
    }
    const misspelt = structuredClone(variants[0]!.find(({ kind }) => kind === "StatefulSet")!);
    (misspelt.spec as Record<string, unknown>).replica = 1;
    const answer = await dryRun([misspelt]).catch((error: Error) => error.message);
    if (!answer.includes(`unknown field "replica"`)) {
        throw new Error(`a misspelt field was not refused, so this check sees nothing: ${answer}`);
    }
    return `${variants.length} builders of ${variants.flat().length} objects; a misspelt field is refused`;
}

/** The last pod of a StatefulSet, as its controller makes it. */
function podOf({ metadata: { name, namespace }, spec }: KubernetesObject): KubernetesObject {
    const { replicas, template, volumeClaimTemplates } = spec as {
        replicas: number;
        template: { metadata: object & { labels: object }; spec: { volumes: object[] } };
        volumeClaimTemplates: { metadata: { name: string } }[];
    };
    const pod = `${name}-${replicas - 1}`;
    const labels = {
        ...template.metadata.labels,
        "apps.kubernetes.io/pod-index": String(replicas - 1),
        "controller-revision-hash": `${name}-0123456789`,
        "statefulset.kubernetes.io/pod-name": pod,
    };
    const claims = volumeClaimTemplates.map(({ metadata: claim }) => ({
        name: claim.name,
        persistentVolumeClaim: { claimName: `${claim.name}-${pod}` },
    }));
    return {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { ...template.metadata, labels, name: pod, namespace },
        spec: { ...template.spec, hostname: pod, subdomain: name, volumes: [...template.spec.volumes, ...claims] },
    };
}

export async function becomesReady(builders: Builders): Promise<string> {
    await builders.apply();
    const columns = "--output=custom-columns=A:.metadata.name,B:.status.phase,C:.status.podIP";
    return (await builders.cluster.kubectl(["get", "pods", here, "--no-headers", columns])).trim().replace(/\s+/g, " ");
}

/** What another architecture's machine is missing for. */
export async function staysPending({ cluster }: Builders): Promise<string> {
    const pod = `${builderName}-${foreign}-0`;
    const selector = `--field-selector=involvedObject.name=${pod},reason=FailedScheduling`;
    const [{ status }, { items }] = await Promise.all([
        cluster.get<Pod>("pod", pod, here),
        cluster.get<{ items: { message: string }[] }>("events", here, selector),
    ]);
    const message = items.at(-1)?.message ?? "no event";
    if (status.phase !== "Pending" || !message.includes("didn't match Pod's node affinity/selector")) {
        throw new Error(`${pod} is ${status.phase}: ${message}`);
    }
    return message;
}
