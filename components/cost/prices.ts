import { instanceTypeFacts } from "../ec2/instanceTypes";

/** Day of the instance prices; the others are of the first half of the same year. */
export const pricesAsOf = "2026-07-20";

/** The only region whose prices are here. */
export const pricedRegion = "us-east-1";

/** Hours of a month, as AWS counts them. */
export const hoursPerMonth = 730;

/** Prices in USD, a month where nothing else is said. */
export const prices = {
    /** https://aws.amazon.com/ebs/pricing/ (gp3) */
    volumeGiB: 0.08,
    volumeIops: 0.005,
    volumeMiBps: 0.04,
    /** What a gp3 volume includes. */
    includedIops: 3000,
    includedMiBps: 125,
    /** https://aws.amazon.com/kms/pricing/ */
    kmsKey: 1,
    /** https://aws.amazon.com/cloudwatch/pricing/ */
    metric: 0.3,
    alarm: 0.1,
    logGB: 0.53,
    /** https://aws.amazon.com/ecr/pricing/ */
    registryGB: 0.1,
    /** https://aws.amazon.com/route53/pricing/ */
    hostedZone: 0.5,
    /** By the hour, without capacity units. https://aws.amazon.com/elasticloadbalancing/pricing/ */
    loadBalancerHour: 0.0225,
} as const;

/** The size `xlarge`, Linux on demand, by the hour. https://github.com/aws/karpenter-provider-aws, pkg/providers/pricing. */
const xlarge: Record<string, number> = {
    c5: 0.17,
    c5a: 0.154,
    c6a: 0.153,
    c6g: 0.136,
    c6gd: 0.1536,
    c6i: 0.17,
    c6id: 0.2016,
    c7a: 0.20528,
    c7g: 0.145,
    c7gd: 0.1814,
    c7i: 0.1785,
    "c7i-flex": 0.16958,
    c8a: 0.21554,
    c8g: 0.15952,
    c8gd: 0.19596,
    c8i: 0.18742,
    "c8i-flex": 0.17804,
    c8id: 0.22176,
    c9g: 0.17388,
    c9gd: 0.2136,
    m5: 0.192,
    m5a: 0.172,
    m6a: 0.1728,
    m6g: 0.154,
    m6gd: 0.1808,
    m6i: 0.192,
    m6id: 0.2373,
    m7a: 0.23184,
    m7g: 0.1632,
    m7gd: 0.2136,
    m7i: 0.2016,
    "m7i-flex": 0.19152,
    m8a: 0.24344,
    m8g: 0.17952,
    m8gd: 0.23064,
    m8i: 0.21168,
    "m8i-flex": 0.2011,
    m8id: 0.26104,
    m9g: 0.19568,
    m9gd: 0.2514,
    r5: 0.252,
    r6a: 0.2268,
    r6g: 0.2016,
    r6i: 0.252,
    r7a: 0.3043,
    r7g: 0.2142,
    r7i: 0.2646,
    r8a: 0.31952,
    r8g: 0.23564,
    r8i: 0.27784,
    "r8i-flex": 0.26394,
};

/** Families whose price follows their memory, by GiB and hour. */
const burstable: Record<string, number> = { t3: 0.0104, t3a: 0.0094, t4g: 0.0084 };

/**
 * Price of an instance type in USD an hour; undefined for a family that the table does not have. Within a family AWS's prices
 * are in proportion to the virtual CPUs, so one size tells all.
 */
export function instanceHour(type: string): number | undefined {
    const { family = "", vcpus, memoryMiB } = instanceTypeFacts(type) ?? {};
    const small = burstable[family];
    if (small !== undefined) {
        return memoryMiB === undefined ? undefined : (small * memoryMiB) / 1024;
    }
    const price = xlarge[family];
    return price === undefined || vcpus === undefined ? undefined : (price * vcpus) / 4;
}

/** A gp3 volume. */
export interface PricedVolume {
    sizeGiB: number;
    iops?: number;
    throughputMiBps?: number;
}

/** Price of a gp3 volume in USD a month, attached or not. */
export function volumeMonth({ sizeGiB, iops = 0, throughputMiBps = 0 }: PricedVolume): number {
    const { volumeGiB, volumeIops, volumeMiBps, includedIops, includedMiBps } = prices;
    return (
        sizeGiB * volumeGiB +
        Math.max(0, iops - includedIops) * volumeIops +
        Math.max(0, throughputMiBps - includedMiBps) * volumeMiBps
    );
}
