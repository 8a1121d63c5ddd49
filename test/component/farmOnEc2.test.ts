import * as pulumi from "@pulumi/pulumi";
import { MultiArchBuilder, type MultiArchBuilderArgs } from "../../components";
import { repositoryOf } from "../../components/farm/registry";
import { invokes } from "../../dev/rehearsal/models";
import { modelOutputs } from "../support/modelOutputs";
import { Recorder, promiseOf, reveal } from "../support/recorder";

const subnetId = "subnet-0123456789abcdef0";

async function recorder(): Promise<Recorder> {
    const run = new Recorder({
        outputs: modelOutputs,
        call: (token, inputs) => reveal(invokes[token]!(inputs as never)) as Record<string, unknown>,
    });
    await run.install();
    return run;
}

function refusal(args: MultiArchBuilderArgs, image?: string): string {
    try {
        const farm = new MultiArchBuilder("ci", args);
        if (image) {
            farm.buildImage(image, { dockerfileInline: "FROM scratch", tags: ["1"] });
        }
    } catch (error) {
        return (error as Error).message;
    }
    return "";
}

const registryUrl = "111122223333.dkr.ecr.eu-central-1.amazonaws.com";

describe("a farm on EC2", () => {
    test("needs a subnet and a name: certificates, a repository for images and one for caches are made with it", async () => {
        const run = await recorder();
        const farm = new MultiArchBuilder("ci", { ec2: { subnetId } });
        await run.settle();
        const record = await promiseOf(farm.builder);
        expect(record).toMatchObject({
            name: "ci",
            cacheRepositoryUrl: expect.stringMatching(/\/ci-cache$/) as string,
        });
        expect(record.imageRepositoryUrl).toMatch(/\/ci$/);
        expect(record.nodes.map(({ name, platforms, access }) => ({ name, platforms, access: access?.kind }))).toEqual([
            { name: "ci-amd64", platforms: ["linux/amd64"], access: "ssm" },
            { name: "ci-arm64", platforms: ["linux/arm64"], access: "ssm" },
        ]);
        for (const component of ["ci-tls", "ci-registry", "ci-ec2", "ci-registration"]) {
            expect(run.get(component).parent).toBe(run.get("ci").urn);
        }
    });

    test("writes the very record that it outputs into its parameter, and no secret", async () => {
        const run = await recorder();
        const farm = new MultiArchBuilder("ci", { ec2: { subnetId }, registry: { repositories: ["shop/api"] } });
        await run.settle();
        const parameter = run.get("ci-ec2-parameter-builder");
        expect(await promiseOf(farm.recordParameter)).toBe("/multiarch-builder/project/stack/ci/builder");
        expect(JSON.parse(parameter.inputs.insecureValue as string)).toEqual(await promiseOf(farm.builder));
        expect(await pulumi.isSecret(farm.builder)).toBe(false);
        expect(await pulumi.isSecret(farm.builderCredentials)).toBe(true);
        expect(await promiseOf(farm.builderCredentials)).toEqual({
            ca: "CERT ci-tls-ca-server-1\n",
            cert: "CERT ci-tls-client\n",
            key: "KEY ci-tls-client-key\n",
        });
        for (const { inputs } of run.resources.filter(({ type }) => type.startsWith("multiarch-builder:"))) {
            expect(JSON.stringify(inputs)).not.toContain("KEY ");
        }
    });

    test("what all resources share reaches builders and repositories", async () => {
        const run = await recorder();
        const shared = {
            tags: { team: "build" },
            namePrefix: "acme-",
            rolePath: "/build/",
            permissionsBoundary: boundary,
        };
        new MultiArchBuilder("ci", { ...shared, ec2: { subnetId }, registry: { repositories: ["shop/api"] } });
        await run.settle();
        expect(run.get("ci-registry-image-shop/api").inputs).toMatchObject({
            name: "acme-shop/api",
            tags: shared.tags,
        });
        expect(run.get("ci-ec2-arm64-role").inputs).toMatchObject({
            path: "/build/",
            permissionsBoundary: boundary,
            tags: expect.objectContaining(shared.tags) as object,
        });
    });

    test("images go to the repository of their name, and move the tags that it lets move", async () => {
        const run = await recorder();
        const registry = { repositories: ["shop/api", "shop/web"], movingTags: ["latest"] };
        const farm = new MultiArchBuilder("ci", { ec2: { subnetId }, registry });
        const image = farm.buildImage("web", { dockerfileInline: "FROM scratch", tags: ["1"] });
        await run.settle();
        expect(run.get("web").inputs).toMatchObject({ movingTags: ["latest"] });
        expect(await promiseOf(image.images)).toMatchObject({
            "linux/arm64": { ref: expect.stringMatching(/\/shop\/web@sha256:/) as string, node: "ci-arm64" },
        });
        expect(await promiseOf(farm.repositoryUrls)).toEqual({
            "shop/api": `${registryUrl}/shop/api`,
            "shop/web": `${registryUrl}/shop/web`,
        });
    });

    test("an image that names its repository has that one's rules", async () => {
        const run = await recorder();
        const farm = new MultiArchBuilder("ci", { ec2: { subnetId }, registry: { repositories: ["shop/api"] } });
        farm.buildImage("web", { dockerfileInline: "FROM scratch", tags: ["1"], repositoryUrl: "r.test/web" });
        await run.settle();
        expect(run.get("web").inputs).not.toHaveProperty("movingTags");
    });

    test("estimates what it costs, with the key that it makes and without one that is given", async () => {
        const costs = [];
        for (const kmsKeyArn of [
            undefined,
            "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        ]) {
            const run = await recorder();
            const farm = new MultiArchBuilder("ci", { ec2: { subnetId }, kmsKeyArn });
            await run.settle();
            costs.push(await promiseOf(farm.monthlyCost));
        }
        expect(costs[0]).toMatchObject({ estimate: true, currency: "USD", region: "eu-central-1" });
        expect(costs[0]!.idle - costs[1]!.idle).toBeCloseTo(1);
        expect(costs[0]!.alwaysOn).toBeGreaterThan(costs[0]!.at160Hours);
    });

    test("repositories elsewhere are used as they are", async () => {
        const run = await recorder();
        const registry = { imageRepositoryUrl: "r.test/app", cacheRepositoryUrl: "r.test/cache" };
        const farm = new MultiArchBuilder("ci", { ec2: { subnetId }, registry });
        await run.settle();
        expect(run.resources.filter(({ type }) => type.startsWith("aws:ecr/"))).toEqual([]);
        expect(await promiseOf(farm.builder)).toMatchObject(registry);
    });
});

const boundary = "arn:aws:iam::111122223333:policy/boundary";

describe("arguments that are refused, each with the path that was written", () => {
    test.each<[string, MultiArchBuilderArgs, RegExp]>([
        ["a subnet", { ec2: { subnetId: "vpc-1" } }, /`ec2\.subnetId`: must be an id such as subnet-.*\(got "vpc-1"\)/],
        ["a shared setting", { ec2: { subnetId }, rolePath: "build" }, /`rolePath`: /],
        [
            "a certificate's validity",
            { ec2: { subnetId }, tls: { renewalDays: 90 } },
            /`tls\.renewalDays`: must be less/,
        ],
        [
            "a repository",
            { ec2: { subnetId }, registry: { repositories: ["Shop"] } },
            /`registry\.repositories\[0\]`: /,
        ],
        ["a registry as a text", { ec2: { subnetId }, registry: "r.test" as never }, /`registry`: must be an object/],
        ["EC2 as a text", { ec2: "yes" as never }, /`ec2`: must be a plain object with at least `subnetId`/],
        [
            "credentials",
            { ec2: { subnetId }, credentials: { ca: "", cert: "", key: "" } },
            /`credentials`: are made with the builders; take them out/,
        ],
        [
            "a repository both made and given",
            { ec2: { subnetId }, registry: { repositories: ["shop"], imageRepositoryUrl: "r.test/a" } },
            /`registry\.imageRepositoryUrl`: cannot be given together with `repositories`; for one that exists/,
        ],
    ])("%s", (_, args, message) => {
        expect(refusal(args)).toMatch(message);
    });

    test("all at once, before anything is created", async () => {
        const run = await recorder();
        const message = refusal({
            builderName: "X",
            ec2: { subnetId: "x", idleStopMinutes: 1 },
            tags: 5 as never,
            registry: { repositories: [] },
        });
        expect(message).toMatch(
            /`tags`[^]*builderName[^]*ec2\.idleStopMinutes[^]*ec2\.subnetId[^]*registry\.repositories/,
        );
        await run.settle();
        expect(run.resources).toEqual([]);
    });

    test("an image that could go to several repositories", async () => {
        await recorder();
        expect(refusal({ ec2: { subnetId }, registry: { repositories: ["a/x", "b/x"] } }, "x")).toMatch(
            /`repositoryUrl`: is missing: the farm has a\/x, b\/x, and none of them alone is called or ends in `x`/,
        );
    });
});

test.each<[string, string[], string | undefined]>([
    ["api", ["api"], "api"],
    ["api", ["shop/api", "shop/web"], "shop/api"],
    ["api", ["shop/api", "api"], "api"],
    ["worker", ["shop/all"], "shop/all"],
    ["worker", ["shop/api", "shop/web"], undefined],
    ["api", ["a/api", "b/api"], undefined],
    ["pi", ["shop/api", "shop/web"], undefined],
])("image %s of the repositories %j goes to %s", (image, names, wanted) => {
    expect(repositoryOf(image, names)).toBe(wanted);
});
