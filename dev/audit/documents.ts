import { account, region } from "../rehearsal/models/account";
import type { AwsResource } from "./record";

/** Policy documents of IAM by the resource that holds them, as JSON. */
export type Documents = Record<string, object>;

/** The policy documents in a program's resources. */
export function documentsOf(program: string, resources: AwsResource[]): Documents {
    const found: Documents = {};
    for (const { name, inputs } of resources) {
        for (const [key, value] of Object.entries(inputs)) {
            // Lifecycle policies of ECR have rules instead.
            if (typeof value === "string" && value.startsWith("{") && value.includes('"Statement"')) {
                found[`${program}: ${name}.${key}`] = JSON.parse(value) as object;
            }
        }
    }
    return found;
}

/** What the grammar must refuse: each statement holds one mistake. */
export const wrongDocuments: Documents = {
    wrong: {
        Statement: [
            {
                Sid: "UnknownAction",
                Action: "ssm:GetParametrs",
                Resource: `arn:aws:ssm:${region}:${account}:parameter/a`,
            },
            {
                Sid: "OtherResource",
                Action: ["ec2:DescribeInstances", "ec2:StartInstances"],
                Resource: `arn:aws:ec2:${region}:${account}:volume/vol-0`,
            },
            {
                Sid: "UnknownKey",
                Action: "ssm:StartSession",
                Resource: "*",
                Condition: { Bool: { "ssm:SesionDocumentAccessCheck": "true" } },
            },
            {
                Sid: "UnknownClaim",
                Action: "sts:AssumeRoleWithWebIdentity",
                Principal: { Federated: `arn:aws:iam::${account}:oidc-provider/gitlab.com` },
                Condition: { StringEquals: { "gitlab.com:ref_protected": "true" } },
            },
        ],
    },
};
