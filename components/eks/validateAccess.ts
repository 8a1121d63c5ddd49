import { isPrivate, networkProblem, parseCidr, sourceCidrProblem } from "../ec2/cidr";
import { idProblem } from "../ec2/ids";
import type { Warn } from "../ec2/validate";
import { eachOnce, validateBridge } from "../ec2/validateNetwork";
import type { Note } from "../kinds";
import { EksExposure, type FarmEks } from "./arguments";
import { nameProblem } from "./labels";

/** Checks who reaches the builders and how, where they connect to, and the network of build steps. */
export function validateAccess(args: FarmEks, note: Note, warn: Warn): void {
    const exposure = args.exposure ?? EksExposure.Cluster;
    validateClients(exposure, args, note);
    validateLoadBalancer(exposure, args, note);
    const { namespaces = [], cidrs = [], groups = [] } = args.access ?? {};
    namespaces.forEach((name, i) => {
        const reason = nameProblem(name);
        if (reason) {
            note(`access.namespaces[${i}]`, name, `is no name of a namespace: it ${reason}`);
        }
    });
    cidrs.forEach((text, i) => {
        const reason = sourceCidrProblem(text);
        const cidr = parseCidr(text);
        if (reason) {
            note(`access.cidrs[${i}]`, text, reason);
        } else if (cidr && !isPrivate(cidr)) {
            warn(
                `access.cidrs[${i}]`,
                `${text} is public: builders have private addresses only, so such clients need a VPN or a peering`,
            );
        }
    });
    groups.forEach((group, i) => {
        if (group.trim() === "" || group.startsWith("system:")) {
            note(
                `access.groups[${i}]`,
                group,
                "must be a group of your own: those of `system:` hold everybody, or whoever may do all anyway",
            );
        }
    });
    eachOnce("access", { namespaces, cidrs, groups }, note);
    validateEgress(args, note);
    validateBridge(args, note);
}

function validateClients(exposure: EksExposure, { access }: FarmEks, note: Note): void {
    const { namespaces = [], cidrs = [], groups = [] } = access ?? {};
    const unused = (property: "namespaces" | "cidrs" | "groups", why: string) =>
        access?.[property] === undefined ||
        note(`access.${property}`, access[property], `has no use with \`exposure\` \`${exposure}\`: ${why}`);
    if (exposure === EksExposure.KubePod) {
        const why = "no port is open; take it out";
        unused("namespaces", why);
        unused("cidrs", why);
        return;
    }
    unused("groups", "clients do not come by `kubectl exec`; take it out");
    if (exposure === EksExposure.Cluster && namespaces.length + cidrs.length + groups.length === 0) {
        note("access", access, "names nobody: give `namespaces` of runners in the cluster or `cidrs` of other clients");
    }
    if (exposure === EksExposure.InternalNlb && cidrs.length === 0) {
        note(
            "access.cidrs",
            cidrs,
            "must name the networks of clients: a load balancer without would be open to whoever reaches the VPC",
        );
    }
}

function validateLoadBalancer(exposure: EksExposure, { loadBalancer }: FarmEks, note: Note): void {
    if (exposure !== EksExposure.InternalNlb) {
        if (loadBalancer !== undefined) {
            note(
                "loadBalancer",
                undefined,
                `has no use with \`exposure\` \`${exposure}\`: take it out, or set \`internal-nlb\``,
            );
        }
        return;
    }
    const subnetIds = loadBalancer?.subnetIds ?? [];
    if (subnetIds.length === 0) {
        note("loadBalancer.subnetIds", loadBalancer?.subnetIds, "must name at least one private subnet, one per zone");
    }
    subnetIds.forEach((id, i) => idProblem(`loadBalancer.subnetIds[${i}]`, id, "subnet", note));
    eachOnce("loadBalancer", { subnetIds }, note);
}

function validateEgress({ egress }: FarmEks, note: Note): void {
    if (egress?.ports?.length === 0 || egress?.cidrs?.length === 0) {
        note("egress", egress, "lets builders connect nowhere: they could not pull an image");
    }
    const cidrs = egress?.cidrs ?? [];
    cidrs.forEach((text, i) => {
        const reason = networkProblem(text);
        if (reason) {
            note(`egress.cidrs[${i}]`, text, reason);
        }
    });
    eachOnce("egress", { cidrs }, note);
}
