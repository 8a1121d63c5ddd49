import { builderEntry } from "../../buildx/entries";
import { needsCredentials } from "../../buildx/kubePod";
import { cacheRef } from "../../image/names";
import type { CiFile } from "../facts";
import {
    type Job,
    build,
    buildOnly,
    cleanup,
    credentialVariables,
    header,
    indented,
    login,
    mapping,
    quoted,
    recordFile,
    registryVariables,
    setup,
    variables,
} from "./parts";

// Commits of releases; `git ls-remote --tags https://github.com/<owner>/<name>` shows them.
const actions = {
    checkout: "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
    awsCredentials: "aws-actions/configure-aws-credentials@e6de054238d6b7531b4efff3b6587d9aade6a06c # v6.2.3",
    ecrLogin: "aws-actions/amazon-ecr-login@03f1aad4c6c7ffd436567f42f9384779290529bd # v2.1.7",
    setupBuildx: "docker/setup-buildx-action@37fe631027851001ddb9b187196cc803df7f5f0e # v4.3.0",
    buildPush: "docker/build-push-action@53b7df96c91f9c12dcc8a07bcb9ccacbed38856a # v7.3.0",
};

/** Workflows of GitHub Actions: the scripts, and the user's own build-push-action on the same nodes. */
export function githubFiles(job: Job): CiFile[] {
    return [
        { path: ".github/workflows/image.yml", content: scriptWorkflow(job) },
        { path: ".github/workflows/image-build-push-action.yml", content: actionWorkflow(job) },
        ...recordFile(job),
    ];
}

function scriptWorkflow(job: Job): string {
    return `${header(job.facts, "github")}name: image
on:
  push:
    branches: [main]
    tags: ["v*"]
  pull_request:
permissions: {}
jobs:
  image:
    if: github.event_name == 'push'
${jobHead(job)}
    steps:
${checkoutAndLogins(job)}
      - run: ${setup(job)}${credentialsEnv(job)}
      - run: |
${indented(build, 10)}
      - if: always()
        run: ${cleanup}
${pullRequestJobs(job)}`;
}

/** Runner, rights and variables of a job. */
function jobHead(job: Job, pullRequest = false): string {
    return `    runs-on: ubuntu-latest
    timeout-minutes: 60
    permissions:
      contents: read${job.onAws || job.ecrRegion ? "\n      id-token: write" : ""}
    env:
${mapping(environment(job, pullRequest), 6)}
      DEFAULT_BRANCH: \${{ github.event.repository.default_branch }}`;
}

/** The region comes with the credentials, and the host of an ECR registry with its login. */
function environment(job: Job, pullRequest: boolean): Record<string, string | undefined> {
    const needed = variables(job, pullRequest);
    return { ...needed, AWS_REGION: undefined, REGISTRY: job.ecrRegion ? undefined : needed.REGISTRY };
}

function checkoutAndLogins(job: Job, pullRequest = false): string {
    const { facts, onAws, ecrRegion, roles } = job;
    const role = pullRequest ? roles.pullRequest : roles.push;
    const variable = pullRequest ? "BUILDER_PULL_REQUEST_ROLE_ARN" : "BUILDER_ROLE_ARN";
    const aws = `
      - uses: ${actions.awsCredentials}
        with:
          role-to-assume: ${role === undefined ? `\${{ vars.${variable} }}` : quoted(role)}
          aws-region: ${quoted(facts.region ?? ecrRegion ?? "")}`;
    const registry = ecrRegion
        ? `\n      - uses: ${actions.ecrLogin}`
        : `\n      - run: ${login(job)}${env(registryVariables)}`;
    return `${checkout}${onAws || ecrRegion ? aws : ""}${registry}`;
}

const checkout = `      - uses: ${actions.checkout}
        with:
          persist-credentials: false`;

function credentialsEnv({ onAws }: Job): string {
    return onAws ? "" : env(credentialVariables);
}

/** Secrets as variables of one step. */
function env(names: readonly string[]): string {
    return `\n        env:\n${names.map((name) => `          ${name}: \${{ secrets.${name} }}`).join("\n")}`;
}

/** A pull request of this repository builds on the farm when it has credentials for it; no other touches the farm. */
function pullRequestJobs(job: Job): string {
    const fromHere = "github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name";
    const farm = `
  pull-request:
    if: ${fromHere} == github.repository
${jobHead(job, true)}
    steps:
${checkoutAndLogins(job, true)}
      - run: ${setup(job)}
      - run: ${buildOnly}
      - if: always()
        run: ${cleanup}
`;
    const condition = job.pullRequests ? `${fromHere} != github.repository` : "github.event_name == 'pull_request'";
    const who = job.pullRequests ? "a fork has" : "pull requests have";
    return `${job.pullRequests ? farm : ""}
  without-builder:
    if: ${condition}
    runs-on: ubuntu-latest
    timeout-minutes: 60
    permissions:
      contents: read
    steps:
${checkout}
      - run: |
          echo "${who} no credentials for the builder: built for this runner's own platform, and pushed nowhere"
          docker build .
`;
}

