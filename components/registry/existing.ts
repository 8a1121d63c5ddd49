import * as ecr from "@pulumi/aws/ecr";
import * as pulumi from "@pulumi/pulumi";
import { propertyError } from "../problems";
import type { ExistingRepository } from "./arguments";
import { parseRepositoryArn, repositoryArn, repositoryUrl } from "./names";

/** What others need of a repository. */
export interface RegistryRepository {
    url: pulumi.Output<string>;
    arn: pulumi.Output<string>;
}

/** A repository that exists already, looked up only when neither its ARN nor its URL is given. */
export function adoptRepository(
    { name, arn, url }: ExistingRepository,
    parent: pulumi.Resource,
    use: "images" | "cache" = "images",
): RegistryRepository {
    if (arn !== undefined) {
        const given = pulumi.output(arn);
        return { arn: given, url: given.apply((text) => known(urlOf(text), name, "arn", text)) };
    }
    if (url !== undefined) {
        const given = pulumi.output(url);
        return { url: given, arn: given.apply((text) => known(repositoryArn(text), name, "url", text)) };
    }
    const found = ecr.getRepositoryOutput({ name }, { parent });
    return {
        url: found.apply((repository) => (use === "cache" ? withMutableTags(repository) : repository.repositoryUrl)),
        arn: found.arn,
    };
}

/** The URL of a repository whose tags builds can replace. */
export function withMutableTags({ name, imageTagMutability, repositoryUrl }: ecr.GetRepositoryResult): string {
    if (/^IMMUTABLE/.test(imageTagMutability ?? "")) {
        const reason = `the tags of ${name} are ${imageTagMutability}, and each build replaces those of its cache`;
        const remedy = "take a repository with mutable tags, or let one be created";
        throw propertyError("existingCacheRepository", `\`existingCacheRepository\`: ${reason}: ${remedy}`);
    }
    return repositoryUrl;
}

function urlOf(arn: string): string | undefined {
    const parts = parseRepositoryArn(arn);
    return parts && repositoryUrl(parts);
}

function known(value: string | undefined, name: string, property: string, got: string): string {
    if (value === undefined) {
        const reason = `\`existingRepositories\`: the ${property} of ${JSON.stringify(name)} is none of an ECR repository`;
        throw propertyError("existingRepositories", `${reason} (got ${JSON.stringify(got)})`);
    }
    return value;
}
