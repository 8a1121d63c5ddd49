import * as fc from "fast-check";
import { keyPolicy } from "../../components/ec2/key";
import { assumedByEc2, clientStatements, document, nodeStatements } from "../../components/ec2/policies";
import { repositoryPolicy } from "../../components/registry/policy";
import { type Call, type PolicyDocument, allows } from "./evaluator";

const partitions = [
    { partition: "aws", region: "eu-central-1", domain: "amazonaws.com" },
    { partition: "aws-us-gov", region: "us-gov-west-1", domain: "amazonaws.com" },
    { partition: "aws-cn", region: "cn-north-1", domain: "amazonaws.com.cn" },
];
const accountId = "111122223333";

describe.each(partitions)("in $partition", ({ partition, region, domain }) => {
    const arn = (service: string, resource: string, where = region) =>
        `arn:${partition}:${service}:${where}:${accountId}:${resource}`;
    const path = "parameter/multiarch-builder/project/stack/ci";
    const parameter = (at: string) => arn("ssm", `${path}/${at}`);
    const keyArn = arn("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab");
    const logGroup = "/multiarch-builder/project/stack/ci";
    const own = ["server/arm64/cert", "server/arm64/key", "server/client-ca"].map(parameter);
    const instance = (id: string, where = region) => arn("ec2", `instance/${id}`, where);
    const read = (text: string) => JSON.parse(text) as PolicyDocument;
    const check = (policy: PolicyDocument, expected: boolean, calls: Record<string, Call>) =>
        test.each(Object.entries(calls))(`${expected ? "may" : "must not"} %s`, (_, call) => {
            expect(allows(policy, call)).toBe(expected);
        });

    describe("a node", () => {
        const policy = read(
            document(
                nodeStatements({
                    builderName: "ci",
                    partition,
                    region,
                    accountId,
                    keyArn,
                    parameterArns: own,
                    logGroupArn: arn("logs", `log-group:${logGroup}`),
                }),
            ),
        );
        const decrypt = (name: string, via = `ssm.${region}.${domain}`): Call => ({
            action: "kms:Decrypt",
            resource: keyArn,
            context: { "kms:ViaService": via, "kms:EncryptionContext:PARAMETER_ARN": name },
        });
        const stream = (group: string) => arn("logs", `log-group:${group}:log-stream:i-0a`);
        check(policy, true, {
            "read its own certificate": { action: "ssm:GetParameters", resource: own[0] },
            "read its own key": { action: "ssm:GetParameters", resource: own[1] },
            "read the client CA": { action: "ssm:GetParameter", resource: own[2] },
            "decrypt its own key": decrypt(own[1]!),
            "register itself": { action: "ssm:UpdateInstanceInformation", resource: instance("i-0a") },
            "open its control channel": { action: "ssmmessages:OpenControlChannel", resource: "*" },
            "write its log": { action: "logs:PutLogEvents", resource: stream(logGroup) },
            "send its metrics": {
                action: "cloudwatch:PutMetricData",
                resource: "*",
                context: { "cloudwatch:namespace": "BuildKit/ci" },
            },
        });
        check(policy, false, {
            "read another node's key": { action: "ssm:GetParameters", resource: parameter("server/amd64/key") },
            "read the client's key": { action: "ssm:GetParameter", resource: parameter("client/key") },
            "read the builder's record": { action: "ssm:GetParameter", resource: parameter("builder") },
            "read another stack's parameters": {
                action: "ssm:GetParameter",
                resource: arn("ssm", "parameter/multiarch-builder/project/prod/ci/server/arm64/key"),
            },
            "list its path": { action: "ssm:GetParametersByPath", resource: own[0] },
            "change its certificate": { action: "ssm:PutParameter", resource: own[0] },
            "decrypt another node's key": decrypt(parameter("server/amd64/key")),
            "decrypt the client's key": decrypt(parameter("client/key")),
            "decrypt by itself": { action: "kms:Decrypt", resource: keyArn },
            "decrypt through another service": decrypt(own[1]!, `ec2.${region}.${domain}`),
            "decrypt with another key": { ...decrypt(own[1]!), resource: arn("kms", "key/other") },
            encrypt: { ...decrypt(own[1]!), action: "kms:Encrypt" },
            "register in another region": {
                action: "ssm:UpdateInstanceInformation",
                resource: instance("i-0a", "us-east-2"),
            },
            "register a machine outside EC2": {
                action: "ssm:UpdateInstanceInformation",
                resource: arn("ssm", "managed-instance/mi-0a"),
            },
            "write another builder's log": { action: "logs:PutLogEvents", resource: stream(`${logGroup}-2`) },
            "delete its log": { action: "logs:DeleteLogStream", resource: stream(logGroup) },
            "read its log": { action: "logs:GetLogEvents", resource: stream(logGroup) },
            "send another builder's metrics": {
                action: "cloudwatch:PutMetricData",
                resource: "*",
                context: { "cloudwatch:namespace": "BuildKit/other" },
            },
            "start a session": { action: "ssm:StartSession", resource: instance("i-0b") },
            "run a command": { action: "ssm:SendCommand", resource: instance("i-0b") },
            "take another role": { action: "sts:AssumeRole", resource: `arn:${partition}:iam::${accountId}:role/a` },
            "push images": { action: "ecr:PutImage", resource: arn("ecr", "repository/shop/api") },
            "get a login for ECR": { action: "ecr:GetAuthorizationToken", resource: "*" },
            "stop itself by the API": { action: "ec2:StopInstances", resource: instance("i-0a") },
        });

        test("reads no parameter but its own three, whatever it is called", () => {
            const name = fc.stringMatching(/^[a-zA-Z0-9_./-]{1,60}$/);
            fc.assert(
                fc.property(
                    fc.oneof(
                        name,
                        name.map((end) => `${path.slice("parameter/".length)}/${end}`),
                    ),
                    (text) => {
                        const resource = arn("ssm", `parameter/${text}`);
                        const call = { action: "ssm:GetParameter", resource };
                        expect(allows(policy, call)).toBe(own.includes(resource));
                        expect(allows(policy, decrypt(resource))).toBe(own.includes(resource));
                    },
                ),
            );
        });
    });

    describe("a node's role", () => {
        const policy = read(assumedByEc2());
        const action = "sts:AssumeRole";
        // One name in all partitions. https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html
        check(policy, true, { "be taken by EC2": { action, principal: "ec2.amazonaws.com" } });
        check(policy, false, {
            "be taken by another service": { action, principal: "ecs-tasks.amazonaws.com" },
            "be taken by its own account": { action, principal: `arn:${partition}:iam::${accountId}:role/admin` },
            "be taken by another account": { action, principal: `arn:${partition}:iam::444455556666:role/admin` },
            "be taken by a web identity": { action: "sts:AssumeRoleWithWebIdentity", principal: "ec2.amazonaws.com" },
        });
    });

    describe("a client", () => {
        const farm = { partition, region, accountId, keyArn, instanceArns: [instance("i-0a"), instance("i-0b")] };
        const policy = read(document(clientStatements({ ...farm, wake: true, ssm: true })));
        const grant = (context: Record<string, string>): Call => ({
            action: "kms:CreateGrant",
            resource: keyArn,
            context: { "kms:GrantIsForAWSResource": "true", "kms:ViaService": `ec2.${region}.${domain}`, ...context },
        });
        const sessionDocument = (name: string) => `arn:${partition}:ssm:${region}::document/${name}`;
        const checked = { context: { "ssm:SessionDocumentAccessCheck": "true" } };
        const session = (resource: string): Call => ({ action: "ssm:StartSession", resource, ...checked });
        const ownSession = (action: string, user: string): Call => ({
            action,
            resource: arn("ssm", `session/${user}-0123456789abcdef0`),
            context: { "aws:userid": "AROAEXAMPLE:ci" },
        });
        check(policy, true, {
            "see instances": { action: "ec2:DescribeInstances", resource: "*" },
            "start the nodes": { action: "ec2:StartInstances", resource: instance("i-0b") },
            "let EC2 open their volumes": grant({}),
            "reach a node by port forwarding": session(instance("i-0a")),
            "use the document of port forwarding": session(sessionDocument("AWS-StartPortForwardingSession")),
            "end its session": ownSession("ssm:TerminateSession", "AROAEXAMPLE:ci"),
        });
        check(policy, false, {
            "start another instance": { action: "ec2:StartInstances", resource: instance("i-0c") },
            "start an instance with the same id elsewhere": {
                action: "ec2:StartInstances",
                resource: instance("i-0a", "us-east-2"),
            },
            "stop a node": { action: "ec2:StopInstances", resource: instance("i-0a") },
            "end a node": { action: "ec2:TerminateInstances", resource: instance("i-0a") },
            "restart a node": { action: "ec2:RebootInstances", resource: instance("i-0a") },
            "change a node": { action: "ec2:ModifyInstanceAttribute", resource: instance("i-0a") },
            "make an instance": { action: "ec2:RunInstances", resource: instance("i-0a") },
            "give the key to a person": grant({ "kms:GrantIsForAWSResource": "false" }),
            "make a grant by itself": { action: "kms:CreateGrant", resource: keyArn },
            "make a grant through another service": grant({ "kms:ViaService": `ssm.${region}.${domain}` }),
            decrypt: { ...grant({}), action: "kms:Decrypt" },
            "open a shell (T87)": session(
                `arn:${partition}:ssm:${region}:${accountId}:document/SSM-SessionManagerRunShell`,
            ),
            "open a tunnel for SSH": session(sessionDocument("AWS-StartSSHSession")),
            "forward to another host": session(sessionDocument("AWS-StartPortForwardingSessionToRemoteHost")),
            "reach another instance": session(instance("i-0c")),
            "skip the check of the document": {
                ...session(instance("i-0a")),
                context: { "ssm:SessionDocumentAccessCheck": "false" },
            },
            "end another's session": ownSession("ssm:TerminateSession", "AROAEXAMPLE:other"),
            "run a command": { action: "ssm:SendCommand", resource: instance("i-0a") },
            "read the client's key": { action: "ssm:GetParameter", resource: parameter("client/key") },
        });

        test("T87 every right to start sessions asks for the check, without which AWS does not look at the document", () => {
            const starting = policy.Statement.filter(({ Action }) => [Action].flat().includes("ssm:StartSession"));
            expect(starting.map(({ Condition }) => Condition)).toEqual([
                { BoolIfExists: { "ssm:SessionDocumentAccessCheck": "true" } },
            ]);
        });

        test("without Session Manager there is no right to sessions", () => {
            const plain = read(document(clientStatements({ ...farm, wake: true, ssm: false })));
            expect(allows(plain, session(instance("i-0a")))).toBe(false);
            expect(allows(plain, { action: "ec2:StartInstances", resource: instance("i-0a") })).toBe(true);
        });
    });

    describe("a client of nodes that never sleep", () => {
        const instanceArns = [instance("i-0a")];
        const farm = { partition, region, accountId, keyArn, instanceArns };
        const policy = read(document(clientStatements({ ...farm, wake: false, ssm: true })));
        const reach = { resource: instanceArns[0], context: { "ssm:SessionDocumentAccessCheck": "true" } };
        check(policy, true, { "reach them": { action: "ssm:StartSession", ...reach } });
        check(policy, false, {
            "start them": { action: "ec2:StartInstances", resource: instanceArns[0] },
            "see instances": { action: "ec2:DescribeInstances", resource: "*" },
        });
    });

    describe("the builder's key", () => {
        const policy = keyPolicy(partition, accountId, region, logGroup) as PolicyDocument;
        const logs = `logs.${region}.${domain}`;
        const encrypt = (group: string, principal: string, account = accountId): Call => ({
            action: "kms:GenerateDataKey",
            resource: keyArn,
            principal,
            context: {
                "kms:EncryptionContext:aws:logs:arn": `arn:${partition}:logs:${region}:${account}:log-group:${group}`,
            },
        });
        check(policy, true, {
            "be used for the builder's log": encrypt(logGroup, logs),
            "be used to read it back": { ...encrypt(logGroup, logs), action: "kms:Decrypt" },
            "be managed by the account": {
                action: "kms:PutKeyPolicy",
                resource: keyArn,
                principal: `arn:${partition}:iam::${accountId}:role/admin`,
            },
        });
        check(policy, false, {
            "be used for another log": encrypt(`${logGroup}-2`, logs),
            "be used for another account's log of the same name": encrypt(logGroup, logs, "444455556666"),
            "be used by CloudWatch Logs without a log": { ...encrypt(logGroup, logs), context: {} },
            "be used by CloudWatch Logs of another region": encrypt(logGroup, `logs.us-east-2.${domain}`),
            "be given away by CloudWatch Logs": { ...encrypt(logGroup, logs), action: "kms:CreateGrant" },
            "be deleted by CloudWatch Logs": { ...encrypt(logGroup, logs), action: "kms:ScheduleKeyDeletion" },
            "be used by another service": encrypt(logGroup, "ec2.amazonaws.com"),
            "be used by another account": encrypt(logGroup, `arn:${partition}:iam::444455556666:role/a`),
        });
    });

    describe("a repository shared with others", () => {
        const puller = `arn:${partition}:iam::222233334444:role/deploy`;
        const pusher = `arn:${partition}:iam::333344445555:role/ci`;
        const stranger = `arn:${partition}:iam::444455556666:role/any`;
        const sharing = { pull: ["222233334444"], push: [pusher], organizationId: "o-a1b2c3d4e5" };
        const policy = read(repositoryPolicy(sharing)!);
        const call = (action: string, principal: string, organization?: string): Call => ({
            action,
            principal,
            context: organization ? { "aws:PrincipalOrgID": organization } : {},
        });
        check(policy, true, {
            "be pulled by an account that may pull": call("ecr:BatchGetImage", puller),
            "be pulled by who may push": call("ecr:GetDownloadUrlForLayer", pusher),
            "be pushed to by who may push": call("ecr:PutImage", pusher),
            "be pulled from the organization": call("ecr:BatchGetImage", stranger, "o-a1b2c3d4e5"),
        });
        check(policy, false, {
            "be pulled by others": call("ecr:BatchGetImage", stranger),
            "be pulled from another organization": call("ecr:BatchGetImage", stranger, "o-zzzzzzzzzz"),
            "be pushed to by who may pull": call("ecr:PutImage", puller),
            "be pushed to from the organization": call("ecr:PutImage", stranger, "o-a1b2c3d4e5"),
            "be pushed to by another role of that account": call(
                "ecr:PutImage",
                `arn:${partition}:iam::333344445555:role/other`,
            ),
            "lose images to who may push": call("ecr:BatchDeleteImage", pusher),
            "be opened by who may push": call("ecr:SetRepositoryPolicy", pusher),
            "be deleted by who may push": call("ecr:DeleteRepository", pusher),
        });
    });

    test("no document names another partition or its domain", () => {
        const text = [
            document(
                nodeStatements({
                    ...{ builderName: "ci", partition, region, accountId, keyArn, parameterArns: own },
                    logGroupArn: arn("logs", `log-group:${logGroup}`),
                }),
            ),
            document(
                clientStatements({ partition, region, accountId, keyArn, instanceArns: [], wake: true, ssm: true }),
            ),
            JSON.stringify(keyPolicy(partition, accountId, region, logGroup)),
        ].join();
        const found = [...text.matchAll(/arn:([a-z-]+):/g)].map(([, name]) => name);
        expect(new Set(found)).toEqual(new Set([partition]));
        const domains = [...text.matchAll(new RegExp(`${region}\\.([a-z.]+)"`, "g"))].map(([, name]) => name);
        expect(domains.length).toBeGreaterThanOrEqual(3);
        expect(new Set(domains)).toEqual(new Set([domain]));
    });
});
