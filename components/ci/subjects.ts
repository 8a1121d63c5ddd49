import type { CiCircleCi, CiGitHub, CiGitHubRepository, CiGitLab, CiHarness, CiHarnessProject } from "./arguments";

/** Tokens that may take a role: one of the subjects, and for each further claim one of its values. */
export interface Tokens {
    /** Name of the statement in the trust policy. */
    sid: string;
    /** Exact ones, and patterns with `*` and `?`. */
    subjects: string[];
    /** Further claims by name, exact ones and patterns. */
    claims?: Record<string, string[]>;
}

/** Where a system's tokens come from, and which of them may take its two roles. */
export interface Subjects {
    issuer: string;
    audience: string;
    push: Tokens[];
    /** Empty when the system's tokens do not tell pull requests apart and none are named. */
    pullRequest: Tokens[];
}

export const githubIssuer = "https://token.actions.githubusercontent.com";
export const gitlabIssuer = "https://gitlab.com";
export const harnessUrl = "https://app.harness.io";

/** The branches that push: `main`, unless something else is named. */
export function branchesOf(args: {
    branches?: string[];
    tags?: string[];
    environments?: string[];
    subjects?: string[];
}): string[] {
    const { branches, tags = [], environments = [], subjects = [] } = args;
    return branches ?? (tags.length + environments.length + subjects.length > 0 ? [] : ["main"]);
}

/** The beginnings of a repository's subjects: with names, and with names and numbers. */
function githubNames({ name, ownerId, id }: CiGitHubRepository): string[] {
    const [owner, repository] = name.split("/");
    const wide = repository === "*";
    const numbered = ownerId !== undefined && (wide || id !== undefined);
    return [`repo:${name}`, ...(numbered ? [`repo:${owner}@${ownerId}/${repository}${wide ? "" : `@${id}`}`] : [])];
}

/** https://docs.github.com/en/actions/reference/security/oidc#example-subject-claims */
export function githubSubjects(args: CiGitHub): Subjects {
    const issuer = args.issuer ?? githubIssuer;
    const branches = branchesOf(args);
    const refs = [
        ...branches.map((branch) => `ref:refs/heads/${branch}`),
        ...(args.tags ?? []).map((tag) => `ref:refs/tags/${tag}`),
    ];
    // GitHub writes a colon in a value so. https://docs.github.com/en/actions/reference/security/oidc#filtering-for-metadata-containing-
    const environments = (args.environments ?? []).map((name) => `environment:${name.replaceAll(":", "%3A")}`);
    // A merge queue tests what will be the branch, on a branch of its own.
    const proposed = ["pull_request", ...branches.map((branch) => `ref:refs/heads/gh-readonly-queue/${branch}/*`)];
    // Only of this issuer it is documented that STS reads more than `aud` and `sub`.
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
    const readsMore = issuer === githubIssuer;
    const groups = [
        { sid: "GitHubNumbered", repositories: args.repositories.filter(({ id }) => readsMore && id !== undefined) },
        { sid: "GitHubNamed", repositories: args.repositories.filter(({ id }) => !readsMore || id === undefined) },
    ];
    const tokens = (kind: string, parts: string[], claims: Tokens["claims"] = {}): Tokens[] =>
        groups.map(({ sid, repositories }) => ({
            sid: `${sid}${kind}`,
            subjects: repositories.flatMap((each) =>
                githubNames(each).flatMap((name) => parts.map((part) => `${name}:${part}`)),
            ),
            claims: {
                // No other repository can have the number.
                ...(sid === "GitHubNumbered" ? { repository_id: repositories.map(({ id }) => id!) } : {}),
                ...claims,
            },
        }));
    // A pull request's job may name an environment; its ref is refs/pull/…
    const pushedRefs: Tokens["claims"] = readsMore ? { ref: ["refs/heads/*", "refs/tags/*"] } : {};
    return {
        issuer,
        audience: args.audience ?? "sts.amazonaws.com",
        push: [
            ...tokens("", refs),
            ...tokens("Environments", environments, pushedRefs),
            { sid: "GitHubCustomized", subjects: args.subjects ?? [] },
        ].filter(isUsed),
        pullRequest: [
            ...tokens("", proposed),
            { sid: "GitHubCustomized", subjects: args.pullRequestSubjects ?? [] },
        ].filter(isUsed),
    };
}

/** https://docs.gitlab.com/ci/secrets/id_token_authentication/#token-payload */
export function gitlabSubjects(args: CiGitLab): Subjects {
    const issuer = args.issuer ?? gitlabIssuer;
    const pushed = [
        ...branchesOf(args).map((branch) => `ref_type:branch:ref:${branch}`),
        ...(args.tags ?? []).map((tag) => `ref_type:tag:ref:${tag}`),
    ];
    const tokens = (parts: string[], custom: string[] = []): Tokens[] =>
        [
            {
                sid: "GitLab",
                subjects: args.projects.flatMap((path) => parts.map((part) => `project_path:${path}:${part}`)),
            },
            { sid: "GitLabCustomized", subjects: custom },
        ].filter(isUsed);
    return {
        issuer,
        audience: args.audience ?? issuer,
        push: tokens(pushed, args.subjects),
        // A merge request's token names its source branch.
        pullRequest: tokens(["ref_type:branch:ref:*"], args.pullRequestSubjects),
    };
}

/** A UUID of any user: each `?` is one character, so that no part of a branch's name can stand in for what follows. */
const anyUser = "????????-????-????-????-????????????";

/** https://circleci.com/docs/guides/permissions-authentication/openid-connect-tokens/#format-of-the-openid-connect-id-token */
export function circleciSubjects(args: CiCircleCi): Subjects {
    const organization = args.organizationId;
    const refs = [
        ...branchesOf(args).map((branch) => `refs/heads/${branch}`),
        ...(args.tags ?? []).map((tag) => `refs/tags/${tag}`),
    ];
    const tokens = (wanted: string[]): Tokens[] => [
        {
            sid: "CircleCI",
            subjects: args.projects.flatMap(({ id, origin }) =>
                wanted.map(
                    (ref) => `org/${organization}/project/${id}/user/${anyUser}/vcs-origin/${origin}/vcs-ref/${ref}`,
                ),
            ),
        },
    ];
    return {
        issuer: `https://oidc.circleci.com/org/${organization}`,
        audience: organization,
        push: tokens(refs),
        // Pull requests of forks are under refs/pull.
        pullRequest: tokens(["refs/heads/*"]),
    };
}

/** https://developer.harness.io/docs/platform/connectors/cloud-providers/ref-cloud-providers/aws-connector-settings-reference/ */
export function harnessSubjects(args: CiHarness): Subjects {
    const tokens = (projects: CiHarnessProject[]): Tokens[] => [
        {
            sid: "Harness",
            subjects: projects.flatMap(({ organization, project, pipelines }) => {
                const whole = `account/${args.accountId}:org/${organization}:project/${project}`;
                // Whether the pipeline is named is a setting of the account.
                return pipelines?.map((pipeline) => `${whole}:pipeline/${pipeline}`) ?? [whole, `${whole}:pipeline/*`];
            }),
        },
    ];
    return {
        issuer: `${args.url ?? harnessUrl}/ng/api/oidc/account/${args.accountId}`,
        audience: "sts.amazonaws.com",
        push: tokens(args.projects),
        pullRequest: args.pullRequestProjects?.length ? tokens(args.pullRequestProjects) : [],
    };
}

function isUsed({ subjects }: Tokens): boolean {
    return subjects.length > 0;
}
