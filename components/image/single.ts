import * as dockerbuild from "@pulumi/docker-build";
import * as pulumi from "@pulumi/pulumi";
import { architectureSuffix } from "../platform";
import { present } from "../objects";
import { platformEntryName, registerBeforeBuild } from "./hooks";
import { cacheFrom, cacheTo, fixedInputs, sourceInputs } from "./inputs";
import { type Built, type Plan, buildTimeouts, kept, rebuildTrigger } from "./perPlatform";
import { loginFor } from "./registries";
import { wantedTags } from "./wantedTags";

/**
 * One build of all platforms on the multi-node builder; buildx pushes the tags itself, with the host's logins. It only
 * reads caches, since all nodes would write the same ref and the last one would win
 * (https://github.com/docker/buildx/issues/1044); builds that write nothing but each platform's cache follow.
 */
export function buildSingle(plan: Plan): Built {
    const { name, args, parent, platforms, repositoryUrl, cache } = plan;
    const push = args.push !== false;
    const tags = (args.tags ?? []).map((tag) => pulumi.interpolate`${repositoryUrl}:${tag}`);
    const { builderName, hooks } = registerBeforeBuild({
        builder: plan.builder,
        credentials: plan.credentials,
        platforms,
        image: name,
        context: args.context ?? ".",
        // The login is only for looking up tags: buildx pushes with the host's.
        wantedTags: wantedTags(plan, loginFor(repositoryUrl, undefined, parent)),
        pushTo: push ? repositoryUrl : undefined,
        entryName: (builder) => {
            platforms.forEach((platform) => platformEntryName(builder, platform));
            return builder.name;
        },
        sharedNodes: true,
        parent,
        suffix: "image",
    });
    const image = new dockerbuild.Image(
        `${name}-image`,
        present({
            ...sourceInputs(args),
            ...fixedInputs,
            push,
            builder: { name: builderName },
            platforms: platforms as dockerbuild.Platform[],
            tags: push ? tags : undefined,
            exports: push ? undefined : [{ cacheonly: {} }],
            cacheFrom: cache && cacheFrom(cache.flatMap((refs) => refs.read)),
        }),
        {
            parent,
            hooks,
            ...kept,
            customTimeouts: buildTimeouts(plan),
            replacementTrigger: rebuildTrigger(plan),
        },
    );
    if (args.cache?.readOnly !== true) {
        cacheBuilds(plan, image);
    }
    return { ref: push ? image.ref : pulumi.output(""), digests: platforms.map(() => "") };
}

/** A build per platform that only writes its cache; the node has just built it, so every step is cached. */
function cacheBuilds(plan: Plan, image: dockerbuild.Image): void {
    const { name, args, parent, platforms } = plan;
    plan.cache?.forEach((refs, i) => {
        const platform = platforms[i]!;
        const suffix = `cache-${architectureSuffix(platform)}`;
        const { builderName, hooks } = registerBeforeBuild({
            builder: plan.builder,
            credentials: plan.credentials,
            platforms: [platform],
            image: name,
            entryName: (builder) => platformEntryName(builder, platform),
            sharedNodes: true,
            parent,
            suffix,
        });
        new dockerbuild.Image(
            `${name}-${suffix}`,
            present({
                ...sourceInputs(args),
                ...fixedInputs,
                // Steps that always run again, or look up their base anew, would leave a cache that fits no image.
                noCache: undefined,
                pull: undefined,
                builder: { name: builderName },
                platforms: [platform as dockerbuild.Platform],
                exports: [{ cacheonly: {} }],
                cacheFrom: cacheFrom(refs.read),
                cacheTo: cacheTo(refs.own, args.cache?.mode),
            }),
            {
                parent,
                hooks,
                ...kept,
                customTimeouts: buildTimeouts(plan),
                dependsOn: [image],
                replacementTrigger: rebuildTrigger(plan),
            },
        );
    });
}
