import type { Properties } from "../properties";
import { account, hexOf, region, text } from "./account";
import type { Invoke, Model } from "./index";

const arn = (resource: string) => `arn:aws:eks:${region}:${account}:${resource}`;

export const eksModels: Record<string, Model> = {
    "aws:eks/nodeGroup:NodeGroup": (inputs, urn) => {
        const name = text(inputs, "nodeGroupName") || `${text(inputs, "nodeGroupNamePrefix")}${hexOf(urn, 12)}`;
        const cluster = text(inputs, "clusterName");
        return {
            id: `${cluster}:${name}`,
            nodeGroupName: name,
            arn: arn(`nodegroup/${cluster}/${name}/${hexOf(urn, 8)}`),
            status: "ACTIVE",
            tagsAll: inputs.tags ?? {},
        };
    },
    "aws:ec2/launchTemplate:LaunchTemplate": (inputs, urn) => {
        const id = `lt-0${hexOf(urn, 16)}`;
        return {
            id,
            name: `${text(inputs, "namePrefix")}${hexOf(urn, 8)}`,
            arn: `arn:aws:ec2:${region}:${account}:launch-template/${id}`,
            latestVersion: 1,
            defaultVersion: 1,
            tagsAll: inputs.tags ?? {},
        };
    },
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": (inputs, urn) => {
        const cluster = text(inputs, "clusterName");
        const id = `a-${hexOf(urn, 17)}`;
        return {
            id,
            associationId: id,
            associationArn: arn(`podidentityassociation/${cluster}/${id}`),
            tagsAll: inputs.tags ?? {},
        };
    },
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": (inputs, urn) => ({
        id: `${text(inputs, "role")}-${hexOf(urn, 8)}`,
    }),
};

export const eksInvokes: Record<string, Invoke> = {
    // Any name is answered, as if the cluster existed.
    "aws:eks/getCluster:getCluster": (args) => cluster(text(args, "name")),
    "aws:eks/getAddon:getAddon": (args) => ({
        id: `${text(args, "clusterName")}:${text(args, "addonName")}`,
        addonName: text(args, "addonName"),
        clusterName: text(args, "clusterName"),
        configurationValues: JSON.stringify({ enableNetworkPolicy: "true" }),
        podIdentityAssociations: [],
    }),
};

function cluster(name: string): Properties {
    return {
        id: name,
        name,
        arn: arn(`cluster/${name}`),
        version: "1.36",
        status: "ACTIVE",
        region,
        endpoint: `https://${hexOf(name, 32).toUpperCase()}.gr7.${region}.eks.amazonaws.com`,
        certificateAuthorities: [{ data: Buffer.from("modelled").toString("base64") }],
        vpcConfig: { vpcId: "vpc-0a1b2c3d4e5f60718", subnetIds: [], securityGroupIds: [] },
        kubernetesNetworkConfigs: [{ ipFamily: "ipv4", serviceIpv4Cidr: "10.100.0.0/16", serviceIpv6Cidr: "" }],
        computeConfigs: [],
        identities: [
            { oidcs: [{ issuer: `https://oidc.eks.${region}.amazonaws.com/id/${hexOf(name, 32).toUpperCase()}` }] },
        ],
    };
}
