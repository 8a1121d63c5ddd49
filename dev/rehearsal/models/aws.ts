import { account, region } from "./account";
import type { Invoke } from "./index";

/** What a program asks about its own account. */
export const awsInvokes: Record<string, Invoke> = {
    "aws:index/getCallerIdentity:getCallerIdentity": () => ({
        id: account,
        accountId: account,
        arn: `arn:aws:iam::${account}:user/rehearsal`,
        userId: "AIDAMODELLED",
    }),
    "aws:index/getRegion:getRegion": () => ({
        id: region,
        name: region,
        region,
        endpoint: `ec2.${region}.amazonaws.com`,
        description: "Europe (Frankfurt)",
    }),
    "aws:index/getPartition:getPartition": () => ({
        id: "aws",
        partition: "aws",
        dnsSuffix: "amazonaws.com",
        reverseDnsPrefix: "com.amazonaws",
    }),
};
