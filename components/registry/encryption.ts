import * as kms from "@pulumi/aws/kms";
import { getCallerIdentityOutput } from "@pulumi/aws/getCallerIdentity";
import { getPartitionOutput } from "@pulumi/aws/getPartition";
import * as pulumi from "@pulumi/pulumi";
import { fitting } from "../names";
import type { BuildRegistryArgs } from "./arguments";

/** The KMS key of new repositories; undefined for the account's own key for ECR. */
export function registryKey(
    name: string,
    args: BuildRegistryArgs,
    parent: pulumi.Resource,
): pulumi.Output<string> | undefined {
    if (!args.createKmsKey) {
        return args.kmsKeyArn === undefined ? undefined : pulumi.output(args.kmsKeyArn);
    }
    const account = getCallerIdentityOutput({}, { parent }).accountId;
    const { partition } = getPartitionOutput({}, { parent });
    const key = new kms.Key(
        `${name}-key`,
        {
            description: `${args.namePrefix ?? ""}${name}: images and build caches in ECR`,
            enableKeyRotation: true,
            policy: pulumi.all([account, partition]).apply(([id, where]) => keyPolicy(id, where)),
            tags: args.tags,
        },
        { parent },
    );
    const owner = `${args.namePrefix ?? ""}${pulumi.getProject()}-${pulumi.getStack()}-${name}-registry`;
    new kms.Alias(`${name}-key-alias`, { name: `alias/${aliasName(owner)}`, targetKeyId: key.keyId }, { parent });
    return key.arn;
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html */
function aliasName(text: string): string {
    return fitting(text.replace(/[^A-Za-z0-9/_-]/g, "-"), 200);
}

/** The account decides by IAM who may use the key; ECR works with a grant that it makes for itself at creation. */
function keyPolicy(account: string, partition: string): string {
    return JSON.stringify({
        Version: "2012-10-17",
        Statement: [
            {
                Sid: "AccountDecidesByIam",
                Effect: "Allow",
                Principal: { AWS: `arn:${partition}:iam::${account}:root` },
                Action: "kms:*",
                Resource: "*",
            },
        ],
    });
}
