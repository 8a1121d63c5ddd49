import * as fc from "fast-check";
import type { CiCircleCi, CiGitHub, CiGitLab, CiHarness } from "../../../components/ci/arguments";
import {
    type Subjects,
    circleciSubjects,
    githubSubjects,
    gitlabSubjects,
    harnessSubjects,
} from "../../../components/ci/subjects";
import { podIdentityTrust, serviceAccountTokens, trustDocument, webIdentityTrust } from "../../../components/ci/trust";
import { type PolicyDocument, allows } from "../../iam/evaluator";
import { account, everySystem, told, uuid } from "./support";
import {
    type Claims,
    circleciToken,
    githubToken,
    gitlabToken,
    harnessToken,
    serviceAccountToken,
    takes,
} from "./tokens";

type Role = "push" | "pull request";

/** The trust policies of a system's two roles. */
function trusts({ issuer, audience, push, pullRequest }: Subjects): Record<Role, PolicyDocument> {
    const arn = `arn:aws:iam::${account}:oidc-provider/${issuer.replace("https://", "")}`;
    const read = (tokens: Subjects["push"]) =>
        JSON.parse(trustDocument(webIdentityTrust(arn, audience, tokens))) as PolicyDocument;
    return { push: read(push), "pull request": read(pullRequest) };
}

/** The roles that a job with this token may take. */
function rolesOf(documents: Record<Role, PolicyDocument>, claims: Claims): Role[] {
    return (Object.keys(documents) as Role[]).filter((role) => takes(documents[role], claims));
}

type Row = [job: string, claims: Claims, roles: Role[]];

describe("GitHub, with numbers", () => {
    const github = trusts(githubSubjects(everySystem.github));
    const both = (job: Parameters<typeof githubToken>[0]) =>
        [false, true].map((immutable) => githubToken({ ...job, immutable }));
    test.each<[job: string, tokens: Claims[], roles: Role[]]>([
        ["the branch main", both({}), ["push"]],
        ["a branch of a pattern", both({ ref: "refs/heads/release/1.4" }), ["push"]],
        ["a tag", both({ ref: "refs/tags/v1.4.2" }), ["push"]],
        ["an environment", both({ environment: "production", ref: "refs/heads/main" }), ["push"]],
        ["a pull request", both({ event: "pull_request" }), ["pull request"]],
        [
            "the merge queue",
            both({ event: "merge_group", ref: "refs/heads/gh-readonly-queue/main/pr-7-0123abc" }),
            ["pull request"],
        ],
        ["another branch", both({ ref: "refs/heads/feature" }), []],
        ["a branch that begins as main", both({ ref: "refs/heads/main-evil" }), []],
        ["a branch that ends as main", both({ ref: "refs/heads/evil/main" }), []],
        ["a branch that is called as a tag", both({ ref: "refs/heads/refs/tags/v1" }), []],
        ["a tag of another pattern", both({ ref: "refs/tags/nightly" }), []],
        ["another environment", both({ environment: "staging" }), []],
        ["an environment with a colon, called as a branch", both({ environment: "x:ref:refs/heads/main" }), []],
        [
            "a pull request that names an environment of the pushing (T83)",
            both({ event: "pull_request", environment: "production" }),
            [],
        ],
        ["a repository with the same beginning", both({ repository: "acme/shop-evil", repositoryId: "1" }), []],
        [
            "a repository of an owner with the same end",
            both({ repository: "evil-acme/shop", repositoryId: "1", ownerId: "1" }),
            [],
        ],
        [
            "another owner's repository of the same name",
            both({ repository: "evil/shop", repositoryId: "1", ownerId: "1" }),
            [],
        ],
        ["the same name with another number: the old one was deleted", both({ repositoryId: "999999" }), []],
        ["the same name of a new owner", both({ repositoryId: "999999", ownerId: "999999" }), []],
        ["another repository of the same owner", both({ repository: "acme/blog", repositoryId: "2" }), []],
        [
            "a fork's own workflow",
            both({ repository: "evil/shop", repositoryId: "3", ownerId: "3", event: "pull_request" }),
            [],
        ],
        ["another audience", both({ aud: "https://github.com/acme" }), []],
        ["another issuer", both({ iss: "https://token.actions.evil.ghe.com" }), []],
    ])("%s", (_, tokens, roles) => {
        for (const token of tokens) {
            expect([token.sub, rolesOf(github, token)]).toEqual([token.sub, roles]);
        }
    });

    test("a repository that was renamed keeps its number, and its name must be changed here", () => {
        const renamed = { repository: "acme/store", repositoryId: "456789", immutable: true };
        expect(rolesOf(github, githubToken(renamed))).toEqual([]);
        const repositories = [{ name: "acme/store", ownerId: "123456", id: "456789" }];
        expect(rolesOf(trusts(githubSubjects({ repositories })), githubToken(renamed))).toEqual(["push"]);
    });
});

