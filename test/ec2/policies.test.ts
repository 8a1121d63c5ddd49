import { assumedByEc2, clientStatements, nodeStatements } from "../../components/ec2/policies";
import { keyPolicy } from "../../components/ec2/key";

const region = "eu-central-1";
const parameterArns = ["cert", "key", "ca"].map((name) => `arn:aws:ssm:${region}:111122223333:parameter/p/${name}`);
const node = nodeStatements({
    builderName: "ci",
    region,
    keyArn: "KEY",
    parameterArns,
    logGroupArn: "arn:aws:logs:eu-central-1:111122223333:log-group:/p",
});
const client = clientStatements({ partition: "aws", region, instanceArns: ["I1", "I2"], keyArn: "KEY", ssm: true });
const all = [...node, ...client];
const list = (value: string | string[]) => (Array.isArray(value) ? value : [value]);

/** Calls that take no resource, by statement. */
const anyResource: Record<string, string[]> = {
    SessionManager: [
        "ssm:UpdateInstanceInformation",
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    ],
    OwnMetrics: ["cloudwatch:PutMetricData"],
    SeeNodes: ["ec2:DescribeInstances"],
};

test("no action is a wildcard, and a resource is one only where the call takes none", () => {
    for (const { Sid, Action, Resource } of all) {
        expect(list(Action).filter((action) => action.includes("*"))).toEqual([]);
        expect(list(Resource).includes("*") ? list(Action) : []).toEqual(
            list(Resource).includes("*") ? anyResource[Sid] : [],
        );
    }
});

test("every statement has a name of its own", () => {
    for (const statements of [node, client]) {
        expect(new Set(statements.map(({ Sid }) => Sid)).size).toBe(statements.length);
    }
});

test("a node reads its own parameters only, and decrypts nothing else", () => {
    expect(node.find(({ Sid }) => Sid === "OwnCertificate")).toMatchObject({ Resource: parameterArns });
    expect(node.find(({ Sid }) => Sid === "DecryptOwnCertificate")).toMatchObject({
        Action: "kms:Decrypt",
        Resource: "KEY",
        Condition: {
            StringEquals: {
                "kms:ViaService": `ssm.${region}.amazonaws.com`,
                "kms:EncryptionContext:PARAMETER_ARN": parameterArns,
            },
        },
    });
    const actions = node.flatMap(({ Action }) => list(Action));
    expect(actions.filter((action) => /^(ec2|ecr|s3|iam|sts):/.test(action))).toEqual([]);
});

test("metrics go into the builder's own namespace only", () => {
    expect(node.find(({ Sid }) => Sid === "OwnMetrics")?.Condition).toEqual({
        StringEquals: { "cloudwatch:namespace": "BuildKit/ci" },
    });
});

test("a client starts the given instances, and neither makes, stops nor ends one", () => {
    expect(client.find(({ Sid }) => Sid === "WakeNodes")).toMatchObject({
        Action: "ec2:StartInstances",
        Resource: ["I1", "I2"],
    });
    const actions = client.flatMap(({ Action }) => list(Action));
    expect(actions.filter((action) => /Stop|Run|Terminate(?!Session)|Modify/.test(action))).toEqual([]);
    expect(client.find(({ Sid }) => Sid === "VolumesOfWokenNodes")?.Condition?.Bool).toEqual({
        "kms:GrantIsForAWSResource": "true",
    });
});

test("T87 a session is for port forwarding only, never a shell", () => {
    expect(client.find(({ Sid }) => Sid === "ForwardPort")).toMatchObject({
        Resource: ["I1", "I2", `arn:aws:ssm:${region}::document/AWS-StartPortForwardingSession`],
        Condition: { BoolIfExists: { "ssm:SessionDocumentAccessCheck": "true" } },
    });
    expect(client.find(({ Sid }) => Sid === "OwnSessions")?.Resource).toBe("arn:aws:ssm:*:*:session/${aws:userid}-*");
    const without = clientStatements({ partition: "aws", region, instanceArns: ["I1"], keyArn: "KEY", ssm: false });
    expect(without.map(({ Sid }) => Sid)).toEqual(["SeeNodes", "WakeNodes", "VolumesOfWokenNodes"]);
});

test("only EC2 takes the role", () => {
    const { Statement } = JSON.parse(assumedByEc2()) as { Statement: { Principal: unknown }[] };
    expect(Statement.map(({ Principal }) => Principal)).toEqual([{ Service: "ec2.amazonaws.com" }]);
});

test("the key is for the account and for one log group", () => {
    const { Statement } = keyPolicy("aws-cn", "111122223333", "cn-north-1", "/p");
    expect(Statement.map(({ Principal }) => Principal)).toEqual([
        { AWS: "arn:aws-cn:iam::111122223333:root" },
        { Service: "logs.cn-north-1.amazonaws.com" },
    ]);
    expect(Statement[1]?.Condition).toEqual({
        ArnEquals: { "kms:EncryptionContext:aws:logs:arn": "arn:aws-cn:logs:cn-north-1:111122223333:log-group:/p" },
    });
});
