import type { CiFile } from "../facts";
import {
    type Job,
    build,
    buildOnly,
    cleanup,
    header,
    indented,
    quoted,
    recordFile,
    secretVariables,
    setup,
    variables,
} from "./parts";

/** A Task, and a Pipeline that clones and builds. https://tekton.dev/docs/pipelines/tasks/ */
export function tektonFiles(job: Job): CiFile[] {
    return [
        { path: ".tekton/multiarch-image-task.yaml", content: task(job) },
        { path: ".tekton/multiarch-image-pipeline.yaml", content: pipeline(job) },
        ...recordFile(job),
    ];
}

/** Image of the AWS CLI; builder-setup brings buildx. https://gallery.ecr.aws/aws-cli/aws-cli */
const awsImage = "public.ecr.aws/aws-cli/aws-cli:2.31.23";

const taskName = "multiarch-image";

/**
 * Everything is one step: a step's processes end with it. Parameters are in variables, for a script would take text in
 * them for commands. https://tekton.dev/docs/pipelines/tasks/#specifying-parameters
 */
function task(job: Job): string {
    const { BUILDER_RECORD_PARAMETER, IMAGE, ...fixed } = variables(job);
    const secrets = secretVariables(job);
    return `${header(job.facts, "tekton")}apiVersion: tekton.dev/v1
kind: Task
metadata:
  name: ${taskName}
spec:
  description: ${quoted(`Builds the image of a workspace natively for ${job.facts.platforms.join(" and ")}`)}
  params:
    - name: image-name
      description: repository of the image, without a tag
      default: ${quoted(IMAGE!)}
    - name: git-revision
      description: branch, tag or commit that was asked for
      default: main
    - name: git-commit
      description: commit that was cloned
      default: ""
    - name: default-branch
      description: branch whose images are tagged latest and edge
      default: main
    - name: push
      description: "false for a pull request: builds, pushes nothing and writes no cache"
      default: "true"${recordParameter(job, BUILDER_RECORD_PARAMETER)}
    - name: step-image
      description: an image with sh${job.onAws || job.ecrRegion ? ", aws" : ""}${
          job.facts.access === "ssm" ? ", session-manager-plugin" : ""
      } and curl, or with buildx; any user
      default: ${awsImage}
  workspaces:
    - name: source
  results:
    - name: digest
      description: digest of the image's index
  stepTemplate:
    securityContext:
      runAsNonRoot: true
      runAsUser: 65532
      allowPrivilegeEscalation: false
      capabilities:
        drop: [ALL]
  steps:
    - name: build
      image: $(params.step-image)
      workingDir: $(workspaces.source.path)
      timeout: 1h
      env:
        - name: IMAGE
          value: $(params.image-name)
        - name: GIT_REVISION
          value: $(params.git-revision)
        - name: GIT_COMMIT
          value: $(params.git-commit)
        - name: DEFAULT_BRANCH
          value: $(params.default-branch)
        - name: PUSH
          value: $(params.push)
${variable("BUILDER_RECORD_PARAMETER", job.onAws ? "$(params.record-parameter)" : undefined)}${Object.entries(fixed)
        .map(([name, value]) => variable(name, value && quoted(value)))
        .join("")}${secrets.map(secretVariable).join("")}      script: |
${indented(script(job), 8)}`;
}

function recordParameter(job: Job, name: string | undefined): string {
    const forPullRequests = job.facts.pullRequestRecordParameter;
    return job.onAws
        ? `
    - name: record-parameter
      description: SSM parameter with the builder's record${
          forPullRequests === undefined ? "" : `; ${forPullRequests} for pull requests`
      }
      default: ${quoted(name!)}`
        : "";
}

function variable(name: string, value: string | undefined): string {
    return value === undefined ? "" : `        - name: ${name}\n          value: ${value}\n`;
}

/** Keys of the Secret multiarch-builder are named as the variables. */
function secretVariable(name: string): string {
    return `        - name: ${name}
          valueFrom:
            secretKeyRef:
              name: multiarch-builder
              key: ${name}
`;
}

function script(job: Job): string {
    const tagged = build
        .replace('builder-tags "$IMAGE"', 'builder-tags --ref "$GIT_REVISION" --sha "$GIT_COMMIT" "$IMAGE"')
        .replace("branch sha ", "branch short-sha ");
    return `#!/bin/sh
set -eu
trap '${cleanup}' EXIT
export HOME="\${TMPDIR:-/tmp}"
${setup(job)}
eval "$(.multiarch-builder/builder-setup --use)"
export DOCKER_CONFIG="$BUILDER_STATE/docker"
${loginWithoutDocker(job)}
if [ "$PUSH" = false ]; then
  ${buildOnly}
  exit
fi
${tagged}
printf %s "$digest" >"$(results.digest.path)"
`;
}

/** The login as \`docker login\` keeps it, for images without docker. https://docs.docker.com/reference/cli/docker/login/ */
function loginWithoutDocker({ ecrRegion }: Job): string {
    const auth = ecrRegion
        ? `login=AWS:$(aws ecr get-login-password --region ${ecrRegion})`
        : `login=$REGISTRY_USER:$REGISTRY_PASSWORD`;
    return `${auth}
mkdir -p "$DOCKER_CONFIG"
(umask 077; printf '{"auths":{"%s":{"auth":"%s"}}}' "$REGISTRY" "$(printf %s "$login" | base64 | tr -d '\\n')" >"$DOCKER_CONFIG/config.json")`;
}

function pipeline(job: Job): string {
    return `${header(job.facts, "tekton")}# Roles go to the service account of the runs, by EKS Pod Identity or IRSA: one for protected refs, one for pull requests.
apiVersion: tekton.dev/v1
kind: Pipeline
metadata:
  name: ${taskName}
spec:
  params:
    - name: git-url
    - name: git-revision
      default: main
    - name: image-name
      default: ${quoted(job.image)}
    - name: push
      default: "true"
  workspaces:
    - name: shared-data
  tasks:
    - name: fetch
      taskRef:
        name: git-clone
      workspaces:
        - name: output
          workspace: shared-data
      params:
        - name: url
          value: $(params.git-url)
        - name: revision
          value: $(params.git-revision)
    - name: build
      runAfter: [fetch]
      taskRef:
        name: ${taskName}
      workspaces:
        - name: source
          workspace: shared-data
      params:
        - name: image-name
          value: $(params.image-name)
        - name: git-revision
          value: $(params.git-revision)
        - name: git-commit
          value: $(tasks.fetch.results.commit)
        - name: push
          value: $(params.push)
  results:
    - name: digest
      value: $(tasks.build.results.digest)
`;
}