describe("GitHub in other forms", () => {
    const roles = (args: CiGitHub, job: Parameters<typeof githubToken>[0]) =>
        rolesOf(trusts(githubSubjects(args)), githubToken(job));
    const named = { repositories: [{ name: "acme/shop" }] };

    test("without numbers the old form is taken, and no new one", () => {
        expect(roles(named, {})).toEqual(["push"]);
        expect(roles(named, { immutable: true })).toEqual([]);
        expect(roles(named, { repository: "acme/shop-evil" })).toEqual([]);
    });

    test.each([
        ["data residency", "https://token.actions.acme.ghe.com"],
        ["an issuer of the enterprise's own", "https://token.actions.githubusercontent.com/acme"],
        ["an Enterprise Server", "https://github.acme.io/_services/token"],
    ])("%s", (_, iss) => {
        const args = { ...everySystem.github, issuer: iss };
        expect(told({ github: args }).errors).toEqual([]);
        for (const immutable of [true, false]) {
            expect(roles(args, { iss, immutable })).toEqual(["push"]);
            expect(roles(args, { iss, immutable, event: "pull_request" })).toEqual(["pull request"]);
        }
        expect(roles(args, {})).toEqual([]);
        expect(roles(args, { iss, immutable: true, repositoryId: "1" })).toEqual([]);
    });

    test("several repositories, with numbers and without", () => {
        const args = { repositories: [{ name: "acme/shop", ownerId: "1", id: "2" }, { name: "acme/blog" }] };
        expect(roles(args, { ownerId: "1", repositoryId: "2", immutable: true })).toEqual(["push"]);
        expect(roles(args, { ownerId: "1", repositoryId: "3" })).toEqual([]);
        expect(roles(args, { repository: "acme/blog", repositoryId: "9" })).toEqual(["push"]);
        expect(roles(args, { repository: "acme/blog", repositoryId: "9", event: "pull_request" })).toEqual([
            "pull request",
        ]);
    });

    test("a whole organization, when it is asked for", () => {
        const args = { repositories: [{ name: "acme/*", ownerId: "123456" }] };
        expect(told({ github: args, allowOrganizationWide: true }).errors).toEqual([]);
        for (const immutable of [true, false]) {
            expect(roles(args, { repository: "acme/new", repositoryId: "77", immutable })).toEqual(["push"]);
            expect(roles(args, { repository: "acme-evil/shop", ownerId: "5", immutable })).toEqual([]);
            expect(roles(args, { repository: "acme/new", ref: "refs/heads/x", immutable })).toEqual([]);
            expect(roles(args, { repository: "acme/new", event: "pull_request", immutable })).toEqual(["pull request"]);
        }
        expect(roles(args, { ownerId: "9", immutable: true })).toEqual([]);
    });

    test("customized subjects", () => {
        const args = {
            repositories: [{ name: "acme/shop", ownerId: "123456", id: "456789" }],
            branches: [],
            subjects: ["repository_id:456789:ref:refs/heads/main"],
            pullRequestSubjects: ["repository_id:456789:event_name:pull_request"],
        };
        expect(told({ github: args }).errors).toEqual([]);
        const token = (sub: string) => rolesOf(trusts(githubSubjects(args)), { ...githubToken({}), sub });
        expect(token(args.subjects[0]!)).toEqual(["push"]);
        expect(token(args.pullRequestSubjects[0]!)).toEqual(["pull request"]);
        expect(token("repository_id:4567890:ref:refs/heads/main")).toEqual([]);
        expect(token("repo:acme/shop:ref:refs/heads/main")).toEqual([]);
    });
});

