import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { region, type Cloud } from "../cloud";
import { type Outcome, type Step, runSteps } from "../steps";
import { type Checkout, addDocker, fileOf, jobFile } from "../workplace";
import { buildPush, setupBuildx } from "./actions";

interface WorkflowStep {
    uses?: string;
    run?: string;
    if?: string;
    with?: Record<string, string | boolean>;
    env?: Record<string, string>;
}

interface Workflow {
    jobs: Record<string, { if?: string; env?: Record<string, string>; steps: WorkflowStep[] }>;
}

/** The event that starts a workflow, and what the repository has for it. */
export interface GitHubEvent {
    name: "push" | "pull_request" | "workflow_dispatch";
    ref: string;
    /** Repository that a pull request comes from. */
    headRepository?: string;
    secrets?: Record<string, string>;
}

const repository = "acme/shop";
/** The commit that is built. */
export const commit = "5f0c3a9d1b7e4c2f8a6d0b9e3c5f7a1d2e4b6c80";

/** The user of GitHub's runners. https://github.com/actions/runner-images */
export const runner = { uid: 1001, gid: 118 };

/** Which jobs of a workflow an event starts. */
export function startedJobs(workflow: string, event: GitHubEvent): string[] {
    const { jobs } = parse(workflow) as Workflow;
    return Object.keys(jobs).filter((name) => holds(jobs[name]?.if ?? "", contexts(event)));
}

/** Runs the job that an event starts as the runner does: every `run:` step, and stand-ins for the actions. */
export async function runGitHub(checkout: Checkout, file: string, event: GitHubEvent): Promise<Outcome> {
    addDocker(checkout);
    const workflow = fileOf(checkout, file);
    const [name, ...more] = startedJobs(workflow, event);
    if (name === undefined || more.length > 0) {
        throw new Error(`${event.name} of ${event.ref} starts ${[name, ...more].join(", ") || "no job"}`);
    }
    const job = (parse(workflow) as Workflow).jobs[name]!;
    const environment = jobFile(checkout, "github-env");
    const paths = jobFile(checkout, "github-path");
    const resolved = (values: Record<string, string> = {}, env: Record<string, string> = {}) =>
        Object.fromEntries(
            Object.entries(values).map(([key, value]) => [
                key,
                expanded(String(value), { ...contexts(event), ...prefixed("env", env) }),
            ]),
        );
    const left = () => ({
        ...exported(readFileSync(environment, "utf8")),
        ...pathsIn(readFileSync(paths, "utf8"), checkout),
    });
    const base = {
        CI: "true",
        GITHUB_ACTIONS: "true",
        GITHUB_EVENT_NAME: event.name,
        GITHUB_REF: event.ref,
        GITHUB_REPOSITORY: repository,
        GITHUB_SHA: commit,
        GITHUB_RUN_ID: "1",
        GITHUB_JOB: name,
        GITHUB_WORKSPACE: checkout.job.dir,
        GITHUB_ENV: environment,
        GITHUB_PATH: paths,
        GITHUB_OUTPUT: jobFile(checkout, "github-output"),
        RUNNER_TEMP: checkout.job.temp,
        RUNNER_OS: "Linux",
        AWS_ENDPOINT_URL: checkout.place.cloud.url,
        AWS_EC2_METADATA_DISABLED: "true",
        ...resolved(job.env),
    };
    let outcome: Outcome = { status: 0, output: "" };
    for (const step of job.steps) {
        if (outcome.status !== 0 && step.if !== "always()") {
            continue;
        }
        const made = stepOf(step, checkout);
        const env = { ...base, ...left() };
        const ran = await runSteps(checkout, made ? [made] : [], {
            ...env,
            ...resolved(step.env, env),
            ...resolved(inputs(step), env),
        });
        outcome = { status: outcome.status || ran.status, output: outcome.output + ran.output };
    }
    return outcome;
}

/** A `run:` step as it is, or what stands for an action; checkout has been made. */
function stepOf({ uses, run, with: values = {} }: WorkflowStep, checkout: Checkout): Step | undefined {
    // https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#defaultsrunshell
    const shell = ["bash", "-e"];
    if (run !== undefined) {
        return { name: run.split("\n")[0]!, script: run, shell };
    }
    const action = uses?.split("@")[0];
    const script = action && actions[action]?.(checkout, values);
    if (script === undefined) {
        throw new Error(`no stand-in for ${uses}`);
    }
    return script ? { name: action, script, shell } : undefined;
}

