import * as fc from "fast-check";
import { instanceTypeFacts } from "../../components/ec2/instanceTypes";
import { soldTypes } from "./soldTypes";

const xen = /^([ct]1|[cmri]3|[cmr]4|[dmit]2|h1|m1|x1e?)\./;
const accelerated = /^(dl|f|g|gr|inf|p|trn|vt)\d/;

describe("every family that EC2 sells", () => {
    test.each(soldTypes)("$type is $architecture", ({ type, architecture, vcpus, memoryMiB }) => {
        const facts = instanceTypeFacts(type)!;
        expect(facts.architecture).toBe(architecture);
        if (facts.unfit) {
            expect(type).toMatch(new RegExp(`${xen.source}|${accelerated.source}`));
        } else if (/^u/.test(type)) {
            expect(facts.vcpus).toBeUndefined();
        } else {
            expect(facts.vcpus).toBe(vcpus);
            // The large sizes of c5n have 1.6 % more than their ratio says; too little is safe.
            expect(facts.memoryMiB! / memoryMiB).toBeGreaterThan(0.98);
            expect(facts.memoryMiB).toBeLessThanOrEqual(memoryMiB);
        }
    });

    test.each(soldTypes.filter(({ type }) => xen.test(type) || accelerated.test(type)))(
        "$type is no builder",
        ({ type }) => {
            expect(instanceTypeFacts(type)!.unfit).toMatch(/previous generation|accelerators/);
        },
    );
});

describe("names that mislead", () => {
    test.each([
        ["g4dn.xlarge", "amd64"],
        ["g5.xlarge", "amd64"],
        ["g6e.xlarge", "amd64"],
        ["g7e.2xlarge", "amd64"],
        ["g5g.xlarge", "arm64"],
        ["c7gn.xlarge", "arm64"],
        ["x2gd.medium", "arm64"],
        ["i4g.large", "arm64"],
        ["im4gn.large", "arm64"],
        ["is4gen.medium", "arm64"],
        ["hpc7g.4xlarge", "arm64"],
        ["m8gb.large", "arm64"],
        ["a1.large", "arm64"],
        ["c7i-flex.large", "amd64"],
        ["c99g.large", "arm64"],
        ["m99i.large", "amd64"],
    ])("%s is %s", (type, architecture) => {
        expect(instanceTypeFacts(type)?.architecture).toBe(architecture);
    });

    test.each([
        ["mac2.metal", /Mac/],
        ["mac-m4pro.metal", /Mac/],
        ["p6e-gb200.36xlarge", /GPU rack/],
        ["u-p6e-gb200.36xlarge", /GPU rack/],
        ["g5g.xlarge", /accelerators/],
        ["c8g.metal-24xl", /whole machine/],
        ["m5.metal", /whole machine/],
        ["c4.xlarge", /previous generation/],
    ])("%s is no builder", (type, why) => {
        expect(instanceTypeFacts(type)?.unfit).toMatch(why);
    });
});

test("32-bit Arm runs on the first Gravitons only", () => {
    const runs = (type: string) => instanceTypeFacts(type)?.runsAArch32;
    expect(
        ["a1.large", "c6g.large", "m6gd.large", "c6gn.large", "t4g.large", "x2gd.large", "i4g.large"].map(runs),
    ).not.toContain(false);
    expect(
        [
            "c7g.large",
            "c8g.large",
            "m9g.large",
            "c7gn.large",
            "x8g.large",
            "hpc7g.4xlarge",
            "c6i.large",
            "g4dn.xlarge",
        ].map(runs),
    ).not.toContain(true);
});

test.each([
    "",
    "c8g",
    "c8g.",
    ".xlarge",
    "C8G.xlarge",
    "c8g.xlarges",
    "c8g.huge",
    "c8g xlarge",
    "c8g.xlarge ",
    "c8g.xlarge\n",
    "8cg.xlarge",
])("%p is no instance type", (text) => {
    expect(instanceTypeFacts(text)).toBeUndefined();
});

test("any text yields facts or nothing, and a larger size is never smaller", () => {
    fc.assert(fc.property(fc.string(), (text) => void instanceTypeFacts(text)));
    fc.assert(
        fc.property(
            fc.constantFrom("c8g", "m7i", "r6a", "t4g", "i4i", "x2gd"),
            fc.integer({ min: 2, max: 48 }),
            (family, n) => {
                const [small, large] = [`${family}.${n}xlarge`, `${family}.${n + 1}xlarge`].map((type) =>
                    instanceTypeFacts(type)!,
                );
                expect(large!.vcpus).toBeGreaterThan(small!.vcpus!);
                if (family !== "t4g") {
                    expect(large!.memoryMiB).toBeGreaterThan(small!.memoryMiB!);
                }
            },
        ),
    );
});
