import * as ec2 from "@pulumi/aws/ec2";
import * as vpc from "@pulumi/aws/vpc";
import * as pulumi from "@pulumi/pulumi";
import { nodePort } from "../node/paths";
import { isPlain, propertyError } from "../problems";
import { type Scope, physicalPrefix, tagsOf } from "./scope";
import { type NodeSettings, accessOf, defaults } from "./settings";
import { bridgeProblem } from "./validateNetwork";

/** Where a node is. */
export interface Place {
    subnetId: pulumi.Output<string>;
    vpcId: pulumi.Output<string>;
    availabilityZone: pulumi.Output<string>;
}

/** Looks up a node's subnet and VPC, and refuses what cannot work there. */
export function placeOf(scope: Scope, node: NodeSettings): Place {
    const { args, parent } = scope;
    const [path, id] = node.given.subnetId
        ? [`nodes.${node.architecture}.subnetId`, node.given.subnetId]
        : ["subnetId", args.subnetId];
    const subnet = ec2.getSubnetOutput({ id }, { parent });
    const network = ec2.getVpcOutput({ id: subnet.vpcId }, { parent });
    const checked = pulumi.all([subnet, network, args.vpcId]).apply(([found, surrounding, wanted]) => {
        if (wanted !== undefined && wanted !== found.vpcId) {
            refuse("vpcId", `is ${wanted}, but subnet ${found.id} is in ${found.vpcId}`);
        }
        if (args.dns && surrounding.enableDnsSupport === false) {
            refuse("dns", `${found.vpcId} has DNS support off: a private zone would not resolve there; switch it on`);
        }
        const networks = (surrounding.cidrBlockAssociations ?? []).map(({ cidrBlock }) => cidrBlock);
        const clash = bridgeProblem(args.bridgeSubnet ?? defaults.bridgeSubnet, [surrounding.cidrBlock, ...networks]);
        if (clash) {
            throw propertyError("bridgeSubnet", clash);
        }
        if (found.mapPublicIpOnLaunch) {
            void pulumi.log.warn(
                `\`${path}\`: ${found.id} gives machines public addresses, so it is probably a public subnet. Nodes get none, and ` +
                    "without a NAT gateway or endpoints they reach nothing: take a private subnet",
                parent,
            );
        }
        return found;
    });
    return {
        subnetId: checked.apply((found) => found.id),
        vpcId: checked.apply((found) => found.vpcId),
        availabilityZone: checked.apply((found) => found.availabilityZone),
    };
}

function refuse(propertyPath: string, text: string): never {
    throw propertyError(propertyPath, `\`${propertyPath}\`: ${text}`);
}

/** A node's network interface, whose address stays when the instance is stopped or replaced, and its rules. */
export function networkInterface(
    scope: Scope,
    node: NodeSettings,
    place: Place,
): { networkInterface: ec2.NetworkInterface; rules: pulumi.Resource[]; group: ec2.SecurityGroup } {
    const { name, parent } = scope;
    const base = `${name}-${node.architecture}`;
    const tags = tagsOf(scope, `-${node.architecture}`);
    // No inline rules: they and separate ones would undo each other.
    const group = new ec2.SecurityGroup(
        `${base}-group`,
        {
            namePrefix: physicalPrefix(scope, `-${node.architecture}`, 80),
            description: `BuildKit node ${node.name}`,
            vpcId: place.vpcId,
            tags,
        },
        { parent },
    );
    const rules = [...inbound(scope, base, group, tags), ...outbound(scope, base, group, tags)];
    const stable = new ec2.NetworkInterface(
        `${base}-interface`,
        {
            subnetId: place.subnetId,
            securityGroups: [group.id],
            description: `BuildKit node ${node.name}`,
            sourceDestCheck: true,
            tags,
        },
        { parent },
    );
    return { networkInterface: stable, rules, group };
}

type Tags = pulumi.Output<Record<string, string>>;

function inbound({ args, parent }: Scope, base: string, group: ec2.SecurityGroup, tags: Tags): pulumi.Resource[] {
    const { securityGroupIds = [], cidrs = [], prefixListIds = [] } = accessOf(args);
    const rule = (source: pulumi.Input<string>, i: number, kind: string, from: object) =>
        new vpc.SecurityGroupIngressRule(
            `${base}-from-${kind}-${isPlain(source) ? source.replace("/", "-") : i}`,
            {
                securityGroupId: group.id,
                ipProtocol: "tcp",
                fromPort: nodePort,
                toPort: nodePort,
                description: "BuildKit clients, mutual TLS",
                tags,
                ...from,
            },
            { parent },
        );
    return [
        ...securityGroupIds.map((id, i) => rule(id, i, "group", { referencedSecurityGroupId: id })),
        ...cidrs.map((cidr, i) => rule(cidr, i, "cidr", { cidrIpv4: cidr })),
        ...prefixListIds.map((id, i) => rule(id, i, "list", { prefixListId: id })),
    ];
}

/** DNS and time of the VPC are not subject to security groups, so they need no rule. */
function outbound({ args, parent }: Scope, base: string, group: ec2.SecurityGroup, tags: Tags): pulumi.Resource[] {
    const { ports = defaults.egressPorts, prefixListIds = [], cidrs } = args.egress ?? {};
    const networks = cidrs ?? (prefixListIds.length > 0 ? [] : defaults.egressCidrs);
    const targets = [
        ...networks.map((cidr) => ({ suffix: cidr.replace("/", "-"), to: { cidrIpv4: cidr } })),
        ...prefixListIds.map((id, i) => ({ suffix: isPlain(id) ? id : `list-${i}`, to: { prefixListId: id } })),
    ];
    return [...new Set<number>(ports)].flatMap((port) =>
        targets.map(
            ({ suffix, to }) =>
                new vpc.SecurityGroupEgressRule(
                    `${base}-to-${port}-${suffix}`,
                    {
                        securityGroupId: group.id,
                        ipProtocol: "tcp",
                        fromPort: port,
                        toPort: port,
                        description: "Base images, packages and AWS",
                        tags,
                        ...to,
                    },
                    { parent },
                ),
        ),
    );
}
