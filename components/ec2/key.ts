import type * as pulumi from "@pulumi/pulumi";
import { regionalService } from "../arns";
import { accountStatement, encryptionKey as keyOf } from "../farm/key";
import type { Scope } from "./scope";

/** The key of volumes, parameters and logs: the given one, or a new one with yearly rotation. */
export function encryptionKey(scope: Scope): pulumi.Output<string> {
    return keyOf(scope, "volumes, parameters and logs", (partition, account, region) =>
        keyPolicy(partition, account, region, scope.path),
    );
}

/** Who may use the key: identities of the account by their own policies, and CloudWatch Logs for this builder's log group. */
export function keyPolicy(partition: string, account: string, region: string, logGroup: string) {
    return {
        Version: "2012-10-17",
        Statement: [
            accountStatement(partition, account),
            {
                // logs:PutLogEvents and reading back, for an encrypted log group.
                // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
                Sid: "LogGroup",
                Effect: "Allow",
                Principal: { Service: regionalService("logs", partition, region) },
                Action: [
                    "kms:Decrypt",
                    "kms:DescribeKey",
                    "kms:Encrypt",
                    "kms:GenerateDataKey",
                    "kms:GenerateDataKeyWithoutPlaintext",
                    "kms:ReEncryptFrom",
                    "kms:ReEncryptTo",
                ],
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
