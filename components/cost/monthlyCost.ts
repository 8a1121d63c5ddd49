import {
    type PricedVolume,
    hoursPerMonth,
    instanceHour,
    pricedRegion,
    prices,
    pricesAsOf,
    volumeMonth,
} from "./prices";

/** What a farm costs a month: an estimate from list prices, without taxes and discounts. */
export interface MonthlyCost {
    /** Currency of all sums: `USD`. */
    currency: string;
    /** Always true: nothing here is a bill. */
    estimate: boolean;
    /** Region of the farm. */
    region: string;
    /** Day of the prices. */
    pricesAsOf: string;
    /** When the nodes never sleep, 730 hours. */
    alwaysOn: number;
    /** When each node is awake for 160 hours: office hours. */
    at160Hours: number;
    /** When each node is awake for 60 hours: builds and the time until it sleeps again. */
    at60Hours: number;
    /** When nobody builds. */
    idle: number;
    /** What the sums are made of. */
    items: MonthlyCostItem[];
    /** Instance types that the price table does not have: the sums leave them out. */
    unpriced: string[];
    /** What was taken for granted, and what is not in the sums. */
    assumptions: string[];
}

/** One part of a farm's costs. */
export interface MonthlyCostItem {
    /** What it is. */
    name: string;
    /** What it costs a month whether somebody builds or not. */
    perMonth: number;
    /** What it costs for each hour that a node is awake. */
    perHour: number;
}

/** What a farm consists of, as far as it costs money. */
export interface FarmSize {
    region: string;
    nodes: SizedNode[];
    /** Whether nodes stop when nobody builds. When they do not, every sum is the one for 730 hours. */
    sleeps: boolean;
    /** Customer-managed keys. */
    kmsKeys?: number;
    alarms?: number;
    hostedZones?: number;
    /** Network load balancers. */
    loadBalancers?: number;
    /** Whether a log group is written to. */
    logs?: boolean;
    /** Whether ECR repositories belong to the farm. */
    registry?: boolean;
    /** Further things that the sums leave out, each a sentence's half such as `the cluster's fee, 73 USD a month`. */
    without?: string[];
}

/** Machines of one kind. */
export interface SizedNode {
    /** Undefined for machines that somebody else pays for: only the disks count then. */
    instanceType?: string;
    /** Defaults to 1. */
    count?: number;
    rootGiB: number;
    cache?: PricedVolume;
    /** CloudWatch metrics that are paid for while the node runs: 7 of detailed monitoring, and those of an agent. */
    metrics?: number;
}

/** What is assumed to lie in the registry and to be logged, in GB. */
const assumed = { registryGB: 20, logGB: 1 } as const;

/** Estimates what a farm costs a month from the price table. https://aws.amazon.com/ec2/pricing/on-demand/ has today's. */
export function estimateMonthlyCost(farm: FarmSize): MonthlyCost {
    const types = new Set(farm.nodes.flatMap(({ instanceType }) => instanceType ?? []));
    const unpriced = [...types].filter((type) => instanceHour(type) === undefined);
    const items = itemsOf(farm).filter(({ perMonth, perHour }) => perMonth + perHour > 0);
    const at = (hours: number) => cents(sum(items, farm.sleeps ? hours : hoursPerMonth));
    return {
        currency: "USD",
        estimate: true,
        region: farm.region,
        pricesAsOf,
        alwaysOn: at(hoursPerMonth),
        at160Hours: at(160),
        at60Hours: at(60),
        idle: at(0),
        items,
        unpriced,
        assumptions: assumptionsOf(farm, unpriced),
    };
}

function itemsOf(farm: FarmSize): MonthlyCostItem[] {
    const { kmsKeys = 0, alarms = 0, hostedZones = 0, loadBalancers = 0 } = farm;
    const monthly = (name: string, perMonth: number) => ({ name, perMonth, perHour: 0 });
    const nodes = farm.nodes.flatMap(({ instanceType, count = 1, rootGiB, cache, metrics = 0 }) => {
        const many = count === 1 ? "" : `${count} × `;
        const hourly = (name: string, perHour: number) => ({ name: `${many}${name}`, perMonth: 0, perHour });
        return [
            hourly(instanceType ?? "", count * (instanceHour(instanceType ?? "") ?? 0)),
            hourly(`metrics of ${instanceType ?? ""}`, (count * metrics * prices.metric) / hoursPerMonth),
            monthly(`${many}root volume, ${rootGiB} GiB`, count * volumeMonth({ sizeGiB: rootGiB })),
            ...(cache ? [monthly(`${many}cache volume, ${cache.sizeGiB} GiB`, count * volumeMonth(cache))] : []),
        ];
    });
    return [
        ...nodes,
        monthly("KMS keys", kmsKeys * prices.kmsKey),
        monthly("alarms", alarms * prices.alarm),
        monthly("private zones", hostedZones * prices.hostedZone),
        monthly("network load balancers", loadBalancers * prices.loadBalancerHour * hoursPerMonth),
        monthly(`logs, ${assumed.logGB} GB`, farm.logs ? assumed.logGB * prices.logGB : 0),
        monthly(`registry, ${assumed.registryGB} GB`, farm.registry ? assumed.registryGB * prices.registryGB : 0),
    ];
}

function assumptionsOf(
    { region, sleeps, logs, registry, kmsKeys, without = [] }: FarmSize,
    unpriced: string[],
): string[] {
    return [
        `an estimate from list prices of ${pricedRegion} of ${pricesAsOf}, on demand, Linux, without taxes and discounts`,
        ...(region === pricedRegion ? [] : [`${region} is estimated with these prices; most regions are dearer`]),
        ...(unpriced.length > 0 ? [`left out, because the price table does not have it: ${unpriced.join(", ")}`] : []),
        sleeps ? "hours count for every node alike, and include the minutes until it sleeps" : "the nodes never sleep",
        ...(registry ? [`${assumed.registryGB} GB of images and caches in ECR`] : []),
        ...(logs ? [`${assumed.logGB} GB of logs`] : []),
        ...((kmsKeys ?? 0) > 0 ? ["a key's first year: its first two yearly rotations add 1 USD a month each"] : []),
        "standard SSM parameters cost nothing",
        ["not included: NAT gateways or VPC endpoints, data transfer, CloudTrail", ...without].join(", "),
    ];
}

function sum(items: MonthlyCostItem[], hours: number): number {
    return items.reduce((total, { perMonth, perHour }) => total + perMonth + perHour * hours, 0);
}

function cents(amount: number): number {
    return Math.round(amount * 100) / 100;
}