/** The user's own build step on the same nodes, started by hand so that both workflows can be compared. */
function actionWorkflow(job: Job): string {
    const { facts, image } = job;
    const direct = facts.builder.nodes.every((node) => !node.wake && !node.access && needsCredentials(node));
    const { cacheRepositoryUrl: cache } = facts;
    const cacheRefs = cache
        ? facts.platforms.map((platform) => cacheRef(cache, image.split("/").at(-1)!, "main", platform))
        : [];
    const cacheFrom = cacheRefs.map((ref) => `\n            type=registry,ref=${ref}`).join("");
    return `${header(facts, "github")}# Keeps docker/build-push-action. What that costs: one build for all platforms cannot write a cache per platform (whoever
# exports last wins), so there is no cache-to and only the other workflow fills the registry's cache; the tag moves
# without a test of the image; and the nodes' platforms are not checked.
name: image (build-push-action)
on:
  workflow_dispatch:
permissions: {}
jobs:
  image:
${jobHead(job)}
    steps:
${checkoutAndLogins(job)}
${
    direct
        ? setupBuildx(job)
        : `      # Wakes the nodes and opens the way to them, which setup-buildx-action cannot; its builder is in the environment.
      - run: ${setup(job)}${credentialsEnv(job)}`
}
      - uses: ${actions.buildPush}
        with:
          context: .
          builder: ${direct ? quoted(facts.builderName) : "${{ env.BUILDER_NAME }}"}
          platforms: ${quoted(facts.platforms.join(","))}
          push: true
          provenance: false
          tags: ${quoted(`${image}:edge`)}${cacheFrom && `\n          cache-from: |${cacheFrom}`}
${direct ? "" : `      - if: always()\n        run: ${cleanup}\n`}`;
}

/**
 * Inputs of setup-buildx-action for nodes that are up and reached directly; certificates are in the environment.
 * https://docs.docker.com/build/ci/github-actions/configure-builder/#authentication-support
 */
function setupBuildx(job: Job): string {
    const [first, ...others] = builderEntry(job.facts.builder).nodes;
    const count = others.length + 1;
    const append = others.map(
        (node) => `            - name: ${quoted(node.name)}
              endpoint: ${quoted(node.endpoint)}
              platforms: ${quoted(node.platforms.join(","))}
              driver-opts: [${quoted(`servername=${node.serverName}`)}]`,
    );
    const tls = Array.from({ length: count }, (_, i) =>
        (["CA", "CERT", "KEY"] as const).map(
            (part) =>
                `          BUILDER_NODE_${i}_AUTH_TLS_${part === "CA" ? "CACERT" : part}: \${{ ${job.onAws ? "env" : "secrets"}.BUILDER_${part} }}`,
        ),
    ).flat();
    return `${job.onAws ? `${readCredentials(job)}\n` : ""}      - uses: ${actions.setupBuildx}
        with:
          name: ${quoted(job.facts.builderName)}
          driver: remote
          endpoint: ${quoted(first!.endpoint)}
          platforms: ${quoted(first!.platforms.join(","))}
          driver-opts: ${quoted(`servername=${first!.serverName}`)}${
              others.length > 0 ? `\n          append: |\n${append.join("\n")}` : ""
          }
        env:
${tls.join("\n")}`;
}

/** Reads the client credentials into the environment of later steps; every line of the key is masked in logs. */
function readCredentials({ facts }: Job): string {
    const parameters = facts.credentialsParameters;
    return `      - run: |
          for part in CA CERT KEY; do
            eval "parameter=\\$\${part}_PARAMETER"
            pem=$(aws ssm get-parameters --with-decryption --query "Parameters[0].Value" --output text --names "$parameter")
            [ "$part" != KEY ] || printf '%s\\n' "$pem" | sed -n 's/^./::add-mask::&/p'
            printf 'BUILDER_%s<<END\\n%s\\nEND\\n' "$part" "$pem" >>"$GITHUB_ENV"
          done
        env:
${mapping({ CA_PARAMETER: parameters?.ca, CERT_PARAMETER: parameters?.cert, KEY_PARAMETER: parameters?.key }, 10)}`;
}
