import { isPlain } from "../problems";
import type { CiCircleCi, CiGitHub, CiGitLab, CiHarness, CiHarnessProject, CiProvider } from "./arguments";
import {
    audienceProblem,
    githubRepositoryProblem,
    gitlabProjectProblem,
    issuerProblem,
    refProblem,
    subjectProblem,
    uuidProblem,
} from "./names";
import { githubIssuer, gitlabIssuer, harnessUrl } from "./subjects";
import { providerProblem } from "./trust";
import type { Check } from "./validate";

export function validateGitHub(args: CiGitHub, check: Check): void {
    const { note, warn, organizationWide } = check;
    const { repositories, issuer = githubIssuer } = args;
    notEmpty("github.repositories", repositories, '[{ name: "acme/shop" }]', check);
    repositories?.forEach(({ name, ownerId, id }, i) => {
        const path = `github.repositories[${i}]`;
        noteIf(`${path}.name`, name, githubRepositoryProblem(name, organizationWide), check);
        const numbers = Object.entries({ ownerId, id }).filter(([, value]) => value !== undefined);
        numbers
            .filter(([, value]) => !/^[1-9]\d{0,19}$/.test(value ?? ""))
            .forEach(([part, value]) => note(`${path}.${part}`, value, "must be a number in quotes"));
        const wide = String(name).endsWith("/*");
        if (wide ? id !== undefined : numbers.length === 1) {
            const reason = wide ? "is of one repository: take it out" : "must be given together with `ownerId`";
            note(`${path}.id`, id, reason);
        } else if (numbers.length === 0 && (issuer === githubIssuer || issuer.endsWith(".ghe.com"))) {
            const command = `gh api repos/${wide ? "<owner>/<any>" : name} --jq '.owner.id, .id'`;
            const others = "tokens of repositories that were made, renamed or moved after 2026-07-15";
            warn(path, `without ${wide ? "`ownerId`" : "`ownerId` and `id`"}, ${others} are refused: ${command}`);
        }
    });
    refs("github", args, check);
    args.environments?.forEach((environment, i) => {
        const fits = typeof environment === "string" && /^[^*?$\p{C}]{1,255}$/u.test(environment);
        const reason = "must be the name of one environment, no pattern";
        noteIf(`github.environments[${i}]`, environment, fits ? undefined : reason, check);
    });
    tokens("github", args, issuer, check);
}

export function validateGitLab(args: CiGitLab, check: Check): void {
    notEmpty("gitlab.projects", args.projects, '["acme/shop"]', check);
    args.projects?.forEach((project, i) =>
        noteIf(`gitlab.projects[${i}]`, project, gitlabProjectProblem(project, check.organizationWide), check),
    );
    refs("gitlab", args, check);
    tokens("gitlab", args, args.issuer ?? gitlabIssuer, check);
}

export function validateCircleCi(args: CiCircleCi, check: Check): void {
    const { organizationId, projects } = args;
    const overview = "Organization Settings, Overview,";
    noteIf("circleci.organizationId", organizationId, uuidProblem(organizationId, overview), check);
    notEmpty("circleci.projects", projects, "[{ id, origin }]", check);
    projects?.forEach(({ id, origin }, i) => {
        const path = `circleci.projects[${i}]`;
        noteIf(`${path}.id`, id, uuidProblem(id, "Project Settings, Overview,"), check);
        const fits = typeof origin === "string" && /^[a-z0-9.-]+(\/[\w.-]+)+$/.test(origin);
        const reason = "must be the repository as CIRCLE_OIDC_TOKEN_V2 names it, for example github.com/acme/shop";
        noteIf(`${path}.origin`, origin, fits ? undefined : reason, check);
    });
    refs("circleci", args, check);
    const isKnown = uuidProblem(organizationId, overview) === undefined;
    provider("circleci", args, isKnown ? `https://oidc.circleci.com/org/${organizationId}` : undefined, check);
}

export function validateHarness(args: CiHarness, check: Check): void {
    const { accountId, projects, pullRequestProjects = [], url = harnessUrl } = args;
    const isId = typeof accountId === "string" && /^[\w-]{6,64}$/.test(accountId);
    const accountReason = "must be the account's id, the part after account/ in Harness's URLs";
    noteIf("harness.accountId", accountId, isId ? undefined : accountReason, check);
    noteIf("harness.url", url, issuerProblem(url, harnessUrl), check);
    notEmpty("harness.projects", projects, "[{ organization, project }]", check);
    harnessProjects("projects", projects ?? [], check);
    harnessProjects("pullRequestProjects", pullRequestProjects, check);
    pullRequestProjects.forEach((project, i) => {
        if (projects?.some((pushing) => overlap(pushing, project))) {
            const reason =
                "is in `projects` too, so pull requests would push: give them pipelines or a project of their own";
            check.note(`harness.pullRequestProjects[${i}]`, project, reason);
        }
    });
    provider("harness", args, isId ? `${url}/ng/api/oidc/account/${accountId}` : undefined, check);
}

