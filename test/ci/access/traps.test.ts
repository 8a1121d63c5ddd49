import { everySystem, told, uuid } from "./support";

/** What people get wrong about who may take a role, by the ids of the design's list of traps, each with the whole text. */
type Row = [trap: string, what: string, args: object, message: string];

const github = (change: object) => ({ github: { ...everySystem.github, ...change } });
const repository = (name: string) => github({ repositories: [{ name }] });
const gitlab = (change: object) => ({ gitlab: { ...everySystem.gitlab, ...change } });
const circleci = (change: object) => ({ circleci: { ...everySystem.circleci, ...change } });
const harness = (change: object) => ({ harness: { ...everySystem.harness, ...change } });
const tekton = (change: object) => ({ tekton: { ...everySystem.tekton, ...change } });
const providerOf = (issuer: string) => `arn:aws:iam::111122223333:oidc-provider/${issuer}`;

const named = "must name a repository exactly, by repo:acme/shop or repository_id:123, and a part of its own after it";
const errors: Row[] = [
    [
        "T80",
        "every repository on GitHub",
        repository("*"),
        '`github.repositories[0].name`: would let everybody take the role: it must be the owner and name of a repository, acme/shop (got "*")',
    ],
    [
        "T80",
        "every repository of every owner",
        repository("*/*"),
        '`github.repositories[0].name`: would let everybody take the role: it must be the owner and name of a repository, acme/shop (got "*/*")',
    ],
    [
        "T80",
        "an owner's every repository",
        repository("acme/*"),
        '`github.repositories[0].name`: stands for everything of acme, also what is made next year: name each, or set `allowOrganizationWide` (got "acme/*")',
    ],
    [
        "T80",
        "repositories that begin so",
        repository("acme/shop*"),
        '`github.repositories[0].name`: matches others too, such as acme/shop-evil, which anybody may make: name each (got "acme/shop*")',
    ],
    [
        "T82",
        "a wildcard over the numbers",
        repository("acme*/shop*"),
        '`github.repositories[0].name`: matches others too, such as acme-evil/shop-evil, which anybody may make: name each (got "acme*/shop*")',
    ],
    [
        "T80",
        "an owner alone",
        repository("acme"),
        '`github.repositories[0].name`: must be the owner and name of a repository, acme/shop (got "acme")',
    ],
    [
        "T80",
        "no repository",
        github({ repositories: [] }),
        '`github.repositories`: must name one at least, for example [{ name: "acme/shop" }] (got [])',
    ],
    [
        "T80",
        "every branch",
        github({ branches: ["*"] }),
        '`github.branches[0]`: would let whoever may push any branch push images: name the protected ones, for example main or release/* (got "*")',
    ],
    [
        "T80",
        "every tag",
        github({ tags: ["**"] }),
        '`github.tags[0]`: would let whoever may push any tag push images: name the protected ones, for example v* (got "**")',
    ],
    [
        "T80",
        "a whole ref",
        github({ branches: ["refs/heads/main"] }),
        '`github.branches[0]`: must be the name alone, without refs/…/, for example main or release/* (got "refs/heads/main")',
    ],
    [
        "T80",
        "a variable of IAM's",
        github({ branches: ["${aws:userid}"] }),
        '`github.branches[0]`: must be the name of a branch, with at most two `*`, for example main or release/* (got "${aws:userid}")',
    ],
    [
        "T80",
        "nothing that pushes",
        github({ branches: [], tags: [], environments: [] }),
        "`github.branches`: is empty, so nothing would push: name one, for example main (got [])",
    ],
    [
        "T80",
        "every environment",
        github({ environments: ["*"] }),
        '`github.environments[0]`: must be the name of one environment, no pattern (got "*")',
    ],
    [
        "T80",
        "any subject",
        github({ subjects: ["*"] }),
        `\`github.subjects[0]\`: would let others take the role: ${named} (got "*")`,
    ],
    [
        "T80",
        "a subject by its workflow, which anybody can write",
        github({ subjects: ["workflow:build:ref:refs/heads/main"] }),
        `\`github.subjects[0]\`: would let others take the role: ${named} (got "workflow:build:ref:refs/heads/main")`,
    ],
    [
        "T80",
        "a subject of an owner",
        github({ subjects: ["repo:acme/*:ref:refs/heads/main"] }),
        `\`github.subjects[0]\`: stands for everything of an owner, also what is made next year: ${named}, or set \`allowOrganizationWide\` (got "repo:acme/*:ref:refs/heads/main")`,
    ],
    [
        "T80",
        "a subject that is not anchored",
        github({ subjects: ["repo:acme/shop*"] }),
        `\`github.subjects[0]\`: would let others take the role: ${named} (got "repo:acme/shop*")`,
    ],
    [
        "T80",
        "a subject with a wildcard before its repository",
        github({ subjects: ["*:repository_id:1:ref:x"] }),
        `\`github.subjects[0]\`: would let others take the role: ${named} (got "*:repository_id:1:ref:x")`,
    ],
    [
        "T80",
        "every project of GitLab",
        gitlab({ projects: ["*"] }),
        '`gitlab.projects[0]`: would let everybody take the role: it must be the path of a project with its groups, acme/platform/shop (got "*")',
    ],
    [
        "T80",
        "a group and its subgroups",
        gitlab({ projects: ["acme/platform/*"] }),
        '`gitlab.projects[0]`: stands for everything of acme/platform, also what is made next year: name each, or set `allowOrganizationWide` (got "acme/platform/*")',
    ],
    [
        "T80",
        "projects that begin so",
        gitlab({ projects: ["acme/shop*"] }),
        '`gitlab.projects[0]`: matches others too, such as acme/shop-evil, which anybody may make: name each (got "acme/shop*")',
    ],
    [
        "T80",
        "every project of CircleCI",
        circleci({ projects: [{ id: "*", origin: "github.com/acme/shop" }] }),
        '`circleci.projects[0].id`: must be a UUID in lower case, see Project Settings, Overview, in CircleCI (got "*")',
    ],
    [
        "T80",
        "any source on CircleCI",
        circleci({ projects: [{ id: uuid("b"), origin: "*" }] }),
        '`circleci.projects[0].origin`: must be the repository as CIRCLE_OIDC_TOKEN_V2 names it, for example github.com/acme/shop (got "*")',
    ],
    [
        "T80",
        "every project of Harness",
        harness({ projects: [{ organization: "default", project: "*" }] }),
        '`harness.projects[0].project`: must be an identifier of Harness: letters, digits and `_`; no pattern (got "*")',
    ],
    [
        "T80",
        "every service account",
        tekton({ serviceAccounts: [{ namespace: "ci", name: "*" }] }),
        '`tekton.serviceAccounts[0].name`: must be one name: lower-case letters, digits and `-`; no pattern (got "*")',
    ],
    [
        "T81",
        "no audience",
        github({ audience: "" }),
        '`github.audience`: must be what the jobs\' tokens have as `aud`, for example sts.amazonaws.com; without it, tokens for other services would do (got "")',
    ],
    [
        "T81",
        "any audience",
        gitlab({ audience: "*" }),
        '`gitlab.audience`: must be what the jobs\' tokens have as `aud`, for example sts.amazonaws.com; without it, tokens for other services would do (got "*")',
    ],
    [
        "T82",
        "one of the two numbers",
        github({ repositories: [{ name: "acme/shop", ownerId: "123456" }] }),
        "`github.repositories[0].id`: must be given together with `ownerId`",
    ],
    [
        "T82",
        "a number that is none",
        github({ repositories: [{ name: "acme/shop", ownerId: "acme", id: "1" }] }),
        '`github.repositories[0].ownerId`: must be a number in quotes (got "acme")',
    ],
    [
        "T83",
        "pull requests that push",
        github({ subjects: ["repo:acme/shop:pull_request"] }),
        '`github.subjects[0]`: would let pull requests push: name what follows the repository, such as ref:refs/heads/main; see `pullRequestSubjects` (got "repo:acme/shop:pull_request")',
    ],
    [
        "T83",
        "everything of a repository, so its pull requests",
        github({ subjects: ["repo:acme/shop:*"] }),
        '`github.subjects[0]`: would let pull requests push: name what follows the repository, such as ref:refs/heads/main; see `pullRequestSubjects` (got "repo:acme/shop:*")',
    ],
    [
        "T83",
        "a pipeline for both",
        harness({ pullRequestProjects: everySystem.harness.projects }),
        '`harness.pullRequestProjects[0]`: is in `projects` too, so pull requests would push: give them pipelines or a project of their own (got {"organization":"default","project":"shop","pipelines":["release"]})',
    ],
    [
        "T83",
        "a service account for both",
        tekton({ pullRequestServiceAccounts: [{ namespace: "ci", name: "build" }] }),
        '`tekton.pullRequestServiceAccounts[0]`: is in `serviceAccounts` too, so pull requests would push: give them an account of their own (got {"namespace":"ci","name":"build"})',
    ],
    [
        "T84",
        "an issuer with a slash",
        gitlab({ issuer: "https://gitlab.acme.io/" }),
        '`gitlab.issuer`: must not end in a slash: AWS compares it as text with the tokens\' `iss`, which has none (got "https://gitlab.acme.io/")',
    ],
    [
        "T84",
        "an issuer without TLS",
        gitlab({ issuer: "http://gitlab.acme.io" }),
        '`gitlab.issuer`: must begin with https://: AWS takes no other issuer (got "http://gitlab.acme.io")',
    ],
    [
        "T84",
        "an issuer without a scheme",
        github({ issuer: "token.actions.acme.ghe.com" }),
        '`github.issuer`: must be the URL that the tokens\' `iss` has, for example https://token.actions.githubusercontent.com (got "token.actions.acme.ghe.com")',
    ],
    [
        "T84",
        "an organization of CircleCI by its name",
        circleci({ organizationId: "gh/acme" }),
        '`circleci.organizationId`: must be a UUID in lower case, see Organization Settings, Overview, in CircleCI (got "gh/acme")',
    ],
    [
        "T85",
        "a provider of another issuer",
        github({ providerArn: providerOf("gitlab.com") }),
        `\`github.providerArn\`: is the provider of gitlab.com, and the tokens come from token.actions.githubusercontent.com (got "${providerOf("gitlab.com")}")`,
    ],
    [
        "T85",
        "a provider that is none",
        gitlab({ providerArn: "gitlab.com" }),
        '`gitlab.providerArn`: must be the ARN of an OIDC provider, arn:aws:iam::…:oidc-provider/gitlab.com (got "gitlab.com")',
    ],
    [
        "T85",
        "a provider both given and made",
        gitlab({ providerArn: providerOf("gitlab.com"), createProvider: true }),
        "`gitlab.createProvider`: cannot be given together with `providerArn`: take one out (got true)",
    ],
    [
        "T85",
        "a provider that nothing needs",
        tekton({ createProvider: true }),
        "`tekton.createProvider`: is for `irsa`; EKS Pod Identity needs no provider (got true)",
    ],
    [
        "PR",
        "a builder for nobody",
        { ...github({}), pullRequests: { enabled: false, useBuilder: true } },
        "`pullRequests.useBuilder`: needs a role for pull requests: take `enabled: false` out (got true)",
    ],
];

