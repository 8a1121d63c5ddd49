import type * as pulumi from "@pulumi/pulumi";
import { duplicates } from "../buildx/record";
import type { Note } from "../kinds";
import { isPlain } from "../problems";
import type { Ec2Access, Ec2BuildersArgs } from "./arguments";
import {
    type Cidr,
    formatCidr,
    isPrivate,
    isWithin,
    networkProblem,
    overlaps,
    parseCidr,
    sourceCidrProblem,
} from "./cidr";
import { idProblem } from "./ids";
import { accessOf, defaults } from "./settings";
import type { Warn } from "./validate";

/** Checks who reaches the nodes, where they connect to, and the network of build steps. */
export function validateNetwork(args: Ec2BuildersArgs, note: Note, warn: Warn): void {
    if (args.subnetId === undefined) {
        note("subnetId", undefined, "is missing: the private subnet that the nodes are in");
    }
    idProblem("subnetId", args.subnetId, "subnet", note);
    idProblem("vpcId", args.vpcId, "vpc", note);
    validateAccess(accessOf(args), note, warn);
    validateEgress(args, note, warn);
    validateBridge(args, note);
}

/** Checks the network of build steps, alone and beside the networks of clients and servers. */
export function validateBridge(
    args: { bridgeSubnet?: string; access?: { cidrs?: string[] }; egress?: { cidrs?: string[] } },
    note: Note,
): void {
    const bridge = bridgeCidr(args, note);
    if (bridge === undefined) {
        return;
    }
    const at = formatCidr(bridge);
    for (const [property, list] of Object.entries({ access: args.access?.cidrs, egress: args.egress?.cidrs })) {
        const cidrs = (list ?? []).filter((text) => networkProblem(text) === undefined);
        for (const text of cidrs) {
            const cidr = parseCidr(text)!;
            // The nearer network is the one that is reached; one that holds the bridge is fine for the way out.
            const lost = property === "access" ? "answers to those clients would get lost" : "nodes would not reach it";
            if (property === "access" ? cidr.bits >= 8 && overlaps(bridge, cidr) : isWithin(cidr, bridge)) {
                const reason = `overlaps ${text} of \`${property}.cidrs\`, so ${lost}; set another${freeNetwork(cidrs)}`;
                note("bridgeSubnet", at, reason);
            }
        }
    }
}

function validateAccess(access: Ec2Access, note: Note, warn: Warn): void {
    const { securityGroupIds = [], cidrs = [], prefixListIds = [], ssm } = access;
    const sources = securityGroupIds.length + cidrs.length + prefixListIds.length;
    if (sources === 0 && !ssm) {
        note(
            "access",
            access,
            "names nobody: give `securityGroupIds`, `cidrs` or `prefixListIds` of the clients, or `ssm: true` for port forwarding",
        );
    }
    if (sources > 0 && ssm) {
        note(
            "access.ssm",
            ssm,
            "cannot be combined with other sources, since with it nodes have no inbound rule at all: take one of both out",
        );
    }
    securityGroupIds.forEach((id, i) => idProblem(`access.securityGroupIds[${i}]`, id, "sg", note));
    prefixListIds.forEach((id, i) => idProblem(`access.prefixListIds[${i}]`, id, "pl", note));
    cidrs.forEach((text, i) => {
        const reason = sourceCidrProblem(text);
        const cidr = parseCidr(text);
        if (reason) {
            note(`access.cidrs[${i}]`, text, reason);
        } else if (cidr && !isPrivate(cidr)) {
            warn(
                `access.cidrs[${i}]`,
                `${text} is public: nodes have private addresses only, so such clients need a VPN or a peering`,
            );
        }
    });
    eachOnce("access", { securityGroupIds, cidrs, prefixListIds }, note);
    warnOfManyRules("access", sources, warn);
}

/** Notes what is listed twice: AWS takes a rule once, and a rule is a resource with its source in its name. */
export function eachOnce(at: string, sources: Record<string, pulumi.Input<string>[]>, note: Note): void {
    for (const [property, list] of Object.entries(sources)) {
        duplicates(
            list,
            (source) => (isPlain(source) ? source : undefined),
            (i, first, source) =>
                note(`${at}.${property}[${i}]`, source, `is \`${at}.${property}[${first}]\` already: take one out`),
        );
    }
}

/** https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups */
function warnOfManyRules(at: string, rules: number, warn: Warn): void {
    if (rules > 60) {
        warn(
            at,
            `makes ${rules} rules in each group, and an account takes 60 unless its quota was raised; a prefix list needs its size`,
        );
    }
}

function validateEgress({ egress }: Ec2BuildersArgs, note: Note, warn: Warn): void {
    const { ports = defaults.egressPorts, cidrs, prefixListIds = [] } = egress ?? {};
    if (ports.length === 0 || (cidrs?.length === 0 && prefixListIds.length === 0)) {
        note(
            "egress",
            egress,
            "lets nodes connect nowhere, so they could not install BuildKit or pull an image: name ports and networks, or leave it out",
        );
    }
    cidrs?.forEach((text, i) => {
        const reason = networkProblem(text);
        if (reason) {
            note(`egress.cidrs[${i}]`, text, reason);
        }
    });
    prefixListIds.forEach((id, i) => idProblem(`egress.prefixListIds[${i}]`, id, "pl", note));
    eachOnce("egress", { cidrs: cidrs ?? [], prefixListIds }, note);
    warnOfManyRules("egress", ports.length * ((cidrs?.length ?? 0) + prefixListIds.length), warn);
}

function bridgeCidr(args: Pick<Ec2BuildersArgs, "bridgeSubnet">, note: Note): Cidr | undefined {
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
    return clash === undefined
        ? undefined
        : `\`bridgeSubnet\`: ${bridgeSubnet} overlaps the VPC's ${clash}, so build steps could not reach it; set another` +
              freeNetwork(vpcNetworks);
}

/** Networks that few VPCs use. */
const candidates = ["172.30.0.0/16", "100.127.0.0/16", "10.254.0.0/16", "192.168.240.0/20"];

/** An example of a network for build steps that is none of those in use. */
function freeNetwork(inUse: string[]): string {
    const free = candidates.find((candidate) => overlapping(candidate, inUse) === undefined);
    return free ? `, for example ${free}` : "";
}

function overlapping(text: string, networks: string[]): string | undefined {
    const own = parseCidr(text);
    return networks.find((other) => {
        const network = parseCidr(other);
        return own && network && overlaps(own, network);
    });
}
