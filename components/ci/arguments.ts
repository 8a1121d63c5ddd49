import type * as pulumi from "@pulumi/pulumi";
import type { Builder, BuilderCredentials } from "../builder";
import type { FarmResources } from "../farm/resources";

/**
 * The OIDC provider of a CI system in IAM, of which an account has one for each issuer. Without either argument the account's
 * own is looked up. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
 */
export interface CiProvider {
    /** ARN of the provider, `arn:aws:iam::…:oidc-provider/…`. It must be the issuer's. */
    providerArn?: pulumi.Input<string>;
    /** Whether the provider is made. Defaults to false; AWS refuses a second one for the same issuer. */
    createProvider?: boolean;
}

/** A repository on GitHub whose workflows take roles. */
export interface CiGitHubRepository {
    /** Owner and name as GitHub writes them, for example `acme/shop`; `acme/*` with `allowOrganizationWide` only. */
    name: string;
    /**
     * Number of the owner: `gh api repos/acme/shop --jq .owner.id`. Tokens of repositories that were made, renamed or moved
     * after 2026-07-15 name both numbers. https://docs.github.com/en/actions/reference/security/oidc#immutable-subject-claims
     */
    ownerId?: string;
    /** Number of the repository: `gh api repos/acme/shop --jq .id`. To be given together with `ownerId`. */
    id?: string;
}

/** Roles for workflows of GitHub Actions. https://docs.github.com/en/actions/reference/security/oidc */
export interface CiGitHub extends CiProvider {
    /** The repositories, at least one. */
    repositories: CiGitHubRepository[];
    /**
     * Branches whose jobs push, each with at most two `*` for any characters; protect them all. Defaults to `main` when there
     * are no `tags`, `environments` and `subjects` either.
     */
    branches?: string[];
    /** Tags whose jobs push, for example `v*`; protect them by a ruleset. Defaults to none. */
    tags?: string[];
    /**
     * Environments whose jobs push. Such a job's token names no branch, so the environment itself must be limited to protected
     * branches, or a pull request's job can name it. Defaults to none.
     */
    environments?: string[];
    /** Further subjects that push, for a customized `sub` claim. Defaults to none. */
    subjects?: string[];
    /** Further subjects of pull requests, for a customized `sub` claim. Defaults to none. */
    pullRequestSubjects?: string[];
    /**
     * Issuer of the tokens. Defaults to `https://token.actions.githubusercontent.com`; with data residency it is
     * `https://token.actions.<subdomain>.ghe.com`, with an issuer of the enterprise's own it ends in the enterprise's name.
     */
    issuer?: string;
    /** Audience of the tokens. Defaults to `sts.amazonaws.com`. */
    audience?: string;
}

/** Roles for jobs of GitLab CI, also a self-managed one. https://docs.gitlab.com/ci/secrets/id_token_authentication/ */
export interface CiGitLab extends CiProvider {
    /** Paths of the projects, at least one, for example `acme/platform/shop`; `acme/*` with `allowOrganizationWide` only. */
    projects: string[];
    /** Protected branches whose jobs push, each with at most two `*`. Defaults to `main` when there are no `tags` and `subjects`. */
    branches?: string[];
    /** Protected tags whose jobs push, for example `v*`. Defaults to none. */
    tags?: string[];
    /** Further subjects that push, for a customized `sub` claim. Defaults to none. */
    subjects?: string[];
    /** Further subjects of merge requests, for a customized `sub` claim. Defaults to none. */
    pullRequestSubjects?: string[];
    /** URL of the GitLab, without a slash at the end. AWS must reach its keys. Defaults to `https://gitlab.com`. */
    issuer?: string;
    /** Audience that jobs ask for in `id_tokens`. Defaults to the issuer's URL. */
    audience?: string;
}

/** A project on CircleCI whose jobs take roles. */
export interface CiCircleCiProject {
    /** Id of the project, a UUID: Project Settings, Overview. */
    id: string;
    /** Where its source is, as `CIRCLE_OIDC_TOKEN_V2` names it: `github.com/acme/shop`. */
    origin: string;
}

