import { formatCidr, overlaps, parseCidr } from "../ec2/cidr";
import { nodePort } from "../node/paths";
import { EksExposure } from "./arguments";
import { type ManifestSettings, type Part, labelsOf } from "./objects";

/** Credentials of the machine: instance metadata, the agents of ECS and of EKS Pod Identity. Never for a build step. */
export const unreachable = ["169.254.169.254", "169.254.170.2", "169.254.170.23"];

/** Who reaches the builders, and what they reach. A CNI that does not enforce it says nothing. */
export function networkPolicy<T>(settings: ManifestSettings<T>): Part {
    const { builderName, namespace, egress } = settings;
    const from = sources(settings);
    return {
        suffix: "network-policy",
        object: {
            apiVersion: "networking.k8s.io/v1",
            kind: "NetworkPolicy",
            metadata: { name: builderName, namespace, labels: labelsOf(builderName) },
            spec: {
                podSelector: { matchLabels: labelsOf(builderName) },
                policyTypes: ["Ingress", "Egress"],
                // A rule without sources would be open to all.
                ingress: from.length > 0 ? [{ from, ports: [{ protocol: "TCP", port: nodePort }] }] : [],
                egress: [
                    { ports: ["UDP", "TCP"].map((protocol) => ({ protocol, port: 53 })) },
                    {
                        to: egress.cidrs.map((cidr) => ({ ipBlock: withoutCredentials(cidr) })),
                        ports: egress.ports.map((port) => ({ protocol: "TCP", port })),
                    },
                ],
            },
        },
    };
}

function sources<T>({ exposure, access, loadBalancer }: ManifestSettings<T>): object[] {
    if (exposure === EksExposure.KubePod) {
        return [];
    }
    return [
        ...access.namespaces.map((name) => ({
            namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } },
        })),
        ...access.cidrs.map((cidr) => ({ ipBlock: { cidr } })),
        // Connections and health checks come from the load balancers' own addresses.
        ...(loadBalancer?.subnetCidrs ?? []).map((cidr) => ({ ipBlock: { cidr } })),
    ];
}

/** A network without the addresses that hand out credentials; an exception must be within it. */
function withoutCredentials(text: string): object {
    const cidr = parseCidr(text)!;
    const except = unreachable.map((address) => `${address}/32`).filter((each) => overlaps(cidr, parseCidr(each)!));
    return { cidr: formatCidr(cidr), ...(except.length > 0 ? { except } : {}) };
}