function harnessProjects(property: string, projects: CiHarnessProject[], check: Check): void {
    const isIdentifier = (value: unknown) => typeof value === "string" && /^[A-Za-z_]\w{0,127}$/.test(value);
    const reason = "must be an identifier of Harness: letters, digits and `_`; no pattern";
    projects.forEach(({ organization, project, pipelines }, i) => {
        const path = `harness.${property}[${i}]`;
        noteIf(`${path}.organization`, organization, isIdentifier(organization) ? undefined : reason, check);
        noteIf(`${path}.project`, project, isIdentifier(project) ? undefined : reason, check);
        pipelines?.forEach((pipeline, j) =>
            noteIf(`${path}.pipelines[${j}]`, pipeline, isIdentifier(pipeline) ? undefined : reason, check),
        );
        if (pipelines?.length === 0) {
            check.note(`${path}.pipelines`, pipelines, "must name one at least; left out, it is all of the project's");
        }
        if (pipelines === undefined && property === "projects") {
            check.warn(path, "every pipeline of the project pushes, whatever branch it builds; see `pipelines`");
        }
    });
}

function overlap(one: CiHarnessProject, other: CiHarnessProject): boolean {
    const same = one.organization === other.organization && one.project === other.project;
    return (
        same && (!one.pipelines || !other.pipelines || one.pipelines.some((each) => other.pipelines!.includes(each)))
    );
}

/** Branches and tags; with one of them at least, or something else that pushes. */
function refs(
    system: string,
    args: { branches?: string[]; tags?: string[]; environments?: string[]; subjects?: string[] },
    check: Check,
): void {
    for (const [property, kind] of [
        ["branches", "branch"],
        ["tags", "tag"],
    ] as const) {
        args[property]?.forEach((ref, i) => {
            const path = `${system}.${property}[${i}]`;
            noteIf(path, ref, refProblem(ref, kind), check);
            if (kind === "branch" && typeof ref === "string" && /\w\*/.test(ref)) {
                const other = ref.replaceAll("*", "-evil");
                check.warn(path, `${ref} matches ${other} too: protect all such branches, or end it in a separator`);
            }
        });
    }
    const { branches, tags = [], environments = [], subjects = [] } = args;
    if (branches?.length === 0 && tags.length + environments.length + subjects.length === 0) {
        check.note(`${system}.branches`, branches, "is empty, so nothing would push: name one, for example main");
    }
}

/** What GitHub and GitLab let their users change of the tokens. */
function tokens(system: "github" | "gitlab", args: CiGitHub | CiGitLab, issuer: string, check: Check): void {
    const { organizationWide } = check;
    for (const property of ["subjects", "pullRequestSubjects"] as const) {
        const push = property === "subjects";
        args[property]?.forEach((subject, i) =>
            noteIf(
                `${system}.${property}[${i}]`,
                subject,
                subjectProblem(subject, system, { organizationWide, push }),
                check,
            ),
        );
    }
    const example = system === "github" ? githubIssuer : "https://gitlab.acme.io";
    noteIf(
        `${system}.issuer`,
        args.issuer,
        args.issuer === undefined ? undefined : issuerProblem(issuer, example),
        check,
    );
    const audience = args.audience === undefined ? undefined : audienceProblem(args.audience);
    noteIf(`${system}.audience`, args.audience, audience, check);
    provider(system, args, issuer, check);
}

function provider(system: string, args: CiProvider, issuer: string | undefined, check: Check): void {
    const { providerArn, createProvider } = args;
    const reason = isPlain(providerArn) && issuer !== undefined ? providerProblem(providerArn, issuer) : undefined;
    noteIf(`${system}.providerArn`, providerArn, reason, check);
    if (createProvider && providerArn !== undefined) {
        check.note(`${system}.createProvider`, true, "cannot be given together with `providerArn`: take one out");
    }
}

function notEmpty(path: string, list: unknown[] | undefined, example: string, { note }: Check): void {
    if (!list || list.length === 0) {
        note(path, list, `must name one at least, for example ${example}`);
    }
}

function noteIf(path: string, value: unknown, reason: string | undefined, { note }: Check): void {
    if (reason !== undefined) {
        note(path, value, reason);
    }
}
