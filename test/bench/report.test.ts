import { report, startLine, workloadTable } from "../../dev/bench/report";
import type { Row } from "../../dev/bench/scenarios";
import { formatSpread, ratio, spread } from "../../dev/bench/stats";
import { generatedSource } from "../../dev/bench/workloads";

const rows: Row[] = [
    { workload: "copy-only", scenario: "warm node", contender: "per-platform", seconds: [3, 2, 2.5] },
    { workload: "copy-only", scenario: "warm node", contender: "plain buildx build", seconds: [1, 1, 1] },
    { workload: "copy-only", scenario: "fresh node", contender: "per-platform", seconds: [3], cachedShare: 1 },
];

test.each([
    [[3, 1, 2], { median: 2, min: 1, max: 3, runs: 3 }],
    [[4, 1, 2, 3], { median: 2.5, min: 1, max: 4, runs: 4 }],
    [[7], { median: 7, min: 7, max: 7, runs: 1 }],
])("the spread of %j", (values, expected) => {
    expect(spread(values)).toEqual(expected);
});

test("no runs have no spread", () => {
    expect(() => spread([])).toThrow("no runs to summarise");
});

test("figures are shown as median with the fastest and slowest run, and as a ratio of medians", () => {
    expect(formatSpread(spread([3, 2, 2.5]))).toBe("2.50 s (2.00–3.00)");
    expect(ratio(spread([58]), spread([5.5]))).toBe("10.5×");
});

test("the table compares each contender with the plain build of the same row", () => {
    const table = workloadTable(rows, "copy-only");
    expect(table).toContain("| warm node | 2.50 s (2.00–3.00); 2.5×, +1.50 s | 1.00 s (1.00–1.00) |");
    expect(table).toContain("| fresh node | 3.00 s (3.00–3.00); 100 % of steps cached |  |");
});

test("a run without emulation says why", () => {
    const conditions = {
        date: "2026-01-01",
        commit: "abc",
        cores: 2,
        node: "v20",
        buildkit: "v1",
        buildx: "v1",
        rounds: 1,
    };
    expect(report(rows, conditions, "this kernel has no binfmt_misc")).toContain(
        "Not measured in this run: this kernel has no binfmt_misc.",
    );
});

test("each workload is compared with its emulation", () => {
    const row = (seconds: number[]): Row => ({ workload: "GCC", scenario: "cold", contender: "", seconds });
    const conditions = { date: "", commit: "", cores: 2, node: "", buildkit: "", buildx: "", rounds: 1 };
    const text = report(rows, conditions, [{ workload: "GCC", native: row([4]), emulated: row([42, 40, 41]) }]);
    expect(text).toContain("| GCC | 4.00 s (4.00–4.00) | 41.00 s (40.00–42.00) | 10.3× |");
});

test("the generated source is the same for the same salt and new for another", () => {
    expect(generatedSource("a")).toBe(generatedSource("a"));
    expect(generatedSource("a")).not.toBe(generatedSource("b"));
});

test("what a warm build takes without the start of the program is told", () => {
    const all: Row[] = [
        ...rows,
        { workload: "copy-only", scenario: "no change", contender: "per-platform", seconds: [2] },
    ];
    expect(startLine(all, "copy-only")).toContain("per-platform 0.50 s; plain buildx build 1.00 s");
});
