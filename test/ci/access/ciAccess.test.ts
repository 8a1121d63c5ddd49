import * as pulumi from "@pulumi/pulumi";
import * as path from "node:path";
import { runCommand } from "../../support/commands";
import { isSecretValue, promiseOf, reveal } from "../../support/recorder";
import { without } from "../../../components/objects";
import { creationAdvice } from "../../../components/ci/provider";
import { type PolicyDocument, allows, list } from "../../iam/evaluator";
import { account, builder, everySystem, keyArn, record, region, tunnelled, uuid } from "./support";

const prefix = "/multiarch-builder/project/stack/ci";
const github = { github: everySystem.github };
const client = { ca: "CA", cert: "CERT", key: "KEY" };

const documentOf = (text: unknown) => JSON.parse(text as string) as PolicyDocument;
const arn = (service: string, resource: string) => `arn:aws:${service}:${region}:${account}:${resource}`;
const parameter = (at: string) => arn("ssm", `parameter${prefix}/${at}`);

/** What the roles of GitHub may do. */
async function rights(args: Parameters<typeof record>[0]): Promise<Record<"push" | "pullRequest", PolicyDocument>> {
    const { run } = await record({ ...github, ...args });
    return {
        push: documentOf(run.get("ci-github-push-policy").inputs.policy),
        pullRequest: documentOf(run.get("ci-github-pull-request-policy").inputs.policy),
    };
}

const get = (at: string) => ({ action: "ssm:GetParameters", resource: parameter(at) });
const decrypt = (at: string) => ({
    action: "kms:Decrypt",
    resource: keyArn,
    context: {
        "kms:ViaService": `ssm.${region}.amazonaws.com`,
        "kms:EncryptionContext:PARAMETER_ARN": parameter(at),
    },
});
const image = (action: string, repository: string) => ({ action, resource: arn("ecr", `repository/${repository}`) });
const start = (id: string) => ({ action: "ec2:StartInstances", resource: arn("ec2", `instance/${id}`) });
const session = (name: string) => ({
    action: "ssm:StartSession",
    resource: name,
    context: { "ssm:SessionDocumentAccessCheck": "true" },
});
const forward = session(`arn:aws:ssm:${region}::document/AWS-StartPortForwardingSession`);

test("a role for jobs that push and one for pull requests, of each system", async () => {
    const { run, access } = await record(everySystem);
    const systems = ["github", "gitlab", "circleci", "harness", "tekton"];
    const roles = run.resources.filter(({ type }) => type === "aws:iam/role:Role");
    expect(roles.map(({ name }) => name).sort()).toEqual(
        systems.flatMap((system) => [`ci-${system}-pull-request-role`, `ci-${system}-push-role`]).sort(),
    );
    const arns = await promiseOf(access.roleArns);
    expect(Object.keys(arns)).toEqual(systems);
    expect(arns.github?.push).toMatch(/^arn:aws:iam::111122223333:role\/ci-github-push-/);
    expect(arns.tekton?.pullRequest).toMatch(/^arn:aws:iam::111122223333:role\/ci-tekton-pull-request-/);
    expect(await promiseOf(access.recordParameter)).toBe(`${prefix}/ci`);
    expect(await promiseOf(access.pullRequestRecordParameter)).toBeUndefined();
});

test("without any system there is the record's text, and no role", async () => {
    const { run, access } = await record();
    expect(run.names()).toEqual(["ci", "ci-parameter-ci"]);
    const { inputs } = run.get("ci-parameter-ci");
    expect(inputs).toMatchObject({ name: `${prefix}/ci`, type: "String" });
    expect(inputs.insecureValue).toMatch(/^multiarch-builder 1\nbuilder ci\n/);
    expect(await promiseOf(access.roleArns)).toEqual({});
});

