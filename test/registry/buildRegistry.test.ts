import * as pulumi from "@pulumi/pulumi";
import type { BuildRegistryArgs } from "../../components/registry/arguments";
import type { GetRepositoryResult } from "@pulumi/aws/ecr";
import { BuildRegistry } from "../../components/registry/buildRegistry";
import { withMutableTags } from "../../components/registry/existing";
import { Recorder, promiseOf } from "../support/recorder";

const host = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";

async function record(args: BuildRegistryArgs, preview = false): Promise<{ run: Recorder; registry: BuildRegistry }> {
    const run = new Recorder({
        preview,
        outputs: (type, _, inputs) =>
            type === "aws:ecr/repository:Repository" && !preview
                ? {
                      repositoryUrl: `${host}/${String(inputs.name)}`,
                      arn: `arn:aws:ecr:eu-central-1:123456789012:repository/${String(inputs.name)}`,
                  }
                : type === "aws:kms/key:Key"
                  ? { arn: "arn:aws:kms:eu-central-1:123456789012:key/made", keyId: "made" }
                  : {},
        call: (token, inputs) => {
            switch (token) {
                case "aws:index/getCallerIdentity:getCallerIdentity":
                    return { accountId: "123456789012" };
                case "aws:index/getPartition:getPartition":
                    return { partition: "aws" };
                case "aws:ecr/getRepository:getRepository":
                    return { repositoryUrl: `${host}/${String(inputs.name)}`, arn: "arn:found" };
                default:
                    throw new Error(`unexpected invoke of ${token}`);
            }
        },
    });
    await run.install();
    const registry = new BuildRegistry("ci", args);
    await run.settle();
    return { run, registry };
}

