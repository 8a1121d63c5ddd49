import * as kms from "@pulumi/aws/kms";
import * as pulumi from "@pulumi/pulumi";
import { propertyError } from "../problems";
import { type Scope, tagsOf } from "./scope";

/** The builder's key: the given one, or a new one with yearly rotation and the given policy. */
export function encryptionKey(
    scope: Scope,
    what: string,
    policyOf: (partition: string, account: string, region: string) => object,
): pulumi.Output<string> {
    const { args, name, parent, region } = scope;
    if (args.kmsKeyArn !== undefined) {
        return pulumi.all([args.kmsKeyArn, region]).apply(([arn, here]) => {
            if (arn.split(":")[3] !== here) {
                throw propertyError(
                    "kmsKeyArn",
                    `\`kmsKeyArn\`: ${arn} is in another region; ${what.split(",")[0]} in ${here} need a key of ${here}`,
                );
            }
            return arn;
        });
    }
    const policy = pulumi
        .all([scope.partition, scope.accountId, region])
        .apply(([partition, account, here]) => JSON.stringify(policyOf(partition, account, here)));
    const key = new kms.Key(
        `${name}-key`,
        {
            description: `${what[0]!.toUpperCase()}${what.slice(1)} of builder ${scope.builderName}`,
            enableKeyRotation: true,
            deletionWindowInDays: 30,
            policy,
            tags: tagsOf(scope, ""),
        },
        { parent },
    );
    return key.arn;
}

/** Lets identities of the account use the key by their own policies. */
export function accountStatement(partition: string, account: string) {
    return {
        // Without it nobody could manage the key; it grants nothing that an identity's own policy does not.
        Sid: "AccountByIamPolicies",
        Effect: "Allow",
        Principal: { AWS: `arn:${partition}:iam::${account}:root` },
        Action: "kms:*",
        Resource: "*",
    };
}
