import type * as pulumi from "@pulumi/pulumi";
import { present } from "../objects";

/** What all AWS resources of a farm share. */
export interface FarmResources {
    /**
     * Tags of every resource, 49 at most; no two keys that differ in case only, which IAM takes for one.
     * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
     */
    tags?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** Permissions boundary of the roles, by ARN. */
    permissionsBoundary?: pulumi.Input<string>;
    /** Path of roles and instance profiles, `/` at both ends. Defaults to `/`. */
    rolePath?: string;
    /** Prefix of the names of all resources that have one, 24 characters at most. Defaults to none. */
    namePrefix?: string;
    /**
     * KMS key for volumes, parameters and logs, by ARN, in this region. Its policy must let CloudWatch Logs use it. Defaults to
     * a new key with rotation.
     */
    kmsKeyArn?: pulumi.Input<string>;
    /** Prefix of the parameters' names, 11 levels and 512 characters at most. Defaults to `/<namePrefix>multiarch-builder/<project>/<stack>/<builder>`. */
    parameterPrefix?: string;
}

/** What of a farm's arguments all its AWS resources share. */
export function farmResources(args: FarmResources): FarmResources {
    const { tags, permissionsBoundary, rolePath, namePrefix, kmsKeyArn, parameterPrefix } = args;
    return present({ tags, permissionsBoundary, rolePath, namePrefix, kmsKeyArn, parameterPrefix });
}
