import type { Note } from "../kinds";
import { isPlain } from "../problems";
import type { Ec2Access, Ec2BuildersArgs } from "./arguments";
import { type Cidr, formatCidr, isPrivate, overlaps, parseCidr, sourceCidrProblem } from "./cidr";
import { defaults } from "./settings";
import { type Warn, idProblem } from "./validate";

/** Checks who reaches the nodes, where they connect to, and the network of build steps. */
export function validateNetwork(args: Ec2BuildersArgs, note: Note, warn: Warn): void {
    if (args.subnetId === undefined || args.subnetId === null) {
        note("subnetId", undefined, "is missing: the private subnet that the nodes are in");
    }
    idProblem("subnetId", args.subnetId, "subnet", note);
    idProblem("vpcId", args.vpcId, "vpc", note);
    validateAccess(args.access, note, warn);
    validateEgress(args, note);
    const bridge = bridgeCidr(args, note);
    (args.access?.cidrs ?? []).forEach((text, i) => {
        const cidr = typeof text === "string" ? parseCidr(text) : undefined;
        if (bridge && cidr && overlaps(bridge, cidr)) {
            note(
                "bridgeSubnet",
                formatCidr(bridge),
                `overlaps \`access.cidrs[${i}]\` (${text}): answers to those clients would get lost`,
            );
        }
    });
}

function validateAccess(access: Ec2Access | undefined, note: Note, warn: Warn): void {
    const { securityGroupIds = [], cidrs = [], prefixListIds = [], ssm } = access ?? {};
    const sources = securityGroupIds.length + cidrs.length + prefixListIds.length;
    if (sources === 0 && !ssm) {
        note(
            "access",
            access,
            "names nobody: give `securityGroupIds`, `cidrs` or `prefixListIds` of the clients, or `ssm: true` for port forwarding",
        );
    }
    if (sources > 0 && ssm) {
        note("access.ssm", ssm, "cannot be combined with other sources: with it nodes have no inbound rule at all");
    }
    securityGroupIds.forEach((id, i) => idProblem(`access.securityGroupIds[${i}]`, id, "sg", note));
    prefixListIds.forEach((id, i) => idProblem(`access.prefixListIds[${i}]`, id, "pl", note));
    cidrs.forEach((text, i) => {
        const reason = typeof text === "string" ? sourceCidrProblem(text) : undefined;
        const cidr = typeof text === "string" ? parseCidr(text) : undefined;
        if (reason) {
            note(`access.cidrs[${i}]`, text, reason);
        } else if (cidr && !isPrivate(cidr)) {
            warn(
                `access.cidrs[${i}]`,
                `${text} is public: nodes have private addresses only, so such clients need a VPN or a peering`,
            );
        }
    });
    const plain = [...cidrs, ...[...securityGroupIds, ...prefixListIds].filter((id) => isPlain(id))];
    plain
        .filter((source, i) => plain.indexOf(source) !== i)
        .forEach((source) => note("access", source, "is named twice: AWS takes a rule only once"));
}

function validateEgress({ egress }: Ec2BuildersArgs, note: Note): void {
    const { ports, cidrs, prefixListIds = [] } = egress ?? {};
    if (ports?.length === 0 || (cidrs?.length === 0 && prefixListIds.length === 0)) {
        note("egress", egress, "lets nodes connect nowhere: they could not install BuildKit or pull an image");
    }
    cidrs?.forEach((text, i) => {
        const cidr = typeof text === "string" ? parseCidr(text) : undefined;
        if (typeof text === "string" && (!cidr || formatCidr(cidr) !== text)) {
            note(
                `egress.cidrs[${i}]`,
                text,
                cidr ? `has bits outside its prefix; write ${formatCidr(cidr)}` : "must be an IPv4 network",
            );
        }
    });
    prefixListIds.forEach((id, i) => idProblem(`egress.prefixListIds[${i}]`, id, "pl", note));
}

function bridgeCidr(args: Ec2BuildersArgs, note: Note): Cidr | undefined {
    const text = args.bridgeSubnet ?? defaults.bridgeSubnet;
    const cidr = parseCidr(text);
    if (!cidr || formatCidr(cidr) !== text || !isPrivate(cidr)) {
        note("bridgeSubnet", text, "must be a private IPv4 network without host bits, for example 172.30.0.0/16");
        return undefined;
    }
    if (cidr.bits > 22) {
        note(
            "bridgeSubnet",
            text,
            "is too small: build steps that run at the same time each take an address; /22 at least",
        );
    }
    return cidr;
}

/** What is wrong with the network of build steps in a VPC with these networks; undefined when nothing is. */
export function bridgeProblem(bridgeSubnet: string, vpcNetworks: string[]): string | undefined {
    const clash = overlapping(bridgeSubnet, vpcNetworks);
    if (clash === undefined) {
        return undefined;
    }
    const free = candidates.find((candidate) => overlapping(candidate, vpcNetworks) === undefined);
    const advice = free ? `, for example ${free}` : "";
    return `\`bridgeSubnet\`: ${bridgeSubnet} overlaps the VPC's ${clash}, so build steps could not reach it; set another${advice}`;
}

/** Networks that few VPCs use. */
const candidates = ["172.30.0.0/16", "100.127.0.0/16", "10.254.0.0/16", "192.168.240.0/20"];

function overlapping(text: string, networks: string[]): string | undefined {
    const own = parseCidr(text);
    return networks.find((other) => {
        const network = parseCidr(other);
        return own && network && overlaps(own, network);
    });
}
