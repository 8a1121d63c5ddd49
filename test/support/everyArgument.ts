import * as pulumi from "@pulumi/pulumi";
import type {
    CiAccessArgs,
    CiCircleCi,
    CiGitHub,
    CiGitLab,
    CiHarness,
    CiTekton,
    FarmCi,
} from "../../components/ci/arguments";
import type { Ec2BuildersArgs } from "../../components/ec2/arguments";
import type { MultiArchBuilderArgs } from "../../components/multiArchBuilder";
import { without } from "../../components/objects";
import type { BuildRegistryArgs } from "../../components/registry/arguments";
import type { BuilderTlsArgs } from "../../components/tls/arguments";
import { leastEc2 } from "./problems";

const ca = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const keyArn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/** Good arguments in which every property is given: a new argument is a compile error here. */
export const everyEc2Argument: Required<Ec2BuildersArgs> = {
    ...leastEc2,
    builderName: "ci",
    subnetId: "subnet-0123456789abcdef0",
    vpcId: "vpc-0a1b2c3d4e5f60718",
    nodes: {
        amd64: {
            instanceType: "c7i.2xlarge",
            vcpus: 8,
            memoryMiB: 16_384,
            platforms: ["linux/386"],
            emulated: ["linux/s390x"],
            subnetId: "subnet-0123456789abcdef1",
            rootSizeGiB: 40,
        },
        arm64: { instanceType: "c6g.2xlarge", platforms: ["linux/arm/v7"], rootSizeGiB: 20 },
    },
    cache: { sizeGiB: 200, iops: 4000, throughputMiBps: 250, snapshotId: "snap-0123456789abcdef0", retain: true },
    idleStopMinutes: 30,
    stopTimeoutSeconds: 600,
    access: {
        securityGroupIds: ["sg-0123456789abcdef0"],
        cidrs: ["10.9.0.0/16"],
        prefixListIds: ["pl-0123456789abcdef0"],
        ssm: false,
    },
    egress: { ports: [443, 22], cidrs: ["0.0.0.0/0"], prefixListIds: ["pl-0123456789abcdef1"] },
    bridgeSubnet: "172.29.0.0/16",
    mirrors: [{ registry: "docker.io", mirrors: ["mirror.acme.io/hub"] }],
    registries: [
        { host: "registry.acme.io:5000", ca },
        { host: "plain.acme.io", http: true },
    ],
    proxy: { http: "http://proxy.acme.io:3128", https: "http://proxy.acme.io:3128", noProxy: ".acme.io,10.0.0.0/8" },
    buildkit: {
        version: "v0.32.2",
        amd64Sha256: "a".repeat(64),
        arm64Sha256: "b".repeat(64),
        baseUrl: "https://mirror.acme.io/buildkit",
    },
    dns: { zoneName: "builders.internal", zoneId: "Z1" },
    monitoring: {
        logRetentionDays: 30,
        alarmActionArns: ["arn:aws:sns:eu-central-1:111122223333:ops"],
        awakeHours: 12,
    },
    wakeIdentity: { profile: "builders", roleArn: "arn:aws:iam::111122223333:role/ci/wake" },
    kmsKeyArn: keyArn,
    imageRepositoryUrl: "registry.acme.io/shop",
    cacheRepositoryUrl: "registry.acme.io/shop-cache",
    parameterPrefix: "/acme/builders",
    tags: { team: "platform", "cost center": "7/8" },
    permissionsBoundary: "arn:aws:iam::111122223333:policy/edge",
    rolePath: "/ci/",
    namePrefix: "acme-",
};

export const everyRegistryArgument: Omit<Required<BuildRegistryArgs>, "mutableTags"> = {
    repositories: ["shop/api", "shop/web"],
    existingRepositories: [
        { name: "shop/job", arn: "arn:aws:ecr:eu-central-1:123456789012:repository/shop/job" },
        { name: "shop/cron", url: "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/cron" },
    ],
    cacheRepository: "shop/cache",
    existingCacheRepository: undefined as never,
    movingTags: ["latest", "dev-*"],
    kmsKeyArn: keyArn,
    createKmsKey: false,
    untaggedDays: 14,
    lifecyclePolicy: undefined as never,
    cacheUntaggedDays: 2,
    cacheDays: 20,
    pullPrincipals: ["111111111111", "arn:aws:iam::210987654321:role/ci"],
    pushPrincipals: ["222222222222"],
    pullOrganizationId: "o-a1b2c3d4e5",
    forceDelete: false,
    namePrefix: "acme/",
    tags: { team: "platform" },
};

export const everyTlsArgument: Omit<Required<BuilderTlsArgs>, "existing"> = {
    nodes: [
        { name: "ci-amd64", serverName: "amd64.internal" },
        { name: "ci-arm64", serverName: "10.0.1.5" },
    ],
    clients: ["github", "gitlab"],
    caValidityDays: 400,
    certificateValidityDays: 60,
    renewalDays: 20,
    caGeneration: 2,
    trustedCaGenerations: [1, 2],
};

const parameter = (name: string) => `arn:aws:ssm:eu-central-1:123456789012:parameter/tls/${name}`;
const pair = (name: string) => ({
    certParameterArn: parameter(`${name}/cert`),
    keyParameterArn: parameter(`${name}/key`),
});

