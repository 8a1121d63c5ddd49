import type { ImageArgs, types } from "@pulumi/docker-build";
import * as pulumi from "@pulumi/pulumi";
import { present } from "../objects";
import { type ImageBuildArgs, CacheMode } from "./arguments";
import { cacheRef, importScopes } from "./names";

/** The inputs of the provider's `Image` that do not depend on the platform. Context and Dockerfile go through as given. */
export function sourceInputs(args: ImageBuildArgs): Partial<ImageArgs> {
    const dockerfile = present({ location: args.dockerfile, inline: args.dockerfileInline });
    return present({
        addHosts: args.addHosts,
        buildArgs: args.buildArgs,
        context: present({
            location: args.context ?? ".",
            named: args.namedContexts && pulumi.output(args.namedContexts).apply(asLocations),
        }) as ImageArgs["context"],
        dockerfile: Object.keys(dockerfile).length > 0 ? dockerfile : undefined,
        labels: args.labels,
        network: args.network as ImageArgs["network"],
        noCache: args.noCache,
        pull: args.pull,
        secrets: args.secrets && pulumi.secret(args.secrets),
        ssh: args.ssh,
        target: args.target,
    });
}

/** What a preview and the provider's defaults must not decide. */
export const fixedInputs = { buildOnPreview: false, push: false } as const;

/** Which cache refs a platform's build reads, the own scope first. */
export function cacheFrom(refs: pulumi.Input<string>[]): types.input.CacheFromArgs[] {
    return refs.map((ref) => ({ registry: { ref } }));
}

/**
 * The cache that a platform's build writes. The provider's defaults are wrong for ECR, which takes a cache only as an OCI
 * image manifest (https://github.com/aws/containers-roadmap/issues/876); a cache that cannot be written fails no build.
 */
export function cacheTo(
    ref: pulumi.Input<string>,
    mode: pulumi.Input<CacheMode> | undefined,
): types.input.CacheToArgs[] {
    return [
        {
            registry: {
                ref,
                mode: (mode ?? CacheMode.Max) as types.input.CacheToRegistryArgs["mode"],
                imageManifest: true,
                ociMediaTypes: true,
                ignoreError: true,
            },
        },
    ];
}

/** The cache refs of one platform: the one that is written, and those that are read. */
export function cacheRefsOf(
    cacheRepositoryUrl: pulumi.Output<string>,
    image: string,
    scope: string,
    platform: string,
): { own: pulumi.Output<string>; read: pulumi.Output<string>[] } {
    const read = importScopes(scope).map((from) =>
        cacheRepositoryUrl.apply((url) => cacheRef(url, image, from, platform)),
    );
    return { own: read[0]!, read };
}

function asLocations(named: Record<string, string>): Record<string, { location: string }> {
    return Object.fromEntries(Object.entries(named).map(([name, location]) => [name, { location }]));
}
