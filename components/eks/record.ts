import type { BuilderNode } from "../builder";
import { nodePort } from "../node/paths";
import { present } from "../objects";
import { EksExposure } from "./arguments";
import { type ManifestSettings, type NodeSettings, podNames } from "./objects";
import { serverNameOf } from "./settings";

/** The nodes of the record: one for each replica. `hostOf` is the load balancer's name of a pod, where there is one. */
export function recordNodes(
    settings: Pick<ManifestSettings, "namespace" | "exposure"> & { nodes: Omit<NodeSettings<unknown>, "tls">[] },
    hostOf: (pod: string) => string,
): BuilderNode[] {
    const { namespace, exposure } = settings;
    return settings.nodes.flatMap((node) =>
        podNames(node).map((pod, replica) =>
            present<BuilderNode>({
                // Other replicas than the first have a number, and so does the first where there are others.
                name: node.replicas > 1 ? pod : node.name,
                platforms: node.platforms,
                emulated: node.marked.length > 0 ? node.marked : undefined,
                replica: node.replicas > 1 ? replica : undefined,
                endpoint: {
                    [EksExposure.Cluster]: `tcp://${pod}.${serverNameOf(node.name, namespace)}:${nodePort}`,
                    [EksExposure.InternalNlb]: `tcp://${hostOf(pod)}:${nodePort}`,
                    [EksExposure.KubePod]: `kube-pod://${pod}?namespace=${namespace}`,
                }[exposure],
                serverName: serverNameOf(node.name, namespace),
            }),
        ),
    );
}
