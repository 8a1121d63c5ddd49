import { getCallerIdentityOutput } from "@pulumi/aws/getCallerIdentity";
import { getPartitionOutput } from "@pulumi/aws/getPartition";
import { getRegionOutput } from "@pulumi/aws/getRegion";
import * as pulumi from "@pulumi/pulumi";
import type { Ec2BuildersArgs } from "./arguments";

/** What every resource of a builder shares. */
export interface Scope {
    /** Logical name of the component, which children's names start with. */
    name: string;
    builderName: string;
    args: Ec2BuildersArgs;
    parent: pulumi.Resource;
    /** Physical names start with it. */
    namePrefix: string;
    /** Path of this builder of this stack, for parameters and logs: `/multiarch-builder/project/stack/builder`. */
    path: string;
    region: pulumi.Output<string>;
    partition: pulumi.Output<string>;
    accountId: pulumi.Output<string>;
}

/** Collects what every resource of a builder shares. */
export function scopeOf(name: string, args: Ec2BuildersArgs, parent: pulumi.Resource): Scope {
    const builderName = args.builderName ?? name;
    const namePrefix = args.namePrefix ?? "";
    return {
        name,
        builderName,
        args,
        parent,
        namePrefix,
        path: `/${namePrefix}multiarch-builder/${pulumi.getProject()}/${pulumi.getStack()}/${builderName}`,
        region: getRegionOutput({}, { parent }).region,
        partition: getPartitionOutput({}, { parent }).partition,
        accountId: getCallerIdentityOutput({}, { parent }).accountId,
    };
}

/** The tags of a resource: its name and the given ones. */
export function tagsOf(
    { args, namePrefix, builderName }: Scope,
    suffix: string,
): pulumi.Output<Record<string, string>> {
    const own: Record<string, string> = { Name: `${namePrefix}${builderName}${suffix}` };
    return pulumi.output(args.tags ?? {}).apply((given) => ({ ...own, ...given }));
}

/** A prefix for a physical name that AWS ends with a unique suffix, cut to what it takes. */
export function physicalPrefix({ namePrefix, builderName }: Scope, suffix: string, limit: number): string {
    const full = `${namePrefix}${builderName}${suffix}-`;
    return full.length <= limit ? full : `${full.slice(0, limit - 1)}-`;
}