describe("BuildRegistry", () => {
    const tags = { team: "platform" };

    test("makes private, immutable, encrypted, scanned repositories", async () => {
        const { run, registry } = await record({ repositories: ["shop/api", "shop/web"], tags });
        expect(run.names()).toEqual([
            "ci",
            "ci-cache",
            "ci-cache-lifecycle",
            "ci-image-shop/api",
            "ci-image-shop/api-lifecycle",
            "ci-image-shop/web",
            "ci-image-shop/web-lifecycle",
        ]);
        expect(run.get("ci-image-shop/api").inputs).toEqual({
            name: "shop/api",
            imageTagMutability: "IMMUTABLE",
            encryptionConfigurations: [{ encryptionType: "KMS" }],
            imageScanningConfiguration: { scanOnPush: true },
            forceDelete: false,
            tags,
        });
        expect(run.get("ci-cache").inputs).toEqual({
            name: "shop/api-cache",
            imageTagMutability: "MUTABLE",
            encryptionConfigurations: [{ encryptionType: "KMS" }],
            imageScanningConfiguration: { scanOnPush: false },
            forceDelete: true,
            tags,
        });
        const children = run.resources.filter(({ name }) => name !== "ci");
        expect(children.every(({ parent }) => parent === run.get("ci").urn)).toBe(true);
        expect(await promiseOf(registry.repositoryUrls)).toEqual({
            "shop/api": `${host}/shop/api`,
            "shop/web": `${host}/shop/web`,
        });
        expect(await promiseOf(registry.imageRepositoryUrl)).toBe(`${host}/shop/api`);
        expect(await promiseOf(registry.cacheRepositoryUrl)).toBe(`${host}/shop/api-cache`);
        expect(await promiseOf(registry.cacheRefs("api", ["linux/amd64", "linux/arm64/v8"], "pr-7"))).toEqual({
            "linux/amd64": `${host}/shop/api-cache:api-pr-7-linux-amd64`,
            "linux/arm64": `${host}/shop/api-cache:api-pr-7-linux-arm64`,
        });
    });

    test("registers the same resources in a preview", async () => {
        const args = {
            repositories: ["shop/api"],
            createKmsKey: true,
            pullPrincipals: [pulumi.output("111111111111")],
        };
        const [preview, update] = [await record(args, true), await record(args)];
        expect(preview.run.names()).toEqual(update.run.names());
    });

    test("moves only the tags that are named", async () => {
        const { run } = await record({ repositories: ["a0"], movingTags: ["latest", "dev-*"] });
        expect(run.get("ci-image-a0").inputs).toMatchObject({
            imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
            imageTagMutabilityExclusionFilters: [
                { filter: "latest", filterType: "WILDCARD" },
                { filter: "dev-*", filterType: "WILDCARD" },
            ],
        });
        const mutable = await record({ repositories: ["a0"], mutableTags: true });
        expect(mutable.run.get("ci-image-a0").inputs.imageTagMutability).toBe("MUTABLE");
    });

    test("shares images with who may pull, and the cache only with who may push", async () => {
        const { run } = await record({
            repositories: ["a0"],
            pullPrincipals: ["111111111111"],
            pushPrincipals: [pulumi.output("222222222222")],
            pullOrganizationId: "o-a1b2c3d4e5",
        });
        const sids = (name: string) =>
            (JSON.parse(run.get(name).inputs.policy as string) as { Statement: { Sid: string }[] }).Statement.map(
                ({ Sid }) => Sid,
            );
        expect(sids("ci-image-a0-policy")).toEqual([
            "PullFromOtherAccounts",
            "PushFromOtherAccounts",
            "PullFromOrganization",
        ]);
        expect(sids("ci-cache-policy")).toEqual(["PushFromOtherAccounts"]);
        const onlyPull = await record({ repositories: ["a0"], pullPrincipals: ["111111111111"] });
        expect(onlyPull.run.names()).not.toContain("ci-cache-policy");
    });

    test("makes a key that rotates, under the account's own control", async () => {
        const { run } = await record({ repositories: ["a0"], createKmsKey: true, namePrefix: "acme.", tags });
        expect(run.get("ci-key").inputs).toMatchObject({ enableKeyRotation: true, tags });
        const policy = JSON.parse(run.get("ci-key").inputs.policy as string) as { Statement: unknown[] };
        expect(policy.Statement).toEqual([
            {
                Sid: "AccountDecidesByIam",
                Effect: "Allow",
                Principal: { AWS: "arn:aws:iam::123456789012:root" },
                Action: "kms:*",
                Resource: "*",
            },
        ]);
        const name = "alias/acme-project-stack-ci-registry";
        expect(run.get("ci-key-alias").inputs).toMatchObject({ name, targetKeyId: "made" });
        const kmsKey = "arn:aws:kms:eu-central-1:123456789012:key/made";
        for (const repository of ["ci-image-a0", "ci-cache"]) {
            expect(run.get(repository).inputs.encryptionConfigurations).toEqual([{ encryptionType: "KMS", kmsKey }]);
        }
        expect(run.get("ci-image-a0").inputs.name).toBe("acme.a0");
    });

    test("adopts repositories without touching them", async () => {
        const { run, registry } = await record({
            existingRepositories: [
                { name: "shop/api" },
                { name: "shop/web", arn: "arn:aws-cn:ecr:cn-north-1:123456789012:repository/shop/web" },
                { name: "shop/job", url: pulumi.output(`${host}/shop/job`) },
            ],
            existingCacheRepository: { name: "cache" },
            pullPrincipals: ["111111111111"],
        });
        expect(run.names()).toEqual(["ci"]);
        expect(await promiseOf(registry.repositoryUrls)).toEqual({
            "shop/api": `${host}/shop/api`,
            "shop/web": "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/shop/web",
            "shop/job": `${host}/shop/job`,
        });
        expect(await promiseOf(registry.repositoryArns)).toMatchObject({
            "shop/job": "arn:aws:ecr:eu-central-1:123456789012:repository/shop/job",
        });
        expect(run.invokes.map(({ inputs }) => (inputs as { name: string }).name)).toEqual(["shop/api", "cache"]);
    });

    test("T71 an existing cache repository whose tags are immutable", () => {
        const found = { name: "cache", repositoryUrl: `${host}/cache` } as GetRepositoryResult;
        expect(() => withMutableTags({ ...found, imageTagMutability: "IMMUTABLE_WITH_EXCLUSION" })).toThrow(
            "`existingCacheRepository`: the tags of cache are IMMUTABLE_WITH_EXCLUSION, and each build replaces those of its " +
                "cache: take a repository with mutable tags, or let one be created",
        );
        expect(withMutableTags({ ...found, imageTagMutability: "MUTABLE" })).toBe(`${host}/cache`);
    });

    test("T78 a deletion of images that are in use is warned of", async () => {
        const warn = jest.spyOn(pulumi.log, "warn").mockResolvedValue();
        const { run } = await record({ repositories: ["a0"], forceDelete: true });
        const told = warn.mock.calls.map(([text]) => text);
        warn.mockRestore();
        expect(told).toEqual([
            "`forceDelete`: the image repositories are deleted with all their images, in use or not",
        ]);
        expect(run.get("ci-image-a0").inputs.forceDelete).toBe(true);
    });

    test("creates nothing when an argument is wrong", async () => {
        const run = new Recorder();
        await run.install();
        expect(() => new BuildRegistry("ci", { repositories: ["A"] })).toThrow(
            /invalid arguments of the registry "ci"/,
        );
        await run.settle();
        expect(run.resources).toEqual([]);
    });
});