/** Actions have their inputs in variables. https://docs.github.com/actions/reference/workflows-and-actions/metadata-syntax#inputs */
function inputs({ with: values = {} }: WorkflowStep): Record<string, string> {
    return Object.fromEntries(
        Object.entries(values).map(([name, value]) => [
            `INPUT_${name.toUpperCase().replaceAll("-", "_")}`,
            String(value),
        ]),
    );
}

const actions: Record<string, (checkout: Checkout, values: Record<string, string | boolean>) => string> = {
    "actions/checkout": () => "",
    "aws-actions/configure-aws-credentials": ({ place }) => configureCredentials(place.cloud),
    "aws-actions/amazon-ecr-login": ({ place }) =>
        `aws ecr get-login-password --region ${region} | docker login --username AWS --password-stdin ${place.registry}`,
    "docker/setup-buildx-action": () => setupBuildx,
    "docker/build-push-action": () => buildPush,
};

/** Exchanges the job's token for the role's credentials, and leaves them to later steps. */
function configureCredentials(cloud: Cloud): string {
    return `test -n "$INPUT_ROLE_TO_ASSUME" && printf token >"$RUNNER_TEMP/token"
credentials=$(aws sts assume-role-with-web-identity --endpoint-url ${cloud.url} \\
    --region "$INPUT_AWS_REGION" --role-arn "$INPUT_ROLE_TO_ASSUME" --role-session-name GitHubActions \\
    --web-identity-token "file://$RUNNER_TEMP/token" \\
    --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' --output text)
rm "$RUNNER_TEMP/token"
set -- $credentials
{
    echo "AWS_ACCESS_KEY_ID=$1"
    echo "AWS_SECRET_ACCESS_KEY=$2"
    echo "AWS_SESSION_TOKEN=$3"
    echo "AWS_REGION=$INPUT_AWS_REGION"
    echo "AWS_DEFAULT_REGION=$INPUT_AWS_REGION"
} >>"$GITHUB_ENV"`;
}

function contexts(event: GitHubEvent): Record<string, string> {
    return {
        "github.event_name": event.name,
        "github.repository": repository,
        "github.event.repository.default_branch": "main",
        "github.event.pull_request.head.repo.full_name": event.headRepository ?? "",
        ...prefixed("secrets", event.secrets ?? {}),
    };
}

function prefixed(prefix: string, values: Record<string, string>): Record<string, string> {
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}.${name}`, value]));
}

/** Replaces `${{ name }}`; a secret that the event has not is empty. */
function expanded(text: string, values: Record<string, string>): string {
    return text.replace(/\$\{\{ *([\w.-]+) *\}\}/g, (_, name: string) => {
        if (values[name] === undefined && !name.startsWith("secrets.")) {
            throw new Error(`no value for \${{ ${name} }}`);
        }
        return values[name] ?? "";
    });
}

/** A condition of comparisons that are joined by `&&`. */
function holds(condition: string, values: Record<string, string>): boolean {
    const value = (text: string) => (text.startsWith("'") ? text.slice(1, -1) : values[text]);
    return condition.split(" && ").every((part) => {
        const [, left, operator, right] = /^(\S+) (==|!=) (\S+)$/.exec(part) ?? [];
        if (left === undefined && part !== "") {
            throw new Error(`cannot read the condition ${part}`);
        }
        return part === "" || (value(left!) === value(right!)) === (operator === "==");
    });
}

/** Variables of GITHUB_ENV: `NAME=value`, or several lines up to a delimiter. https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#setting-an-environment-variable */
function exported(text: string): Record<string, string> {
    const found = text.matchAll(/^(\w+)(?:=(.*)|<<(\S+)\n([^]*?)\n\3)$/gm);
    return Object.fromEntries([...found].map(([, name, value, , lines]) => [name!, value ?? lines ?? ""]));
}

function pathsIn(text: string, { job }: Checkout): Record<string, string> {
    const folders = text.split("\n").filter(Boolean).reverse();
    return folders.length > 0 ? { PATH: [...folders, job.bin].join(":") } : {};
}