describe("a job that pushes", () => {
    test("may do this, and nothing else", async () => {
        const { push } = await rights({});
        const may = [
            { action: "ecr:GetAuthorizationToken", resource: "*" },
            ...["PutImage", "InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload", "BatchGetImage"].flatMap(
                (action) => [image(`ecr:${action}`, "shop/api"), image(`ecr:${action}`, "ci-cache")],
            ),
            ...["ci", "builder", "client/ca", "client/cert", "client/key"].map(get),
            decrypt("client/key"),
            start("i-0amd64"),
            start("i-0arm64"),
            { action: "ec2:DescribeInstances", resource: "*" },
        ];
        const mustNot = [
            image("ecr:PutImage", "shop/web"),
            image("ecr:BatchDeleteImage", "shop/api"),
            image("ecr:SetRepositoryPolicy", "shop/api"),
            image("ecr:DeleteRepository", "ci-cache"),
            get("server/arm64/key"),
            get("client-pr/key"),
            decrypt("server/arm64/key"),
            { ...decrypt("client/key"), context: {} },
            { action: "ssm:PutParameter", resource: parameter("client/key") },
            { action: "ssm:GetParametersByPath", resource: parameter("client") },
            start("i-0other"),
            { ...start("i-0amd64"), action: "ec2:StopInstances" },
            forward,
            { action: "sts:AssumeRole", resource: `arn:aws:iam::${account}:role/admin` },
        ];
        expect(may.filter((call) => !allows(push, call))).toEqual([]);
        expect(mustNot.filter((call) => allows(push, call))).toEqual([]);
    });

    test("T87 opens tunnels only when nodes are reached by them, by port forwarding alone", async () => {
        const { push } = await rights({ builder: tunnelled });
        expect(allows(push, forward)).toBe(true);
        expect(allows(push, session(arn("ec2", "instance/i-0arm64")))).toBe(true);
        expect(allows(push, session(arn("ssm", "document/SSM-SessionManagerRunShell")))).toBe(false);
        const unchecked = { ...forward, context: { "ssm:SessionDocumentAccessCheck": "false" } };
        expect(allows(push, unchecked)).toBe(false);
        const starting = push.Statement.filter(({ Action }) => list(Action).includes("ssm:StartSession"));
        expect(starting.map(({ Condition }) => Condition)).toEqual([
            { BoolIfExists: { "ssm:SessionDocumentAccessCheck": "true" } },
        ]);
    });

    test("starts nothing that never sleeps, and needs no login where nothing is in ECR", async () => {
        const nodes = builder.nodes.map((node) => without(node, "wake"));
        const elsewhere = { imageRepositoryUrl: "registry.acme.io/shop", cacheRepositoryUrl: "registry.acme.io/cache" };
        const { push } = await rights({ builder: { ...builder, ...elsewhere, nodes } });
        expect(push.Statement.map(({ Sid }) => Sid)).toEqual(["ReadRecord", "OwnCredentials", "DecryptOwnCredentials"]);
    });

    test("pushes to the further repositories too", async () => {
        const repositoryUrls = [`${account}.dkr.ecr.${region}.amazonaws.com/shop/web`];
        const { push, pullRequest } = await rights({ repositoryUrls });
        expect(allows(push, image("ecr:PutImage", "shop/web"))).toBe(true);
        expect(allows(pullRequest, image("ecr:BatchGetImage", "shop/web"))).toBe(true);
    });
});

describe("a pull request", () => {
    test("reads images, the cache and the record, and does not reach the builder", async () => {
        const { pullRequest } = await rights({ builder: tunnelled });
        const may = [image("ecr:BatchGetImage", "shop/api"), image("ecr:BatchGetImage", "ci-cache"), get("ci")];
        const mustNot = [
            ...["PutImage", "InitiateLayerUpload"].flatMap((action) =>
                ["shop/api", "ci-cache"].map((repository) => image(`ecr:${action}`, repository)),
            ),
            ...["client/key", "client-pr/key"].flatMap((at) => [get(at), decrypt(at)]),
            start("i-0amd64"),
            forward,
        ];
        expect(may.filter((call) => !allows(pullRequest, call))).toEqual([]);
        expect(mustNot.filter((call) => allows(pullRequest, call))).toEqual([]);
    });

    test("uses the builder by a certificate of its own, when it is asked for", async () => {
        const useBuilder = { pullRequests: { useBuilder: true }, pullRequestCredentials: client };
        const { pullRequest, push } = await rights({ ...useBuilder, builder: tunnelled });
        const may = [...["ci-pr", "client-pr/key"].map(get), decrypt("client-pr/key"), start("i-0amd64"), forward];
        const mustNot = [get("client/key"), decrypt("client/key"), image("ecr:PutImage", "ci-cache")];
        expect(may.filter((call) => !allows(pullRequest, call))).toEqual([]);
        expect(mustNot.filter((call) => allows(pullRequest, call))).toEqual([]);
        expect(allows(push, get("client-pr/key"))).toBe(false);

        const { run, access } = await record({ ...github, ...useBuilder });
        const { value, ...inputs } = run.get("ci-parameter-client-pr-key").inputs;
        expect(inputs).toMatchObject({ name: `${prefix}/client-pr/key`, type: "SecureString", keyId: keyArn });
        expect([isSecretValue(value), reveal(value)]).toEqual([true, "KEY"]);
        expect(run.get("ci-parameter-ci-pr").inputs.insecureValue).toContain(
            `credentials ${region} ${prefix}/client-pr/ca`,
        );
        expect(await promiseOf(access.pullRequestRecordParameter)).toBe(`${prefix}/ci-pr`);
        expect((await promiseOf(access.pullRequestCredentialsParameters))?.key).toBe(`${prefix}/client-pr/key`);
        expect(JSON.stringify(run.get("ci").inputs)).not.toContain("KEY");
    });

    test("has no role when it must not have one, or nothing tells that it is one", async () => {
        const { run } = await record({ ...github, pullRequests: { enabled: false } });
        expect(run.names()).not.toContain("ci-github-pull-request-role");
        const harness = without(everySystem.harness, "pullRequestProjects");
        const other = await record({ harness });
        expect(await promiseOf(other.access.roleArns)).toEqual({ harness: { push: expect.any(String) as string } });
    });
});

