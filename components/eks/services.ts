import { nodePort } from "../node/paths";
import { EksExposure } from "./arguments";
import {
    type KubernetesObject,
    type LoadBalancerSettings,
    type ManifestSettings,
    type NodeSettings,
    type Part,
    nodeLabels,
    podNames,
    portName,
} from "./objects";

/** Names of the pods of one architecture and, where they are wanted, load balancers, one for each replica. */
export function services<T>(settings: ManifestSettings<T>, node: NodeSettings<T>): Part[] {
    const { loadBalancer } = settings;
    const balanced = settings.exposure === EksExposure.InternalNlb && loadBalancer ? podNames(node) : [];
    return [
        { suffix: `${node.architecture}-service`, object: headless(settings, node) },
        ...balanced.map((pod, i) => ({
            suffix: `${node.architecture}-balancer-${i}`,
            object: balancer(settings, node, pod, loadBalancer!),
        })),
    ];
}

function headless<T>({ builderName, namespace }: ManifestSettings<T>, node: NodeSettings<T>): KubernetesObject {
    const labels = nodeLabels(builderName, node.architecture);
    return {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: node.name, namespace, labels },
        spec: {
            type: "ClusterIP",
            clusterIP: "None",
            // A builder under load may miss a probe; clients look for themselves whether it answers.
            publishNotReadyAddresses: true,
            selector: labels,
            ports: [{ name: portName, port: nodePort, targetPort: portName, protocol: "TCP" }],
        },
    };
}

/**
 * An internal network load balancer before one pod: a build's connections must all reach the same daemon.
 * https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/annotations/
 */
function balancer<T>(
    { builderName, namespace, access, stopTimeoutSeconds }: ManifestSettings<T>,
    node: NodeSettings<T>,
    pod: string,
    { loadBalancerClass, subnetIds }: LoadBalancerSettings<T>,
): KubernetesObject {
    const labels = nodeLabels(builderName, node.architecture);
    const annotation = (name: string) => `service.beta.kubernetes.io/aws-load-balancer-${name}`;
    return {
        apiVersion: "v1",
        kind: "Service",
        metadata: {
            name: pod,
            namespace,
            labels,
            annotations: {
                [annotation("scheme")]: "internal",
                [annotation("nlb-target-type")]: "ip",
                [annotation("subnets")]: subnetIds,
                // The pod may be in another zone than the address that a client takes.
                [annotation("attributes")]: "load_balancing.cross_zone.enabled=true",
                [annotation("target-group-attributes")]:
                    `deregistration_delay.timeout_seconds=${stopTimeoutSeconds},preserve_client_ip.enabled=false`,
                // A long step says nothing for a while.
                [annotation(`listener-attributes.TCP-${nodePort}`)]: "tcp.idle_timeout.seconds=6000",
            },
        },
        spec: {
            type: "LoadBalancer",
            loadBalancerClass,
            loadBalancerSourceRanges: access.cidrs,
            allocateLoadBalancerNodePorts: false,
            selector: { ...labels, "statefulset.kubernetes.io/pod-name": pod },
            ports: [{ name: portName, port: nodePort, targetPort: portName, protocol: "TCP" }],
        },
    };
}
