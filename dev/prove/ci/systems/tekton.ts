import { chownSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { toolsDir } from "../../../tools/build";
import { type Outcome, runSteps } from "../steps";
import { type Checkout, fileOf, jobFile, roles } from "../workplace";
import { commit } from "./github";

interface Task {
    spec: {
        params: { name: string; default: string }[];
        steps: { workingDir: string; env: { name: string; value: string }[]; script: string }[];
        stepTemplate: { securityContext: { runAsUser: number } };
    };
}

interface Pipeline {
    spec: { tasks: { name: string; params: { name: string; value: string }[] }[] };
}

/** User of the Task's steps. */
export const tektonUser = { uid: 65532, gid: 65532 };

/** Runs the Task as the Pipeline does, with variables substituted as Tekton substitutes them. https://tekton.dev/docs/pipelines/variables/ */
export async function runTekton(
    checkout: Checkout,
    params: Record<string, string> = {},
): Promise<Outcome & { digest: string }> {
    const { job, place } = checkout;
    job.addProgram("buildx", join(toolsDir, "buildx"));
    const { params: declared, steps, stepTemplate } = (parse(fileOf(checkout, "-task.yaml")) as Task).spec;
    if (stepTemplate.securityContext.runAsUser !== checkout.user?.uid) {
        throw new Error("the Task runs as another user");
    }
    const pipeline = parse(fileOf(checkout, "-pipeline.yaml")) as Pipeline;
    const passed = pipeline.spec.tasks.find(({ name }) => name === "build")!.params;
    const results = join(job.temp, "results");
    mkdirSync(results);
    chownSync(results, tektonUser.uid, tektonUser.gid);
    const given: Record<string, string> = {
        "git-revision": "main",
        "image-name": `${place.registry}/${checkout.repository}`,
        push: "true",
        ...params,
    };
    const ofPipeline = { ...prefixed("params", given), "tasks.fetch.results.commit": commit };
    const values = {
        ...prefixed("params", Object.fromEntries(declared.map((param) => [param.name, param.default]))),
        ...prefixed(
            "params",
            Object.fromEntries(passed.map(({ name, value }) => [name, substituted(value, ofPipeline)])),
        ),
        ...prefixed(
            "params",
            Object.fromEntries(Object.entries(params).filter(([name]) => name === "record-parameter")),
        ),
        "workspaces.source.path": job.dir,
        "results.digest.path": join(results, "digest"),
    };
    const outcome = await runSteps(
        checkout,
        steps.map(({ env, script }) => ({
            name: "build",
            script: substituted(script, values),
            shell: ["sh"],
            env: Object.fromEntries(env.map(({ name, value }) => [name, substituted(value, values)])),
        })),
        // What EKS gives a pod whose service account has a role. https://docs.aws.amazon.com/eks/latest/userguide/pod-configuration.html
        {
            ...place.cloud.env,
            AWS_ROLE_ARN: given.push === "false" ? roles.pullRequest : roles.push,
            AWS_WEB_IDENTITY_TOKEN_FILE: jobFile(checkout, "token", "token"),
        },
    );
    return {
        ...outcome,
        digest: outcome.status === 0 && given.push !== "false" ? readFileSync(join(results, "digest"), "utf8") : "",
    };
}

function prefixed(prefix: string, values: Record<string, string>): Record<string, string> {
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}.${name}`, value]));
}

/** Replaces `$(name)`; what is no variable of Tekton's stays, as a command substitution does. */
function substituted(text: string, values: Record<string, string>): string {
    return text.replace(/\$\(([\w.-]+)\)/g, (whole, name: string) => values[name] ?? whole);
}
