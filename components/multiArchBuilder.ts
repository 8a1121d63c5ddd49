import * as pulumi from "@pulumi/pulumi";
import type { Builder, BuilderCredentials } from "./builder";
import { BuilderRegistration } from "./builderRegistration";
import { builderNameProblem } from "./buildx/entries";
import { type BuilderEndpoint, endpointNodes, validateEndpoints } from "./endpoints";
import { BuildStrategy, type ImageBuildArgs, type RegistryCredentials } from "./image/arguments";
import { MultiArchImage } from "./image/multiArchImage";
import { repositoryProblem } from "./image/names";
import { without } from "./objects";
import { plainCredentialsProblems } from "./plainCredentials";
import { normalizePlatform } from "./platform";
import { Problems, isPlain } from "./problems";

/** The repositories that images and caches are pushed to. */
export interface FarmRegistry {
    /** Repository for images that name none, without a tag. */
    imageRepositoryUrl?: pulumi.Input<string>;
    /** Repository for the registry cache, without a tag. Its tags must be mutable. */
    cacheRepositoryUrl?: pulumi.Input<string>;
    /** Tags that may move, for images of `buildImage`; every other tag is pushed once. Defaults to all of them. */
    movingTags?: string[];
}

/** Arguments of the whole farm. */
export interface MultiArchBuilderArgs {
    /**
     * Name of the buildx builder. Defaults to the component's name. Lower case, starts with a letter, then letters,
     * digits, `.`, `_`, `-`; it must not end in an architecture.
     */
    builderName?: string;
    /** BuildKit endpoints that exist already. */
    endpoints?: BuilderEndpoint[];
    /** Client credentials for the endpoints, PEM text. Kept secret, and not stored with this component. */
    credentials?: pulumi.Input<BuilderCredentials>;
    /** The registry. */
    registry?: FarmRegistry;
    /** Login for the registry, for images of `buildImage`. Kept secret, and not stored with this component. */
    registryCredentials?: RegistryCredentials;
}

/** What `buildImage` takes from the farm; components must not have private fields, since each field is an output. */
interface FarmDefaults {
    platforms: string[];
    registryCredentials?: RegistryCredentials;
    movingTags?: string[];
}

const defaultsOf = new WeakMap<MultiArchBuilder, FarmDefaults>();

/**
 * Builders for several CPU architectures, registered as one multi-node buildx builder, with a registry for images and
 * their caches.
 *
 *     const farm = new MultiArchBuilder("ci", {
 *         endpoints: [
 *             { platforms: ["linux/amd64"], endpoint: "tcp://10.0.1.4:1234", serverName: "amd64.builders.internal" },
 *             { platforms: ["linux/arm64"], endpoint: "tcp://10.0.1.5:1234", serverName: "arm64.builders.internal" },
 *         ],
 *         credentials: { ca, cert, key },
 *         registry: { imageRepositoryUrl: "registry.acme.io/shop", cacheRepositoryUrl: "registry.acme.io/shop-cache" },
 *     });
 *     const api = farm.buildImage("api", { context: "./api", tags: ["1.4.2"] });
 */
export class MultiArchBuilder extends pulumi.ComponentResource {
    /** The builder's record, without secrets: for other stacks and for CI. */
    public readonly builder: pulumi.Output<Builder>;
    /** The builder's client credentials, a secret: whoever holds them is root on the builder's nodes. */
    public readonly builderCredentials: pulumi.Output<BuilderCredentials>;

    constructor(name: string, args: MultiArchBuilderArgs, opts?: pulumi.ComponentResourceOptions) {
        const problems = new Problems();
        validateBuilder(name, args, problems);
        problems.throwIfAny(`the builder "${name}"`);
        // The engine keeps what is given here in its state: nothing that is or may hold a secret.
        super(
            "multiarch-builder:index:MultiArchBuilder",
            name,
            without(args, "credentials", "registryCredentials"),
            opts,
        );

        const endpoints = args.endpoints ?? [];
        const builderName = args.builderName ?? name;
        this.builder = record(builderName, endpointNodes(builderName, endpoints), args.registry ?? {});
        this.builderCredentials = pulumi.secret(args.credentials as pulumi.Input<BuilderCredentials>);
        new BuilderRegistration(
            `${name}-registration`,
            { builder: this.builder, credentials: this.builderCredentials },
            { parent: this },
        );
        defaultsOf.set(this, {
            platforms: [...new Set(endpoints.flatMap((endpoint) => endpoint.platforms.map(normalizePlatform)))],
            registryCredentials: args.registryCredentials,
            movingTags: args.registry?.movingTags,
        });
        this.registerOutputs({ builder: this.builder, builderCredentials: this.builderCredentials });
    }

    /** Builds an image on this farm, by default for all of the farm's platforms and with the farm's registry login. */
    public buildImage(name: string, args: ImageBuildArgs, opts?: pulumi.ComponentResourceOptions): MultiArchImage {
        const farm = defaultsOf.get(this);
        const login = args.strategy === BuildStrategy.Single ? {} : { registryCredentials: farm?.registryCredentials };
        return new MultiArchImage(
            name,
            {
                ...login,
                ...args,
                platforms: args.platforms ?? farm?.platforms,
                // Another repository has rules of its own.
                movingTags: args.movingTags ?? (args.repositoryUrl === undefined ? farm?.movingTags : undefined),
                builder: this.builder,
                credentials: this.builderCredentials,
            },
            { parent: this, ...opts },
        );
    }
}

function validateBuilder(name: string, args: MultiArchBuilderArgs, problems: Problems): void {
    const builderName = args.builderName ?? name;
    const nameProblem = builderNameProblem(builderName);
    if (nameProblem) {
        const path = args.builderName === undefined ? "name" : "builderName";
        problems.add(
            path,
            builderName,
            `a builder's name ${nameProblem}${path === "name" ? "; or set `builderName`" : ""}`,
        );
    }
    if (args.endpoints === undefined || args.endpoints === null) {
        problems.add("endpoints", undefined, "is missing: give at least one BuildKit endpoint");
    } else {
        validateEndpoints(builderName, args.endpoints, problems);
    }
    plainCredentialsProblems(args.credentials).forEach((reason) => problems.add("credentials", undefined, reason));
    for (const property of ["imageRepositoryUrl", "cacheRepositoryUrl"] as const) {
        const value = args.registry?.[property];
        const problem = isPlain(value) ? repositoryProblem(value) : undefined;
        if (problem) {
            problems.add(`registry.${property}`, value, problem);
        }
    }
    const login = args.registryCredentials;
    const missing = login ? (["username", "password"] as const).filter((part) => !login[part]) : [];
    if (missing.length > 0) {
        problems.add("registryCredentials", undefined, `is given by half; missing: ${missing.join(", ")}`);
    }
}

function record(
    name: string,
    nodes: pulumi.Output<Builder["nodes"]>,
    { imageRepositoryUrl, cacheRepositoryUrl }: FarmRegistry,
): pulumi.Output<Builder> {
    return pulumi.all([nodes, imageRepositoryUrl, cacheRepositoryUrl]).apply(([resolved, image, cache]) => ({
        name,
        nodes: resolved,
        ...(image ? { imageRepositoryUrl: image } : {}),
        ...(cache ? { cacheRepositoryUrl: cache } : {}),
    }));
}
