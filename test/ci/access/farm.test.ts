import * as pulumi from "@pulumi/pulumi";
import { MultiArchBuilder, type MultiArchBuilderArgs } from "../../../components/multiArchBuilder";
import type { CiOutputs } from "../../../components/ci/outputs";
import { allows } from "../../iam/evaluator";
import type { PolicyDocument } from "../../iam/evaluator";
import { invokes, models } from "../../../dev/rehearsal/models";
import { Recorder, promiseOf, reveal } from "../../support/recorder";
import { account, everySystem, region } from "./support";

const ec2 = { subnetId: "subnet-0123456789abcdef0" };
const prefix = "/multiarch-builder/project/stack/ci";
const url = (name: string) => `${account}.dkr.ecr.${region}.amazonaws.com/${name}`;

/** Outputs of certificates stand for themselves. */
function outputs(type: string, name: string, inputs: Record<string, unknown>): Record<string, unknown> {
    if (type.startsWith("tls:")) {
        const [key, certPem] = [`KEY ${name}`, `CERT ${name}`];
        return { privateKeyPem: key, privateKeyPemPkcs8: key, certPem, validityEndTime: "2099-01-01T00:00:00Z" };
    }
    return models[type]?.(inputs as never, `urn::${type}::${name}`) ?? {};
}

async function farm(args: MultiArchBuilderArgs): Promise<{ run: Recorder; ci: CiOutputs; made: MultiArchBuilder }> {
    const run = new Recorder({
        outputs,
        call: (token, inputs) => reveal(invokes[token]!(inputs as never)) as Record<string, unknown>,
    });
    await run.install();
    const made = new MultiArchBuilder("ci", args);
    await run.settle();
    return { run, ci: await promiseOf(made.ci), made };
}

test("a farm on EC2 tells CI jobs everything, and no secret", async () => {
    const { run, ci, made } = await farm({
        ec2,
        registry: { repositories: ["shop/api", "shop/web"], cacheRepository: "ci-cache" },
        ci: { github: everySystem.github },
    });
    expect(ci).toMatchObject({
        builderName: "ci",
        region,
        recordParameter: `${prefix}/ci`,
        credentialsParameters: { region, ca: `${prefix}/client/ca`, key: `${prefix}/client/key` },
        registryHost: `${account}.dkr.ecr.${region}.amazonaws.com`,
        imageRepositoryUrl: url("shop/api"),
        repositoryUrls: { "shop/api": url("shop/api"), "shop/web": url("shop/web") },
        cacheRepositoryUrl: url("ci-cache"),
        access: "ssm",
        platforms: ["linux/amd64", "linux/arm64"],
    });
    expect(Object.keys(ci.roleArns!)).toEqual(["github"]);
    expect(ci).not.toHaveProperty("pullRequestCredentialsParameters");
    expect(Object.keys(ci.systems)).toEqual(["github"]);
    expect(ci.systems.github!.length).toBeGreaterThan(0);
    expect(ci.builder).toEqual(await promiseOf(made.builder));
    expect(run.get("ci-ci-parameter-ci").inputs.insecureValue).toBe(ci.record);
    expect(await pulumi.isSecret(made.ci)).toBe(false);
    expect(JSON.stringify(ci)).not.toMatch(/KEY |PRIVATE/);
    expect(JSON.stringify(run.get("ci-ci").inputs)).not.toMatch(/KEY |PRIVATE/);
});

test("its role pushes to its repositories, and starts and reaches its instances, and no others", async () => {
    const { run, ci } = await farm({
        ec2,
        registry: { repositories: ["shop/api", "shop/web"], cacheRepository: "ci-cache" },
        ci: { github: everySystem.github },
    });
    const policy = JSON.parse(run.get("ci-ci-github-push-policy").inputs.policy as string) as PolicyDocument;
    const arn = (service: string, resource: string) => `arn:aws:${service}:${region}:${account}:${resource}`;
    for (const name of ["shop/api", "shop/web", "ci-cache"]) {
        expect(allows(policy, { action: "ecr:PutImage", resource: arn("ecr", `repository/${name}`) })).toBe(true);
    }
    expect(allows(policy, { action: "ecr:PutImage", resource: arn("ecr", "repository/shop/job") })).toBe(false);
    const context = { "ssm:SessionDocumentAccessCheck": "true" };
    for (const { wake } of ci.builder.nodes) {
        const resource = arn("ec2", `instance/${wake!.instanceId}`);
        expect(allows(policy, { action: "ec2:StartInstances", resource })).toBe(true);
        expect(allows(policy, { action: "ssm:StartSession", resource, context })).toBe(true);
    }
    const key = run.get("ci-ec2-parameter-client-key").inputs.name as string;
    expect(allows(policy, { action: "ssm:GetParameters", resource: arn("ssm", `parameter${key}`) })).toBe(true);
});