describe("GitLab", () => {
    const gitlab = trusts(gitlabSubjects(everySystem.gitlab));
    test.each<Row>([
        // A subject does not tell whether a branch is protected, and AWS reads no other claim of GitLab.
        ["the protected branch main", gitlabToken({}), ["push", "pull request"]],
        ["the branch main where nobody protected it", gitlabToken({ isProtected: false }), ["push", "pull request"]],
        ["a tag", gitlabToken({ ref: "v1.4.2", refType: "tag" }), ["push"]],
        ["another branch", gitlabToken({ ref: "feature", isProtected: false }), ["pull request"]],
        ["a merge request", gitlabToken({ ref: "feature", source: "merge_request_event" }), ["pull request"]],
        ["a branch that begins as main", gitlabToken({ ref: "main-evil" }), ["pull request"]],
        ["a branch that is called as a tag", gitlabToken({ ref: "v1" }), ["pull request"]],
        ["a tag that is called as a branch", gitlabToken({ ref: "main", refType: "tag" }), []],
        ["a project with the same beginning", gitlabToken({ project: "acme/platform/shop-evil" }), []],
        ["a project of a subgroup of that name", gitlabToken({ project: "acme/platform/shop/evil" }), []],
        ["a project of the same name in the group above", gitlabToken({ project: "acme/shop" }), []],
        ["a project whose path ends in it", gitlabToken({ project: "evil/acme/platform/shop" }), []],
        ["a fork's own pipeline", gitlabToken({ project: "mallory/shop", source: "merge_request_event" }), []],
        ["another GitLab", gitlabToken({ iss: "https://gitlab.evil.io", aud: "https://gitlab.com" }), []],
        ["another audience", gitlabToken({ aud: "https://vault.acme.io" }), []],
        ["AWS's usual audience, which nobody asked for", gitlabToken({ aud: "sts.amazonaws.com" }), []],
    ])("%s", (_, claims, roles) => {
        expect(rolesOf(gitlab, claims)).toEqual(roles);
    });

    test("a GitLab of one's own, with a path and an audience", () => {
        const args: CiGitLab = {
            projects: ["acme/shop"],
            issuer: "https://acme.io/gitlab",
            audience: "sts.amazonaws.com",
        };
        expect(told({ gitlab: args }).errors).toEqual([]);
        const token = { project: "acme/shop", iss: "https://acme.io/gitlab", aud: "sts.amazonaws.com" };
        expect(rolesOf(trusts(gitlabSubjects(args)), gitlabToken(token))).toEqual(["push", "pull request"]);
        expect(rolesOf(trusts(gitlabSubjects(args)), gitlabToken({ project: "acme/shop" }))).toEqual([]);
    });

    test("a whole group, when it is asked for, is with its subgroups", () => {
        const documents = trusts(gitlabSubjects({ projects: ["acme/*"] }));
        expect(rolesOf(documents, gitlabToken({ project: "acme/a/b" }))).toEqual(["push", "pull request"]);
        expect(rolesOf(documents, gitlabToken({ project: "acme-evil/b" }))).toEqual([]);
        expect(rolesOf(documents, gitlabToken({ project: "acme/a", ref: "x" }))).toEqual(["pull request"]);
    });
});

