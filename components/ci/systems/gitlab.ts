import type { CiFile } from "../facts";
import {
    type Job,
    awsCli,
    build,
    buildOnly,
    cleanup,
    dockerImage,
    header,
    imageNote,
    indented,
    mapping,
    recordFile,
    secretVariables,
    setupAndLogin,
    variables,
    webIdentity,
} from "./parts";

/** A file for `include: local` in `.gitlab-ci.yml`. https://docs.gitlab.com/ci/yaml/ */
export function gitlabFiles(job: Job): CiFile[] {
    return [{ path: ".gitlab/image.gitlab-ci.yml", content: configuration(job) }, ...recordFile(job)];
}

function configuration(job: Job): string {
    const secrets = secretVariables(job);
    const needed =
        secrets.length > 0
            ? `# Protected variables of the project, masked or of type "variable" with text in several lines: ${secrets.join(", ")}.\n`
            : "";
    return `${header(job.facts, "gitlab")}# In .gitlab-ci.yml:  include: [{ local: .gitlab/image.gitlab-ci.yml }]
${needed}container-image:
  stage: build
  rules:
    - if: $CI_COMMIT_REF_PROTECTED == "true" && ($CI_COMMIT_TAG || $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH)
${jobBody(job, false)}${job.pullRequests ? mergeRequests(job) : withoutBuilder}`;
}

function mergeRequests(job: Job): string {
    return `
container-image-merge-request:
  stage: build
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event" && $CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID
${jobBody(job, true)}
# A merge request of a fork has no credentials for the builder, so it has no job here.
`;
}

const withoutBuilder = `
# Merge requests have no credentials for the builder, so they have no job here.
`;

function jobBody(job: Job, mergeRequest: boolean): string {
    const { ecrRegion, onAws, roles } = job;
    const withAws = onAws || ecrRegion !== undefined;
    const role = mergeRequest ? roles.pullRequest : roles.push;
    const script = [
        ...(withAws ? [awsCli, webIdentity("AWS_ID_TOKEN")] : []),
        setupAndLogin(job),
        mergeRequest ? buildOnly : build.replace("branch sha ", "branch short-sha "),
    ];
    const roleNote =
        withAws && role === undefined
            ? `    # AWS_ROLE_ARN is a variable of the project${mergeRequest ? "" : ", protected"}.\n`
            : "";
    return `  image: ${dockerImage} # ${imageNote(job)}
${withAws ? `  id_tokens:\n    AWS_ID_TOKEN:\n      aud: $CI_SERVER_URL\n` : ""}  variables:
${mapping({ ...variables(job, mergeRequest), AWS_ROLE_ARN: withAws ? role : undefined }, 4)}
${roleNote}  script:
    - |
${indented(script.join("\n"), 6)}
  after_script:
    - ${cleanup}
  timeout: 1h
`;
}
