import type { BuilderEndpoint, FarmRegistry, FarmResources, ImageBuildArgs } from "../components";

/** Where BuildKit runs. */
export const backends = ["ec2", "eks", "endpoints"] as const;

const resourceKeys: Record<keyof FarmResources, true> = {
    tags: true,
    permissionsBoundary: true,
    rolePath: true,
    namePrefix: true,
    kmsKeyArn: true,
    parameterPrefix: true,
};

/** Every configuration key of the program. */
export const keys = [
    "backend",
    ...backends,
    "credentials",
    "tls",
    "registry",
    "image",
    "ci",
    ...Object.keys(resourceKeys),
];

export const endpointKeys: Record<keyof BuilderEndpoint, true> = {
    platforms: true,
    endpoint: true,
    serverName: true,
    emulated: true,
    replica: true,
    name: true,
};
export const registryKeys: Record<keyof FarmRegistry | "credentials", true> = {
    imageRepositoryUrl: true,
    cacheRepositoryUrl: true,
    repositories: true,
    existingRepositories: true,
    cacheRepository: true,
    existingCacheRepository: true,
    movingTags: true,
    mutableTags: true,
    kmsKeyArn: true,
    createKmsKey: true,
    untaggedDays: true,
    lifecyclePolicy: true,
    cacheUntaggedDays: true,
    cacheDays: true,
    pullPrincipals: true,
    pushPrincipals: true,
    pullOrganizationId: true,
    forceDelete: true,
    namePrefix: true,
    tags: true,
    credentials: true,
};
export const imageKeys: Record<Exclude<keyof ImageBuildArgs, "registryCredentials"> | "name", true> = {
    name: true,
    context: true,
    dockerfile: true,
    dockerfileInline: true,
    namedContexts: true,
    target: true,
    buildArgs: true,
    secrets: true,
    ssh: true,
    labels: true,
    addHosts: true,
    network: true,
    pull: true,
    noCache: true,
    platforms: true,
    strategy: true,
    repositoryUrl: true,
    tags: true,
    platformTags: true,
    movingTags: true,
    push: true,
    registries: true,
    cache: true,
    smokeTest: true,
    smokeTestPlatforms: true,
    rebuild: true,
};