test("pull requests that use the builder have a certificate of their own", async () => {
    const { run, ci } = await farm({
        ec2,
        tls: { clients: ["laptop"] },
        ci: { gitlab: everySystem.gitlab, pullRequests: { useBuilder: true } },
    });
    expect(ci.pullRequestRecordParameter).toBe(`${prefix}/ci-pr`);
    expect(ci.pullRequestCredentialsParameters?.cert).toBe(`${prefix}/client-pr/cert`);
    const certificates = run.names().filter((name) => /^ci-tls-client-[^-]+(-requests)?$/.test(name));
    expect(certificates).toEqual([
        "ci-tls-client-key",
        "ci-tls-client-laptop",
        "ci-tls-client-pull-requests",
        "ci-tls-client-request",
    ]);
});

test("without CI systems it makes no role and has files for all", async () => {
    const { run, ci } = await farm({ ec2 });
    expect(run.names().filter((name) => name.startsWith("ci-ci"))).toEqual(["ci-ci", "ci-ci-parameter-ci"]);
    expect(ci).not.toHaveProperty("roleArns");
    expect(Object.keys(ci.systems)).toEqual(["github", "gitlab", "circleci", "harness", "tekton"]);
});

test("a farm of endpoints has the output without roles, parameters and AWS", async () => {
    const { run, ci } = await farm({
        endpoints: [
            {
                platforms: ["linux/amd64", "linux/s390x"],
                endpoint: "tcp://10.0.0.1:1234",
                serverName: "a",
                emulated: ["linux/s390x"],
            },
        ],
        credentials: pulumi.output({ ca: "CA", cert: "CERT", key: "KEY" }),
        registry: { imageRepositoryUrl: "registry.acme.io/shop", cacheRepositoryUrl: "registry.acme.io/cache" },
        ci: { github: { repositories: [{ name: "acme/shop" }] } },
    });
    expect(run.resources.filter(({ type }) => type.startsWith("aws:"))).toEqual([]);
    expect(run.invokes).toEqual([]);
    expect(ci).toMatchObject({
        registryHost: "registry.acme.io",
        access: "direct",
        platforms: ["linux/amd64"],
        repositoryUrls: {},
    });
    expect(Object.keys(ci).filter((key) => /region|Parameter|roleArns/.test(key))).toEqual([]);
    expect(Object.keys(ci.systems)).toEqual(["github"]);
});

describe("arguments that are refused, with the path that was written", () => {
    const refusal = (args: MultiArchBuilderArgs) => {
        try {
            new MultiArchBuilder("ci", args);
        } catch (error) {
            return (error as Error).message;
        }
        return "";
    };
    const endpoints = [{ platforms: ["linux/amd64"], endpoint: "tcp://10.0.0.1:1234" }];
    const credentials = { ca: "CA", cert: "CERT", key: "KEY" };
    const pullRequests = { useBuilder: true };
    test.each<[string, MultiArchBuilderArgs, RegExp]>([
        ["no object", { ec2, ci: "github" as never }, /`ci`: must be an object with github, gitlab/],
        [
            "a system that is unknown",
            { ec2, ci: { gitub: {} } as never },
            /`ci\.gitub`: is unknown; did you mean `github`\?/,
        ],
        [
            "T80",
            { ec2, ci: { github: { repositories: [{ name: "acme/*" }] } } },
            /`ci\.github\.repositories\[0\]\.name`: stands for/,
        ],
        [
            "a certificate of pull requests for endpoints",
            { endpoints, credentials, ci: { pullRequests } },
            /`ci\.pullRequests\.useBuilder`: needs certificates of the farm's own, and `endpoints` have others/,
        ],
        [
            "a client of that name",
            { ec2, tls: { clients: ["pull-requests"] }, ci: { pullRequests } },
            /`tls\.clients`: `pull-requests` is the name of the pull requests' own/,
        ],
        [
            "Tekton on no cluster",
            { ec2, ci: { tekton: { serviceAccounts: [{ namespace: "ci", name: "a" }] } } },
            /`ci\.tekton\.clusterName`: is missing/,
        ],
    ])("%s", (_, args, message) => {
        expect(refusal(args)).toMatch(message);
    });
});
