import * as ecr from "@pulumi/aws/ecr";
import * as pulumi from "@pulumi/pulumi";
import { cacheRef } from "../image/names";
import { normalizePlatform } from "../platform";
import { Problems, propertyError } from "../problems";
import type { BuildRegistryArgs } from "./arguments";
import { registryKey } from "./encryption";
import { adoptRepository, type RegistryRepository } from "./existing";
import { cacheLifecyclePolicy, imageLifecyclePolicy } from "./lifecycle";
import { organizationProblem, principalProblem, repositoryPolicy } from "./policy";
import { validateRegistry } from "./validate";
import { cacheRepositoryName } from "./validateNames";

/**
 * The ECR repositories of a builder: one per image, and one for the registry cache of all of them. Tags of images are
 * immutable, but those in `movingTags`; everything is encrypted with KMS and images are scanned on push.
 *
 *     const registry = new BuildRegistry("ci", { repositories: ["shop/api", "shop/web"], movingTags: ["latest"] });
 *     export const url = registry.repositoryUrls.apply((urls) => urls["shop/api"]);
 *
 * Images with a tag, and the platforms' images that their index refers to, never expire. Cost: 0.10 USD per GB and month
 * (us-east-1); a cache of two platforms takes 2 to 6 GB per image and scope.
 */
export class BuildRegistry extends pulumi.ComponentResource {
    /** URLs of the image repositories, by the names that were given. */
    public readonly repositoryUrls: pulumi.Output<Record<string, string>>;
    /** ARNs of the image repositories, by the names that were given. */
    public readonly repositoryArns: pulumi.Output<Record<string, string>>;
    /** URL of the first image repository. */
    public readonly imageRepositoryUrl: pulumi.Output<string>;
    /** URL of the cache repository. */
    public readonly cacheRepositoryUrl: pulumi.Output<string>;
    /** ARN of the cache repository. */
    public readonly cacheRepositoryArn: pulumi.Output<string>;

    constructor(name: string, args: BuildRegistryArgs, opts?: pulumi.ComponentResourceOptions) {
        const problems = new Problems();
        args = validateRegistry(args, problems) ?? args;
        problems.throwIfAny(`the registry "${name}"`);
        super("multiarch-builder:index:BuildRegistry", name, args, opts);

        if (args.forceDelete) {
            void pulumi.log.warn(
                "`forceDelete`: the image repositories are deleted with all their images, in use or not",
                this,
            );
        }
        const setting: Setting = { name, args, kmsKey: registryKey(name, args, this), parent: this };
        const images: [string, RegistryRepository][] = [
            ...(args.repositories ?? []).map((repository): [string, RegistryRepository] => [
                repository,
                imageRepository(repository, setting),
            ]),
            ...(args.existingRepositories ?? []).map((existing): [string, RegistryRepository] => [
                existing.name,
                adoptRepository(existing, this),
            ]),
        ];
        const cache = cacheRepository(setting);

        this.repositoryUrls = pulumi.all(Object.fromEntries(images.map(([key, { url }]) => [key, url])));
        this.repositoryArns = pulumi.all(Object.fromEntries(images.map(([key, { arn }]) => [key, arn])));
        this.imageRepositoryUrl = images[0]![1].url;
        this.cacheRepositoryUrl = cache.url;
        this.cacheRepositoryArn = cache.arn;
        this.registerOutputs({
            repositoryUrls: this.repositoryUrls,
            repositoryArns: this.repositoryArns,
            imageRepositoryUrl: this.imageRepositoryUrl,
            cacheRepositoryUrl: this.cacheRepositoryUrl,
            cacheRepositoryArn: this.cacheRepositoryArn,
        });
    }

    /** The cache refs of an image by platform, as its builds use them. */
    public cacheRefs(image: string, platforms: string[], scope = "main"): pulumi.Output<Record<string, string>> {
        return this.cacheRepositoryUrl.apply((url) =>
            Object.fromEntries(
                platforms.map(normalizePlatform).map((platform) => [platform, cacheRef(url, image, scope, platform)]),
            ),
        );
    }
}

interface Setting {
    name: string;
    args: BuildRegistryArgs;
    kmsKey: pulumi.Output<string> | undefined;
    parent: pulumi.Resource;
}

