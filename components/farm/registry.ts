import * as pulumi from "@pulumi/pulumi";
import type { ImageBuildArgs } from "../image/arguments";
import { repositoryProblem } from "../image/names";
import { isInput } from "../kinds";
import { isObject, present, without } from "../objects";
import { Problems, isPlain } from "../problems";
import type { BuildRegistryArgs } from "../registry/arguments";
import { BuildRegistry } from "../registry/buildRegistry";
import { validateRegistry } from "../registry/validate";
import { type FarmResources, farmResources } from "./resources";

/** The repositories that images and caches are pushed to: ECR repositories of the farm, or URLs of others. */
export interface FarmRegistry extends BuildRegistryArgs {
    /** Repository for images that name none, without a tag, in any registry. Nothing is created then. */
    imageRepositoryUrl?: pulumi.Input<string>;
    /** Repository for the registry cache, without a tag, in any registry. Its tags must be mutable. Nothing is created then. */
    cacheRepositoryUrl?: pulumi.Input<string>;
    /**
     * Tags that may move, for example `latest`, `main`, `edge`; at most five, each with at most two `*` for any characters.
     * Every other tag is pushed once: images of `buildImage` refuse it before a build when it exists. Defaults to none for
     * repositories that the farm creates, and to all of them for others.
     */
    movingTags?: string[];
}

/** A farm's repositories. */
export interface Repositories {
    imageRepositoryUrl?: pulumi.Input<string>;
    cacheRepositoryUrl?: pulumi.Input<string>;
    /** Settings of what was created; undefined when URLs were given. */
    created?: BuildRegistryArgs;
    /** URLs by the names that were given. */
    urls: pulumi.Output<Record<string, string>>;
    /** All repositories by name, with the tags that images may move there; undefined for all. */
    movingTags: Map<string, string[] | undefined>;
    /** The same for a repository that is given by its URL. */
    otherMovingTags?: string[];
}

const urlProperties = ["imageRepositoryUrl", "cacheRepositoryUrl"] as const;

/** What of a farm's arguments decides about its repositories. */
export interface RegistrySettings extends FarmResources {
    registry?: FarmRegistry;
    /** Given when the farm is on AWS. */
    ec2?: unknown;
    eks?: unknown;
}

/** Settings of the repositories to create, if any: a farm on AWS that names none gets one with its own name. */
function createdRepositories(builderName: string, args: RegistrySettings): BuildRegistryArgs | undefined {
    const given = args.registry ?? {};
    const named = given.repositories !== undefined || given.existingRepositories !== undefined;
    const elsewhere = urlProperties.some((property) => given[property] !== undefined);
    if (!named && (elsewhere || (args.ec2 === undefined && args.eks === undefined))) {
        return undefined;
    }
    const { namePrefix, tags, kmsKeyArn } = args;
    return {
        ...present({ namePrefix, tags, kmsKeyArn: given.createKmsKey ? undefined : kmsKeyArn }),
        ...(named ? {} : { repositories: [builderName] }),
        ...without(given, ...urlProperties),
    };
}

/** Checks what is known before anything is created. */
export function validateFarmRegistry(builderName: string, args: RegistrySettings, problems: Problems): void {
    const { registry } = args;
    if (registry !== undefined && (!isObject(registry) || isInput(registry))) {
        const allowed = 'must be an object, for example { repositories: ["shop/api"] }';
        problems.add("registry", isInput(registry) ? undefined : registry, allowed);
        return;
    }
    const created = createdRepositories(builderName, args);
    if (created) {
        const within = problems.under("registry");
        // What comes from the farm's own arguments is told of them.
        const shared = without(farmResources(args), ...(Object.keys(registry ?? {}) as (keyof FarmResources)[]));
        const add: Problems["add"] = (path, value, reason) =>
            (path.split(/[.[]/)[0]! in shared ? problems : within).add(path, value, reason);
        validateRegistry(created, { add });
    }
    for (const property of urlProperties) {
        const value = registry?.[property];
        const problem = isPlain<unknown>(value) ? repositoryProblem(value as string) : undefined;
        if (value !== undefined && created) {
            const remedy = "for one that exists, use `existingRepositories` or `existingCacheRepository`";
            problems.add(
                `registry.${property}`,
                undefined,
                `cannot be given together with \`repositories\`; ${remedy}`,
            );
        } else if (problem) {
            problems.add(`registry.${property}`, value, problem);
        }
    }
}

/** The farm's repositories: created ones, or the URLs that were given. */
export function farmRepositories(
    name: string,
    builderName: string,
    args: RegistrySettings,
    parent: pulumi.Resource,
): Repositories {
    const created = createdRepositories(builderName, args);
    if (!created) {
        const { imageRepositoryUrl, cacheRepositoryUrl, movingTags } = args.registry ?? {};
        return {
            imageRepositoryUrl,
            cacheRepositoryUrl,
            urls: pulumi.output<Record<string, string>>({}),
            movingTags: new Map(),
            otherMovingTags: movingTags,
        };
    }
    const made = new BuildRegistry(`${name}-registry`, created, { parent });
    const { repositories = [], existingRepositories = [], mutableTags, movingTags } = created;
    return {
        created,
        imageRepositoryUrl: made.imageRepositoryUrl,
        cacheRepositoryUrl: made.cacheRepositoryUrl,
        urls: made.repositoryUrls,
        movingTags: new Map([
            ...repositories.map((each) => [each, mutableTags ? undefined : (movingTags ?? [])] as const),
            ...existingRepositories.map((each) => [each.name, movingTags] as const),
        ]),
    };
}

/** Repository and moving tags of an image on the farm, where it names no repository. Another one has rules of its own. */
export function farmTarget(
    image: string,
    args: Pick<ImageBuildArgs, "repositoryUrl" | "push">,
    repositories: Repositories | undefined,
): Pick<ImageBuildArgs, "repositoryUrl" | "movingTags"> {
    if (!repositories || args.repositoryUrl !== undefined || args.push === false) {
        return {};
    }
    const names = [...repositories.movingTags.keys()];
    if (names.length === 0) {
        return { movingTags: repositories.otherMovingTags };
    }
    const own = repositoryOf(image, names);
    if (own === undefined) {
        const problems = new Problems();
        const reason = `is missing: the farm has ${names.join(", ")}, and none of them alone is called or ends in \`${image}\``;
        problems.add("repositoryUrl", undefined, `${reason}; take one of the farm's \`repositoryUrls\``);
        problems.throwIfAny(`the image "${image}"`);
    }
    return {
        repositoryUrl: repositories.urls.apply((urls) => urls[own!]!),
        movingTags: repositories.movingTags.get(own!),
    };
}

/** The repository of an image: the only one, the one of its name, or the only one that ends in it. */
export function repositoryOf(image: string, names: readonly string[]): string | undefined {
    const fitting = names.filter((name) => name.endsWith(`/${image}`));
    return names.find((name) => name === image) ?? [names, fitting].find(({ length }) => length === 1)?.[0];
}
