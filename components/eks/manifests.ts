import { execRole, serviceAccount } from "./access";
import { type KubernetesObject, type ManifestSettings, type Part, labelsOf } from "./objects";
import { networkPolicy } from "./policy";
import { services } from "./services";
import { storageClass } from "./storage";
import { workload } from "./workload";

// What a builder is in Kubernetes. `EksBuilders` creates exactly these objects, in this order.
//
// The image must hold, besides what BuildKit's own image has in /usr/bin (buildkitd, buildctl, buildkit-runc, the four
// buildkit-cni-* plugins, iptables, git), a shell at /bin/sh and the commands `ip`, `dirname` and `rm`. The daemon runs as
// `buildkitd-entrypoint`, where the image has it, else as `buildkitd`.

/** The objects of a builder, ready to be applied. */
export function renderManifests<T = string>(settings: ManifestSettings<T>): KubernetesObject[] {
    return manifestParts(settings).map(({ object }) => object);
}

/** The same, each with the suffix of its resource's name, which must not change. */
export function manifestParts<T>(settings: ManifestSettings<T>): Part[] {
    return [
        ...namespace(settings),
        ...storageClass(settings),
        serviceAccount(settings),
        ...execRole(settings),
        networkPolicy(settings),
        ...settings.nodes.flatMap((node) => [...services(settings, node), ...workload(settings, node)]),
    ];
}

/** A namespace whose pods may be privileged. https://kubernetes.io/docs/concepts/security/pod-security-admission/ */
function namespace<T>({ namespace: name, createNamespace, builderName }: ManifestSettings<T>): Part[] {
    const levels = { enforce: "privileged", audit: "privileged", warn: "privileged" };
    const labels = Object.fromEntries(
        Object.entries(levels).map(([mode, level]) => [`pod-security.kubernetes.io/${mode}`, level]),
    );
    const object = {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name, labels: { ...labelsOf(builderName), ...labels } },
    };
    return createNamespace ? [{ suffix: "namespace", object }] : [];
}
