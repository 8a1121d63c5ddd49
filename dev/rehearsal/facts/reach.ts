import type { Value } from "../properties";
import { type Fact, type Recorded, object, objects, text, texts } from "./recorded";

const ingressRule = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
const egressRule = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule";
const everybody = ["0.0.0.0/0", "::/0"];

/** What connects to what: the rules of every security group, inline ones too. */
export function reachFacts(recorded: Recorded): Fact[] {
    const groups = recorded.of("aws:ec2/securityGroup:SecurityGroup");
    const rules = recorded.of(ingressRule, egressRule);
    const known = new Set(groups.map(({ id }) => id));
    const others = rules.filter(({ inputs }) => !known.has(text(inputs.securityGroupId)));
    return [
        ...groups.flatMap((group) => {
            const own = rules.filter(({ inputs }) => inputs.securityGroupId === group.id);
            const of = (type: string, inline: string) => [
                ...own.filter((rule) => rule.type === type).map(({ inputs }) => inputs),
                ...objects(group.inputs[inline]),
            ];
            return ruleFacts(recorded, group.name, of(ingressRule, "ingress"), of(egressRule, "egress"));
        }),
        ...others.flatMap(({ type, inputs }) => {
            const subject = `${text(inputs.securityGroupId)} (not of this stack)`;
            return type === ingressRule ? [inbound(recorded, subject, inputs)] : [outbound(recorded, subject, inputs)];
        }),
    ];
}

type Rule = { [key: string]: Value };

function ruleFacts(recorded: Recorded, subject: string, ingress: Rule[], egress: Rule[]): Fact[] {
    const topic = "what is reached from where";
    const none = (text: string): Fact => ({ topic, subject, text, warning: false });
    return [
        ...(ingress.length > 0 ? ingress.map((rule) => inbound(recorded, subject, rule)) : [none("no inbound rule")]),
        ...(egress.length > 0 ? egress.map((rule) => outbound(recorded, subject, rule)) : [none("no outbound rule")]),
    ];
}

function inbound(recorded: Recorded, subject: string, rule: Rule): Fact {
    const open = peers(rule).some((peer) => everybody.includes(peer));
    const from = peers(rule).map(recorded.called.bind(recorded)).join(", ");
    return {
        topic: "what is reached from where",
        subject,
        text: `${ports(rule)} from ${open ? `EVERYWHERE (${from})` : from}`,
        warning: open,
    };
}

function outbound(recorded: Recorded, subject: string, rule: Rule): Fact {
    const to = peers(rule).map(recorded.called.bind(recorded)).join(", ");
    const text = `may connect to ${everybody.includes(to) ? `anywhere (${to})` : to}, ${ports(rule)}`;
    return { topic: "what is reached from where", subject, text, warning: false };
}

/** The other side of a rule, by every property that a separate or an inline rule may give it. */
function peers(rule: Rule): string[] {
    const single = ["cidrIpv4", "cidrIpv6", "referencedSecurityGroupId", "prefixListId"];
    const several = ["cidrBlocks", "ipv6CidrBlocks", "securityGroups", "prefixListIds"];
    return [...single, ...several].flatMap((key) => texts(rule[key])).concat(rule.self === true ? ["itself"] : []);
}

function ports(rule: Rule): string {
    const protocol = text(rule.ipProtocol ?? rule.protocol);
    if (protocol === "-1") {
        return "all ports and protocols";
    }
    const [from, to] = [text(rule.fromPort), text(rule.toPort)];
    return `${protocol} ${from === to ? from : `${from}-${to}`}`;
}

/** Which addresses machines have, and who logs in to them. */
export function addressFacts(recorded: Recorded): Fact[] {
    const interfaces = new Map(
        recorded.of("aws:ec2/networkInterface:NetworkInterface").map((item) => [item.id, item] as const),
    );
    const fact = (subject: string, text: string, warning = false): Fact => ({
        topic: "addresses",
        subject,
        text,
        warning,
    });
    const machines = recorded.of("aws:ec2/instance:Instance").flatMap(({ name, inputs }) => {
        const own = interfaces.get(text(object(inputs.primaryNetworkInterface).networkInterfaceId));
        const asked = inputs.associatePublicIpAddress;
        const groups = texts(own?.inputs.securityGroups ?? inputs.vpcSecurityGroupIds).map((id) => recorded.called(id));
        const place = `${text(own?.outputs.privateIp ?? "a private address")} in ${text(own?.inputs.subnetId ?? inputs.subnetId)}, security group ${groups.join(", ")}`;
        const key = typeof inputs.keyName === "string" ? [fact(name, `SSH key pair ${inputs.keyName}`, true)] : [];
        if (asked === true) {
            return [fact(name, `A PUBLIC ADDRESS, and ${place}`, true), ...key];
        }
        return own || asked === false
            ? [fact(name, `no public address; ${place}`), ...key]
            : [fact(name, `a public address if the subnet gives one; ${place}`, true), ...key];
    });
    const elastic = recorded.items.filter(({ type }) => type.startsWith("aws:ec2/eip"));
    return [...machines, ...elastic.map(({ name }) => fact(name, "A PUBLIC ADDRESS", true))];
}

/** Who on a machine gets the credentials of its role. */
export function metadataFacts(recorded: Recorded): Fact[] {
    const machines = recorded.of("aws:ec2/instance:Instance", "aws:ec2/launchTemplate:LaunchTemplate");
    return machines.map(({ name, inputs }) => {
        const { httpEndpoint, httpTokens, httpPutResponseHopLimit: hops } = object(inputs.metadataOptions);
        const off = httpEndpoint === "disabled";
        const tokens = httpTokens === "required" ? "IMDSv2 only" : "IMDSv1 IS ALLOWED";
        const limit = hops === undefined ? "no hop limit is set" : `hop limit ${JSON.stringify(hops)}`;
        return {
            topic: "instance metadata",
            subject: name,
            text: off ? "off" : `${tokens}, ${limit}${hops === 1 ? ": not for containers on a bridge" : ""}`,
            warning: !off && (httpTokens !== "required" || hops !== 1),
        };
    });
}
