import { randomUUID } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { Builder } from "../builder";
import { platformProblem } from "../platform";
import { Problems, isPlain } from "../problems";
import { type MultiArchImageArgs, defaultPlatforms } from "./arguments";
import { cacheTag, isTag, platformTag, tagRule } from "./names";

/** An image or a builder that claims what only one may have; two may have the same name under different parents. */
export interface Claimant {
    name: string;
}

/** Which image writes which ref, for each deployment that runs in this process. */
const claims = new WeakMap<object, Map<string, Claimant>>();

function claimsOf(): Map<string, Claimant> {
    // A plugin serves many deployments in one process; each has a monitor of its own.
    const deployment = (pulumi.runtime.getMonitor() as object | undefined) ?? claims;
    const known = claims.get(deployment) ?? new Map<string, Claimant>();
    claims.set(deployment, known);
    return known;
}

const identities = new WeakMap<object, string>();

/** A text that is the same for the same value: a plain one itself, an Output by its identity. */
function identity(value: pulumi.Input<unknown>): string {
    if (typeof value !== "object" || value === null) {
        return String(value);
    }
    const known = identities.get(value) ?? randomUUID();
    identities.set(value, known);
    return known;
}

/**
 * Refuses an image that would write a tag or cache ref that another image writes, as far as repositories are known, or
 * known to be the same, when the program runs.
 */
export function claimRefs(image: Claimant, args: MultiArchImageArgs, problems: Problems): void {
    const repository = args.repositoryUrl ?? defaultRepository(args.builder, "imageRepositoryUrl");
    (args.tags ?? []).forEach((tag, i) => {
        for (const written of isPlain(tag) ? tagsWritten(tag, args) : []) {
            const at = `${identity(repository)}:${written}`;
            claim(at, image, (other) => problems.add(`tags[${i}]`, written, clash("tag", other)));
        }
    });
    const cacheRepository = args.cache?.repositoryUrl ?? defaultRepository(args.builder, "cacheRepositoryUrl");
    if (writesCache(args)) {
        for (const platform of validPlatforms(args)) {
            const tag = cacheTag(image.name, args.cache?.scope ?? "main", platform);
            const at = `${identity(cacheRepository)}:${tag}`;
            claim(at, image, (other) => problems.add("cache", tag, clash("cache ref", other)));
        }
    }
}

/** The tags that are written for one of `tags`: itself, and one per platform where that is asked for. */
function tagsWritten(tag: string, args: MultiArchImageArgs): string[] {
    const { platformTags: pattern } = args;
    return pattern === undefined ? [tag] : [tag, ...validPlatforms(args).map((p) => platformTag(pattern, tag, p))];
}

function validPlatforms(args: MultiArchImageArgs): string[] {
    return (args.platforms ?? defaultPlatforms).filter((platform) => !platformProblem(platform));
}

/** Whether an image's build writes a registry cache. */
export function writesCache({ cache }: MultiArchImageArgs): boolean {
    return cache?.enabled !== false && cache?.readOnly !== true;
}

function defaultRepository(
    builder: pulumi.Input<Builder>,
    property: "imageRepositoryUrl" | "cacheRepositoryUrl",
): pulumi.Input<string> {
    return isPlain(builder) ? (builder[property] ?? "") : `${identity(builder)}/${property}`;
}

/** The same check for what becomes known later; the builder's record passes through it, so nothing is built before. */
export function claimResolvedRefs(
    image: Claimant,
    args: MultiArchImageArgs,
    refs: {
        builder: pulumi.Output<Builder>;
        repositoryUrl: pulumi.Output<string>;
        cache?: { own: pulumi.Output<string> }[];
    },
): pulumi.Output<Builder> {
    const own = writesCache(args) ? (refs.cache ?? []).map((cache) => cache.own) : [];
    const all = pulumi.all([refs.builder, refs.repositoryUrl, args.tags ?? [], own]);
    return all.apply(([builder, repository, tags, cacheRefs]) => {
        const problems = new Problems();
        const refsOf = (tag: string) => tagsWritten(tag, args).map((written) => `${repository}:${written}`);
        const tagRefs = tags.flatMap(refsOf);
        tags.forEach((tag, i) => {
            if (!isTag(tag)) {
                problems.add(`tags[${i}]`, tag, tagRule);
            }
            for (const ref of refsOf(tag)) {
                claim(ref, image, (other) => problems.add(`tags[${i}]`, ref, clash("tag", other)));
            }
        });
        for (const ref of cacheRefs) {
            claim(ref, image, (other) => problems.add("cache", ref, clash("cache ref", other)));
            if (tagRefs.includes(ref)) {
                problems.add(
                    "cache",
                    ref,
                    "is also a tag of the image, which the cache would overwrite: change one of them",
                );
            }
        }
        problems.throwIfAny(`the image "${image.name}"`);
        return builder;
    });
}

/** Refuses a builder whose name another builder of the deployment has: buildx and the farm's AWS resources go by it. */
export function claimBuilderName(builder: Claimant, builderName: string, problems: Problems): void {
    claim(`builder ${builderName}`, builder, (other) => {
        const reason = `is the name of the builder of "${other.name}" too, and buildx knows builders by name`;
        problems.add("builderName", builderName, `${reason}: give one of them another`);
    });
}

function claim(ref: string, image: Claimant, refuse: (other: Claimant) => void): void {
    const known = claimsOf();
    const other = known.get(ref);
    if (other !== undefined && other !== image) {
        refuse(other);
        return;
    }
    known.set(ref, image);
}

function clash(what: string, other: Claimant): string {
    return `the image "${other.name}" writes the same ${what}: give one of them another name, tag, scope or repository`;
}
