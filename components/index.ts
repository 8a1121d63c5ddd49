export { MultiArchBuilder } from "./multiArchBuilder";
export type { FarmRegistry, MultiArchBuilderArgs } from "./multiArchBuilder";
export type { BuilderEndpoint } from "./endpoints";
export { MultiArchImage } from "./image/multiArchImage";
export { BuildNetwork, BuildStrategy, CacheMode } from "./image/arguments";
export type {
    ImageBuildArgs,
    ImageCache,
    MultiArchImageArgs,
    PlatformImage,
    RegistryCredentials,
    RegistryLogin,
    SshForward,
} from "./image/arguments";
export type { Builder, BuilderCredentials, BuilderNode, CredentialsParameters, NodeAccess, NodeWake } from "./builder";
