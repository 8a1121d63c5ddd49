import type { Finding } from "../../dev/audit/checkov";
import { type Exception, type Judged, judge } from "../../dev/audit/judge";
import { planOf } from "../../dev/audit/plan";
import { render } from "../../dev/audit/report";
import { awsRules, kubernetesRules } from "../../dev/audit/rules";

const type = "aws:ecr/repository:Repository";
const repository = (name: string, imageTagMutability: string) => ({
    ...{ type, name, inputs: { imageTagMutability }, outputs: {} },
});
const plan = planOf([repository("ci-cache", "MUTABLE"), repository("ci-image-api", "IMMUTABLE")]);
const documents = new Map<string, Judged[]>([["defaults", plan.planned_values.root_module.resources]]);
const rules = Object.values(awsRules.wanted).flat();
const finding = (rule: string, address: string, passed: boolean): Finding => ({
    ...{ rule, title: `Ensure ${rule}`, document: "defaults", address, passed },
});
/** Every wanted rule looked at the image's repository and was content. */
const content = rules.map((rule) => finding(rule, "aws_ecr_repository.ci-image-api", true));
/** Every wanted rule found something wrong where all is wrong. */
const control = rules.map((rule) => finding(rule, "aws_ecr_repository.wrong", false));
const rulesOf = new Map([["aws_ecr_repository", new Set(rules)]]);
const mutableCache: Exception = {
    rule: "CKV_AWS_51",
    resource: "aws_ecr_repository.*-cache",
    values: { image_tag_mutability: "MUTABLE" },
    condition: "",
    reason: "",
};
const failed = finding("CKV_AWS_51", "aws_ecr_repository.ci-cache", false);

function verdict(
    more: Finding[] = [],
    exceptions: Exception[] = [],
    other: { findings?: Finding[]; control?: Finding[]; rulesOf?: Map<string, Set<string>> } = {},
) {
    const found = [...(other.findings ?? content), ...more];
    return judge(documents, found, other.control ?? control, other.rulesOf ?? rulesOf, exceptions, awsRules);
}

test("nothing is said when every rule is content and was seen to find something", () => {
    const { failures, exceptionProblems, ruleProblems } = verdict();
    expect([...failures.values()].flat()).toEqual([]);
    expect(exceptionProblems).toEqual([]);
    expect(ruleProblems).toEqual([]);
});

test("a failed rule is reported with its resource", () => {
    expect(verdict([failed]).failures.get("defaults")).toEqual([
        "CKV_AWS_51 aws_ecr_repository.ci-cache: Ensure CKV_AWS_51",
    ]);
});

test("an exception covers its rule, its resources and its values, and nothing else", () => {
    const { counts, failures } = verdict([failed], [mutableCache]);
    expect(failures.get("defaults")).toEqual([]);
    expect(counts.find(({ rule }) => rule === "CKV_AWS_51")).toMatchObject({ passed: 1, excepted: 1, failed: 0 });
    for (const other of [
        { ...mutableCache, rule: "CKV_AWS_163" },
        { ...mutableCache, resource: "aws_ecr_repository.*-image-*" },
        { ...mutableCache, resource: "aws_ecr_repository.ci" },
        { ...mutableCache, resource: "aws.ecr.repository.ci-cache" },
        { ...mutableCache, values: { image_tag_mutability: "IMMUTABLE_WITH_EXCLUSION" } },
        { ...mutableCache, values: { image_tag_mutability: "MUTABLE", force_delete: true } },
    ]) {
        expect(verdict([failed], [other]).failures.get("defaults")).toHaveLength(1);
    }
});

test("an exception that no longer occurs is reported", () => {
    expect(verdict([], [mutableCache]).exceptionProblems).toEqual([
        "CKV_AWS_51 aws_ecr_repository.*-cache: this exception no longer occurs: remove it",
    ]);
    expect(verdict([failed], [mutableCache, { ...mutableCache }]).exceptionProblems).toHaveLength(1);
});

test.each<[string, Parameters<typeof verdict>[2], RegExp]>([
    ["a wanted rule was not evaluated", { findings: content.slice(1) }, /^CKV_AWS_79: was evaluated on nothing/],
    [
        "a rule that Checkov has for a type was not evaluated",
        { rulesOf: new Map([["aws_ecr_repository", new Set([...rules, "CKV_AWS_999"])]]) },
        /^CKV_AWS_999: was evaluated on nothing: say why/,
    ],
    [
        "a rule that is said not to run ran",
        { findings: [...content, finding("CKV2_AWS_37", "aws_ecr_repository.ci-cache", true)] },
        /^CKV2_AWS_37: was evaluated, and/,
    ],
    ["a rule finds nothing where all is wrong", { control: control.slice(1) }, /^CKV_AWS_79: finds nothing in/],
    ["Checkov has no such type", { rulesOf: new Map() }, /^aws_ecr_repository: Checkov knows no such type/],
])("it is reported when %s", (_, other, message) => {
    expect(verdict([], [], other).ruleProblems).toEqual(
        expect.arrayContaining([expect.stringMatching(message) as string]),
    );
});

test("a type may have no rules, where that is said", () => {
    const judged = { ...awsRules, withoutRules: ["aws_ecr_repository"] };
    expect(judge(documents, content, control, new Map(), [], judged).ruleProblems).toEqual([]);
});

test.each([awsRules, kubernetesRules])("no rule is both wanted and said not to run: $control", ({ wanted, notRun }) => {
    const asked = Object.values(wanted).flat();
    expect(asked.filter((rule) => rule in notRun)).toEqual([]);
    expect(new Set(asked).size).toBe(asked.length);
});

test("the report shows each rule, what did not run, what is wrong, and closes as jest does", () => {
    const judged = verdict([failed]);
    const lines = render(
        [{ verdict: judged, rules: awsRules }],
        [
            { name: "programs: defaults", problems: judged.failures.get("defaults")! },
            { name: "exceptions", problems: [] },
        ],
    );
    expect(lines).toContain("CKV_AWS_51          1        1        0  Ensure CKV_AWS_51");
    expect(lines.join("\n")).toMatch(/^CKV2_AWS_7 +not run: graph rule about EMR clusters/m);
    expect(lines.slice(-4)).toEqual([
        "FAILED  programs: defaults",
        "        CKV_AWS_51 aws_ecr_repository.ci-cache: Ensure CKV_AWS_51",
        "ok  exceptions",
        "Tests:       1 failed, 1 passed, 2 total",
    ]);
});
