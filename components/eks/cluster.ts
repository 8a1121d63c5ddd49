import { getVpcOutput } from "@pulumi/aws/ec2";
import { type GetClusterResult, getAddon, getClusterOutput } from "@pulumi/aws/eks";
import * as pulumi from "@pulumi/pulumi";
import { bridgeProblem } from "../ec2/validateNetwork";
import type { Scope } from "../farm/scope";
import { isObject } from "../objects";
import { propertyError } from "../problems";
import { type EksBuildersArgs, EksSecurity } from "./arguments";
import { supportWarning } from "./versions";
import { defaults, hasGroups } from "./settings";

/** The cluster's name once it is known that the builders can work there. */
export function checkedCluster({ args, parent }: Scope<EksBuildersArgs>): pulumi.Output<string> {
    const cluster = getClusterOutput({ name: args.clusterName }, { parent });
    const vpc = getVpcOutput({ id: cluster.vpcConfig.vpcId }, { parent });
    const warn = (text: string) => void pulumi.log.warn(text, parent);
    return pulumi.all([cluster, vpc]).apply(async ([found, network]) => {
        const service = found.kubernetesNetworkConfigs[0];
        const networks = [network.cidrBlock, ...(network.cidrBlockAssociations ?? []).map((each) => each.cidrBlock)];
        refuseUnfit(args, found);
        const taken = [...networks, ...(service?.serviceIpv4Cidr ? [service.serviceIpv4Cidr] : [])];
        const clash = bridgeProblem(args.bridgeSubnet ?? defaults.bridgeSubnet, taken);
        if (clash) {
            throw propertyError("bridgeSubnet", clash);
        }
        [...clusterWarnings(args, found, new Date()), await policyWarning(found.name, parent)].forEach(
            (text) => text && warn(text),
        );
        return found.name;
    });
}

function refuseUnfit(args: EksBuildersArgs, { name, version, kubernetesNetworkConfigs }: GetClusterResult): void {
    if (args.security === EksSecurity.UserNamespace && minorOf(version) < 33) {
        const remedy = "upgrade it, or take `privileged`";
        const reason = `\`security\`: user namespaces for pods need Kubernetes 1.33, and ${name} runs ${version}: ${remedy}`;
        throw propertyError("security", reason);
    }
    if (kubernetesNetworkConfigs[0]?.ipFamily === "ipv6") {
        const reason = `\`clusterName\`: pods of ${name} have IPv6 addresses, and build steps are on an IPv4 network: their DNS would fail`;
        throw propertyError("clusterName", reason);
    }
}

/** What of a cluster is probably not meant. */
export function clusterWarnings(
    args: Pick<EksBuildersArgs, "provisioning" | "cache">,
    { name, version, computeConfigs }: Pick<GetClusterResult, "name" | "version" | "computeConfigs">,
    now: Date,
): string[] {
    const { provisioner = defaults.provisioner, storageClassName } = args.cache ?? {};
    const auto = computeConfigs[0]?.enabled ?? false;
    const support = supportWarning(version, now);
    return [
        ...(support ? [`\`clusterName\`: ${name} runs Kubernetes ${version}, ${support}`] : []),
        ...(auto && !hasGroups(args) && storageClassName === undefined && provisioner === defaults.provisioner
            ? [
                  `\`cache.provisioner\`: ${name} is an EKS Auto Mode cluster; volumes of its machines are made by ` +
                      "ebs.csi.eks.amazonaws.com, and machines of other autoscalers use the default",
              ]
            : []),
    ];
}

function minorOf(version: string): number {
    return Number(/^1\.(\d+)/.exec(version)?.[1] ?? Infinity);
}

/** Says when the VPC CNI is known to ignore NetworkPolicies; another CNI, or one without an add-on, tells nothing. */
async function policyWarning(clusterName: string, parent: pulumi.Resource): Promise<string | undefined> {
    const addon = await getAddon({ clusterName, addonName: "vpc-cni" }, { parent }).catch(() => undefined);
    return addon && !enforcesPolicies(addon.configurationValues)
        ? `the add-on vpc-cni of ${clusterName} does not enforce NetworkPolicies, so who reaches the builders is limited by ` +
              'certificates alone: set its configuration value {"enableNetworkPolicy": "true"}'
        : undefined;
}

/** Whether the add-on's configuration, JSON or YAML text, switches NetworkPolicies on. */
export function enforcesPolicies(configuration: string | undefined): boolean {
    const text = configuration ?? "";
    try {
        const parsed: unknown = JSON.parse(text);
        return isObject(parsed) && String(parsed.enableNetworkPolicy) === "true";
    } catch {
        return /^enableNetworkPolicy:\s*["']?true["']?\s*$/m.test(text);
    }
}
