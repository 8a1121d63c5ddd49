import { circleUser, runCircle } from "../systems/circleci";
import { type GitHubEvent, commit, runGitHub, runner } from "../systems/github";
import { runGitLab } from "../systems/gitlab";
import { runHarness } from "../systems/harness";
import { runTekton, tektonUser } from "../systems/tekton";
import { type Workplace, roles } from "../workplace";
import type { NamedCheck } from "./check";
import { clean, equal, published, tagsOf } from "./expect";

const pushed: GitHubEvent = { name: "push", ref: "refs/heads/main" };
const onMain = (commitTag: string) => ["main", commitTag, "latest", "edge"];
const short = commit.slice(0, 7);
const otherUser = { uid: 1234, gid: 1234 };

/** Every system's configuration builds, pushes and verifies an image. */
export const builds: readonly NamedCheck[] = [
    ["GitHub Actions: the steps of the workflow", github],
    ["GitHub Actions: a Git tag", gitTag],
    ["GitHub Actions: twice in a row on one runner", twice],
    ["GitHub Actions: three jobs at once on one runner", threeAtOnce],
    ["GitHub Actions: setup-buildx-action and build-push-action", buildPushAction],
    ["GitHub Actions: a pull request builds, and writes neither tag nor cache", pullRequest],
    ["GitLab CI: the script of the job, as a user that is not root", gitlab],
    ["GitLab CI: a registry with a password, no AWS", withoutAws],
    ["CircleCI: the job, and cross-build of the Makefile", circle],
    ["Harness CI: the Run step", harness],
    ["Harness CI: the builder for a Plugin step", plugin],
    ["Tekton: the script of the Task, with what the Pipeline passes", tekton],
];

async function github(place: Workplace): Promise<string> {
    const checkout = place.checkout("github", { user: runner });
    const outcome = await runGitHub(checkout, "image.yml", pushed);
    const seen = await published(checkout, outcome, onMain(`sha-${short}`));
    await clean(checkout, outcome);
    assumed(place, roles.push);
    return seen;
}

async function gitTag(place: Workplace): Promise<string> {
    const checkout = place.checkout("github", { user: runner });
    const outcome = await runGitHub(checkout, "image.yml", { name: "push", ref: "refs/tags/v1.4.2" });
    return published(checkout, outcome, ["1.4.2", "1.4", "1", `sha-${short}`]);
}

async function twice(place: Workplace): Promise<string> {
    const checkout = place.checkout("github", { user: runner });
    await published(checkout, await runGitHub(checkout, "image.yml", pushed), onMain(`sha-${short}`));
    const again = await runGitHub(checkout, "image.yml", pushed);
    const seen = await published(checkout, again, onMain(`sha-${short}`));
    await clean(checkout, again);
    equal("cached steps of the second", String(/CACHED/.test(again.output)), "true", again.output);
    return `${seen}, the second from the cache`;
}

/** One user, one home and one folder for temporary files, as on a runner that takes several jobs. */
async function threeAtOnce(place: Workplace): Promise<string> {
    const checkouts = [1, 2, 3].map(() => place.checkout("github", { user: runner }));
    const { home, temp } = checkouts[0]!.job;
    checkouts.forEach(({ job }) => Object.assign(job.env, { HOME: home, TMPDIR: temp }));
    const outcomes = await Promise.all(checkouts.map((each) => runGitHub(each, "image.yml", pushed)));
    const seen = await Promise.all(checkouts.map((each, i) => published(each, outcomes[i]!, onMain(`sha-${short}`))));
    await Promise.all(checkouts.map((each, i) => clean(each, outcomes[i]!)));
    return seen[0]!;
}

async function buildPushAction(place: Workplace): Promise<string> {
    const checkout = place.checkout("github", { user: runner });
    const event = { name: "workflow_dispatch", ref: "refs/heads/main" } as const;
    return published(checkout, await runGitHub(checkout, "image-build-push-action.yml", event), ["edge"]);
}

