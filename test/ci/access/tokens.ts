import type { Call, PolicyDocument } from "../../iam/evaluator";
import { allows } from "../../iam/evaluator";
import { account, uuid } from "./support";

/** Claims of a token. */
export type Claims = Record<string, string> & { iss: string; aud: string; sub: string };

/** Claims that STS gives to a trust policy besides `aud` and `sub`, by issuer. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif */
const further: Record<string, string[]> = {
    "token.actions.githubusercontent.com": [
        ...["actor", "actor_id", "job_workflow_ref", "repository", "repository_id", "workflow", "ref", "environment"],
        "enterprise_id",
    ],
};

/** Whether a job with this token may take the role. The issuer's signature is taken for good. */
export function takes(trust: PolicyDocument, claims: Claims): boolean {
    const issuer = claims.iss.replace("https://", "");
    const seen = ["aud", "sub", ...(further[issuer] ?? [])].filter((claim) => claims[claim] !== undefined);
    const call: Call = {
        action: "sts:AssumeRoleWithWebIdentity",
        principal: `arn:aws:iam::${account}:oidc-provider/${issuer}`,
        context: Object.fromEntries(seen.map((claim) => [`${issuer}:${claim}`, claims[claim]!])),
    };
    return allows(trust, call);
}

/** A workflow's token. https://docs.github.com/en/actions/reference/security/oidc#oidc-token-claims */
export function githubToken(job: {
    repository?: string;
    repositoryId?: string;
    ownerId?: string;
    ref?: string;
    event?: string;
    environment?: string;
    /** Whether the repository has subjects with numbers. */
    immutable?: boolean;
    aud?: string;
    iss?: string;
}): Claims {
    const { repository = "acme/shop", repositoryId = "456789", ownerId = "123456", ref = "refs/heads/main" } = job;
    const { event = "push", environment, immutable = false, aud = "sts.amazonaws.com" } = job;
    const { iss = "https://token.actions.githubusercontent.com" } = job;
    const [owner, name] = repository.split("/");
    const who = immutable ? `${owner}@${ownerId}/${name}@${repositoryId}` : repository;
    const what =
        environment !== undefined
            ? `environment:${environment.replaceAll(":", "%3A")}`
            : event === "pull_request"
              ? "pull_request"
              : `ref:${ref}`;
    return {
        iss,
        aud,
        sub: `repo:${who}:${what}`,
        jti: "example-id",
        ref: event === "pull_request" ? "refs/pull/7/merge" : ref,
        ref_type: ref.startsWith("refs/tags/") ? "tag" : "branch",
        sha: "0123456789abcdef0123456789abcdef01234567",
        repository,
        repository_id: repositoryId,
        repository_owner: owner!,
        repository_owner_id: ownerId,
        repository_visibility: "private",
        actor: "octocat",
        actor_id: "12",
        event_name: event,
        workflow: "build",
        job_workflow_ref: `${repository}/.github/workflows/build.yml@${ref}`,
        run_id: "5678901234",
        runner_environment: "github-hosted",
        ...(environment === undefined ? {} : { environment }),
    };
}

/** A job's token. https://docs.gitlab.com/ci/secrets/id_token_authentication/#token-payload */
export function gitlabToken(job: {
    project?: string;
    ref?: string;
    refType?: "branch" | "tag";
    isProtected?: boolean;
    source?: string;
    iss?: string;
    aud?: string;
}): Claims {
    const { project = "acme/platform/shop", ref = "main", refType = "branch", isProtected = true } = job;
    const { source = "push", iss = "https://gitlab.com" } = job;
    return {
        iss,
        aud: job.aud ?? iss,
        sub: `project_path:${project}:ref_type:${refType}:ref:${ref}`,
        namespace_id: "72",
        namespace_path: project.split("/").slice(0, -1).join("/"),
        project_id: "20",
        project_path: project,
        user_login: "sample-user",
        pipeline_source: source,
        ref,
        ref_type: refType,
        ref_path: source === "merge_request_event" ? "refs/merge-requests/1/head" : `refs/heads/${ref}`,
        ref_protected: String(isProtected),
        runner_environment: "gitlab-hosted",
    };
}

/** A job's token, `CIRCLE_OIDC_TOKEN_V2`. https://circleci.com/docs/guides/permissions-authentication/openid-connect-tokens/ */
export function circleciToken(job: {
    organization?: string;
    project?: string;
    origin?: string;
    ref?: string;
    aud?: string;
    /** The first form, `CIRCLE_OIDC_TOKEN`, which names no ref. */
    first?: boolean;
}): Claims {
    const { organization = uuid("a"), project = uuid("b"), origin = "github.com/acme/shop" } = job;
    const { ref = "refs/heads/main", aud = organization, first = false } = job;
    const who = `org/${organization}/project/${project}/user/${uuid("c")}`;
    return {
        iss: `https://oidc.circleci.com/org/${organization}`,
        aud,
        sub: first ? who : `${who}/vcs-origin/${origin}/vcs-ref/${ref}`,
        "oidc.circleci.com/project-id": project,
        "oidc.circleci.com/vcs-origin": origin,
        "oidc.circleci.com/vcs-ref": ref,
    };
}

/** A pipeline's token, with both settings that fill its subject. https://developer.harness.io/docs/platform/connectors/ */
export function harnessToken(job: {
    account?: string;
    organization?: string;
    project?: string;
    /** Undefined where pipelines are not in the subject. */
    pipeline?: string;
    iss?: string;
    aud?: string;
}): Claims {
    const { account: id = "WKxXBnSFTRaOF64-h90PyQ", organization = "default", project = "shop", pipeline } = job;
    const whole = `account/${id}:org/${organization}:project/${project}`;
    return {
        iss: job.iss ?? `https://app.harness.io/ng/api/oidc/account/${id}`,
        aud: job.aud ?? "sts.amazonaws.com",
        sub: pipeline === undefined ? whole : `${whole}:pipeline/${pipeline}`,
        account_id: id,
        organization_id: organization,
        project_id: project,
        context: "PIPELINE_EXECUTION",
    };
}

/** The token of a pod's service account. https://kubernetes.io/docs/reference/access-authn-authz/authentication/#service-account-tokens */
export function serviceAccountToken(issuer: string, pod: { namespace?: string; name?: string; aud?: string }): Claims {
    const { namespace = "ci", name = "build", aud = "sts.amazonaws.com" } = pod;
    return { iss: issuer, aud, sub: `system:serviceaccount:${namespace}:${name}` };
}