describe("CircleCI", () => {
    const args: CiCircleCi = { ...everySystem.circleci, tags: ["v*"], branches: ["main"] };
    const circleci = trusts(circleciSubjects(args));
    const disguised = "refs/heads/evil/vcs-origin/github.com/acme/shop/vcs-ref/refs/heads/main";
    test.each<Row>([
        ["the branch main", circleciToken({}), ["push", "pull request"]],
        ["a tag", circleciToken({ ref: "refs/tags/v1.4.2" }), ["push"]],
        ["another branch", circleciToken({ ref: "refs/heads/feature" }), ["pull request"]],
        ["a branch that begins as main", circleciToken({ ref: "refs/heads/main-evil" }), ["pull request"]],
        ["a branch that is called as the end of a subject", circleciToken({ ref: disguised }), ["pull request"]],
        ["a pull request of a fork", circleciToken({ ref: "refs/pull/7/head" }), []],
        ["the first form of token, which names no branch", circleciToken({ first: true }), []],
        ["another project", circleciToken({ project: uuid("d") }), []],
        [
            "another project of the same repository",
            circleciToken({ project: uuid("d"), origin: "github.com/acme/shop" }),
            [],
        ],
        ["the same project with another source", circleciToken({ origin: "github.com/evil/shop" }), []],
        ["another organization", circleciToken({ organization: uuid("e") }), []],
        ["another audience", circleciToken({ aud: "sts.amazonaws.com" }), []],
    ])("%s", (_, claims, roles) => {
        expect(rolesOf(circleci, claims)).toEqual(roles);
    });
});

describe("Harness", () => {
    const harness = trusts(harnessSubjects(everySystem.harness));
    test.each<Row>([
        ["the pipeline that pushes", harnessToken({ pipeline: "release" }), ["push"]],
        ["the pipeline of pull requests", harnessToken({ pipeline: "check" }), ["pull request"]],
        ["another pipeline", harnessToken({ pipeline: "other" }), []],
        ["a token without its pipeline", harnessToken({}), []],
        ["a pipeline of another project", harnessToken({ project: "blog", pipeline: "release" }), []],
        ["a project with the same beginning", harnessToken({ project: "shop_evil", pipeline: "release" }), []],
        ["another organization of Harness", harnessToken({ organization: "labs", pipeline: "release" }), []],
        ["another account", harnessToken({ account: "AAAAAAAAAAAAAAAAAAAAAA", pipeline: "release" }), []],
        ["another audience", harnessToken({ pipeline: "release", aud: "jfrog-artifactory" }), []],
    ])("%s", (_, claims, roles) => {
        expect(rolesOf(harness, claims)).toEqual(roles);
    });

    test("whole projects, of a cluster of Harness, with pipelines in the subject and without", () => {
        const args: CiHarness = {
            accountId: "WKxXBnSFTRaOF64-h90PyQ",
            url: "https://app3.harness.io",
            projects: [{ organization: "default", project: "shop" }],
        };
        const documents = { push: trusts(harnessSubjects(args)).push };
        const iss = `https://app3.harness.io/ng/api/oidc/account/${args.accountId}`;
        for (const pipeline of [undefined, "any"]) {
            expect(takes(documents.push, harnessToken({ iss, pipeline }))).toBe(true);
            expect(takes(documents.push, harnessToken({ iss, pipeline, project: "shop2" }))).toBe(false);
            expect(takes(documents.push, harnessToken({ pipeline }))).toBe(false);
        }
        expect(harnessSubjects(args).pullRequest).toEqual([]);
    });
});

