import type { Ec2BuildersArgs } from "../ec2/arguments";
import { defaults, nodeSettings } from "../ec2/settings";
import type { BuildRegistryArgs } from "../registry/arguments";
import type { FarmSize } from "./monthlyCost";

/** Seven of detailed monitoring, and the agent's: disk by device and by instance, memory. */
const metricsOfNode = 10;

/** What builders on EC2 consist of, for the estimate of their cost. A key, a zone and repositories that are given cost nothing here. */
export function ec2Size(
    region: string,
    args: Pick<Ec2BuildersArgs, "nodes" | "cache" | "idleStopMinutes" | "kmsKeyArn" | "dns">,
    created?: BuildRegistryArgs,
): FarmSize {
    const sleeps = (args.idleStopMinutes ?? defaults.idleStopMinutes) > 0;
    const { sizeGiB = defaults.cacheSizeGiB, iops = defaults.iops, throughputMiBps } = args.cache ?? {};
    const cache = { sizeGiB, iops, throughputMiBps: throughputMiBps ?? defaults.throughputMiBps };
    const nodes = nodeSettings("", args).map(({ instanceType, rootSizeGiB: rootGiB }) => ({
        instanceType,
        rootGiB,
        cache,
        metrics: metricsOfNode,
    }));
    return {
        region,
        nodes,
        sleeps,
        kmsKeys: (args.kmsKeyArn === undefined ? 1 : 0) + (created?.createKmsKey ? 1 : 0),
        // The system's, the instance's and the disk's; and one that tells of a node that does not go to sleep.
        alarms: nodes.length * (sleeps ? 4 : 3),
        hostedZones: args.dns && args.dns.zoneId === undefined ? 1 : 0,
        logs: true,
        registry: created !== undefined,
    };
}
