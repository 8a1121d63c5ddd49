import * as fc from "fast-check";
import { ec2Size } from "../../components/cost/ec2Size";
import { type FarmSize, estimateMonthlyCost } from "../../components/cost/monthlyCost";
import { instanceHour, volumeMonth } from "../../components/cost/prices";
import { defaultInstanceTypes } from "../../components/ec2/settings";

describe("the price of an instance type", () => {
    // From AWS's price list of us-east-1: the smallest, the default and the largest size of several families.
    it.each([
        ["c8g.medium", 0.03988],
        ["c8g.xlarge", 0.15952],
        ["c8g.48xlarge", 7.65696],
        ["c7i.large", 0.08925],
        ["c7i.xlarge", 0.1785],
        ["c7i.48xlarge", 8.568],
        ["c7i-flex.16xlarge", 2.7132],
        ["c7g.medium", 0.0363],
        ["c7g.16xlarge", 2.32],
        ["c8gd.2xlarge", 0.39192],
        ["m7g.large", 0.0816],
        ["m8a.xlarge", 0.24344],
        ["m9g.48xlarge", 9.39264],
        ["r8i.2xlarge", 0.55568],
        ["t4g.nano", 0.0042],
        ["t4g.2xlarge", 0.2688],
        ["t3.medium", 0.0416],
        ["t3a.small", 0.0188],
    ])("%s is %d an hour", (type, price) => {
        const got = instanceHour(type)!;
        // AWS rounds some sizes to four digits.
        expect(Math.abs(got - price) / price).toBeLessThan(0.002);
    });

    it.each(["z1d.large", "x8i.xlarge", "c99i.large", "c7i.metal", "nonsense", ""])("of %j is not known", (type) => {
        expect(instanceHour(type)).toBeUndefined();
    });

    it("is known for every default", () => {
        expect(Object.values(defaultInstanceTypes).map((type) => instanceHour(type) ?? 0)).toEqual([
            expect.closeTo(0.1785, 6),
            expect.closeTo(0.15952, 6),
        ]);
    });
});

test.each([
    [{ sizeGiB: 100 }, 8],
    [{ sizeGiB: 100, iops: 3000, throughputMiBps: 125 }, 8],
    [{ sizeGiB: 200, iops: 4000, throughputMiBps: 250 }, 26],
    [{ sizeGiB: 0 }, 0],
])("a volume of %j costs %d a month", (volume, price) => {
    expect(volumeMonth(volume)).toBeCloseTo(price, 6);
});

const least: FarmSize = { region: "us-east-1", nodes: [{ instanceType: "c8g.xlarge", rootGiB: 30 }], sleeps: true };

