import { architecturesOf } from "../ec2/settings";
import { EksCapacity, EksExposure, type FarmEks } from "../eks/arguments";
import { defaults, groupSettings, hasGroups } from "../eks/settings";
import type { BuildRegistryArgs } from "../registry/arguments";
import type { FarmSize } from "./monthlyCost";

/** What builders on EKS consist of, for the estimate of their cost. What the cluster costs by itself is left out. */
export function eksSize(
    region: string,
    builderName: string,
    args: FarmEks & { kmsKeyArn?: unknown },
    created?: BuildRegistryArgs,
): FarmSize {
    const { sizeGiB = defaults.cacheSizeGiB, iops = defaults.iops, throughputMiBps } = args.cache ?? {};
    const cache = { sizeGiB, iops, throughputMiBps: throughputMiBps ?? defaults.throughputMiBps };
    const groups = architecturesOf(args).map((architecture) => {
        const node = args.nodes?.[architecture] ?? {};
        const group = groupSettings(builderName, architecture, node);
        return { ...group, replicas: node.replicas ?? defaults.replicas };
    });
    const replicas = groups.reduce((total, group) => total + group.replicas, 0);
    const spot = groups.some(({ capacity }) => capacity === EksCapacity.Spot);
    return {
        region,
        // A builder fills a machine; what the cluster's own autoscaler takes is not known here.
        nodes: groups.map(({ instanceTypes, diskSizeGiB, replicas: count }) => ({
            instanceType: hasGroups(args) ? instanceTypes[0]! : undefined,
            count,
            rootGiB: hasGroups(args) ? diskSizeGiB : 0,
            cache,
        })),
        sleeps: false,
        kmsKeys: (args.kmsKeyArn === undefined ? 1 : 0) + (created?.createKmsKey ? 1 : 0),
        loadBalancers: args.exposure === EksExposure.InternalNlb ? replicas : 0,
        registry: created !== undefined,
        without: [
            "the cluster's own fee",
            ...(hasGroups(args) ? [] : ["machines of the cluster's own autoscaler"]),
            ...(spot ? ["what spot saves: its machines are estimated at the price on demand"] : []),
        ],
    };
}
