import * as dockerbuild from "@pulumi/docker-build";
import * as pulumi from "@pulumi/pulumi";
import type { Builder, BuilderCredentials } from "../builder";
import { architectureSuffix, normalizePlatform } from "../platform";
import { present } from "../objects";
import type { MultiArchImageArgs } from "./arguments";
import { emptyContext } from "./context";
import { explainFailure } from "./failures";
import { hookName, platformEntryName, registerBeforeBuild } from "./hooks";
import { cacheFrom, cacheTo, fixedInputs, sourceInputs } from "./inputs";
import { platformTag } from "./names";
import { buildLogins, loginFor } from "./registries";
import { smokeTestDockerfile } from "./smokeTest";
import { wantedTags } from "./wantedTags";

/** An image's arguments with what is derived from them. */
export interface Plan {
    name: string;
    args: MultiArchImageArgs;
    parent: pulumi.Resource;
    platforms: string[];
    builder: pulumi.Output<Builder>;
    credentials: pulumi.Output<BuilderCredentials>;
    repositoryUrl: pulumi.Output<string>;
    /** The cache refs by platform, in the order of `platforms`; undefined when the cache is off. */
    cache?: { own: pulumi.Output<string>; read: pulumi.Output<string>[] }[];
    /** How long each build and index may take, where that is said. */
    timeouts?: pulumi.CustomTimeouts;
}

/** What a strategy yields. */
export interface Built {
    ref: pulumi.Output<string>;
    /** Digest of each platform's manifest, where the strategy knows it. */
    digests: pulumi.Input<string>[];
}

/** One build per platform, pushed by digest; then the smoke tests; then an index per tag, one after another. */
export function buildPerPlatform(plan: Plan): Built {
    const { args, repositoryUrl, parent } = plan;
    const login = loginFor(repositoryUrl, args.registryCredentials, parent);
    const registries = buildLogins(login, args.registries);
    const images = plan.platforms.map((platform, i) =>
        platformImage(plan, platform, i, registries, wantedTags(plan, login)),
    );
    const digests = images.map((image) => image.digest.apply((digest) => digest ?? ""));
    const tests = smokeTests(plan, digests, registries);
    const indexes = args.push === false ? [] : tagIndexes(plan, digests, login, [...images, ...tests]);
    return { ref: indexes[0]?.ref ?? pulumi.output(""), digests };
}

function platformImage(
    plan: Plan,
    platform: string,
    i: number,
    registries: ReturnType<typeof buildLogins>,
    tags: ReturnType<typeof wantedTags>,
): dockerbuild.Image {
    const { name, args, repositoryUrl, parent } = plan;
    const suffix = architectureSuffix(platform);
    const refs = plan.cache?.[i];
    const { builderName, hooks } = registration(plan, platform, suffix, {
        context: args.context ?? ".",
        wantedTags: tags,
        pushTo: args.push === false ? undefined : repositoryUrl,
    });
    // The provider's default is Docker's own media types, which an index of OCI manifests is not made of.
    const pushed = { image: { names: [repositoryUrl], pushByDigest: true, push: true, ociMediaTypes: true } };
    return new dockerbuild.Image(
        `${name}-${suffix}`,
        present({
            ...sourceInputs(args),
            ...fixedInputs,
            builder: { name: builderName },
            platforms: [platform as dockerbuild.Platform],
            exports: [args.push === false ? { cacheonly: {} } : pushed],
            cacheFrom: refs && cacheFrom(refs.read),
            cacheTo: refs && args.cache?.readOnly !== true ? cacheTo(refs.own, args.cache?.mode) : undefined,
            registries,
        }),
        {
            parent,
            hooks,
            ...kept,
            customTimeouts: buildTimeouts(plan),
            replacementTrigger: rebuildTrigger(plan),
        },
    );
}

/**
 * Nothing that was pushed is deleted: deleting an Image deletes its manifest, which a tag or a running service may still
 * need. So there is nothing to protect, and protection of the farm would only refuse to build anew.
 */
export const kept = { retainOnDelete: true, protect: false } as const;

