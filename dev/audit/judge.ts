import type { Properties, Value } from "../rehearsal/properties";
import type { Finding } from "./checkov";
import type { Rules } from "./rules";

/** A resource that findings are about. */
export interface Judged {
    address: string;
    type: string;
    values: Properties;
}

/** A failed rule that is right to fail. */
export interface Exception {
    rule: string;
    /** Address of the resource; `*` is for any characters. */
    resource: string;
    /** Attributes that the resource has. */
    values: Record<string, Value>;
    /** When it applies. */
    condition: string;
    reason: string;
}

/** Counts of a rule over all documents. */
export interface RuleCount {
    rule: string;
    title: string;
    passed: number;
    excepted: number;
    failed: number;
}

export interface Verdict {
    counts: RuleCount[];
    /** Failed rules outside the exceptions, by document. */
    failures: Map<string, string[]>;
    /** What is wrong with the exceptions. */
    exceptionProblems: string[];
    /** Rules that were not evaluated, or that the wrong resources did not make fail. */
    ruleProblems: string[];
}

/** Judges the findings about the components' resources, by document, and about the wrong ones that each rule has to find. */
export function judge(
    documents: Map<string, Judged[]>,
    findings: Finding[],
    control: Finding[],
    rulesOf: Map<string, Set<string>>,
    exceptions: Exception[],
    rules: Rules,
): Verdict {
    const used = new Set<Exception>();
    const counts = new Map<string, RuleCount>();
    const failures = new Map([...documents.keys()].map((name): [string, string[]] => [name, []]));
    for (const finding of findings) {
        const { rule, title, document, address } = finding;
        const count = counts.get(rule) ?? { rule, title, passed: 0, excepted: 0, failed: 0 };
        counts.set(rule, count);
        const values = documents.get(document)?.find((each) => each.address === address)?.values ?? {};
        const exception = finding.passed ? undefined : exceptions.find((each) => covers(each, finding, values));
        if (exception) {
            used.add(exception);
        }
        count[finding.passed ? "passed" : exception ? "excepted" : "failed"]++;
        if (!finding.passed && !exception) {
            failures.get(document)!.push(`${rule} ${address}: ${title}`);
        }
    }
    const failedOnControl = new Set(control.filter(({ passed }) => !passed).map(({ rule }) => rule));
    return {
        counts: [...counts.values()].sort((a, b) => (a.rule < b.rule ? -1 : 1)),
        failures,
        exceptionProblems: exceptions
            .filter((exception) => !used.has(exception))
            .map(({ rule, resource }) => `${rule} ${resource}: this exception no longer occurs: remove it`),
        ruleProblems: ruleProblems(typesOf(documents), rulesOf, new Set(counts.keys()), failedOnControl, rules),
    };
}

function covers({ rule, resource, values }: Exception, finding: Finding, actual: Record<string, Value>): boolean {
    const pattern = new RegExp(`^${resource.split("*").map(escaped).join(".*")}$`);
    return (
        rule === finding.rule &&
        pattern.test(finding.address) &&
        Object.entries(values).every(([key, value]) => actual[key] === value)
    );
}

function ruleProblems(
    types: Set<string>,
    rulesOf: Map<string, Set<string>>,
    evaluated: Set<string>,
    failedOnControl: Set<string>,
    { wanted, notRun, withoutRules, control }: Rules,
): string[] {
    const known = [...types].flatMap((type) => [...(rulesOf.get(type) ?? [])]);
    const expected = [...new Set([...known, ...Object.values(wanted).flat()])].sort();
    return [
        ...[...types]
            .filter((type) => !rulesOf.has(type) && !withoutRules.includes(type))
            .map((type) => `${type}: Checkov knows no such type: is it called so?`),
        ...expected
            .filter((rule) => !evaluated.has(rule) && !(rule in notRun))
            .map((rule) => `${rule}: was evaluated on nothing: say why in dev/audit/rules.ts`),
        ...Object.keys(notRun)
            .filter((rule) => evaluated.has(rule))
            .map((rule) => `${rule}: was evaluated, and dev/audit/rules.ts says it is not`),
        ...[...evaluated]
            .filter((rule) => !failedOnControl.has(rule))
            .map((rule) => `${rule}: finds nothing in ${control}, so that it passes proves nothing`),
    ];
}

function typesOf(documents: Map<string, Judged[]>): Set<string> {
    return new Set([...documents.values()].flat().map(({ type }) => type));
}

function escaped(text: string): string {
    return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