describe("the OIDC provider", () => {
    const token = "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider";
    const providerArn = `arn:aws:iam::${account}:oidc-provider/token.actions.githubusercontent.com`;
    const federated = (text: unknown) => documentOf(text).Statement.map(({ Principal }) => Principal);

    test("is the account's own, looked up", async () => {
        const { run } = await record(github);
        expect(run.invokes.filter((invoke) => invoke.token === token)).toMatchObject([
            { inputs: { url: "https://token.actions.githubusercontent.com" } },
        ]);
        const principals = federated(run.get("ci-github-push-role").inputs.assumeRolePolicy);
        expect(new Set(principals.map((principal) => JSON.stringify(principal)))).toEqual(
            new Set([JSON.stringify({ Federated: providerArn })]),
        );
    });

    test("is the given one, without a look-up", async () => {
        const { run } = await record({ github: { ...everySystem.github, providerArn } });
        expect(run.invokes.filter((invoke) => invoke.token === token)).toEqual([]);
        expect(federated(run.get("ci-github-push-role").inputs.assumeRolePolicy)[0]).toEqual({
            Federated: providerArn,
        });
    });

    test("is made with the audience and without thumbprints", async () => {
        const { run } = await record({
            circleci: { ...everySystem.circleci, createProvider: true },
            tags: { team: "a" },
        });
        const { inputs } = run.get("ci-circleci-provider");
        expect(inputs).toEqual({
            url: `https://oidc.circleci.com/org/${uuid("a")}`,
            clientIdLists: [uuid("a")],
            tags: { Name: "ci-circleci", team: "a" },
        });
        expect(run.hooks.map(({ name }) => name)).toEqual([
            expect.stringMatching(/^multiarch-builder:ci-circleci-provider-exists:/),
        ]);
    });

    test("T85 one that exists already is told when it is made again", () => {
        const error =
            "creating IAM OIDC Provider: operation error IAM: CreateOpenIDConnectProvider, https response error StatusCode: 409, " +
            "EntityAlreadyExists: Provider with url https://token.actions.githubusercontent.com already exists.";
        expect(creationAdvice("github", error)).toBe(
            "`github.createProvider`: the account has an OIDC provider for this issuer already, and takes no second one: take `createProvider` out, so that it is looked up, or name it with `github.providerArn`",
        );
        expect(creationAdvice("github", "AccessDenied")).toBeUndefined();
    });
});

describe("what is known only with the account's answers is told there", () => {
    const token = "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider";
    const url = "https://token.actions.githubusercontent.com";
    const arn = `arn:aws:iam::${account}:oidc-provider/token.actions.githubusercontent.com`;
    const repositories = Array.from({ length: 30 }, (_, i) => ({ name: `acme/s-${i}`, ownerId: "1", id: `${i + 1}` }));

    test.each<[string, object, Record<string, object>, RegExp]>([
        [
            "T85 an account without the provider",
            github,
            { [token]: { fails: `finding IAM OIDC Provider by url (${url}): not found` } },
            /`github\.createProvider`: the account has no OIDC provider for https:\/\/token\.actions\.githubusercontent\.com: let one stack make it with `createProvider: true`/,
        ],
        [
            "T81 a provider that does not take the audience",
            github,
            { [token]: { arn, clientIdLists: ["other"] } },
            /does not take the audience sts\.amazonaws\.com: aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn arn:aws:iam::\S+ --client-id sts\.amazonaws\.com/,
        ],
        ["an account that does not answer", github, { [token]: { fails: "AccessDenied: no" } }, /AccessDenied: no/],
        [
            "a trust policy that IAM would not take",
            { github: { repositories } },
            {},
            /`github`: the trust policy of its role has \d{4} characters, and IAM takes 2048: name fewer repositories and refs here, and further ones in a `CiAccess` of their own/,
        ],
    ])(
        "%s",
        async (_, args, answers, message) => {
            const script = path.join(__dirname, "fixtures/inAccount.ts");
            const { status, stdout } = await runCommand(
                process.execPath,
                ["--import", require.resolve("tsx"), script],
                {
                    env: process.env,
                    input: JSON.stringify({ args, answers }),
                },
            );
            expect(stdout).toMatch(message);
            expect(status).toBe(3);
        },
        180_000,
    );
});