/** Roles for jobs of CircleCI, by `CIRCLE_OIDC_TOKEN_V2`. https://circleci.com/docs/guides/permissions-authentication/openid-connect-tokens/ */
export interface CiCircleCi extends CiProvider {
    /** Id of the organization, a UUID: Organization Settings, Overview. */
    organizationId: string;
    /** The projects, at least one. */
    projects: CiCircleCiProject[];
    /** Branches whose jobs push, each with at most two `*`. Defaults to `main` when there are no `tags`. */
    branches?: string[];
    /** Tags whose jobs push, for example `v*`. Defaults to none. */
    tags?: string[];
}

/** A project of Harness whose pipelines take roles. */
export interface CiHarnessProject {
    /** Identifier of the organization, for example `default`. */
    organization: string;
    /** Identifier of the project. */
    project: string;
    /**
     * Identifiers of the pipelines, where Harness puts them into the subject (`CDS_ENABLE_PIPELINE_SCOPED_OIDC_SUB`). Defaults
     * to every pipeline of the project.
     */
    pipelines?: string[];
}

/**
 * Roles for pipelines of Harness. A token names no branch, so pull requests need pipelines or a project of their own.
 * https://developer.harness.io/docs/platform/connectors/cloud-providers/ref-cloud-providers/aws-connector-settings-reference/
 */
export interface CiHarness extends CiProvider {
    /** Id of the account, the part after `account/` in Harness's URLs. */
    accountId: string;
    /** The projects that push, at least one. */
    projects: CiHarnessProject[];
    /** Projects or pipelines that build pull requests; none of `projects`. Defaults to none, and no role for them. */
    pullRequestProjects?: CiHarnessProject[];
    /** URL of the Harness. Defaults to `https://app.harness.io`; by cluster it is `https://app3.harness.io` and so on. */
    url?: string;
}

/** A service account of Kubernetes. */
export interface CiServiceAccount {
    /** Its namespace. */
    namespace: string;
    /** Its name. */
    name: string;
}

/** Roles for tasks of Tekton on an EKS cluster, by the service accounts that they run under. */
export interface CiTekton extends CiProvider {
    /** Name of the cluster, in this region and account. Defaults to the farm's own cluster. */
    clusterName?: pulumi.Input<string>;
    /** Service accounts of tasks that push, at least one. */
    serviceAccounts: CiServiceAccount[];
    /** Service accounts of tasks that build pull requests; none of `serviceAccounts`. Defaults to none, and no role for them. */
    pullRequestServiceAccounts?: CiServiceAccount[];
    /**
     * Whether roles are taken by IRSA, with the cluster's OIDC provider, for clusters without the Pod Identity agent. Defaults
     * to false: EKS Pod Identity, which needs no provider. https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
     */
    irsa?: boolean;
}

/** What jobs for pull requests may do. */
export interface CiPullRequests {
    /** Whether there is a role for pull requests, which reads images and the cache. Defaults to true. */
    enabled?: boolean;
    /**
     * Whether that role builds on the builder, by a client certificate of its own. Whoever builds is root on its nodes, and so
     * can change what protected branches build there: for others' code take a second farm. Defaults to false.
     */
    useBuilder?: boolean;
}

/** Access for CI systems: which jobs take which role. */
export interface FarmCi {
    /** GitHub Actions. */
    github?: CiGitHub;
    /** GitLab CI. */
    gitlab?: CiGitLab;
    /** CircleCI. */
    circleci?: CiCircleCi;
    /** Harness CI. */
    harness?: CiHarness;
    /** Tekton on EKS. */
    tekton?: CiTekton;
    /** What jobs for pull requests may do. Defaults to reading images and the cache. */
    pullRequests?: CiPullRequests;
    /** Whether `acme/*` is taken for all repositories or projects of an owner, those of next year too. Defaults to false. */
    allowOrganizationWide?: boolean;
}

/** Arguments of the access for CI systems. */
export interface CiAccessArgs extends FarmCi, FarmResources {
    /** Name of the builder. Defaults to the component's name. */
    builderName?: string;
    /** The builder's record: instances to wake and to reach, parameters, repositories. */
    builder: pulumi.Input<Builder>;
    /** The builder's key, by ARN: that of its parameters and volumes. */
    kmsKeyArn: pulumi.Input<string>;
    /** Further repositories for images besides the record's, by URL. Those outside ECR are logged in to in another way. */
    repositoryUrls?: pulumi.Input<pulumi.Input<string>[]>;
    /** Client credentials for pull requests, a secret; needed with `pullRequests.useBuilder`. Not stored with this component. */
    pullRequestCredentials?: pulumi.Input<BuilderCredentials>;
}
