import { _InstanceType } from "@aws-sdk/client-ec2";
import * as fc from "fast-check";
import { instanceTypeFacts } from "../../components/ec2/instanceTypes";
import { soldTypes } from "./soldTypes";

const xen = /^([ct]1|[cmri]3|[cmr]4|[dmit]2|h1|m1|x1e?)\./;
const familyOf = (type: string) => type.split(".")[0]!;
/** Every type that the EC2 API knows, sold or not. */
const apiTypes: string[] = Object.values(_InstanceType);
/** Every family of it with Arm CPUs, as AWS's pages of instance types list them. */
const armFamilies = `
a1 c6g c6gd c6gn c7g c7gd c7gn c8g c8gb c8gd c8gn c9g c9gd g5g hpc7g i4g i8g i8ge im4gn is4gen
m6g m6gd m7g m7gd m8g m8gb m8gd m8gn m9g m9gd r6g r6gd r7g r7gd r8g r8gb r8gd r8gn r9g r9gd t4g x2gd x8g
mac2 mac2-m1ultra mac2-m2 mac2-m2pro mac-m3ultra mac-m4 mac-m4max mac-m4pro p6e-gb200`
    .trim()
    .split(/\s+/);
/** Families of the first Gravitons and of Graviton2, the only ones that run 32-bit Arm. */
const arm32Families = "a1 c6g c6gd c6gn g5g i4g im4gn is4gen m6g m6gd r6g r6gd t4g x2gd".split(" ");
const accelerated = /^(dl|f|g|gr|inf|p|trn|vt)\d/;

describe("every family that EC2 sells", () => {
    test.each(soldTypes)("$type is $architecture", ({ type, architecture, vcpus, memoryMiB }) => {
        const facts = instanceTypeFacts(type)!;
        expect(facts.architecture).toBe(architecture);
        if (facts.unfit) {
            expect(type).toMatch(new RegExp(`${xen.source}|${accelerated.source}`));
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

describe("every type of the EC2 API", () => {
    const families = [...new Set(apiTypes.map(familyOf))];

    test("there are as many as there were, or more", () => {
        expect(apiTypes.length).toBeGreaterThanOrEqual(1437);
        expect(families.length).toBeGreaterThanOrEqual(210);
        expect(armFamilies.filter((family) => !families.includes(family))).toEqual([]);
    });

    test.each(families)("%s has the architecture of its family", (family) => {
        const wanted = armFamilies.includes(family) ? "arm64" : "amd64";
        const runsAArch32 = arm32Families.includes(family);
        for (const type of apiTypes.filter((each) => familyOf(each) === family)) {
            expect(instanceTypeFacts(type)).toMatchObject({ family, architecture: wanted, runsAArch32 });
        }
    });

    test("the size of each is known, unless it is no builder", () => {
        const facts = apiTypes.map((type) => ({ type, ...instanceTypeFacts(type)! }));
        const unknown = facts.filter(({ unfit, vcpus, memoryMiB }) => !unfit && !(vcpus && memoryMiB));
        expect(unknown).toEqual([]);
        const strange = facts.filter(
            ({ vcpus = 1, memoryMiB = 1024 }) =>
                !Number.isInteger(vcpus) || !Number.isInteger(memoryMiB) || memoryMiB / vcpus < 256,
        );
        expect(strange).toEqual([]);
    });

    test("those that are no builder, by family", () => {
        const reasons = new Map<string, Set<string>>();
        for (const type of apiTypes.filter((each) => !each.includes(".metal"))) {
            const reason = instanceTypeFacts(type)!.unfit?.split(/ (?:that|where|\()/)[0];
            if (reason) {
                reasons.set(reason, (reasons.get(reason) ?? new Set()).add(familyOf(type)));
            }
        }
        expect(Object.fromEntries([...reasons].map(([reason, set]) => [reason, [...set].sort().join(" ")]))).toEqual({
            "has accelerators":
                "dl1 dl2q f1 f2 g2 g3 g3s g4ad g4dn g5 g5g g6 g6e g6f g7 g7e gr6 gr6f inf1 inf2 p2 p3 p3dn p4d p4de p5 p5e p5en " +
                "p6-b200 p6-b300 trn1 trn1n trn2 trn2u vt1",
            "is of a previous generation":
                "c1 c3 c4 cc1 cc2 cg1 cr1 d2 h1 hi1 hs1 i2 i3 m1 m2 m3 m4 r3 r4 t1 t2 x1 x1e",
            "is part of a GPU rack": "p6e-gb200",
        });
    });
});

describe("sizes", () => {
    test.each([
        ["t4g.nano", 2, 512],
        ["t3.micro", 2, 1024],
        ["t3a.small", 2, 2048],
        ["t4g.medium", 2, 4096],
        ["t8i.medium", 2, 4096],
        ["t3.2xlarge", 8, 32_768],
        ["c8g.medium", 1, 2048],
        ["m7a.medium", 1, 4096],
        ["c7i.large", 2, 4096],
        ["c8g.xlarge", 4, 8192],
        ["m8azn.3xlarge", 12, 49_152],
        ["c5.9xlarge", 36, 73_728],
        ["i7ie.18xlarge", 72, 589_824],
        ["r8g.48xlarge", 192, 1_572_864],
        ["x8i.64xlarge", 256, 4_194_304],
        ["c8i.96xlarge", 384, 786_432],
        ["hpc7a.12xlarge", 24, 786_432],
        ["hpc7a.96xlarge", 192, 786_432],
        ["hpc7g.4xlarge", 16, 131_072],
        ["u-6tb1.56xlarge", 224, 6_291_456],
        ["u7inh-32tb.480xlarge", 1920, 33_554_432],
    ])("%s has %i CPUs and %i MiB", (type, vcpus, memoryMiB) => {
        expect(instanceTypeFacts(type)).toMatchObject({ vcpus, memoryMiB, unfit: undefined });
    });

    test("whole machines are refused", () => {
        for (const type of apiTypes.filter((each) => each.includes(".metal"))) {
            expect(instanceTypeFacts(type)!.unfit).toMatch(/^is a (whole machine|Mac)|^has accelerators/);
        }
    });

    test("that a family does not have are unknown, and never a number that is none", () => {
        expect(instanceTypeFacts("t4g.4xlarge")).toMatchObject({ vcpus: 16, memoryMiB: undefined });
        expect(instanceTypeFacts("hpc9g.4xlarge")).toMatchObject({ vcpus: 16, memoryMiB: undefined });
        expect(instanceTypeFacts("q3.large")).toMatchObject({ vcpus: undefined, memoryMiB: undefined });
    });
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
        ["mac1.metal", /Mac/],
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
    "cg.xlarge",
    "c8g.1xlarge",
    "c8g.0xlarge",
    "c8g.9999xlarge",
    "c8g.metal-",
    "c8g.constructor",
    "constructor.large",
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
