import * as iam from "@pulumi/aws/iam";
import type * as pulumi from "@pulumi/pulumi";
import { assumedByEc2 } from "../ec2/policies";
import { type Scope, physicalPrefix, tagsOf } from "../farm/scope";
import type { EksBuildersArgs } from "./arguments";

/** The identity of the machines, and the attachments that give it its rights. */
export interface NodeRole {
    arn: pulumi.Output<string>;
    rights: pulumi.Resource[];
}

/**
 * What a machine needs to join the cluster and to pull images, and nothing else. BuildKit needs none of it: logins come from
 * the client. https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html
 */
export function nodeRole(scope: Scope<EksBuildersArgs>): NodeRole {
    const { args, name, parent, partition } = scope;
    const role = new iam.Role(
        `${name}-node-role`,
        {
            namePrefix: physicalPrefix(scope, "-node", 38),
            path: args.rolePath,
            description: `Machines of builder ${scope.builderName}`,
            assumeRolePolicy: assumedByEc2(),
            permissionsBoundary: args.permissionsBoundary,
            tags: tagsOf(scope, "-node"),
        },
        { parent },
    );
    const policies = {
        // Reads the cluster and its own network, to join.
        worker: "AmazonEKSWorkerNodePolicy",
        // Pulls images; its predecessor ContainerRegistryReadOnly also reads what is no image.
        images: "AmazonEC2ContainerRegistryPullOnly",
        // Moves addresses between machines, which is best left to the role of `aws-node`.
        ...(args.vpcCniOnNodeRole ? { network: "AmazonEKS_CNI_Policy" } : {}),
    };
    const rights = Object.entries(policies).map(
        ([suffix, policy]) =>
            new iam.RolePolicyAttachment(
                `${name}-node-role-${suffix}`,
                { role: role.name, policyArn: partition.apply((where) => `arn:${where}:iam::aws:policy/${policy}`) },
                { parent },
            ),
    );
    return { arn: role.arn, rights };
}
