import * as kms from "@pulumi/aws/kms";
import * as pulumi from "@pulumi/pulumi";
import { propertyError } from "../problems";
import { type Scope, tagsOf } from "./scope";

/** The key of volumes, parameters and logs: the given one, or a new one with yearly rotation. */
export function encryptionKey(scope: Scope): pulumi.Output<string> {
    const { args, name, parent, region } = scope;
    if (args.kmsKeyArn !== undefined) {
        return pulumi.all([args.kmsKeyArn, region]).apply(([arn, here]) => {
            if (arn.split(":")[3] !== here) {
                throw propertyError(
                    "kmsKeyArn",
                    `\`kmsKeyArn\`: ${arn} is in another region; volumes in ${here} need a key of ${here}`,
                );
            }
            return arn;
        });
    }
    const policy = pulumi
        .all([scope.partition, scope.accountId, region])
        .apply(([partition, account, here]) => JSON.stringify(keyPolicy(partition, account, here, scope.path)));
    const key = new kms.Key(
        `${name}-key`,
        {
            description: `Volumes, parameters and logs of builder ${scope.builderName}`,
            enableKeyRotation: true,
            deletionWindowInDays: 30,
            policy,
            tags: tagsOf(scope, ""),
        },
        { parent },
    );
    return key.arn;
}

/** Who may use the key: identities of the account by their own policies, and CloudWatch Logs for this builder's log group. */
export function keyPolicy(partition: string, account: string, region: string, logGroup: string) {
    return {
        Version: "2012-10-17",
        Statement: [
            {
                // Without it nobody could manage the key; it grants nothing that an identity's own policy does not.
                Sid: "AccountByIamPolicies",
                Effect: "Allow",
                Principal: { AWS: `arn:${partition}:iam::${account}:root` },
                Action: "kms:*",
                Resource: "*",
            },
            {
                // logs:PutLogEvents and reading back, for an encrypted log group.
                Sid: "LogGroup",
                Effect: "Allow",
                Principal: { Service: `logs.${region}.amazonaws.com` },
                Action: ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
                Resource: "*",
                Condition: {
                    ArnEquals: {
                        "kms:EncryptionContext:aws:logs:arn": `arn:${partition}:logs:${region}:${account}:log-group:${logGroup}`,
                    },
                },
            },
        ],
    };
}
