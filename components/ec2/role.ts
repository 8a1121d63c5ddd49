import * as iam from "@pulumi/aws/iam";
import * as pulumi from "@pulumi/pulumi";
import type { NodeParameterResources } from "./parameters";
import { assumedByEc2, document, nodeStatements } from "./policies";
import { type Scope, physicalPrefix, tagsOf } from "./scope";
import type { NodeSettings } from "./settings";

/** The identity of a node: a role of its own, with nothing but its certificate, its logs and Session Manager. */
export function instanceProfile(
    scope: Scope,
    node: NodeSettings,
    access: { keyArn: pulumi.Output<string>; parameters: NodeParameterResources; logGroupArn: pulumi.Output<string> },
): { profile: iam.InstanceProfile; policy: iam.RolePolicy; role: iam.Role } {
    const { args, name, parent } = scope;
    const base = `${name}-${node.architecture}`;
    const tags = tagsOf(scope, `-${node.architecture}`);
    const named = { namePrefix: physicalPrefix(scope, `-${node.architecture}`, 38), path: args.rolePath, tags };
    const role = new iam.Role(
        `${base}-role`,
        {
            ...named,
            description: `BuildKit node ${node.name}`,
            assumeRolePolicy: assumedByEc2(),
            permissionsBoundary: args.permissionsBoundary,
        },
        { parent },
    );
    const { serverCert, serverKey, clientCa } = access.parameters;
    const policy = new iam.RolePolicy(
        `${base}-policy`,
        {
            role: role.id,
            policy: pulumi
                .all([
                    scope.partition,
                    scope.region,
                    scope.accountId,
                    access.keyArn,
                    access.logGroupArn,
                    serverCert.arn,
                    serverKey.arn,
                    clientCa.arn,
                ])
                .apply(([partition, region, accountId, keyArn, logGroupArn, ...parameterArns]) =>
                    document(
                        nodeStatements({
                            builderName: scope.builderName,
                            partition,
                            region,
                            accountId,
                            keyArn,
                            parameterArns,
                            logGroupArn,
                        }),
                    ),
                ),
        },
        { parent },
    );
    const profile = new iam.InstanceProfile(`${base}-profile`, { ...named, role: role.name }, { parent });
    return { profile, policy, role };
}
