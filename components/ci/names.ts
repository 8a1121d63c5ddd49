/** Why a text is no branch or tag, or a pattern of too many; undefined when it is one. https://git-scm.com/docs/git-check-ref-format */
export function refProblem(ref: unknown, kind: "branch" | "tag"): string | undefined {
    const example = kind === "branch" ? "main or release/*" : "v*";
    if (typeof ref === "string" && /^\*+$/.test(ref)) {
        const who = kind === "branch" ? "whoever may push any branch" : "whoever may push any tag";
        return `would let ${who} push images: name the protected ones, for example ${example}`;
    }
    if (typeof ref === "string" && ref.startsWith("refs/")) {
        return `must be the name alone, without refs/…/, for example ${example}`;
    }
    const fits =
        typeof ref === "string" &&
        ref.length <= 200 &&
        /^\w[\w.+@#%=,/*-]*$/.test(ref) &&
        !/\.\.|\/\/|\/$|\.$|\*\*|(\*[^*]*){3}/.test(ref);
    return fits ? undefined : `must be the name of a ${kind}, with at most two \`*\`, for example ${example}`;
}

/** Why a text is no repository of GitHub, or too many of them; undefined when it is one. */
export function githubRepositoryProblem(name: unknown, organizationWide: boolean): string | undefined {
    return pathProblem(name, organizationWide, /^[\w-]+\/[\w.-]+$/, "the owner and name of a repository, acme/shop");
}

/** Why a text is no project of GitLab, or too many of them; undefined when it is one. https://docs.gitlab.com/user/reserved_names/ */
export function gitlabProjectProblem(path: unknown, organizationWide: boolean): string | undefined {
    const form = /^\w[\w.-]*(\/\w[\w.-]*)+$/;
    return pathProblem(path, organizationWide, form, "the path of a project with its groups, acme/platform/shop");
}

function pathProblem(path: unknown, organizationWide: boolean, form: RegExp, what: string): string | undefined {
    if (typeof path !== "string" || path.length > 255) {
        return `must be ${what}`;
    }
    if (/^[*/]+$/.test(path)) {
        return `would let everybody take the role: it must be ${what}`;
    }
    const [, owner] = /^([^*]+)\/\*$/.exec(path) ?? [];
    if (owner !== undefined && form.test(`${owner}/x`)) {
        return organizationWide
            ? undefined
            : `stands for everything of ${owner}, also what is made next year: name each, or set \`allowOrganizationWide\``;
    }
    if (/[*?]/.test(path) && /^[\w./*?-]+$/.test(path)) {
        const other = path.replace(/[*?]+/g, "-evil");
        return `matches others too, such as ${other}, which anybody may make: name each`;
    }
    return form.test(path) ? undefined : `must be ${what}`;
}

/** What a customized subject must name, so that nobody else's tokens have it. */
const owned = {
    github: {
        exact: /(?:^|:)(?:repo|repository|repository_id):([^:]+)/,
        wide: /(?:^|:)repository_owner(?:_id)?:[^:*?]+(?::|$)/,
    },
    gitlab: {
        exact: /(?:^|:)(?:project_path|project_id):([^:]+)/,
        wide: /(?:^|:)(?:namespace_path|namespace_id):[^:*?]+(?::|$)/,
    },
} as const;

/** Why a customized subject would be too many; undefined when it is not. */
export function subjectProblem(
    subject: unknown,
    system: keyof typeof owned,
    { organizationWide, push }: { organizationWide: boolean; push: boolean },
): string | undefined {
    const { exact, wide } = owned[system];
    const claim =
        system === "github" ? "repo:acme/shop or repository_id:123" : "project_path:acme/shop or project_id:123";
    const example = `must name a repository exactly, by ${claim}, and a part of its own after it`;
    if (typeof subject !== "string" || !/^[\w.@/:%+#=,*?-]+$/.test(subject) || subject.length > 500) {
        return example;
    }
    const [found, value = ""] = exact.exec(subject) ?? [];
    const rest = found === undefined ? "" : subject.slice(subject.indexOf(found) + found.length);
    const before = found === undefined ? subject : subject.slice(0, subject.indexOf(found));
    const isWide = found === undefined ? wide.test(subject) : /^[\w.@-]+(\/[\w.@-]+)*\/\*$/.test(value);
    if (isWide && !organizationWide) {
        return `stands for everything of an owner, also what is made next year: ${example}, or set \`allowOrganizationWide\``;
    }
    if (
        !isWide &&
        (found === undefined || /[*?]/.test(before + value) || (/path|repo:/.test(found) && !value.includes("/")))
    ) {
        return `would let others take the role: ${example}`;
    }
    if (push && (/(?:^|:)pull_request(?::|$)/.test(subject) || /^:?\**$/.test(rest))) {
        return "would let pull requests push: name what follows the repository, such as ref:refs/heads/main; see `pullRequestSubjects`";
    }
    return undefined;
}

/** Why a text is no issuer of tokens; undefined when it is one. https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html */
export function issuerProblem(issuer: unknown, example: string): string | undefined {
    if (typeof issuer === "string" && /^http:/i.test(issuer)) {
        return "must begin with https://: AWS takes no other issuer";
    }
    if (typeof issuer === "string" && issuer.endsWith("/")) {
        return "must not end in a slash: AWS compares it as text with the tokens' `iss`, which has none";
    }
    const fits =
        typeof issuer === "string" && issuer.length <= 255 && /^https:\/\/[a-z0-9.-]+(\/[\w.-]+)*$/.test(issuer);
    return fits ? undefined : `must be the URL that the tokens' \`iss\` has, for example ${example}`;
}

/** Why a text is no audience; undefined when it is one. */
export function audienceProblem(audience: unknown): string | undefined {
    return typeof audience === "string" && /^[\w.:/-]{1,255}$/.test(audience)
        ? undefined
        : "must be what the jobs' tokens have as `aud`, for example sts.amazonaws.com; without it, tokens for other services would do";
}

/** Why a text is no UUID; undefined when it is one. */
export function uuidProblem(id: unknown, where: string): string | undefined {
    return typeof id === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)
        ? undefined
        : `must be a UUID in lower case, see ${where} in CircleCI`;
}
