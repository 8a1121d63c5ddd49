export { MultiArchBuilder } from "./multiArchBuilder";
export type { MultiArchBuilderArgs } from "./multiArchBuilder";
export type { FarmRegistry } from "./farm/registry";
export type { FarmResources } from "./farm/resources";
export type { MonthlyCost, MonthlyCostItem } from "./cost/monthlyCost";
export { CiAccess } from "./ci/ciAccess";
export type {
    CiAccessArgs,
    CiCircleCi,
    CiCircleCiProject,
    CiGitHub,
    CiGitHubRepository,
    CiGitLab,
    CiHarness,
    CiHarnessProject,
    CiProvider,
    CiPullRequests,
    CiServiceAccount,
    CiTekton,
    FarmCi,
} from "./ci/arguments";
export type { CiFacts, CiFile, CiRoleArns } from "./ci/facts";
export type { CiOutputs } from "./ci/outputs";
export { Ec2Builders } from "./ec2/ec2Builders";
export type {
    Ec2Access,
    Ec2BuildersArgs,
    Ec2Cache,
    Ec2Dns,
    Ec2Egress,
    Ec2Monitoring,
    Ec2Node,
    Ec2Nodes,
    Ec2Tls,
    Ec2WakeIdentity,
    FarmEc2,
} from "./ec2/arguments";
export type { Ec2BuildkitRelease, Ec2NodeProxy, Ec2NodeRegistry, Ec2RegistryMirror } from "./ec2/nodeArguments";
export { ec2TlsNodes } from "./ec2/settings";
export { EksBuilders } from "./eks/eksBuilders";
export {
    EksCapacity,
    EksExposure,
    EksOperatingSystem,
    EksProvisioning,
    EksSecurity,
    EksTaintEffect,
} from "./eks/arguments";
export type {
    EksAccess,
    EksBuildersArgs,
    EksCache,
    EksEgress,
    EksLoadBalancer,
    EksNode,
    EksNodeGroup,
    EksNodes,
    EksRegistry,
    EksRegistryMirror,
    EksResources,
    EksTaint,
    EksTls,
    EksToleration,
    FarmEks,
} from "./eks/arguments";
export { eksTlsNodes } from "./eks/settings";
export { BuildRegistry } from "./registry/buildRegistry";
export type { BuildRegistryArgs, ExistingRepository } from "./registry/arguments";
export { BuilderTls } from "./tls/builderTls";
export type {
    BuilderTlsArgs,
    BuilderTlsNode,
    ExistingKeyPair,
    ExistingTls,
    FarmTls,
    TlsKeyPair,
} from "./tls/arguments";
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
export { builderFromParameter } from "./builderFromParameter";
export type { BuilderAccess } from "./builderFromParameter";
export type { Builder, BuilderCredentials, BuilderNode, CredentialsParameters, NodeAccess, NodeWake } from "./builder";