describe("the estimate", () => {
    it("of the default farm is what its parts cost", () => {
        const cost = estimateMonthlyCost(ec2Size("us-east-1", {}, {}));
        // Two machines, (30 + 100 GiB) twice, a key, eight alarms, ten metrics twice, logs and 20 GB of images.
        const fixed = 2 * 130 * 0.08 + 1 + 0.8 + 0.53 + 2;
        const hourly = 0.1785 + 0.15952 + 6 / 730;
        expect(cost).toMatchObject({
            currency: "USD",
            estimate: true,
            region: "us-east-1",
            pricesAsOf: "2026-07-20",
            idle: 25.13,
            at60Hours: Math.round((fixed + 60 * hourly) * 100) / 100,
            at160Hours: Math.round((fixed + 160 * hourly) * 100) / 100,
            alwaysOn: Math.round((fixed + 730 * hourly) * 100) / 100,
            unpriced: [],
        });
        expect(cost.alwaysOn).toBe(277.88);
        expect(cost.assumptions.join("\n")).toContain("not included: NAT gateways");
        expect(cost.assumptions.join("\n")).not.toContain("is estimated with these prices");
    });

    it("of nodes that never sleep is the same for any number of hours", () => {
        const { alwaysOn, at160Hours, at60Hours, idle } = estimateMonthlyCost(
            ec2Size("us-east-1", { idleStopMinutes: 0 }, {}),
        );
        expect([at160Hours, at60Hours, idle]).toEqual([alwaysOn, alwaysOn, alwaysOn]);
    });

    it("leaves out what is given: key, zone, repositories", () => {
        const names = (size: FarmSize) => estimateMonthlyCost(size).items.map(({ name }) => name);
        const dns = { zoneName: "b.internal" };
        const made = ec2Size("us-east-1", { dns }, { createKmsKey: true });
        expect(made).toMatchObject({ kmsKeys: 2, hostedZones: 1 });
        expect(names(made)).toEqual(expect.arrayContaining(["KMS keys", "private zones", "registry, 20 GB"]));
        const given = ec2Size("us-east-1", { kmsKeyArn: "arn", dns: { ...dns, zoneId: "Z1" } });
        expect(names(given).filter((name) => /key|zone|registry/.test(name))).toEqual([]);
    });

    it("says that another region is estimated with the prices of us-east-1", () => {
        const { assumptions, region } = estimateMonthlyCost({ ...least, region: "eu-central-1" });
        expect(region).toBe("eu-central-1");
        expect(assumptions).toContain("eu-central-1 is estimated with these prices; most regions are dearer");
    });

    it("names the instance types without a price once, and leaves them out", () => {
        const odd = { instanceType: "z1d.large", rootGiB: 0 };
        const cost = estimateMonthlyCost({ ...least, nodes: [odd, odd] });
        expect(cost).toMatchObject({ unpriced: ["z1d.large"], alwaysOn: 0, items: [] });
        expect(cost.assumptions).toContain("left out, because the price table does not have it: z1d.large");
    });

    it("counts several machines of a kind, load balancers, and what the caller leaves out", () => {
        const [node] = least.nodes;
        const one = estimateMonthlyCost(least);
        const three = estimateMonthlyCost({ ...least, nodes: [{ ...node!, count: 3 }] });
        expect(three.alwaysOn).toBeCloseTo(3 * one.alwaysOn, 1);
        expect(three.items[0]).toMatchObject({ name: "3 × c8g.xlarge", perHour: 3 * 0.15952 });
        const eks = estimateMonthlyCost({ ...least, loadBalancers: 2, without: ["the cluster's fee"] });
        expect(eks.alwaysOn - one.alwaysOn).toBeCloseTo(2 * 0.0225 * 730, 2);
        expect(eks.assumptions.at(-1)).toMatch(/^not included: .*, the cluster's fee$/);
    });

    const size = fc.record({
        region: fc.constantFrom("us-east-1", "eu-central-1"),
        sleeps: fc.boolean(),
        nodes: fc.array(
            fc.record({
                instanceType: fc.constantFrom("c8g.xlarge", "c7i.large", "t3.micro", "z1d.large"),
                count: fc.integer({ min: 1, max: 9 }),
                rootGiB: fc.integer({ min: 20, max: 200 }),
                cache: fc.record({
                    sizeGiB: fc.integer({ min: 50, max: 65536 }),
                    iops: fc.integer({ min: 3000, max: 80000 }),
                    throughputMiBps: fc.integer({ min: 125, max: 2000 }),
                }),
                metrics: fc.nat(20),
            }),
            { maxLength: 4 },
        ),
        kmsKeys: fc.nat(3),
        alarms: fc.nat(20),
        hostedZones: fc.nat(2),
        loadBalancers: fc.nat(4),
        logs: fc.boolean(),
        registry: fc.boolean(),
    });

    it("never falls with more hours, and is what its items say", () => {
        fc.assert(
            fc.property(size, (farm) => {
                const { idle, at60Hours, at160Hours, alwaysOn, items } = estimateMonthlyCost(farm);
                const sums = [0, idle, at60Hours, at160Hours, alwaysOn];
                expect(sums).toEqual([...sums].sort((a, b) => a - b));
                const total = items.reduce((sum, { perMonth, perHour }) => sum + perMonth + 730 * perHour, 0);
                expect(Math.abs(total - alwaysOn)).toBeLessThan(0.01);
            }),
        );
    });

    it("never falls with a larger cache or one more node", () => {
        fc.assert(
            fc.property(size, fc.nat(100), fc.nat(100), fc.nat(100), (farm, sizeGiB, iops, throughputMiBps) => {
                const larger = farm.nodes.map((node) => ({
                    ...node,
                    cache: {
                        sizeGiB: node.cache.sizeGiB + sizeGiB,
                        iops: node.cache.iops + iops,
                        throughputMiBps: node.cache.throughputMiBps + throughputMiBps,
                    },
                }));
                const { idle, at60Hours } = estimateMonthlyCost(farm);
                const more = estimateMonthlyCost({ ...farm, nodes: [...larger, ...least.nodes] });
                expect(more.idle).toBeGreaterThanOrEqual(idle);
                expect(more.at60Hours).toBeGreaterThanOrEqual(at60Hours);
            }),
        );
    });
});
