import { Provider } from "@pulumi/kubernetes/provider";
import * as pulumi from "@pulumi/pulumi";
import {
    BuilderTls,
    BuildRegistry,
    type Ec2BuildersArgs,
    Ec2Builders,
    EksOperatingSystem,
    EksSecurity,
    type FarmCi,
    type FarmEks,
    MultiArchBuilder,
} from "../../components";
import { ec2TlsNodes } from "../../components/ec2/settings";
import type { BuildRegistryArgs } from "../../components/registry/arguments";
import { account, region } from "../rehearsal/models/account";

const subnetId = "subnet-0123456789abcdef0";
const access = { securityGroupIds: ["sg-0123456789abcdef0"] };
const kmsKeyArn = `arn:aws:kms:${region}:${account}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;

/** What must reach every resource. */
export const named = {
    tags: { team: "platform" },
    permissionsBoundary: `arn:aws:iam::${account}:policy/edge`,
    rolePath: "/ci/",
    namePrefix: "acme-",
};

/** Builders with certificates of their own, and a registry. */
function builders(args: Partial<Ec2BuildersArgs>, registry: BuildRegistryArgs = {}): void {
    const made = new BuilderTls("ci", { nodes: ec2TlsNodes("ci", args) });
    const credentials = pulumi
        .all([made.serverCa, made.clientCert, made.clientKey])
        .apply(([ca, cert, key]) => ({ ca, cert, key }));
    const tls = { clientCa: made.clientCa, nodeCertificates: made.nodeCertificates, credentials };
    const { imageRepositoryUrl, cacheRepositoryUrl } = new BuildRegistry("registry", {
        repositories: ["shop/api", "shop/web"],
        ...registry,
    });
    new Ec2Builders("ci", { subnetId, access, imageRepositoryUrl, cacheRepositoryUrl, ...args, tls });
}

/** Builders on a cluster, with all that the farm adds. */
function onEks(eks: Partial<FarmEks>, access?: FarmCi): void {
    const kubernetes = new Provider("cluster", { context: "tools" });
    const settings = { clusterName: "tools", subnetIds: [subnetId], access: { namespaces: ["runners"] } };
    new MultiArchBuilder("ci", { eks: { ...settings, ...eks }, ...named, ci: access }, { providers: { kubernetes } });
}

/** Every CI system, each as it takes its roles. */
const ci: FarmCi = {
    github: {
        repositories: [{ name: "acme/shop", ownerId: "123456", id: "456789" }],
        tags: ["v*"],
        environments: ["production"],
        subjects: ["repository_id:456789:ref:refs/heads/main"],
        createProvider: true,
    },
    gitlab: { projects: ["acme/shop"], subjects: ["project_id:20:ref:main"], issuer: "https://gitlab.acme.io" },
    circleci: {
        organizationId: "0a1b2c3d-0000-4000-8000-0123456789ab",
        projects: [{ id: "0a1b2c3d-0000-4000-8000-ba9876543210", origin: "github.com/acme/shop" }],
    },
    harness: { accountId: "WKxXBnSFTRaOF64-h90PyQ", projects: [{ organization: "default", project: "shop" }] },
    tekton: {
        clusterName: "tools",
        serviceAccounts: [{ namespace: "ci", name: "build" }],
        pullRequestServiceAccounts: [{ namespace: "ci", name: "check" }],
    },
};

/** Programs that together make every resource that the components can make, in every form that matters to a rule. */
export const programs: Record<string, () => void> = {
    defaults: () => builders({}),
    "access ssm": () => builders({ access: { ssm: true } }),
    "access by network": () =>
        builders({
            access: { cidrs: ["10.9.0.0/16"], prefixListIds: ["pl-0123456789abcdef0"] },
            egress: { ports: [443, 22], cidrs: ["10.0.0.0/8"], prefixListIds: ["pl-0123456789abcdef1"] },
        }),
    "own key": () => builders({ kmsKeyArn }, { kmsKeyArn }),
    "new key for the registry": () => builders({}, { createKmsKey: true }),
    dns: () => builders({ dns: { zoneName: "builders.internal" } }),
    emulated: () =>
        builders({
            nodes: {
                amd64: { platforms: ["linux/386"], emulated: ["linux/s390x", "linux/riscv64"] },
                arm64: { instanceType: "c6g.large", platforms: ["linux/arm/v7"] },
            },
        }),
    retain: () => builders({ cache: { retain: true, snapshotId: "snap-0123456789abcdef0" } }),
    "never asleep, named and tagged": () =>
        builders(
            {
                idleStopMinutes: 0,
                ...named,
                monitoring: { alarmActionArns: [`arn:aws:sns:${region}:${account}:builders`] },
            },
            { tags: named.tags, namePrefix: named.namePrefix },
        ),
    "shared with other accounts": () =>
        builders(
            {},
            {
                pullPrincipals: ["222233334444"],
                pushPrincipals: ["arn:aws:iam::333344445555:role/ci"],
                pullOrganizationId: "o-a1b2c3d4e5",
            },
        ),
    "moving tags": () => builders({}, { movingTags: ["latest", "dev-*"] }),
    "mutable tags": () => builders({}, { mutableTags: true }),
    eks: () => onEks({}),
    "eks with volumes of an own key, for taints of all kinds": () =>
        onEks({
            volumesKmsKeyArn: kmsKeyArn,
            vpcCniOnNodeRole: true,
            security: EksSecurity.UserNamespace,
            nodes: {
                amd64: { group: { operatingSystem: EksOperatingSystem.Bottlerocket } },
                arm64: { group: { taint: { key: "kubernetes.io/arch", value: "arm64" } } },
            },
        }),
    "CI systems": () =>
        void new MultiArchBuilder("ci", {
            ec2: { subnetId, access: { ssm: true } },
            ...named,
            ci: { ...ci, pullRequests: { useBuilder: true } },
        }),
    "CI systems on eks": () =>
        onEks(
            {},
            {
                github: { repositories: [{ name: "acme/blog" }], branches: ["main"], environments: ["production"] },
                tekton: { ...ci.tekton!, clusterName: undefined, irsa: true },
            },
        ),
    "MultiArchBuilder with ec2": () => void new MultiArchBuilder("ci", { ec2: { subnetId, access } }),
    "MultiArchBuilder with ec2 and ssm": () =>
        void new MultiArchBuilder("ci", { ec2: { subnetId, access: { ssm: true } } }),
};
