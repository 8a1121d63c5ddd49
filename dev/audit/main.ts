import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { KubernetesObject } from "../../components/eks/objects";
import { pythonEnvironment } from "../tools/python";
import { type Document, type Finding, type Framework, listRules, runCheckov } from "./checkov";
import { documentsOf, wrongDocuments } from "./documents";
import { examples } from "./examples";
import { grammarProblems } from "./grammar";
import { type Exception, type Judged, judge, type Verdict } from "./judge";
import { judgedOf, listOf, manifests, resourcesIn } from "./manifests";
import { type Plan, planOf } from "./plan";
import { programs } from "./programs";
import { type AwsResource, recordAws } from "./record";
import { type Outcome, render } from "./report";
import { awsRules, kubernetesRules, type Rules } from "./rules";
import { wrong } from "./wrong";
import { wrongManifests } from "./wrongManifests";

const usage = `Usage: npm run audit [-- --help]

Registers what the components make on AWS, in the programs of dev/audit/programs.ts and of examples/, as the plan of the same program in
Terraform, and has Checkov judge it: every rule passes, but for dev/audit/audit-exceptions.json. Each rule must also find
what is wrong in dev/audit/wrong.ts. The same for the objects of a builder on a cluster, for each security mode and exposure: see
dev/audit/audit-exceptions-kubernetes.json and dev/audit/wrongManifests.ts. Policy documents are checked against AWS's service authorization reference.
The first run installs Checkov from PyPI into .tools/python (about 290 MB); nothing else uses the network.

Exit codes: 0 nothing was found, 1 something was found or the audit could not run, 2 wrong usage.
`;

const controlName = "what is wrong on purpose";

/** What one of Checkov's frameworks judges. */
interface Subject {
    framework: Framework;
    rules: Rules;
    /** File of the exceptions, beside this one. */
    exceptions: string;
    /** What a document is called in the report. */
    title: string;
    documents: Map<string, Document>;
    control: Document;
    judged: Map<string, Judged[]>;
}

async function audit(log: (line: string) => void): Promise<boolean> {
    const bin = await pythonEnvironment("checkov", log);
    const recorded = new Map<string, AwsResource[]>();
    for (const [name, program] of Object.entries({ ...programs, ...examples() })) {
        recorded.set(name, await recordAws(program));
    }
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "multiarch-audit-"));
    try {
        const results: Result[] = [];
        for (const subject of [awsSubject(recorded, planOf(await recordAws(wrong))), kubernetesSubject()]) {
            const { title, documents } = subject;
            const resources = [...documents.values()].reduce((sum, each) => sum + each.resources, 0);
            log(`checkov: judging ${resources} resources of ${documents.size} ${title}`);
            results.push(await judgeSubject(bin, folder, subject));
        }
        const outcomes = [...results.flatMap((each) => each.outcomes), ...(await documentOutcomes(bin, recorded))];
        render(results, outcomes).forEach(log);
        return outcomes.every(({ problems }) => problems.length === 0);
    } finally {
        fs.rmSync(folder, { recursive: true, force: true });
    }
}

function awsSubject(recorded: Map<string, AwsResource[]>, control: Plan): Subject {
    const plans = mapValues(recorded, planOf);
    const resourcesOf = (plan: Plan) => plan.planned_values.root_module.resources;
    const document = (plan: Plan): Document => ({ content: plan, resources: resourcesOf(plan).length });
    return {
        framework: "terraform_plan",
        rules: awsRules,
        exceptions: "audit-exceptions.json",
        title: "programs",
        documents: mapValues(plans, document),
        control: document(control),
        judged: mapValues(plans, resourcesOf),
    };
}

function kubernetesSubject(): Subject {
    const rendered = manifests();
    const document = (objects: KubernetesObject[]): Document => ({
        content: listOf(objects),
        resources: resourcesIn(objects),
    });
    return {
        framework: "kubernetes",
        rules: kubernetesRules,
        exceptions: "audit-exceptions-kubernetes.json",
        title: "manifests",
        documents: mapValues(rendered, document),
        control: document(wrongManifests()),
        judged: mapValues(rendered, judgedOf),
    };
}

interface Result {
    verdict: Verdict;
    rules: Rules;
    outcomes: Outcome[];
}

async function judgeSubject(bin: string, folder: string, subject: Subject): Promise<Result> {
    const { framework, rules, title, documents, control, judged } = subject;
    const rulesOf = await listRules(bin, folder, framework);
    const all = await runCheckov(bin, folder, framework, new Map([...documents, [controlName, control]]));
    const ours = ({ document }: Finding) => document !== controlName;
    const exceptions = readExceptions(subject.exceptions);
    const onControl = all.filter((finding) => !ours(finding));
    const verdict = judge(judged, all.filter(ours), onControl, rulesOf, exceptions, rules);
    const outcomes = [
        ...[...verdict.failures].map(([name, problems]) => ({ name: `${title}: ${name}`, problems })),
        {
            name: `${title}: every rule is evaluated, and finds what is wrong on purpose`,
            problems: verdict.ruleProblems,
        },
        { name: `${title}: each of ${exceptions.length} exceptions occurs`, problems: verdict.exceptionProblems },
    ];
    return { verdict, rules, outcomes };
}

function mapValues<A, B>(map: Map<string, A>, each: (value: A) => B): Map<string, B> {
    return new Map([...map].map(([name, value]) => [name, each(value)]));
}

async function documentOutcomes(bin: string, recorded: Map<string, AwsResource[]>): Promise<Outcome[]> {
    const found = [...recorded].map(([name, resources]) => documentsOf(name, resources));
    const documents = Object.assign({}, ...found) as object;
    const problems = await grammarProblems(bin, { ...documents, ...wrongDocuments });
    const { Statement } = wrongDocuments.wrong as { Statement: { Sid: string }[] };
    const unseen = Statement.filter(({ Sid }) => !problems.some((problem) => problem.startsWith(`wrong, ${Sid}:`)));
    return [
        {
            name: `${Object.keys(documents).length} policy documents name actions, resources and keys that AWS has`,
            problems: problems.filter((problem) => !problem.startsWith("wrong, ")),
        },
        {
            name: "policy documents that are wrong on purpose are found",
            problems: unseen.map(({ Sid }) => `nothing is said against ${Sid}`),
        },
    ];
}

function readExceptions(file: string): Exception[] {
    return JSON.parse(fs.readFileSync(path.join(__dirname, file), "utf8")) as Exception[];
}

async function main(args: string[]): Promise<number> {
    if (args.length > 0) {
        const asked = args.length === 1 && (args[0] === "--help" || args[0] === "-h");
        (asked ? process.stdout : process.stderr).write(
            asked ? usage : `unknown argument ${JSON.stringify(args[0])}\n\n${usage}`,
        );
        return asked ? 0 : 2;
    }
    try {
        return (await audit((line) => console.log(line))) ? 0 : 1;
    } catch (error) {
        console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
        return 1;
    }
}

void main(process.argv.slice(2)).then((code) => (process.exitCode = code));
