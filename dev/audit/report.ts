import type { Verdict } from "./judge";
import type { Rules } from "./rules";

/** One thing that the audit finds right or wrong. */
export interface Outcome {
    name: string;
    problems: string[];
}

/** The table of rules, what did not run, and what is wrong. The last line is as jest ends, for those who sum up. */
export function render(judged: { verdict: Verdict; rules: Rules }[], outcomes: Outcome[]): string[] {
    const row = (rule: string, ...cells: (string | number)[]) =>
        `${rule.padEnd(12)} ${cells
            .slice(0, 3)
            .map((cell) => String(cell).padStart(8))
            .join(" ")}  ${cells[3]}`;
    const failed = outcomes.filter(({ problems }) => problems.length > 0).length;
    return [
        row("rule", "passed", "failed", "excepted", ""),
        ...judged
            .flatMap(({ verdict }) => verdict.counts)
            .map((each) => row(each.rule, each.passed, each.failed, each.excepted, each.title)),
        "",
        ...judged
            .flatMap(({ rules }) => Object.entries(rules.notRun))
            .map(([rule, reason]) => `${rule.padEnd(12)} not run: ${reason}`),
        "",
        ...outcomes.flatMap(({ name, problems }) => [
            `${problems.length === 0 ? "ok" : "FAILED"}  ${name}`,
            ...problems.map((problem) => `        ${problem}`),
        ]),
        `Tests:       ${failed > 0 ? `${failed} failed, ` : ""}${outcomes.length - failed} passed, ${outcomes.length} total`,
    ];
}