export const existingTlsArguments: BuilderTlsArgs = {
    nodes: everyTlsArgument.nodes,
    existing: {
        serverCaParameterArn: parameter("server-ca"),
        clientCaParameterArn: parameter("client-ca"),
        client: pair("client"),
        nodes: { "ci-amd64": pair("amd64"), "ci-arm64": pair("arm64") },
    },
};

export const everyEndpointArgument = {
    list: [
        {
            platforms: ["linux/amd64", "linux/s390x"],
            endpoint: "tcp://10.0.0.1:1234",
            serverName: "amd64.internal",
            emulated: ["linux/s390x"],
            name: "x86",
        },
        { platforms: ["linux/arm64"], endpoint: "tcp://[fd00::1]:1234", serverName: "arm64.internal", name: "arm" },
    ],
};

const uuid = "0a1b2c3d-0000-4000-8000-0123456789ab";
const provider = (issuer: string) => `arn:aws:iam::123456789012:oidc-provider/${issuer}`;

export const everyCiArgument: Required<FarmCi> = {
    github: {
        repositories: [{ name: "acme/shop", ownerId: "123456", id: "456789" }],
        branches: ["main", "release/*"],
        tags: ["v*"],
        environments: ["production"],
        subjects: ["repository_id:456789:ref:refs/heads/main"],
        pullRequestSubjects: ["repository_id:456789:event_name:pull_request"],
        issuer: "https://token.actions.acme.ghe.com",
        audience: "sts.amazonaws.com",
        providerArn: provider("token.actions.acme.ghe.com"),
        createProvider: false,
    } satisfies Required<CiGitHub>,
    gitlab: {
        projects: ["acme/platform/shop"],
        branches: ["main"],
        tags: ["v*"],
        subjects: ["project_id:20:ref:main"],
        pullRequestSubjects: ["project_id:20:ref:*"],
        issuer: "https://gitlab.acme.io",
        audience: "https://gitlab.acme.io",
        providerArn: provider("gitlab.acme.io"),
        createProvider: false,
    } satisfies Required<CiGitLab>,
    circleci: {
        organizationId: uuid,
        projects: [{ id: uuid, origin: "github.com/acme/shop" }],
        branches: ["main"],
        tags: ["v*"],
        providerArn: provider(`oidc.circleci.com/org/${uuid}`),
        createProvider: false,
    } satisfies Required<CiCircleCi>,
    harness: {
        accountId: "WKxXBnSFTRaOF64-h90PyQ",
        projects: [{ organization: "default", project: "shop", pipelines: ["release"] }],
        pullRequestProjects: [{ organization: "default", project: "shop", pipelines: ["check"] }],
        url: "https://app3.harness.io",
        providerArn: provider("app3.harness.io/ng/api/oidc/account/WKxXBnSFTRaOF64-h90PyQ"),
        createProvider: false,
    } satisfies Required<CiHarness>,
    tekton: {
        clusterName: "tools",
        serviceAccounts: [{ namespace: "ci", name: "build" }],
        pullRequestServiceAccounts: [{ namespace: "ci", name: "check" }],
        irsa: true,
        providerArn: provider("oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"),
        createProvider: false,
    } satisfies Required<CiTekton>,
    pullRequests: { enabled: true, useBuilder: true },
    allowOrganizationWide: false,
};

const farmRegistry = without(everyRegistryArgument, "kmsKeyArn", "createKmsKey", "namePrefix");
const { builderName, imageRepositoryUrl, cacheRepositoryUrl, ...ec2AndShared } = without(everyEc2Argument, "tls");
const { tags, permissionsBoundary, rolePath, namePrefix, kmsKeyArn, parameterPrefix, ...farmEc2 } = ec2AndShared;
const registryCredentials = { username: "ci", password: "PASSWORD" };

export const everyAccessArgument: Required<CiAccessArgs> = {
    ...everyCiArgument,
    builderName: "ci",
    builder: { name: "ci", nodes: [] },
    repositoryUrls: ["registry.acme.io/shop"],
    pullRequestCredentials: pulumi.output({ ca: "CA", cert: "CERT", key: "KEY" }),
    kmsKeyArn: keyArn,
    ...{ tags: tags, permissionsBoundary: permissionsBoundary, rolePath: rolePath, namePrefix: namePrefix },
    parameterPrefix: parameterPrefix,
};

export const everyEc2FarmArgument: MultiArchBuilderArgs = {
    builderName,
    ec2: farmEc2,
    tls: without(everyTlsArgument, "nodes"),
    ci: everyCiArgument,
    registry: farmRegistry,
    registryCredentials,
    tags,
    permissionsBoundary,
    rolePath,
    namePrefix,
    kmsKeyArn,
    parameterPrefix,
};

export const everyEndpointFarmArgument: MultiArchBuilderArgs = {
    builderName,
    endpoints: everyEndpointArgument.list,
    credentials: pulumi.output({ ca: "CA", cert: "CERT", key: "KEY" }),
    registry: { imageRepositoryUrl, cacheRepositoryUrl, movingTags: ["latest"] },
    registryCredentials,
};
