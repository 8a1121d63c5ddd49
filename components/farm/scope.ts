import { getCallerIdentityOutput } from "@pulumi/aws/getCallerIdentity";
import { getPartitionOutput } from "@pulumi/aws/getPartition";
import { getRegionOutput } from "@pulumi/aws/getRegion";
import * as pulumi from "@pulumi/pulumi";
import type { FarmResources } from "./resources";

/** What of a backend's arguments all its AWS resources share. */
export interface BackendArgs extends FarmResources {
    builderName?: string;
}

/** What every resource of a builder shares. */
export interface Scope<Args extends BackendArgs = BackendArgs> {
    /** Logical name of the component, which children's names start with. */
    name: string;
    builderName: string;
    args: Args;
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
export function scopeOf<Args extends BackendArgs>(name: string, args: Args, parent: pulumi.Resource): Scope<Args> {
    const builderName = args.builderName ?? name;
    const namePrefix = args.namePrefix ?? "";
    return {
        name,
        builderName,
        args,
        parent,
        namePrefix,
        path: pathOf(namePrefix, builderName),
        region: getRegionOutput({}, { parent }).region,
        partition: getPartitionOutput({}, { parent }).partition,
        accountId: getCallerIdentityOutput({}, { parent }).accountId,
    };
}

/** The path of a builder of this stack. */
export function pathOf(namePrefix: string, builderName: string): string {
    return `/${namePrefix}multiarch-builder/${pulumi.getProject()}/${pulumi.getStack()}/${builderName}`;
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
