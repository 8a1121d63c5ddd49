import { createHash, randomUUID } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { Builder, BuilderCredentials } from "../builder";
import { platformEntry } from "../buildx/entries";
import { recordProblems } from "../buildx/record";
import { missingPlatform, registerForBuild } from "../buildx/registration";
import { readySeconds } from "../buildx/readiness";
import { throughTunnels } from "../buildx/tunnel";
import { normalizePlatform } from "../platform";
import { propertyError } from "../problems";
import { requireAnswer } from "../registry/answer";
import { type WantedTags, refuseTakenTags } from "../registry/tagCheck";
import { warnOfLargeContext } from "./contextSize";
import { explainFailure } from "./failures";

/** A builder's name as an image takes it, and the hooks that make the builder exist just before the image is built. */
export interface Registration {
    builderName: pulumi.Output<string>;
    hooks: pulumi.ResourceHookBinding;
}

/** What is filled in by the apply that yields the builder's name, which every image waits for. */
interface Known {
    builder?: Builder;
    credentials?: BuilderCredentials;
    context?: string;
    tags?: WantedTags;
    pushTo?: string;
}

/**
 * Registers the builder with buildx on the machine that builds, just before an image is created or updated: an entry in
 * the store belongs to a machine, not to a stack. Without a change no hook runs and no node is contacted.
 */
export function registerBeforeBuild(options: {
    builder: pulumi.Output<Builder>;
    credentials: pulumi.Output<BuilderCredentials>;
    platforms: string[];
    image: string;
    context?: pulumi.Input<string>;
    /** The entry to build on. */
    entryName: (builder: Builder) => string;
    parent: pulumi.Resource;
    suffix: string;
    /** Whether it is built on the nodes of the multi-node entry, and not on the image's replicas. Defaults to false. */
    sharedNodes?: boolean;
    /** Whether the build rests on an image that was built before. Defaults to false. */
    usesBuilt?: boolean;
    /** Tags that must not exist yet, looked up before any node is asked. */
    wantedTags?: pulumi.Input<WantedTags | undefined>;
    /** The repository that the build pushes to: its registry has to answer. */
    pushTo?: pulumi.Input<string>;
}): Registration {
    const { platforms, image, parent } = options;
    const replicasOf = options.sharedNodes ? undefined : image;
    const known: Known = {};
    const builderName = pulumi.unsecret(
        pulumi
            .all([options.builder, options.credentials, options.context, options.wantedTags, options.pushTo])
            .apply(([builder, credentials, context, tags, pushTo]) => {
                Object.assign(known, { builder, credentials, context, tags, pushTo });
                return options.entryName(builder);
            }),
    );
    const hook = new pulumi.ResourceHook(hookName(parent, options.suffix), async () => {
        if (!known.builder || !known.credentials) {
            throw new Error(`the builder of ${image} is not known yet`);
        }
        const answer = known.pushTo === undefined ? undefined : requireAnswer(known.pushTo, readySeconds());
        if (known.tags) {
            await answer;
            await refuseTakenTags(known.tags, (text) => void pulumi.log.warn(text, parent));
        }
        await Promise.all([
            answer,
            registerForBuild(
                known.builder,
                known.credentials,
                { platforms, image: replicasOf },
                (line) => void pulumi.log.info(line, parent),
            ),
            warnOfLargeContext(known.context, parent),
        ]);
    });
    const nodesInUse = () => {
        const { builder, credentials } = known;
        const entries = builder && platforms.map((platform) => platformEntry(builder, platform, replicasOf));
        const nodes = [...new Set((entries ?? []).flatMap((entry) => entry?.nodes ?? []))];
        return credentials && { nodes: throughTunnels(nodes), credentials };
    };
    const failed = explainFailure(hookName(parent, `${options.suffix}-failed`), image, parent, {
        usesBuilt: options.usesBuilt ?? false,
        nodesInUse,
    });
    return { builderName, hooks: { beforeCreate: [hook], beforeUpdate: [hook], onError: [failed] } };
}

/** The name of the entry for one platform, of an image or of none; throws when the record has no node for it. */
export function platformEntryName(builder: Builder, platform: string, image?: string): string {
    const wrong = recordProblems(builder, "builder")[0];
    if (wrong) {
        throw propertyError(wrong.path, `\`${wrong.path}\`: ${wrong.reason}`);
    }
    const entry = platformEntry(builder, platform, image);
    if (!entry) {
        throw propertyError("platforms", `\`platforms\`: ${missingPlatform(builder, normalizePlatform(platform))}`);
    }
    return entry.name;
}

/** A name for a hook that no other resource of the deployment has: the engine knows hooks by name only. */
export function hookName(parent: pulumi.Resource, suffix: string): string {
    const chain: string[] = [];
    for (let at = parent as Chained | undefined; at; at = at.__parentResource) {
        chain.unshift(`${at.__pulumiType ?? ""}::${at.__name ?? randomUUID()}`);
    }
    const digest = createHash("sha256").update(chain.join("$")).digest("hex").slice(0, 12);
    return `multiarch-builder:${chain.at(-1)?.split("::").at(-1)}-${suffix}:${digest}`;
}

/** The parts of a resource that the SDK sets before its URN is known. */
type Chained = { __name?: string; __pulumiType?: string; __parentResource?: Chained };
