import { documentsOf } from "../../dev/audit/documents";
import { programs } from "../../dev/audit/programs";
import { recordAws } from "../../dev/audit/record";
import { record } from "../ec2/support";
import { type PolicyDocument, list } from "./evaluator";

/** Every statement that a component makes, with the call that needs it. */
const neededBy: Record<string, string> = {
    // A node's role.
    InstanceOnly: "EC2 takes the role for the instance",
    OwnCertificate: "the certificate refresh: aws ssm get-parameters",
    DecryptOwnCertificate: "the decryption of these parameters by Parameter Store",
    Registration: "the SSM agent: UpdateInstanceInformation at its start and every five minutes",
    SessionManager: "the SSM agent: the channels of sessions",
    OwnLogs: "the CloudWatch agent: a stream of the node and its events",
    OwnMetrics: "the CloudWatch agent: disk and memory",
    // Roles of CI jobs: who takes them.
    GitHubNumbered: "configure-aws-credentials: AssumeRoleWithWebIdentity, of repositories whose numbers are known",
    GitHubNumberedEnvironments: "the same, for jobs with an environment",
    GitHubNamed: "the same, of repositories whose names are known",
    GitHubNamedEnvironments: "the same, for jobs with an environment",
    GitHubCustomized: "the same, for a customized subject",
    GitLab: "a job with id_tokens: AssumeRoleWithWebIdentity",
    GitLabCustomized: "the same, for a customized subject",
    CircleCI: "a job with CIRCLE_OIDC_TOKEN_V2: AssumeRoleWithWebIdentity",
    Harness: "Harness's connector: AssumeRoleWithWebIdentity",
    ServiceAccounts: "a pod's SDK by IRSA: AssumeRoleWithWebIdentity",
    ServiceAccount0: "EKS Pod Identity: AssumeRole and TagSession",
    // Roles of CI jobs: what they may do.
    RegistryLogin: "aws ecr get-login-password",
    PushImages: "docker push, and reading and writing the cache",
    PullImages: "reading images and the cache",
    ReadRecord: "builder-setup: aws ssm get-parameters of the record",
    OwnCredentials: "builder-setup: aws ssm get-parameters of the client certificate",
    DecryptOwnCredentials: "the decryption of these parameters by Parameter Store",
    // Clients.
    SeeNodes: "the wake hook: DescribeInstances",
    WakeNodes: "the wake hook: StartInstances",
    VolumesOfWokenNodes: "EC2 opens the encrypted volumes of a started instance by a grant",
    ForwardPort: "the tunnel: StartSession",
    OwnSessions: "the tunnel: TerminateSession at its end, ResumeSession by the plugin",
    // Keys.
    AccountByIamPolicies: "the account's identities, by their own policies",
    AccountDecidesByIam: "the account's identities, by their own policies",
    LogGroup: "CloudWatch Logs: PutLogEvents and reading back",
    // Repositories.
    PullFromOtherAccounts: "docker pull",
    PushFromOtherAccounts: "docker push, and the pull of caches",
    PullFromOrganization: "docker pull",
};

/** Where a wildcard is the whole action or resource, and why. */
const anyResource: Record<string, string> = {
    SessionManager: "ssmmessages knows no resources",
    OwnMetrics: "PutMetricData knows no resources; its condition names the namespace",
    SeeNodes: "DescribeInstances knows no resources",
    RegistryLogin: "GetAuthorizationToken knows no resources",
    AccountByIamPolicies: "in a key's policy it is that key",
    AccountDecidesByIam: "in a key's policy it is that key",
    LogGroup: "in a key's policy it is that key",
};
const partOfResource: Record<string, string> = {
    Registration: "the id of an instance is not known before its role",
    OwnLogs: "the streams of one log group",
    OwnSessions: "sessions that the caller has started",
};
const anyAction: Record<string, string> = {
    AccountByIamPolicies: "without it nobody could manage the key",
    AccountDecidesByIam: "without it nobody could manage the key",
};
const anyPrincipal: Record<string, string> = { PullFromOrganization: "its condition names the organization" };