describe("Tekton", () => {
    const issuer = "https://oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF";
    const accounts = [
        { namespace: "ci", name: "build" },
        { namespace: "release", name: "publish" },
    ];
    const pods = [
        ["the service account", { namespace: "ci", name: "build" }, true],
        ["the other one", { namespace: "release", name: "publish" }, true],
        ["another one of the namespace", { namespace: "ci", name: "default" }, false],
        ["the same name in another namespace", { namespace: "evil", name: "build" }, false],
        ["one's name in the other's namespace", { namespace: "release", name: "build" }, false],
        ["a name with the same beginning", { namespace: "ci", name: "build-evil" }, false],
    ] as const;

    test.each(pods)("by IRSA, %s", (_, pod, taken) => {
        const arn = `arn:aws:iam::${account}:oidc-provider/${issuer.replace("https://", "")}`;
        const trust = JSON.parse(
            trustDocument(webIdentityTrust(arn, "sts.amazonaws.com", serviceAccountTokens(accounts))),
        ) as PolicyDocument;
        expect(takes(trust, serviceAccountToken(issuer, pod))).toBe(taken);
        expect(takes(trust, serviceAccountToken(issuer, { ...pod, aud: "vault" }))).toBe(false);
        expect(takes(trust, serviceAccountToken(`${issuer}0`, pod))).toBe(false);
    });

    test.each(pods)("by EKS Pod Identity, %s", (_, { namespace, name }, taken) => {
        const cluster = `arn:aws:eks:eu-central-1:${account}:cluster/tools`;
        const trust = JSON.parse(trustDocument(podIdentityTrust(cluster, accounts))) as PolicyDocument;
        const call = (action: string, arn = cluster, principal = "pods.eks.amazonaws.com") =>
            allows(trust, {
                action,
                principal,
                context: {
                    "aws:RequestTag/eks-cluster-arn": arn,
                    "aws:RequestTag/kubernetes-namespace": namespace,
                    "aws:RequestTag/kubernetes-service-account": name,
                },
            });
        expect([call("sts:AssumeRole"), call("sts:TagSession")]).toEqual([taken, taken]);
        expect(call("sts:AssumeRole", `${cluster}2`)).toBe(false);
        expect(call("sts:AssumeRole", cluster, "ec2.amazonaws.com")).toBe(false);
        expect(allows(trust, { action: "sts:AssumeRole", principal: "pods.eks.amazonaws.com" })).toBe(false);
    });
});

describe("whatever a branch, repository or project is called", () => {
    // Pieces of subjects, so that names come near to what is trusted.
    const piece = fc.constantFrom(
        ...[
            "main",
            "release",
            "acme",
            "shop",
            "v1",
            "refs",
            "heads",
            "tags",
            "ref",
            "vcs-ref",
            "vcs-origin",
            "github.com",
        ],
        ...[
            "pull_request",
            "environment",
            "production",
            "evil",
            "user",
            "project",
            "@",
            "*",
            "a".repeat(36),
            "%3A",
            "@123456",
        ],
    );
    const name = fc
        .array(piece, { minLength: 1, maxLength: 8 })
        .chain((parts) => fc.constantFrom("/", "-", "").map((between) => parts.join(between)));
    const onlyMain = { branches: ["main"] };
    const github = trusts(githubSubjects({ repositories: everySystem.github.repositories, ...onlyMain }));
    const gitlab = trusts(gitlabSubjects({ projects: ["acme/shop"], ...onlyMain }));
    const circleci = trusts(circleciSubjects({ ...everySystem.circleci, ...onlyMain }));

    test("only main pushes", () => {
        fc.assert(
            fc.property(name, (branch) => {
                const ref = `refs/heads/${branch}`;
                const isMain = branch === "main";
                for (const immutable of [true, false]) {
                    expect(takes(github.push, githubToken({ ref, immutable }))).toBe(isMain);
                }
                expect(takes(gitlab.push, gitlabToken({ project: "acme/shop", ref: branch }))).toBe(isMain);
                expect(takes(circleci.push, circleciToken({ ref }))).toBe(isMain);
                expect(takes(circleci.push, circleciToken({ ref: `refs/tags/${branch}` }))).toBe(false);
            }),
            { numRuns: 500 },
        );
    });

    test("only the named repository takes a role", () => {
        fc.assert(
            fc.property(name, name, (owner, repository) => {
                const path = `${owner.replaceAll("/", "-")}/${repository.replaceAll("/", "-")}`;
                fc.pre(path !== "acme/shop");
                const others = { repository: path, repositoryId: "1", ownerId: "2" };
                for (const event of ["push", "pull_request"]) {
                    for (const immutable of [true, false]) {
                        expect(rolesOf(github, githubToken({ ...others, event, immutable }))).toEqual([]);
                    }
                }
                expect(rolesOf(gitlab, gitlabToken({ project: path }))).toEqual([]);
                expect(rolesOf(circleci, circleciToken({ origin: `github.com/${path}` }))).toEqual([]);
            }),
            { numRuns: 500 },
        );
    });
});
