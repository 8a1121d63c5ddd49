import {
    hoursPerMonth,
    instanceHour,
    pricedRegion,
    prices,
    pricesAsOf,
    volumeMonth,
} from "../../../components/cost/prices";
import type { Value } from "../properties";
import { type Fact, type Item, type Recorded, object, objects, text, texts } from "./recorded";

export const costTopic = "cost while nobody builds";

/** What each resource costs a month while machines are off, and what machines cost by the hour when they are on. */
export function costFacts(recorded: Recorded): Fact[] {
    const fact = (subject: string, told: string, warning = false): Fact => ({
        topic: costTopic,
        subject,
        text: told,
        warning,
    });
    const idle = recorded.items.map((item) => ({ item, month: monthly[item.type]?.(item, recorded) ?? 0 }));
    const machines = recorded.of("aws:ec2/instance:Instance").map(({ name, inputs }): Fact => {
        const hour = instanceHour(text(inputs.instanceType));
        const root = volume(object(inputs.rootBlockDevice), "volumeSize");
        const awake = hour === undefined ? "A PRICE THAT IS NOT KNOWN" : `${hour.toFixed(4)} USD`;
        const asleep = `${root.toFixed(2)} USD a month asleep, its root volume`;
        const told = `${asleep}; ${awake} more for each hour awake (${text(inputs.instanceType)})`;
        return fact(name, told, hour === undefined);
    });
    const others = idle.filter(({ item, month }) => month > 0 && item.type !== "aws:ec2/instance:Instance");
    const total = idle.reduce((sum, { month }) => sum + month, 0);
    const rest = `while everything sleeps that can, and what lies in repositories and logs (list prices of ${pricedRegion}, ${pricesAsOf}; an estimate)`;
    return [
        ...machines,
        ...others.map(({ item, month }) => fact(item.name, `${month.toFixed(2)} USD a month`)),
        fact("all of it", `${total.toFixed(2)} USD a month ${rest}`),
    ];
}

/** Prices of what stands there, by type of resource. */
const monthly: Record<string, (item: Item, recorded: Recorded) => number> = {
    "aws:ec2/instance:Instance": ({ inputs }) => volume(object(inputs.rootBlockDevice), "volumeSize"),
    "aws:ebs/volume:Volume": ({ inputs }) => volume(inputs, "size"),
    "aws:kms/key:Key": () => prices.kmsKey,
    "aws:cloudwatch/metricAlarm:MetricAlarm": () => prices.alarm,
    "aws:route53/zone:Zone": () => prices.hostedZone,
    // Machines of a cluster do not sleep by themselves: as many as the group starts with.
    "aws:eks/nodeGroup:NodeGroup": ({ inputs }, recorded) => {
        const machines = numberOf(object(inputs.scalingConfig).desiredSize);
        const template = recorded.items.find(({ id }) => id === text(object(inputs.launchTemplate).id));
        const disks = objects(template?.inputs.blockDeviceMappings).map(({ ebs }) => volume(object(ebs), "volumeSize"));
        const machine = (instanceHour(texts(inputs.instanceTypes)[0] ?? "") ?? 0) * hoursPerMonth;
        return machines * disks.reduce((sum, disk) => sum + disk, machine);
    },
    "kubernetes:apps/v1:StatefulSet": ({ inputs }, recorded) => {
        const spec = object(inputs.spec);
        const claims = objects(spec.volumeClaimTemplates).map(({ spec: claim }) => {
            const { resources, storageClassName } = object(claim);
            const classes = recorded.of("kubernetes:storage.k8s.io/v1:StorageClass");
            const own = classes.find(({ inputs: { metadata } }) => object(metadata).name === storageClassName);
            const size = numberOf(text(object(object(resources).requests).storage).replace(/Gi$/, ""));
            return volume({ ...object(own?.inputs.parameters), size }, "size");
        });
        return numberOf(spec.replicas) * claims.reduce((sum, claim) => sum + claim, 0);
    },
    "kubernetes:core/v1:Service": ({ inputs }) =>
        object(inputs.spec).type === "LoadBalancer" ? prices.loadBalancerHour * hoursPerMonth : 0,
};

function volume(inputs: { [key: string]: Value }, size: string): number {
    const [sizeGiB, iops, throughputMiBps] = [inputs[size], inputs.iops, inputs.throughput].map(numberOf);
    return volumeMonth({ sizeGiB: sizeGiB!, iops, throughputMiBps });
}

/** A number, also one that is given as text; 0 for anything else. */
function numberOf(value: Value | undefined): number {
    return Number(text(value)) || 0;
}
