import type { MultiArchBuilderArgs } from "../../components";
import { everySystem } from "../ci/access/support";
import { cluster, farmWithImage, onAws, recorded } from "./support";

const ec2 = onAws.ec2.ec2;
const eks = onAws.eks.eks;
const account = "111122223333";
const keyArn = `arn:aws:kms:eu-central-1:${account}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
const host = `${account}.dkr.ecr.eu-central-1.amazonaws.com`;

/** How many resources of each type a farm makes. */
async function made(backend: "ec2" | "eks", args: Partial<MultiArchBuilderArgs>): Promise<Record<string, number>> {
    const run = await recorded(() => farmWithImage("ci", backend, { providers: { kubernetes: cluster() } }, args), {
        "aws:route53/getZone:getZone": () => ({ zoneId: "Z1", name: "builders.internal.", privateZone: true }),
    });
    const types = run.resources.map(({ type }) => type);
    return Object.fromEntries(types.map((type) => [type, types.filter((other) => other === type).length]));
}

describe("what exists already is used as it is, and none of its kind is made", () => {
    test.each<[string, "ec2" | "eks", string, Partial<MultiArchBuilderArgs>, Partial<MultiArchBuilderArgs>]>([
        ["a KMS key", "ec2", "aws:kms/key:Key", {}, { kmsKeyArn: keyArn }],
        ["a KMS key", "eks", "aws:kms/key:Key", {}, { kmsKeyArn: keyArn }],
        [
            "ECR repositories",
            "ec2",
            "aws:ecr/repository:Repository",
            {},
            {
                registry: {
                    existingRepositories: [{ name: "shop/api", url: `${host}/shop/api` }],
                    existingCacheRepository: { name: "shop/cache", url: `${host}/shop/cache` },
                },
            },
        ],
        [
            "repositories of another registry",
            "eks",
            "aws:ecr/repository:Repository",
            {},
            { registry: { imageRepositoryUrl: "registry.test/app", cacheRepositoryUrl: "registry.test/cache" } },
        ],
        [
            "a private zone",
            "ec2",
            "aws:route53/zone:Zone",
            { ec2: { ...ec2, dns: { zoneName: "builders.internal" } } },
            { ec2: { ...ec2, dns: { zoneName: "builders.internal", zoneId: "Z1" } } },
        ],
        [
            "an OIDC provider",
            "ec2",
            "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
            { ci: { circleci: { ...everySystem.circleci, createProvider: true } } },
            { ci: { github: everySystem.github } },
        ],
        [
            "a namespace",
            "eks",
            "kubernetes:core/v1:Namespace",
            {},
            { eks: { ...eks, createNamespace: false, namespace: "builders" } },
        ],
        [
            "a storage class",
            "eks",
            "kubernetes:storage.k8s.io/v1:StorageClass",
            {},
            { eks: { ...eks, cache: { storageClassName: "fast" } } },
        ],
    ])("%s, with %s", async (_, backend, type, makes, uses) => {
        expect(await made(backend, makes)).toHaveProperty([type]);
        const used = await made(backend, uses);
        expect(used).toHaveProperty(["multiarch-builder:index:MultiArchBuilder"], 1);
        expect(used).not.toHaveProperty([type]);
    });
});
