import * as pulumi from "@pulumi/pulumi";
import type { Builder, BuilderCredentials } from "../builder";

/** How the platforms of an image are built. */
export enum BuildStrategy {
    /** One build per platform on its own node, pushed by digest, joined by an index per tag after every smoke test. */
    PerPlatform = "per-platform",
    /** One multi-platform build on the multi-node builder; buildx pushes the tags itself, with the host's logins. */
    Single = "single",
}

/** Which layers the cache holds. https://docs.docker.com/build/cache/backends/#cache-mode */
export enum CacheMode {
    /** All layers of all stages. */
    Max = "max",
    /** Only the layers of the final image. */
    Min = "min",
}

/** Network of RUN steps. https://docs.docker.com/reference/cli/docker/buildx/build/#network */
export enum BuildNetwork {
    /** The node's own default. */
    Default = "default",
    /** The node's host network; the node must allow it. */
    Host = "host",
    /** No network. */
    None = "none",
}

/** User name and password of a registry. */
export interface RegistryCredentials {
    /** User name. */
    username: pulumi.Input<string>;
    /** Password or token. Kept secret. */
    password: pulumi.Input<string>;
}

/** A login for a registry that base images come from. */
export interface RegistryLogin {
    /** Host of the registry, for example `ghcr.io`. */
    address: pulumi.Input<string>;
    /** User name. */
    username: pulumi.Input<string>;
    /** Password or token. Kept secret. */
    password: pulumi.Input<string>;
}

/** An SSH agent or key that RUN steps may use. https://docs.docker.com/reference/dockerfile/#run---mounttypessh */
export interface SshForward {
    /** Name that the Dockerfile's `--mount=type=ssh,id=` uses, mostly `default`. */
    id: pulumi.Input<string>;
    /** Key files or an agent's socket. Defaults to the agent of `SSH_AUTH_SOCK`. */
    paths?: pulumi.Input<pulumi.Input<string>[]>;
}

/** The registry cache of an image: one ref per platform, `<cache repository>:<image>-<scope>-<os>-<arch>`. */
export interface ImageCache {
    /** Whether a registry cache is used at all. Defaults to true. The nodes' own caches work either way. */
    enabled?: boolean;
    /** Which layers are exported. Defaults to `max`. */
    mode?: pulumi.Input<CacheMode>;
    /** What the cache is kept for, for example a branch; `main` is always read besides it. Defaults to `main`. */
    scope?: string;
    /** Whether the cache is only read, as a pull request should. Defaults to false. */
    readOnly?: boolean;
    /** Repository of the cache. Defaults to the builder's cache repository. */
    repositoryUrl?: pulumi.Input<string>;
}

/** What to build; everything but the builder that builds it. */
export interface ImageBuildArgs {
    /**
     * The build context: a directory, relative to where the program runs, or the URL of a Git repository or archive. An
     * absolute path makes every machine rebuild, because the text itself is compared. Defaults to `.`. A directory that
     * is missing or empty is rejected. https://docs.docker.com/build/concepts/context/
     */
    context?: pulumi.Input<string>;
    /** Path of the Dockerfile, relative to where the program runs. Defaults to `Dockerfile` in the context. */
    dockerfile?: pulumi.Input<string>;
    /** The Dockerfile's text, instead of a path. */
    dockerfileInline?: pulumi.Input<string>;
    /** Further contexts by name, each a directory or a URL such as `docker-image://alpine:3`. */
    namedContexts?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** The stage to build. Defaults to the last one. */
    target?: pulumi.Input<string>;
    /** Values of the Dockerfile's ARGs. They end up in the image's history: secrets belong into `secrets`. */
    buildArgs?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** Secrets by id, for `RUN --mount=type=secret,id=`. Kept secret and in no layer. */
    secrets?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** SSH agents or keys for RUN steps. */
    ssh?: SshForward[];
    /** Labels of the image. */
    labels?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** Extra lines for /etc/hosts of RUN steps, each `host:ip`. */
    addHosts?: pulumi.Input<pulumi.Input<string>[]>;
    /** Network of RUN steps. Defaults to the node's own. */
    network?: pulumi.Input<BuildNetwork>;
    /** Whether base images are looked up anew; it also rebuilds on every update. Defaults to false. */
    pull?: pulumi.Input<boolean>;
    /** Whether every step runs again. Defaults to false. */
    noCache?: pulumi.Input<boolean>;

    /**
     * Platforms of the image, for example `linux/amd64`, `linux/arm64`, `linux/arm/v7`. Plain, because it decides which
     * resources exist. Defaults to `linux/amd64` and `linux/arm64`, or to the farm's platforms with `farm.buildImage`.
     * Windows and macOS platforms and duplicates are rejected.
     */
    platforms?: string[];
    /** How the platforms are built. Defaults to `per-platform`. */
    strategy?: BuildStrategy;

    /** Repository to push to, without a tag. Defaults to the builder's image repository. */
    repositoryUrl?: pulumi.Input<string>;
    /** Tags of the image; each moves only after every platform was built and passed its smoke test. At least one. */
    tags?: pulumi.Input<string>[];
    /** Pattern for a tag per platform besides, for example `{tag}-{os}-{arch}`. Defaults to no such tags. */
    platformTags?: string;
    /**
     * Tags that may move, each with at most two `*` for any characters, as the registry's own `movingTags`. When given, any
     * other tag that the repository has already is an error before anything is built. Defaults to no such check, or to the
     * farm's with `farm.buildImage`. Only registries with basic authentication are asked, as ECR; another one is left to
     * refuse the push by itself.
     */
    movingTags?: string[];
    /** Whether the image is pushed. Defaults to true. Without it the build only proves itself and fills the cache. */
    push?: boolean;
    /**
     * Login for the image's and the cache's registry. Defaults to a token of the account for an ECR address, and to the
     * host's `docker login` for any other.
     */
    registryCredentials?: RegistryCredentials;
    /** Logins for registries that base images come from. */
    registries?: RegistryLogin[];

    /** The registry cache. */
    cache?: ImageCache;
    /**
     * Commands to run in the built image on the native node of each platform, each a list of words, for example
     * `[["/app", "--version"]]`. A command that fails stops every tag from moving. No shell is involved. Defaults to none.
     */
    smokeTest?: pulumi.Input<string>[][];
    /** Platforms on which the smoke test runs. Defaults to all of `platforms`. */
    smokeTestPlatforms?: string[];
    /** A text that rebuilds the image whenever it changes, for example after its manifest expired in the registry. */
    rebuild?: pulumi.Input<string>;
}

/** An image and the builder that builds it. */
export interface MultiArchImageArgs extends ImageBuildArgs {
    /**
     * The builder's record: `farm.builder`, an output of another stack, or a parsed SSM parameter, see `builderFromParameter`.
     * Not stored with this component: a farm that changes rebuilds nothing.
     */
    builder: pulumi.Input<Builder>;
    /** The builder's client credentials. Kept secret, and not stored with this component. */
    credentials: pulumi.Input<BuilderCredentials>;
}

/** What was built for one platform. */
export interface PlatformImage {
    /** Reference with digest, `repository@sha256:…`. Empty when nothing was pushed. */
    ref: string;
    /** Digest of the platform's manifest. Empty when nothing was pushed. */
    digest: string;
    /** Name of the node that builds this platform. */
    node: string;
    /** Whether that node runs the platform by emulation. */
    emulated: boolean;
    /** Whether the smoke test runs on this platform. */
    smokeTested: boolean;
}

/** The platforms of an image that names none. */
export const defaultPlatforms = ["linux/amd64", "linux/arm64"];
