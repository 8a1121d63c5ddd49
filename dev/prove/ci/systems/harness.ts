import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { region } from "../cloud";
import { type Outcome, type Step, runSteps } from "../steps";
import { type Checkout, addDocker, fileOf } from "../workplace";
import { commit } from "./github";

interface HarnessStep {
    type: string;
    identifier: string;
    when?: { condition?: string };
    spec: {
        command?: string;
        image: string;
        envVariables?: Record<string, string>;
        settings?: Record<string, string>;
    };
}

interface Pipeline {
    pipeline: {
        stages: { stage: { spec: { sharedPaths: string[]; execution: { steps: { step: HarnessStep }[] } } } }[];
    };
}

/** Runs a stage's steps for a push or a pull request: each in a container of its own, with the shared folder for all. */
export async function runHarness(checkout: Checkout, file: string, event: "branch" | "PR"): Promise<Outcome> {
    addDocker(checkout);
    const { spec } = (parse(fileOf(checkout, file)) as Pipeline).pipeline.stages[0]!.stage;
    const shared = join(checkout.job.temp, "shared");
    mkdirSync(shared);
    const values = new Map([
        ["<+codebase.build.type>", event],
        ["<+codebase.branch>", event === "PR" ? "change" : "main"],
    ]);
    let outcome: Outcome = { status: 0, output: "" };
    for (const { step } of spec.execution.steps) {
        const last = step.when?.condition === undefined;
        if ((!last && !holds(step.when!.condition!, values)) || (outcome.status !== 0 && !last)) {
            continue;
        }
        const made = stepOf(step, checkout, values);
        const moved = (text: string) => resolved(text, values).replaceAll(spec.sharedPaths[0]!, shared);
        const env = Object.entries({ ...step.spec.envVariables, ...settings(step) }).map(([name, text]) => [
            name,
            moved(text),
        ]);
        const ran = await runSteps(checkout, [made], {
            ...base(checkout),
            ...(Object.fromEntries(env) as Record<string, string>),
        });
        if (step.spec.image.startsWith("plugins/aws-oidc")) {
            noteOutputs(ran.output, step.identifier, values);
            ran.output = "";
        }
        outcome = { status: outcome.status || ran.status, output: outcome.output + ran.output };
    }
    return outcome;
}

function base({ place, job }: Checkout): Record<string, string> {
    return {
        CI: "true",
        DRONE_BUILD_EVENT: "push",
        DRONE_COMMIT_SHA: commit,
        DRONE_COMMIT_BRANCH: "main",
        DRONE_REPO_BRANCH: "main",
        HARNESS_BUILD_ID: "1",
        HARNESS_WORKSPACE: job.dir,
        ...place.cloud.env,
    };
}

/** Settings of a plugin are variables. https://developer.harness.io/docs/continuous-integration/use-ci/use-drone-plugins/plugin-step-settings-reference */
function settings({ spec }: HarnessStep): Record<string, string> {
    return Object.fromEntries(
        Object.entries(spec.settings ?? {}).map(([name, value]) => [`PLUGIN_${name.toUpperCase()}`, value]),
    );
}

function stepOf(step: HarnessStep, checkout: Checkout, values: Map<string, string>): Step {
    const { spec, identifier } = step;
    const always = step.when?.condition === undefined;
    if (step.type === "Run") {
        return { name: identifier, script: resolved(spec.command!, values), shell: ["sh", "-xe"], always };
    }
    const [plugin] = spec.image.split(":");
    const script = plugins[plugin!];
    if (script === undefined) {
        throw new Error(`no stand-in for the plugin ${spec.image}`);
    }
    return { name: identifier, script: script(checkout), shell: ["sh", "-e"] };
}

const plugins: Record<string, (checkout: Checkout) => string> = {
    // https://github.com/harness-community/drone-aws-oidc/blob/v2.0.0/plugin/plugin.go
    "plugins/aws-oidc": ({ job }) => `printf token >${job.temp}/token
aws sts assume-role-with-web-identity --region ${region} --role-arn "$PLUGIN_IAMROLEARN" \\
    --role-session-name "$PLUGIN_ROLE_SESSION_NAME" --duration-seconds "$PLUGIN_DURATION" --web-identity-token file://${job.temp}/token \\
    --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' --output text
rm ${job.temp}/token`,
    // The commands of https://github.com/drone-plugins/drone-buildx/blob/v1.3.24/docker.go without a driver; its `docker version` needs an engine.
    "plugins/buildx":
        () => `set -- docker buildx build --rm=true -f Dockerfile --builder "$PLUGIN_BUILDER_NAME" -t "$PLUGIN_REPO:$PLUGIN_TAGS" --push
IFS=';'
for option in $PLUGIN_BUILDX_OPTIONS_SEMICOLON; do set -- "$@" "$option"; done
unset IFS
"$@" . --platform "$PLUGIN_PLATFORM"`,
};

/** Outputs of a step are expressions of later ones. */
function noteOutputs(output: string, step: string, values: Map<string, string>): void {
    const words = output.trim().split("\n").at(-1)!.split(/\s+/);
    ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"].forEach((name, i) =>
        values.set(`<+execution.steps.${step}.output.outputVariables.${name}>`, words[i] ?? ""),
    );
}

function resolved(text: string, values: Map<string, string>): string {
    return text.replace(/<\+[^>]+>/g, (expression) => {
        const value = values.get(expression);
        if (value === undefined) {
            throw new Error(`no value for ${expression}`);
        }
        return value;
    });
}

/** A condition of comparisons: `&&` binds closer than `||`. */
function holds(condition: string, values: Map<string, string>): boolean {
    return condition.split(" || ").some((all) =>
        all.split(" && ").every((part) => {
            const [, left, right] = /^(\S+) == "(\S+)"$/.exec(part) ?? [];
            return values.get(left ?? "") === right;
        }),
    );
}