test.each(errors)("%s %s", (_, __, args, message) => {
    expect(told(args).errors).toEqual([message]);
});

const numbers = "tokens of repositories that were made, renamed or moved after 2026-07-15 are refused";
const warnings: Row[] = [
    [
        "T82",
        "a repository without numbers",
        repository("acme/shop"),
        `\`github.repositories[0]\`: without \`ownerId\` and \`id\`, ${numbers}: gh api repos/acme/shop --jq '.owner.id, .id'`,
    ],
    [
        "T80",
        "branches that begin so",
        github({ branches: ["main*"] }),
        "`github.branches[0]`: main* matches main-evil too: protect all such branches, or end it in a separator",
    ],
    [
        "T83",
        "a whole project of Harness",
        harness({ projects: [{ organization: "default", project: "shop2" }] }),
        "`harness.projects[0]`: every pipeline of the project pushes, whatever branch it builds; see `pipelines`",
    ],
];

test.each(warnings)("%s %s is warned of", (_, __, args, message) => {
    expect(told(args)).toEqual({ errors: [], warnings: [message] });
});

test("what is meant is taken without a word", () => {
    expect(told({ ...everySystem, pullRequests: { useBuilder: true } })).toEqual({ errors: [], warnings: [] });
    const wide = { ...repository("acme/*"), ...gitlab({ projects: ["acme/*"] }), allowOrganizationWide: true };
    expect(told(wide).errors).toEqual([]);
});

test("every trap of the list has a row here or a test of its own", () => {
    const rows = new Set([...errors, ...warnings].map(([trap]) => trap));
    // T85 and T81 with the account's answers, T86 and T87: test/ci/access/ciAccess.test.ts.
    for (const trap of ["T80", "T81", "T82", "T83", "T84", "T85"]) {
        expect([trap, rows.has(trap)]).toEqual([trap, true]);
    }
});
