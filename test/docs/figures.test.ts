import * as fs from "node:fs";
import * as path from "node:path";
import type { Builder } from "../../components/builder";
import { recordText } from "../../components/ci/recordText";
import { ec2Size } from "../../components/cost/ec2Size";
import { estimateMonthlyCost } from "../../components/cost/monthlyCost";
import { limit } from "../../components/farm/parameters";
import { root } from "../support/project";

const read = (page: string) => fs.readFileSync(path.join(root, page), "utf8");
const benchmark = read("docs/benchmark.md");

/** The numbers of the one place in a page that a pattern finds. */
function figures(page: string, pattern: RegExp): number[] {
    const found = [...read(page).matchAll(pattern)];
    expect(found).toHaveLength(1);
    return found[0]!.slice(1).map(Number);
}

/** The part of a page below a heading. */
function below(page: string, heading: string): string {
    return page.split(`\n## ${heading}\n`)[1]!.split("\n## ")[0]!;
}

describe("what is quoted of the benchmark", () => {
    const rows = below(benchmark, "Against emulation").split("\n");
    const ratios = rows.flatMap((row) => /\| (\d+(?:\.\d+)?)×/.exec(row)?.[1] ?? []).map(Number);

    test.each(["README.md", "docs/which-way.md"])("%s: how much longer emulation takes", (page) => {
        expect(ratios.length).toBeGreaterThan(1);
        expect(figures(page, /\b(\d+) to (\d+) times\b/g)).toEqual([
            Math.floor(Math.min(...ratios)),
            Math.floor(Math.max(...ratios)),
        ]);
    });

    test("docs/ci.md: the same, of the compile-heavy build", () => {
        const [ratio] = figures("docs/ci.md", /\[(\d+\.\d+) times\]/g);
        expect(ratio).toBe(ratios[0]);
    });

    test("how much of the cache a fresh node has, with a ref per platform and with one for all", () => {
        const fresh = below(benchmark, "compile-heavy").match(/^\| fresh node .*$/m)![0];
        expect([...fresh.matchAll(/(\d+) % of steps cached/g)].map(([, percent]) => percent)).toEqual([
            "100",
            "100",
            "50",
        ]);
        expect(read("docs/which-way.md")).toContain("has every step of every platform, where one shared ref had half");
    });

    test("what an update costs where nothing is emulated and everything is cached", () => {
        const warm = below(benchmark, "copy-only").match(/^\| warm node .*$/m)![0];
        const longer = [...warm.matchAll(/\+(\d+\.\d+) s/g)].map(([, seconds]) => Number(seconds));
        expect(longer).toHaveLength(2);
        expect(Math.max(...longer)).toBeLessThan(2);
        expect(read("docs/which-way.md")).toContain("a second or two longer");
    });
});

test.each(["README.md", "docs/which-way.md"])("%s: what the default farm costs a month", (page) => {
    const { idle, alwaysOn } = estimateMonthlyCost(ec2Size("us-east-1", {}, {}));
    const told = figures(page, /[Aa]bout (\d+) USD a month when nobody builds and (\d+) when/g);
    expect(told).toEqual([Math.round(idle), Math.round(alwaysOn)]);
});

test("docs/aws.md: what the default farm costs a month, by hours", () => {
    const { idle, at60Hours, at160Hours, alwaysOn } = estimateMonthlyCost(ec2Size("us-east-1", {}, {}));
    const told = [...below(read("docs/aws.md"), "Cost").matchAll(/^\| .*\| (\d+) +\|$/gm)].map(([, usd]) =>
        Number(usd),
    );
    expect(told).toEqual([idle, at60Hours, at160Hours, alwaysOn].map(Math.round));
});

describe("how many nodes a record as text has room for", () => {
    const registry = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
    const record = (nodes: { cpu: string; replica?: number }[]): Builder => ({
        name: "ci",
        nodes: nodes.map(({ cpu, replica }) => ({
            name: ["ci", cpu, replica].filter((part) => part !== undefined).join("-"),
            platforms: [`linux/${cpu}`],
            endpoint: "tcp://10.0.1.4:1234",
            serverName: `${cpu}.builders.internal`,
            replica,
        })),
        imageRepositoryUrl: `${registry}/app`,
        cacheRepositoryUrl: `${registry}/cache`,
        credentialsParameters: {
            region: "eu-central-1",
            ca: "/ci/client/ca",
            cert: "/ci/client/cert",
            key: "/ci/client/key",
        },
    });
    const fits = (builder: Builder) => Buffer.byteLength(recordText(builder)) <= limit;
    const cpus = ["amd64", "arm64", "386", "s390x", "ppc64le"];

    const each = (count: number) => record(cpus.slice(0, count).map((cpu) => ({ cpu })));
    const pairs = (count: number) =>
        record(Array.from({ length: count }, (_, i) => ({ cpu: cpus[i % 2]!, replica: Math.floor(i / 2) })));

    test.each(["docs/limits.md", "docs/ci-access.md"])("%s", (page) => {
        const [count] = figures(page, /(\d+) nodes, with short names/g);
        expect([pairs(count!), pairs(count! + 1), each(count!), each(count! + 1)].map(fits)).toEqual([
            ...[true, false],
            ...[true, false],
        ]);
    });
});
