import type { Emulation } from "./emulation";
import { type Row, type Scenario, figures, meanings, scenarios } from "./scenarios";
import { formatSpread, ratio } from "./stats";

/** Where and with what the runs were made. */
export interface Conditions {
    date: string;
    commit: string;
    cores: number;
    node: string;
    buildkit: string;
    buildx: string;
    rounds: number;
}

export const baseline = "plain buildx build";

/** The table of one workload, each figure against the plain build in the same scenario. */
export function workloadTable(rows: Row[], workload: string): string {
    const own = rows.filter((row) => row.workload === workload);
    const contenders = [...new Set(own.map((row) => row.contender))];
    const lines = [
        `| scenario | ${contenders.join(" | ")} |`,
        `| --- | ${contenders.map(() => "---").join(" | ")} |`,
        ...scenarios.map((scenario) => {
            const base = own.find((row) => row.scenario === scenario && row.contender === baseline);
            const cells = contenders.map((contender) => {
                const row = own.find(
                    (candidate) => candidate.scenario === scenario && candidate.contender === contender,
                );
                return row ? cell(row, base) : "";
            });
            return `| ${scenario} | ${cells.join(" | ")} |`;
        }),
    ];
    return lines.join("\n");
}

/** What a warm build takes without the start of the program, which a run that changes nothing consists of. */
export function startLine(rows: Row[], workload: string): string {
    const median = (scenario: Scenario, contender: string) => {
        const row = rows.find(
            (each) => each.workload === workload && each.scenario === scenario && each.contender === contender,
        );
        return row ? figures(row).median : NaN;
    };
    const own = [...new Set(rows.map((row) => row.contender))].filter((contender) => contender !== baseline);
    const parts = own.map((contender) => {
        const building = median("warm node", contender) - median("no change", contender);
        return `${contender} ${building.toFixed(2)} s`;
    });
    return (
        `On warm nodes, without the start of Node.js, the SDK and the program (\`warm node\` less \`no change\`): ` +
        `${parts.join(", ")}; ${baseline} ${median("warm node", baseline).toFixed(2)} s.`
    );
}

function cell(row: Row, base: Row | undefined): string {
    const parts = [formatSpread(figures(row))];
    if (base && base !== row) {
        const more = figures(row).median - figures(base).median;
        parts.push(`${ratio(figures(row), figures(base))}, ${more >= 0 ? "+" : "−"}${Math.abs(more).toFixed(2)} s`);
    }
    if (row.cachedShare !== undefined) {
        parts.push(`${Math.round(row.cachedShare * 100)} % of steps cached`);
    }
    return parts.join("; ");
}

/** The whole report as Markdown. */
export function report(rows: Row[], conditions: Conditions, emulation: Emulation[] | string): string {
    const workloads = [...new Set(rows.map((row) => row.workload))];
    return [
        "# Benchmark",
        "",
        "Written by `npm run bench`, which repeats it. Medians of whole commands in seconds, with the fastest and the slowest " +
            "run; ratios are against the plain build in the same row. Only ratios carry over to another machine.",
        "",
        `${conditions.date}, commit ${conditions.commit}, ${conditions.cores} cores, Node.js ${conditions.node}, ` +
            `BuildKit ${conditions.buildkit}, buildx ${conditions.buildx}, ${conditions.rounds} rounds, contenders taking turns.`,
        "",
        "- **per-platform**, **single**: `npm run rehearse -- up` of this repository's program with that strategy, without the " +
            "start of npm. Starting Node.js twice (for the engine and for the program), the SDK, the key of the stack's secrets " +
            "and the program are part of it: `no change` is hardly anything else.",
        `- **${baseline}**: one \`buildx build\` for both platforms on a multi-node builder of the same kind, with one cache ref.`,
        "- Two native platforms of one machine, linux/amd64 and linux/386; every contender has nodes and a registry of its own.",
        "",
        ...Object.entries(meanings).map(([scenario, meaning]) => `- *${scenario}*: ${meaning}`),
        "",
        ...workloads.flatMap((workload) => [
            `## ${workload}`,
            "",
            workloadTable(rows, workload),
            "",
            startLine(rows, workload),
            "",
        ]),
        ...emulationLines(emulation),
    ].join("\n");
}

function emulationLines(emulation: Emulation[] | string): string[] {
    const heading = ["## Against emulation", ""];
    if (typeof emulation === "string") {
        return [...heading, `Not measured in this run: ${emulation}.`, ""];
    }
    return [
        ...heading,
        "Builds that compile, on one node: for the machine's own architecture, and for linux/arm64 under QEMU's user emulation. " +
            "The same source, the same compiler built for either architecture: Go's (compile-heavy, as above), and C's of GCC 12.",
        "",
        "| workload | native | emulated | ratio |",
        "| --- | --- | --- | --- |",
        ...emulation.map(({ workload, ...rows }) => {
            const [native, emulated] = [figures(rows.native), figures(rows.emulated)];
            return `| ${workload} | ${formatSpread(native)} | ${formatSpread(emulated)} | ${ratio(emulated, native)} |`;
        }),
        "",
    ];
}
