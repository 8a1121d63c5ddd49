import * as pulumi from "@pulumi/pulumi";
import type { Builder } from "../builder";
import { platformEntry } from "../buildx/entries";
import { isEmulated } from "../buildx/native";
import { without } from "../objects";
import { normalizePlatform } from "../platform";
import { Problems, propertyError } from "../problems";
import { BuildStrategy, type MultiArchImageArgs, type PlatformImage, defaultPlatforms } from "./arguments";
import { type Claimant, claimRefs, claimResolvedRefs } from "./claims";
import { cacheRefsOf } from "./inputs";
import { type Plan, buildPerPlatform } from "./perPlatform";
import { buildSingle } from "./single";
import { validateImage } from "./validate";

/**
 * A container image for several platforms, each built on its own native node: one docker-build `Image` per platform with
 * a cache of its own, smoke tests on every architecture, and an index per tag that moves only when all of it passed.
 *
 *     const api = new MultiArchImage("api", {
 *         builder: infra.requireOutput("builder"),
 *         credentials: infra.requireOutput("builderCredentials"),
 *         context: "./api",
 *         tags: ["1.4.2"],
 *         smokeTest: [["/api", "--version"]],
 *     });
 *     export const image = api.ref; // repository:1.4.2@sha256:…
 *
 * Nothing that was pushed is deleted when the image is changed or destroyed: that is left to the registry's lifecycle
 * rules. Registration with buildx happens on the machine that builds, just before it does.
 *
 * A build may take four hours and a tag's index ten minutes, or what the option `customTimeouts` says for `create` and
 * `update`: BuildKit itself waits for a registry without a limit.
 */
export class MultiArchImage extends pulumi.ComponentResource {
    /** The image with its first tag and its digest, `repository:tag@sha256:…`. Empty when nothing is pushed. */
    public readonly ref: pulumi.Output<string>;
    /** Digest of the index. Empty when nothing is pushed. */
    public readonly digest: pulumi.Output<string>;
    /** The platforms of the image. */
    public readonly platforms: pulumi.Output<string[]>;
    /** What was built, by platform. Without digests with strategy `single`. */
    public readonly images: pulumi.Output<Record<string, PlatformImage>>;
    /** The ref that each platform's cache is written to, by platform. Empty when the cache is off. */
    public readonly cacheRefs: pulumi.Output<Record<string, string>>;

    constructor(name: string, args: MultiArchImageArgs, opts?: pulumi.ComponentResourceOptions) {
        const problems = new Problems();
        args = validateImage(name, args, problems);
        const claimant = { name };
        claimRefs(claimant, args, problems);
        problems.throwIfAny(`the image "${name}"`);
        // The engine keeps what is given here in its state and compares it: nothing that is or may hold a secret, and no
        // record, since a farm that changes is no change of its images.
        super(
            "multiarch-builder:index:MultiArchImage",
            name,
            without(args, "builder", "credentials", "secrets", "registryCredentials", "registries"),
            opts,
        );

        const plan = makePlan(claimant, args, this, opts?.customTimeouts);
        const built = args.strategy === BuildStrategy.Single ? buildSingle(plan) : buildPerPlatform(plan);

        this.ref = pulumi.unsecret(built.ref);
        this.digest = this.ref.apply(digestOf);
        this.platforms = pulumi.output(plan.platforms);
        this.images = describeImages(plan, built.digests);
        this.cacheRefs = cacheOutputs(plan);
        this.registerOutputs({
            ref: this.ref,
            digest: this.digest,
            platforms: this.platforms,
            images: this.images,
            cacheRefs: this.cacheRefs,
        });
    }
}

/** Everything that both strategies need, resolved to outputs once. */
function makePlan(
    image: Claimant,
    args: MultiArchImageArgs,
    parent: pulumi.Resource,
    timeouts?: pulumi.CustomTimeouts,
): Plan {
    const { name } = image;
    const platforms = (args.platforms ?? defaultPlatforms).map(normalizePlatform);
    const builder = pulumi.output(args.builder);
    const credentials = pulumi.secret(args.credentials);
    const repositoryUrl = args.repositoryUrl
        ? pulumi.output(args.repositoryUrl)
        : builder.apply(({ imageRepositoryUrl: url }) =>
              args.push === false ? (url ?? "") : required(url, "repositoryUrl", "the image's repository"),
          );
    const cache = args.cache?.enabled === false ? undefined : platformCaches(name, args, builder, platforms);
    const checked = claimResolvedRefs(image, args, { builder, repositoryUrl, cache });
    return { name, args, parent, platforms, builder: checked, credentials, repositoryUrl, cache, timeouts };
}

function platformCaches(
    name: string,
    args: MultiArchImageArgs,
    builder: pulumi.Output<Builder>,
    platforms: string[],
): Plan["cache"] {
    const remedy = "the cache's repository, or switch it off with `cache.enabled: false`";
    const url = args.cache?.repositoryUrl
        ? pulumi.output(args.cache.repositoryUrl)
        : builder.apply((record) => required(record.cacheRepositoryUrl, "cache.repositoryUrl", remedy));
    return platforms.map((platform) => cacheRefsOf(url, name, args.cache?.scope ?? "main", platform));
}

function required(value: string | undefined, propertyPath: string, what: string): string {
    if (!value) {
        const reason = `\`${propertyPath}\`: the builder's record names none; give ${what}`;
        throw propertyError(propertyPath, reason);
    }
    return value;
}

function describeImages(plan: Plan, digests: pulumi.Input<string>[]): pulumi.Output<Record<string, PlatformImage>> {
    const { args, platforms } = plan;
    const tested = new Set((args.smokeTestPlatforms ?? platforms).map(normalizePlatform));
    const replicasOf = args.strategy === BuildStrategy.Single ? undefined : plan.name;
    return pulumi.unsecret(
        pulumi.all([plan.builder, plan.repositoryUrl, digests]).apply(([builder, repositoryUrl, known]) =>
            Object.fromEntries(
                platforms.map((platform, i) => {
                    const digest = known[i] ?? "";
                    const node = platformEntry(builder, platform, replicasOf)?.nodes[0];
                    const image: PlatformImage = {
                        ref: digest ? `${repositoryUrl}@${digest}` : "",
                        digest,
                        node: node?.name ?? "",
                        emulated: node ? isEmulated(node, platform) : false,
                        smokeTested: (args.smokeTest?.length ?? 0) > 0 && tested.has(platform),
                    };
                    return [platform, image];
                }),
            ),
        ),
    );
}

function cacheOutputs({ cache, platforms }: Plan): pulumi.Output<Record<string, string>> {
    const own = pulumi.all((cache ?? []).map((refs) => refs.own));
    return pulumi.unsecret(own.apply((refs) => Object.fromEntries(refs.map((ref, i) => [platforms[i] ?? "", ref]))));
}

function digestOf(ref: string): string {
    return ref.includes("@") ? ref.slice(ref.indexOf("@") + 1) : "";
}