async function pullRequest(place: Workplace): Promise<string> {
    place.cloud.calls.splice(0);
    const checkout = place.checkout("github", { user: runner });
    const event = { name: "pull_request", ref: "refs/pull/7/merge", headRepository: "acme/shop" } as const;
    const cached = await tagsOf(place, "cache");
    const outcome = await runGitHub(checkout, "image.yml", event);
    equal("exit code", String(outcome.status), "0", outcome.output);
    equal("tags", (await tagsOf(place, checkout.repository)).join(), "");
    equal("caches", (await tagsOf(place, "cache")).join(), cached.join());
    await clean(checkout, outcome);
    assumed(place, roles.pullRequest);
    return "built with the role of pull requests";
}

async function gitlab(place: Workplace): Promise<string> {
    place.cloud.calls.splice(0);
    const checkout = place.checkout("gitlab", { user: otherUser });
    const outcome = await runGitLab(checkout, "container-image");
    const seen = await published(checkout, outcome, onMain(commit.slice(0, 8)));
    await clean(checkout, outcome);
    assumed(place, roles.push);
    return seen;
}

async function withoutAws(place: Workplace): Promise<string> {
    place.cloud.calls.splice(0);
    const checkout = place.checkout("gitlab", { user: otherUser, kind: "plain" });
    const { credentials, registry } = place.farm;
    const outcome = await runGitLab(checkout, "container-image", {
        BUILDER_CA: credentials.ca,
        BUILDER_CERT: credentials.cert,
        BUILDER_KEY: credentials.key,
        REGISTRY_USER: registry.username,
        REGISTRY_PASSWORD: registry.password,
    });
    const seen = await published(checkout, outcome, onMain(commit.slice(0, 8)));
    await clean(checkout, outcome);
    equal("calls of AWS", place.cloud.calls.map(({ action }) => action).join(), "");
    return seen;
}

async function circle(place: Workplace): Promise<string> {
    place.cloud.calls.splice(0);
    const checkout = place.checkout("circleci", { user: circleUser });
    const outcome = await runCircle(checkout, "cross-build");
    const seen = await published(checkout, outcome, onMain(short));
    await clean(checkout, outcome);
    assumed(place, roles.push);
    return seen;
}

async function harness(place: Workplace): Promise<string> {
    place.cloud.calls.splice(0);
    const checkout = place.checkout("harness");
    const outcome = await runHarness(checkout, "image.yaml", "branch");
    const seen = await published(checkout, outcome, onMain(short));
    await clean(checkout, outcome);
    assumed(place, roles.push);
    return seen;
}

async function plugin(place: Workplace): Promise<string> {
    const checkout = place.checkout("harness");
    const outcome = await runHarness(checkout, "image-plugin.yaml", "branch");
    const seen = await published(checkout, outcome, ["edge"]);
    await clean(checkout, outcome);
    return seen;
}

async function tekton(place: Workplace): Promise<string> {
    place.cloud.calls.splice(0);
    const checkout = place.checkout("tekton", { user: tektonUser });
    const outcome = await runTekton(checkout);
    const seen = await published(checkout, outcome, onMain(short));
    equal("form of the digest", outcome.digest.replace(/[0-9a-f]{64}$/, ""), "sha256:");
    await clean(checkout, outcome);
    assumed(place, roles.push);
    return seen;
}

/** Since the last look, jobs have assumed this role only, and called nothing besides what its policy has. */
function assumed({ cloud }: Workplace, role: string): void {
    const calls = cloud.calls.splice(0);
    const actions = calls.map(({ action }) => action);
    const seen = calls.filter(({ action }) => action === exchange).map(({ input }) => String(input.RoleArn));
    equal("roles", [...new Set(seen)].join(), role);
    const allowed = [exchange, "GetParameters", "GetAuthorizationToken"];
    equal("other calls", actions.filter((action) => !allowed.includes(action)).join(), "");
}

const exchange = "AssumeRoleWithWebIdentity";