const documents: [string, PolicyDocument][] = [];

beforeAll(async () => {
    const found: ReturnType<typeof documentsOf>[] = [];
    for (const [name, program] of Object.entries(programs)) {
        found.push(documentsOf(name, await recordAws(program)));
    }
    documents.push(...(found.flatMap((each) => Object.entries(each)) as [string, PolicyDocument][]));
}, 300_000);

const statements = () => documents.flatMap(([, { Statement }]) => Statement);
const names = (found: { Sid: string }[]) => [...new Set(found.map(({ Sid }) => Sid))].sort();

test("every statement is named, once in its document, and some call needs it", () => {
    expect(names(statements())).toEqual(Object.keys(neededBy).sort());
    for (const [name, { Version, Statement }] of documents) {
        expect([name, Version, names(Statement).length]).toEqual([name, "2012-10-17", Statement.length]);
    }
});

test("nothing is given for all resources, actions or principals outside the lists", () => {
    const resources = (test: (resource: string) => boolean) =>
        names(statements().filter(({ Resource = [] }) => list(Resource).some(test)));
    expect(resources((resource) => resource === "*")).toEqual(Object.keys(anyResource).sort());
    expect(resources((resource) => resource !== "*" && /[*?]/.test(resource))).toEqual(
        Object.keys(partOfResource).sort(),
    );
    const actions = statements().filter(({ Action }) => list(Action).some((action) => /[*?]/.test(action)));
    expect(names(actions)).toEqual(Object.keys(anyAction).sort());
    const principals = statements().filter(({ Principal }) => JSON.stringify(Principal ?? "").includes("*"));
    expect(names(principals)).toEqual(Object.keys(anyPrincipal).sort());
    for (const { Condition } of principals) {
        expect(Object.keys(Condition?.StringEquals ?? {})).toEqual(["aws:PrincipalOrgID"]);
    }
});

test("nothing is turned round", () => {
    const parts = new Set(statements().flatMap((statement) => Object.keys(statement)));
    expect([...parts].filter((part) => part.startsWith("Not"))).toEqual([]);
    expect(new Set(statements().map(({ Effect }) => Effect))).toEqual(new Set(["Allow"]));
});

test("a role's whole policy fits into what IAM takes", () => {
    for (const [name, document] of documents) {
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
        const limit = name.includes(".assumeRolePolicy") ? 2048 : 10_240;
        expect([name, JSON.stringify(document).length <= limit]).toEqual([name, true]);
    }
});

test("partition, region and account are the provider's own", async () => {
    const { run } = await record(
        {},
        {
            answers: {
                "aws:index/getPartition:getPartition": () => ({ partition: "aws-cn" }),
                "aws:index/getRegion:getRegion": () => ({ region: "cn-north-1" }),
                "aws:index/getCallerIdentity:getCallerIdentity": () => ({ accountId: "444455556666" }),
            },
        },
    );
    const statement = (resource: string, sid: string) =>
        (JSON.parse(run.get(resource).inputs.policy as string) as PolicyDocument).Statement.find(
            ({ Sid }) => Sid === sid,
        );
    expect(statement("ci-arm64-policy", "Registration")?.Resource).toBe(
        "arn:aws-cn:ec2:cn-north-1:444455556666:instance/*",
    );
    expect(statement("ci-arm64-policy", "DecryptOwnCertificate")?.Condition?.StringEquals).toMatchObject({
        "kms:ViaService": "ssm.cn-north-1.amazonaws.com.cn",
    });
    expect(statement("ci-key", "AccountByIamPolicies")?.Principal).toEqual({
        AWS: "arn:aws-cn:iam::444455556666:root",
    });
    expect(statement("ci-key", "LogGroup")?.Principal).toEqual({ Service: "logs.cn-north-1.amazonaws.com.cn" });
});
