import { parse } from "yaml";
import { type Outcome, runSteps } from "../steps";
import { type Checkout, addDocker, fileOf } from "../workplace";
import { commit } from "./github";

interface GitLabJob {
    variables: Record<string, string>;
    id_tokens?: Record<string, unknown>;
    script: string[];
    after_script: string[];
}

/** Runs a job as GitLab's runner does in an Alpine image: the lines of `script` in one shell, `after_script` in another. */
export function runGitLab(checkout: Checkout, name: string, secrets: Record<string, string> = {}): Promise<Outcome> {
    addDocker(checkout);
    const {
        variables,
        id_tokens = {},
        script,
        after_script,
    } = (parse(fileOf(checkout, ".gitlab-ci.yml")) as Record<string, GitLabJob>)[name]!;
    const tokens = Object.fromEntries(Object.keys(id_tokens).map((variable) => [variable, "token"]));
    // https://docs.gitlab.com/runner/shells/
    const shell = ["busybox", "sh", "-e", "-o", "pipefail"];
    return runSteps(
        checkout,
        [
            { name: "script", script: script.join("\n"), shell },
            { name: "after_script", script: after_script.join("\n"), shell, always: true },
        ],
        {
            CI: "true",
            GITLAB_CI: "true",
            CI_COMMIT_BRANCH: "main",
            CI_COMMIT_REF_NAME: "main",
            CI_COMMIT_REF_PROTECTED: "true",
            CI_COMMIT_SHA: commit,
            CI_COMMIT_SHORT_SHA: commit.slice(0, 8),
            CI_DEFAULT_BRANCH: "main",
            CI_JOB_ID: "1",
            CI_PROJECT_DIR: checkout.job.dir,
            ...checkout.place.cloud.env,
            ...variables,
            ...tokens,
            ...secrets,
        },
    );
}