describe("Tekton", () => {
    test("by EKS Pod Identity: an association for each service account, with session tags", async () => {
        const { run } = await record({ tekton: everySystem.tekton });
        const association = run.get("ci-tekton-ci-build").inputs;
        expect(association).toMatchObject({ clusterName: "tools", namespace: "ci", serviceAccount: "build" });
        expect(association.roleArn).toMatch(/ci-tekton-push-/);
        expect(association).not.toHaveProperty("disableSessionTags");
        expect(run.get("ci-tekton-ci-check").inputs.roleArn).toMatch(/ci-tekton-pull-request-/);
    });

    test("by IRSA: the cluster's own issuer, and no association", async () => {
        const { run } = await record({ tekton: { ...everySystem.tekton, irsa: true } });
        expect(run.names().filter((name) => name.startsWith("ci-tekton-ci-"))).toEqual([]);
        const [statement] = documentOf(run.get("ci-tekton-push-role").inputs.assumeRolePolicy).Statement;
        const [issuer] = Object.keys(statement!.Condition!.StringEquals!)[0]!.split(/:aud$/);
        expect(issuer).toMatch(/^oidc\.eks\.eu-central-1\.amazonaws\.com\/id\/[0-9A-F]{32}$/);
        expect(statement!.Principal).toEqual({ Federated: `arn:aws:iam::${account}:oidc-provider/${issuer}` });
        expect(statement!.Condition!.StringEquals![`${issuer}:sub`]).toEqual(["system:serviceaccount:ci:build"]);
    });
});

test("boundary, path, prefix and tags reach every resource that takes them", async () => {
    const named = {
        tags: { team: "platform" },
        permissionsBoundary: `arn:aws:iam::${account}:policy/edge`,
        rolePath: "/ci/",
        namePrefix: "acme-",
        parameterPrefix: "/acme/builders",
    };
    const { run } = await record({ ...everySystem, ...named });
    for (const { type, name, inputs } of run.resources.filter(({ type: each }) => each.startsWith("aws:"))) {
        if (type !== "aws:iam/rolePolicy:RolePolicy") {
            expect([name, inputs.tags]).toEqual([name, expect.objectContaining(named.tags)]);
        }
        if (type === "aws:iam/role:Role") {
            expect(inputs).toMatchObject({ permissionsBoundary: named.permissionsBoundary, path: "/ci/" });
            expect(inputs.namePrefix).toMatch(/^acme-ci-/);
        }
    }
    expect(run.get("ci-parameter-ci").inputs.name).toBe("/acme/builders/ci");
});

test("T86 names fit, however long the builder's is: IAM appends 26 characters and takes 64", async () => {
    const { run } = await record({ ...everySystem, builderName: "b".repeat(60), namePrefix: "p".repeat(24) });
    const prefixes = run.resources.flatMap(({ inputs }) => (inputs.namePrefix as string | undefined) ?? []);
    expect(prefixes.filter((prefix) => prefix.length > 38)).toEqual([]);
    expect(prefixes.length).toBeGreaterThanOrEqual(10);
});

test("a preview knows which roles there will be", async () => {
    const { run } = await record(everySystem, { preview: true });
    expect(run.names().filter((name) => name.endsWith("-role"))).toHaveLength(10);
});

test("a record that no parameter holds is warned of, and the farm is made nevertheless", async () => {
    const warn = jest.spyOn(pulumi.log, "warn").mockResolvedValue();
    const nodes = Array.from({ length: 20 }, (_, i) => ({
        ...builder.nodes[0]!,
        name: `ci-amd64-${i}`,
        endpoint: `tcp://10.0.1.${i}:1234`,
        replica: i,
    }));
    const { run } = await record({ builder: { ...builder, nodes } });
    const told = warn.mock.calls.map(([text]) => text);
    warn.mockRestore();
    expect(told).toEqual([
        expect.stringMatching(
            /^the record of ci has \d{4,5} bytes as text, and a standard parameter takes 4096: give jobs `record` of the output `ci` as the file of --record$/,
        ),
    ]);
    expect(run.get("ci-parameter-ci").inputs.insecureValue).toMatch(/^the record of ci has \d+ bytes as text, and/);
});
