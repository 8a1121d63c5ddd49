import { cacheRef } from "../../image/names";
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
    quoted,
    recordFile,
    secretVariables,
    setupAndLogin,
    variables,
} from "./parts";

/** Pipelines of Harness CI: a Run step, and the user's own Plugin step on the same nodes. https://developer.harness.io/docs/continuous-integration */
export function harnessFiles(job: Job): CiFile[] {
    return [
        { path: ".harness/image.yaml", content: pipeline(job, "image", steps(job)) },
        { path: ".harness/image-plugin.yaml", content: pipeline(job, "image_plugin", pluginSteps(job)) },
        ...recordFile(job),
    ];
}

function pipeline(job: Job, identifier: string, body: string): string {
    const secrets = secretVariables(job);
    const needed = secrets.length > 0 ? `# Secrets of the project: ${secrets.map(secretName).join(", ")}.\n` : "";
    const role = withAws(job) && !job.roles.push ? "# A variable of the project: builder_role_arn.\n" : "";
    return `${header(job.facts, "harness")}${needed}${role}pipeline:
  name: ${identifier}
  identifier: ${identifier}
  projectIdentifier: <+input>
  orgIdentifier: <+input>
  properties:
    ci:
      codebase:
        connectorRef: <+input>
        build: <+input>
  stages:
    - stage:
        name: image
        identifier: image
        type: CI
        spec:
          cloneCodebase: true
          sharedPaths:
            - ${sharedFolder}
          infrastructure:
            type: KubernetesDirect
            spec:
              connectorRef: <+input>
              namespace: <+input>
              os: Linux
          execution:
            steps:
${indented(body, 14)}`;
}

const isPullRequest = `<+codebase.build.type> == "PR"`;
// The branch of a pull request may have any name, a fork's too.
const isProtected = `<+codebase.build.type> == "tag" || <+codebase.build.type> == "branch" && <+codebase.branch> == "main"`;

function steps(job: Job): string {
    const push = [...assumeRole(job, false), runStep(job, { name: "image", when: isProtected, script: build })];
    const check = [
        ...assumeRole(job, true),
        runStep(job, { name: "pull request", when: isPullRequest, script: buildOnly }),
    ];
    return [
        ...push,
        ...(job.pullRequests
            ? check
            : ["# Pull requests have no credentials for the builder, so they have no step here.\n"]),
    ].join("");
}

interface RunStep {
    name: string;
    when: string;
    script: string;
    /** Whether the builder stays registered for later steps, on the volume that they share. */
    keep?: boolean;
}

function runStep(job: Job, { name, when, script, keep }: RunStep): string {
    const pullRequest = when === isPullRequest;
    const command = [
        "set -eu",
        ...(withAws(job) ? [awsCli] : []),
        ...(keep ? [] : [`trap '${cleanup}' EXIT`]),
        setupAndLogin(job),
        ...(script ? [script.replace("branch sha ", "branch short-sha ")] : []),
    ].join("\n");
    const secrets = Object.fromEntries(
        secretVariables(job).map((variable) => [variable, `<+secrets.getValue("${secretName(variable)}")>`]),
    );
    const state = keep ? { BUILDER_STATE: pluginState } : {};
    return `- step:
    type: Run
    name: ${name}
    identifier: ${identifierOf(name)}
    spec:
      connectorRef: <+input>
      image: ${dockerImage} # ${imageNote(job)}
      shell: Sh
      envVariables:
${mapping({ ...variables(job, pullRequest), ...awsVariables(job, pullRequest), ...secrets, ...state }, 8)}
      command: |
${indented(command, 8)}
    when:
      stageStatus: Success
      condition: ${when}
    timeout: 1h
`;
}

/** Credentials for AWS by the job's identity token. https://developer.harness.io/docs/continuous-integration/secure-ci/aws-oidc-token-plugin */
function assumeRole(job: Job, pullRequest: boolean): string[] {
    if (!withAws(job)) {
        return [];
    }
    const role = (pullRequest ? job.roles.pullRequest : job.roles.push) ?? "<+variable.builder_role_arn>";
    return [
        `- step:
    type: Plugin
    name: ${awsStep(pullRequest)}
    identifier: ${awsStep(pullRequest)}
    spec:
      connectorRef: <+input>
      image: plugins/aws-oidc
      settings:
        iamRoleArn: ${quoted(role)}
        role_session_name: multiarch-builder
        duration: "3600"
    when:
      stageStatus: Success
      condition: ${pullRequest ? isPullRequest : isProtected}
    timeout: 5m
`,
    ];
}

function awsStep(pullRequest: boolean): string {
    return pullRequest ? "aws_pull_request" : "aws";
}

function awsVariables(job: Job, pullRequest: boolean): Record<string, string> {
    const names = withAws(job) ? ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] : [];
    const output = (name: string) => `<+execution.steps.${awsStep(pullRequest)}.output.outputVariables.${name}>`;
    return Object.fromEntries(names.map((name) => [name, output(name)]));
}

function withAws({ onAws, ecrRegion }: Job): boolean {
    return onAws || ecrRegion !== undefined;
}

function secretName(variable: string): string {
    return variable.toLowerCase();
}

function identifierOf(name: string): string {
    return name.replaceAll(" ", "_");
}

const sharedFolder = "/shared/multiarch-builder";
const pluginState = `${sharedFolder}/state`;

/**
 * plugins/buildx creates one node at most, so the builder is registered before it and only named to it.
 * https://github.com/drone-plugins/drone-buildx/blob/v1.3.24/docker.go
 */
function pluginSteps(job: Job): string {
    const { facts, image } = job;
    const { cacheRepositoryUrl: cache } = facts;
    const options = cache
        ? facts.platforms.map(
              (p) => `--cache-from=type=registry,ref=${cacheRef(cache, image.split("/").at(-1)!, "main", p)}`,
          )
        : [];
    return `${assumeRole(job, false).join("")}${runStep(job, { name: "builder", when: isProtected, script: "", keep: true })}- step:
    type: Plugin
    name: build and push
    identifier: build_and_push
    spec:
      connectorRef: <+input>
      image: plugins/buildx:1.3.24
      privileged: true # it starts a Docker engine of its own and asks for its version; nothing is built there
      settings:
        builder_name: ${quoted(facts.builderName)}
        repo: ${quoted(image)}
        tags: edge
        platform: ${quoted(facts.platforms.join(","))}
        buildx_options_semicolon: ${quoted([...options, "--provenance=false"].join(";"))}
      envVariables:
        BUILDX_CONFIG: ${pluginState}/buildx
        DOCKER_CONFIG: ${pluginState}/docker
    when:
      stageStatus: Success
      condition: ${isProtected}
    timeout: 1h
${runCleanup()}`;
}

function runCleanup(): string {
    return `- step:
    type: Run
    name: clean up
    identifier: clean_up
    spec:
      connectorRef: <+input>
      image: ${dockerImage}
      shell: Sh
      envVariables:
        BUILDER_STATE: ${pluginState}
      command: ${cleanup}
    when:
      stageStatus: All
    timeout: 5m
`;
}
