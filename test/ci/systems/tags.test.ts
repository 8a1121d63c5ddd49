import { spawnSync } from "node:child_process";
import * as path from "node:path";
import { findProgram } from "../../../dev/tools/requirements";
import { root } from "../../support/project";

const script = path.join(root, "assets/ci/builder-tags");
const sha = "5f0c3a9d1b7e4c2f8a6d0b9e3c5f7a1d2e4b6c80";
const shells = [["dash"], ["busybox", "sh"]].filter(([name]) => findProgram(name!));

function tags(shell: string[], args: string[], env: Record<string, string> = {}) {
    const [program, ...rest] = [...shell, script, ...args];
    const { status, stdout, stderr } = spawnSync(program!, rest, {
        env: { PATH: process.env.PATH, ...env },
        encoding: "utf8",
    });
    return { status, stderr, tags: stdout.trim() === "" ? [] : stdout.trim().split("\n") };
}

const github = (ref: string) => ({ GITHUB_REF: ref, GITHUB_SHA: sha });
const cases: [what: string, env: Record<string, string>, kinds: string[], tags: string[]][] = [
    ["GitHub, main", github("refs/heads/main"), [], ["main", "sha-5f0c3a9", "latest", "edge"]],
    ["GitHub, another branch", github("refs/heads/feature/Login_2"), ["branch", "latest"], ["feature-Login_2"]],
    ["GitHub, a release", github("refs/tags/v1.4.2"), ["semver", "latest"], ["1.4.2", "1.4", "1"]],
    ["GitHub, a first release", github("refs/tags/v0.4.2"), ["semver"], ["0.4.2", "0.4"]],
    ["GitHub, a pre-release", github("refs/tags/v1.4.2-rc.1"), ["semver"], ["1.4.2-rc.1"]],
    ["GitHub, build metadata", github("refs/tags/v1.4.2+5"), ["semver"], ["1.4.2", "1.4", "1"]],
    ["GitHub, another tag", github("refs/tags/nightly/2"), ["semver"], ["nightly-2"]],
    [
        "GitHub, a default branch of another name",
        { ...github("refs/heads/trunk"), DEFAULT_BRANCH: "trunk" },
        ["edge"],
        ["edge"],
    ],
    ["GitLab, main", { CI_COMMIT_SHA: sha, CI_COMMIT_BRANCH: "main" }, ["branch", "short-sha"], ["main", "5f0c3a9d"]],
    ["GitLab, a tag", { CI_COMMIT_SHA: sha, CI_COMMIT_TAG: "2.0.0" }, ["semver"], ["2.0.0", "2.0", "2"]],
    ["CircleCI, main", { CIRCLE_SHA1: sha, CIRCLE_BRANCH: "main" }, ["short-sha", "edge"], ["5f0c3a9", "edge"]],
    ["CircleCI, a tag", { CIRCLE_SHA1: sha, CIRCLE_TAG: "v3.1.0" }, ["semver"], ["3.1.0", "3.1", "3"]],
    ["Harness, main", { DRONE_COMMIT_SHA: sha, DRONE_COMMIT_BRANCH: "main" }, ["branch"], ["main"]],
    ["Harness, a tag", { DRONE_COMMIT_SHA: sha, DRONE_TAG: "v1.0.0" }, ["semver"], ["1.0.0", "1.0", "1"]],
    ["a branch named as another tag", github("refs/heads/edge"), ["branch", "edge"], ["edge"]],
];

describe.each(shells)("in %s", (...shell) => {
    test.each(cases)("%s", (_, env, kinds, wanted) => {
        const image = "registry.acme.io:5000/shop/api";
        const result = tags(shell, [image, ...kinds], env);
        expect(result).toEqual({ status: 0, stderr: "", tags: wanted.map((tag) => `${image}:${tag}`) });
    });

    test.each([
        ["main", ["main", "5f0c3a9"]],
        ["v1.4.2", ["1.4.2", "1.4", "1", "5f0c3a9"]],
        [sha, ["5f0c3a9"]],
        ["refs/heads/x", ["x", "5f0c3a9"]],
    ])("--ref %s", (ref, wanted) => {
        const result = tags(shell, ["--ref", ref, "--sha", sha, "a/b", "semver", "branch", "short-sha"]);
        expect(result).toEqual({ status: 0, stderr: "", tags: wanted.map((tag) => `a/b:${tag}`) });
    });

    test.each([
        ["GitHub", github("refs/pull/7/merge")],
        ["GitLab", { CI_COMMIT_SHA: sha, CI_MERGE_REQUEST_IID: "7", CI_COMMIT_BRANCH: "x" }],
        ["CircleCI, a fork", { CIRCLE_SHA1: sha, CIRCLE_BRANCH: "pull/7" }],
        ["Harness", { DRONE_COMMIT_SHA: sha, DRONE_BUILD_EVENT: "pull_request", DRONE_COMMIT_BRANCH: "main" }],
    ])("a pull request has no tags: %s", (_, env) => {
        const message = "builder-tags: a pull request gets no tag: build it without -t\n";
        expect(tags(shell, ["a/b"], env)).toEqual({ status: 1, stderr: message, tags: [] });
    });

    test.each([
        [[], "give the repository"],
        [["a/b", "semvar"], "unknown kind semvar"],
        [["--what", "a/b"], "unknown option --what"],
        [["--ref"], "--ref needs a value"],
        [["a/b"], "no CI system that is known"],
        [["--ref", "main", "--sha", "not a commit", "a/b"], "not a commit"],
    ])("wrong usage: %j", (args, message) => {
        const result = tags(shell, args);
        expect(result.status).toBe(2);
        expect(result.stderr).toContain(message);
    });

    test("a long branch's tag is cut to what a registry takes, and a first dot is replaced", () => {
        const result = tags(shell, ["--ref", `refs/heads/.${"x".repeat(200)}`, "a/b", "branch"]);
        expect(result.tags).toEqual([`a/b:_${"x".repeat(127)}`]);
    });

    test("nothing to tag is a failure: a build without tags pushes nothing", () => {
        expect(tags(shell, ["--ref", "main", "a/b", "semver"]).status).toBe(1);
    });
});
