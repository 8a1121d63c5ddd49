import type { Builder, CredentialsParameters } from "../builder";

/**
 * What the configuration of a CI job is made from: where the builder's record and client credentials are read, roles,
 * registry. Plain values without secrets; the output `ci` of the farm holds them.
 */
export interface CiFacts {
    /** Name of the buildx builder. */
    builderName: string;
    /** The builder's record as the text that `builder-setup` reads. */
    record: string;
    /** The builder's record. */
    builder: Builder;
    /** AWS region of the parameters and of the registry; none for a farm without AWS. */
    region?: string;
    /** SSM parameter with the record's text. Without one the text is a file beside the scripts. */
    recordParameter?: string;
    /** SSM parameter with the record's text that names the pull requests' credentials; none when they have none. */
    pullRequestRecordParameter?: string;
    /** SSM parameters with the client credentials of protected refs. */
    credentialsParameters?: CredentialsParameters;
    /** SSM parameters with the client credentials of pull requests; none when pull requests do not use the builder. */
    pullRequestCredentialsParameters?: CredentialsParameters;
    /** Roles that jobs assume, by CI system: `github`, `gitlab`, `circleci`, `harness`, `tekton`. */
    roleArns?: Record<string, CiRoleArns>;
    /** Host of the registry that images are pushed to. */
    registryHost?: string;
    /** Repository that images are pushed to, without a tag. */
    imageRepositoryUrl?: string;
    /** Repositories that the stack made, by name. */
    repositoryUrls: Record<string, string>;
    /** Repository of the registry cache, without a tag. */
    cacheRepositoryUrl?: string;
    /** How jobs reach the nodes: `direct`, or `ssm` (port forwarding by Session Manager). */
    access: string;
    /** The platforms that are built. */
    platforms: string[];
}

/** The two roles of one CI system. */
export interface CiRoleArns {
    /** Role of jobs on protected refs: pushes images, writes the cache. */
    push?: string;
    /** Role of pull requests: reads images and the cache. */
    pullRequest?: string;
}

/** A CI system that configuration is rendered for. */
export type CiSystem = "github" | "gitlab" | "circleci" | "harness" | "tekton";

/** A file for the user's repository. */
export interface CiFile {
    /** Path from the root of the repository. */
    path: string;
    /** Its text. */
    content: string;
}

/** The folder of the user's repository that holds the scripts. */
export const scriptsFolder = ".multiarch-builder";