function imageRepository(repository: string, setting: Setting): RegistryRepository {
    const { args, name, parent } = setting;
    const movingTags = args.movingTags ?? [];
    const mutability = args.mutableTags
        ? { imageTagMutability: "MUTABLE" }
        : movingTags.length === 0
          ? { imageTagMutability: "IMMUTABLE" }
          : {
                imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
                imageTagMutabilityExclusionFilters: movingTags.map((filter) => ({ filter, filterType: "WILDCARD" })),
            };
    const made = new ecr.Repository(
        `${name}-image-${repository}`,
        {
            name: `${args.namePrefix ?? ""}${repository}`,
            ...mutability,
            ...encrypted(setting),
            imageScanningConfiguration: { scanOnPush: true },
            forceDelete: args.forceDelete ?? false,
            tags: args.tags,
        },
        { parent },
    );
    const lifecycle = args.lifecyclePolicy ?? imageLifecyclePolicy(args.untaggedDays ?? 30);
    const shared = {
        pull: args.pullPrincipals ?? [],
        push: args.pushPrincipals ?? [],
        organizationId: args.pullOrganizationId,
    };
    policies(`${name}-image-${repository}`, made, lifecycle, shared, parent);
    return { url: made.repositoryUrl, arn: made.arn };
}

function cacheRepository(setting: Setting): RegistryRepository {
    const { args, name, parent } = setting;
    if (args.existingCacheRepository) {
        return adoptRepository(args.existingCacheRepository, parent, "cache");
    }
    const made = new ecr.Repository(
        `${name}-cache`,
        {
            name: `${args.namePrefix ?? ""}${cacheRepositoryName(args) ?? ""}`,
            // Each build replaces the tags of its caches.
            imageTagMutability: "MUTABLE",
            ...encrypted(setting),
            // A cache is no image: there is nothing that a scanner could read.
            imageScanningConfiguration: { scanOnPush: false },
            // Everything in it can be built again.
            forceDelete: true,
            tags: args.tags,
        },
        { parent },
    );
    const lifecycle = cacheLifecyclePolicy(args.cacheUntaggedDays ?? 1, args.cacheDays ?? 30);
    // A cache holds every stage of a build: only for who builds, not for who pulls images.
    policies(`${name}-cache`, made, lifecycle, { pull: [], push: args.pushPrincipals ?? [] }, parent);
    return { url: made.repositoryUrl, arn: made.arn };
}

function encrypted({ kmsKey }: Setting) {
    return { encryptionConfigurations: [{ encryptionType: "KMS", ...(kmsKey ? { kmsKey } : {}) }] };
}

interface Shared {
    pull: pulumi.Input<string>[];
    push: pulumi.Input<string>[];
    organizationId?: pulumi.Input<string>;
}

/** The lifecycle and, when somebody outside the account is given a right, the policy of a repository. */
function policies(
    child: string,
    repository: ecr.Repository,
    lifecycle: string,
    { pull, push, organizationId }: Shared,
    parent: pulumi.Resource,
): void {
    new ecr.LifecyclePolicy(`${child}-lifecycle`, { repository: repository.name, policy: lifecycle }, { parent });
    if (pull.length + push.length === 0 && organizationId === undefined) {
        return;
    }
    const policy = pulumi.all([pull, push, organizationId]).apply(([pullers, pushers, organization]) => {
        checkResolved(pullers, pushers, organization);
        return repositoryPolicy({ pull: pullers, push: pushers, organizationId: organization })!;
    });
    new ecr.RepositoryPolicy(`${child}-policy`, { repository: repository.name, policy }, { parent });
}

/** Checks again what may have become known only now: a wrong principal could open a repository. */
function checkResolved(pull: string[], push: string[], organizationId: string | undefined): void {
    const found = [
        ...pull.map((principal) => ["pullPrincipals", principalProblem(principal)]),
        ...push.map((principal) => ["pushPrincipals", principalProblem(principal)]),
        ["pullOrganizationId", organizationId === undefined ? undefined : organizationProblem(organizationId)],
    ].find(([, reason]) => reason !== undefined);
    if (found) {
        const [propertyPath = "", reason = ""] = found;
        throw propertyError(propertyPath, `\`${propertyPath}\`: ${reason}`);
    }
}