/** The limits of a build. */
export function buildTimeouts({ timeouts }: Plan): pulumi.CustomTimeouts {
    return { create: "4h", update: "4h", ...timeouts };
}

/**
 * What builds an image anew when it changes. Never nothing: to the engine, a first trigger is no change.
 * https://github.com/pulumi/pulumi/blob/v3.260.0/pkg/resource/deploy/step_generator.go (shouldTriggerReplace)
 */
export function rebuildTrigger({ args }: Plan): pulumi.Input<string> {
    return args.rebuild ?? "";
}

/** A build that runs the commands in the pushed image, on the node of its platform. */
function smokeTests(
    plan: Plan,
    digests: pulumi.Output<string>[],
    registries: ReturnType<typeof buildLogins>,
): dockerbuild.Image[] {
    const { name, args, parent } = plan;
    const commands = args.smokeTest ?? [];
    const wanted = new Set((args.smokeTestPlatforms ?? plan.platforms).map(normalizePlatform));
    if (commands.length === 0) {
        return [];
    }
    return plan.platforms.flatMap((platform, i) => {
        if (!wanted.has(platform)) {
            return [];
        }
        const suffix = architectureSuffix(platform);
        const { builderName, hooks } = registration(plan, platform, `smoke-${suffix}`);
        const dockerfile = pulumi
            .all([plan.repositoryUrl, digests[i]!, commands])
            .apply(([url, digest, words]) => smokeTestDockerfile(`${url}@${digest}`, words));
        const test = new dockerbuild.Image(
            `${name}-smoke-${suffix}`,
            {
                ...fixedInputs,
                builder: { name: builderName },
                platforms: [platform as dockerbuild.Platform],
                context: { location: emptyContext() },
                dockerfile: { inline: pulumi.unsecret(dockerfile) },
                exports: [{ cacheonly: {} }],
                registries,
            },
            { parent, hooks, customTimeouts: buildTimeouts(plan), ...kept },
        );
        return [test];
    });
}

/** An index per tag, each after the one before: a break leaves a whole set of moved and unmoved tags, never a mixed one. */
function tagIndexes(
    plan: Plan,
    digests: pulumi.Output<string>[],
    login: ReturnType<typeof loginFor>,
    after: pulumi.Resource[],
): dockerbuild.Index[] {
    const { name, args, parent, platforms, repositoryUrl } = plan;
    const customTimeouts = { create: "10m", update: "10m", ...plan.timeouts };
    const onError = [explainFailure(hookName(parent, "tag-failed"), name, parent, { usesBuilt: true })];
    const sources = digests.map((digest) => pulumi.unsecret(pulumi.interpolate`${repositoryUrl}@${digest}`));
    let before = after;
    const index = (suffix: string, tag: pulumi.Input<string>, from: pulumi.Output<string>[]) => {
        const made = new dockerbuild.Index(
            `${name}-${suffix}`,
            present({ tag: pulumi.interpolate`${repositoryUrl}:${tag}`, sources: from, push: true, registry: login }),
            { parent, dependsOn: before, ...kept, hooks: { onError }, customTimeouts },
        );
        before = [...after, made];
        return made;
    };
    const pattern = args.platformTags;
    return (args.tags ?? []).map((tag, i) => {
        if (pattern !== undefined) {
            platforms.forEach((platform, j) => {
                const platformsTag = pulumi.output(tag).apply((text) => platformTag(pattern, text, platform));
                index(`tag-${i}-${architectureSuffix(platform)}`, platformsTag, [sources[j]!]);
            });
        }
        return index(`tag-${i}`, tag, sources);
    });
}

function registration(
    plan: Plan,
    platform: string,
    suffix: string,
    build: Pick<Parameters<typeof registerBeforeBuild>[0], "context" | "wantedTags" | "pushTo"> = {},
) {
    return registerBeforeBuild({
        builder: plan.builder,
        credentials: plan.credentials,
        platforms: [platform],
        image: plan.name,
        ...build,
        entryName: (builder) => platformEntryName(builder, platform, plan.name),
        parent: plan.parent,
        suffix,
        // A smoke test has no context: all it needs is the image.
        usesBuilt: build.context === undefined,
    });
}
