import type { Properties } from "../properties";
import { account, hexOf, region, text } from "./account";
import type { Invoke, Model } from "./index";

const zone = `${region}a`;
const vpcId = "vpc-0a1b2c3d4e5f60718";
const vpcCidr = "10.0.0.0/16";

/** An id as EC2 makes them. */
function idOf(prefix: string, seed: string): string {
    return `${prefix}-0${hexOf(seed, 16)}`;
}

function arn(service: string, resource: string): string {
    return `arn:aws:${service}:${region}:${account}:${resource}`;
}

/** The name of a resource whose inputs give a prefix. */
function nameOf(inputs: Properties, urn: string): string {
    return text(inputs, "name") || `${text(inputs, "namePrefix")}${hexOf(urn, 8)}`;
}

const tagged = (inputs: Properties) => ({ tagsAll: inputs.tags ?? {} });

function address(urn: string): string {
    const [a = 0, b = 0] = [hexOf(urn, 2), hexOf(`${urn}/`, 2)].map((hex) => parseInt(hex, 16));
    return `10.0.${a}.${Math.max(4, Math.min(250, b))}`;
}

export const ec2Models: Record<string, Model> = {
    "aws:ec2/securityGroup:SecurityGroup": (inputs, urn) => {
        const id = idOf("sg", urn);
        return {
            id,
            arn: arn("ec2", `security-group/${id}`),
            name: nameOf(inputs, urn),
            ownerId: account,
            ...tagged(inputs),
        };
    },
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": (inputs, urn) => ruleModel(inputs, urn),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": (inputs, urn) => ruleModel(inputs, urn),
    "aws:ec2/networkInterface:NetworkInterface": (inputs, urn) => {
        const id = idOf("eni", urn);
        const privateIp = address(urn);
        return {
            id,
            arn: arn("ec2", `network-interface/${id}`),
            privateIp,
            privateIps: [privateIp],
            ...tagged(inputs),
        };
    },
    "aws:ebs/volume:Volume": (inputs, urn) => {
        const id = idOf("vol", urn);
        return { id, arn: arn("ec2", `volume/${id}`), ...tagged(inputs) };
    },
    "aws:ec2/volumeAttachment:VolumeAttachment": (_, urn) => ({ id: `vai-${hexOf(urn, 10)}` }),
    "aws:ec2/instance:Instance": (inputs, urn) => {
        const id = idOf("i", urn);
        return {
            id,
            arn: arn("ec2", `instance/${id}`),
            instanceState: "running",
            availabilityZone: zone,
            ...tagged(inputs),
        };
    },
    "aws:iam/role:Role": (inputs, urn) => iamModel("role", inputs, urn),
    "aws:iam/instanceProfile:InstanceProfile": (inputs, urn) => iamModel("instance-profile", inputs, urn),
    "aws:iam/rolePolicy:RolePolicy": (inputs, urn) => {
        const name = `policy-${hexOf(urn, 8)}`;
        return { id: `${text(inputs, "role")}:${name}`, name };
    },
    "aws:cloudwatch/logGroup:LogGroup": (inputs, urn) => {
        const name = nameOf(inputs, urn);
        return { id: name, name, arn: arn("logs", `log-group:${name}`), ...tagged(inputs) };
    },
    "aws:cloudwatch/metricAlarm:MetricAlarm": (inputs, urn) => {
        const name = nameOf(inputs, urn);
        return { id: name, name, arn: arn("cloudwatch", `alarm:${name}`), ...tagged(inputs) };
    },
    "aws:route53/zone:Zone": (inputs, urn) => {
        const zoneId = `Z${hexOf(urn, 20).toUpperCase()}`;
        return { id: zoneId, zoneId, arn: `arn:aws:route53:::hostedzone/${zoneId}`, ...tagged(inputs) };
    },
    "aws:route53/record:Record": (inputs) => ({
        id: `${text(inputs, "zoneId")}_${text(inputs, "name")}_${text(inputs, "type")}`,
        fqdn: text(inputs, "name"),
    }),
};

function ruleModel(inputs: Properties, urn: string): Properties {
    const id = idOf("sgr", urn);
    return { id, securityGroupRuleId: id, arn: arn("ec2", `security-group-rule/${id}`), ...tagged(inputs) };
}

function iamModel(kind: string, inputs: Properties, urn: string): Properties {
    const name = nameOf(inputs, urn);
    const path = text(inputs, "path") || "/";
    return {
        id: name,
        name,
        path,
        arn: `arn:aws:iam::${account}:${kind}${path}${name}`,
        uniqueId: `A${hexOf(urn, 20).toUpperCase()}`,
        ...tagged(inputs),
    };
}

export const ec2Invokes: Record<string, Invoke> = {
    "aws:ec2/getSubnet:getSubnet": (args) => ({
        id: text(args, "id"),
        vpcId,
        availabilityZone: zone,
        cidrBlock: "10.0.0.0/20",
        mapPublicIpOnLaunch: false,
        region,
        state: "available",
    }),
    "aws:ec2/getVpc:getVpc": (args) => ({
        id: text(args, "id") || vpcId,
        cidrBlock: vpcCidr,
        cidrBlockAssociations: [{ associationId: "vpc-cidr-assoc-1", cidrBlock: vpcCidr, state: "associated" }],
        enableDnsSupport: true,
        enableDnsHostnames: true,
        region,
        state: "available",
    }),
    "aws:ec2/getAmi:getAmi": () => unknownTo("image", "amiId"),
    "aws:route53/getZone:getZone": () => unknownTo("hosted zone", "dns.zoneId"),
};

function unknownTo(what: string, setting: string): never {
    throw new Error(`whether the ${what} of \`${setting}\` fits is in no model: leave it out of a rehearsal`);
}
