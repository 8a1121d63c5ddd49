import { regionalService } from "../arns";
import { metricNamespace } from "../node/agent";

/** One statement of an IAM policy. */
export interface Statement {
    Sid: string;
    Effect: "Allow";
    Action: string | string[];
    Resource: string | string[];
    Condition?: Record<string, Record<string, string | string[]>>;
}

/** A policy document as text. */
export function document(statements: Statement[]): string {
    return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

/** Lets EC2 give the role to an instance. */
export function assumedByEc2(): string {
    return JSON.stringify({
        Version: "2012-10-17",
        Statement: [
            {
                Sid: "InstanceOnly",
                Effect: "Allow",
                Principal: { Service: "ec2.amazonaws.com" },
                Action: "sts:AssumeRole",
            },
        ],
    });
}

/**
 * What a node may do. Nothing of it is for BuildKit itself: registry logins come from the client. AmazonSSMManagedInstanceCore
 * is not used, since it reads every parameter of the account.
 */
export function nodeStatements(node: {
    builderName: string;
    partition: string;
    region: string;
    accountId: string;
    keyArn: string;
    /** The node's own certificate and key, and the client CA. */
    parameterArns: string[];
    logGroupArn: string;
}): Statement[] {
    return [
        {
            // Fetches its certificate at every start: `aws ssm get-parameters --with-decryption`.
            Sid: "OwnCertificate",
            Effect: "Allow",
            Action: ["ssm:GetParameter", "ssm:GetParameters"],
            Resource: node.parameterArns,
        },
        {
            // The decryption within that call, and for these parameters only.
            Sid: "DecryptOwnCertificate",
            Effect: "Allow",
            Action: "kms:Decrypt",
            Resource: node.keyArn,
            Condition: {
                StringEquals: {
                    "kms:ViaService": regionalService("ssm", node.partition, node.region),
                    "kms:EncryptionContext:PARAMETER_ARN": node.parameterArns,
                },
            },
        },
        {
            // The SSM agent registers its instance, whose id is not known before its role.
            // https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
            Sid: "Registration",
            Effect: "Allow",
            Action: "ssm:UpdateInstanceInformation",
            Resource: `arn:${node.partition}:ec2:${node.region}:${node.accountId}:instance/*`,
        },
        {
            // The SSM agent: port forwarding and shells without an open port. These calls take no resource.
            // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsessionmanagermessagegatewayservice.html
            Sid: "SessionManager",
            Effect: "Allow",
            Action: [
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ],
            Resource: "*",
        },
        {
            // The log agent: a stream per node and its events.
            Sid: "OwnLogs",
            Effect: "Allow",
            Action: ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            Resource: `${node.logGroupArn}:*`,
        },
        {
            // The agent's disk and memory metrics. The call takes no resource; its namespace is the builder's own.
            Sid: "OwnMetrics",
            Effect: "Allow",
            Action: "cloudwatch:PutMetricData",
            Resource: "*",
            Condition: { StringEquals: { "cloudwatch:namespace": metricNamespace(node.builderName) } },
        },
    ];
}

/** What a client may do to wake nodes, and to reach them by Session Manager; for roles of CI systems and people. */
export function clientStatements(farm: {
    partition: string;
    region: string;
    accountId: string;
    instanceArns: string[];
    keyArn: string;
    /** Whether the nodes sleep. */
    wake: boolean;
    /** Whether the nodes are reached by Session Manager. */
    ssm: boolean;
}): Statement[] {
    const { partition, region, accountId, instanceArns, keyArn } = farm;
    const waking: Statement[] = [
        // Reads the state of the nodes; the call takes no resource.
        { Sid: "SeeNodes", Effect: "Allow", Action: "ec2:DescribeInstances", Resource: "*" },
        // Starts sleeping nodes; nothing here stops, makes or deletes one.
        { Sid: "WakeNodes", Effect: "Allow", Action: "ec2:StartInstances", Resource: instanceArns },
        {
            // EC2 opens the encrypted volumes in the caller's name when it starts an instance.
            Sid: "VolumesOfWokenNodes",
            Effect: "Allow",
            Action: "kms:CreateGrant",
            Resource: keyArn,
            Condition: {
                Bool: { "kms:GrantIsForAWSResource": "true" },
                StringEquals: { "kms:ViaService": regionalService("ec2", partition, region) },
            },
        },
    ];
    const tunnel: Statement[] = [
        {
            // Port forwarding only. Without the check of the document the same call opens a root shell (GHSA-q4pp-j36h-3gqg).
            Sid: "ForwardPort",
            Effect: "Allow",
            Action: "ssm:StartSession",
            Resource: [...instanceArns, `arn:${partition}:ssm:${region}::document/AWS-StartPortForwardingSession`],
            Condition: { BoolIfExists: { "ssm:SessionDocumentAccessCheck": "true" } },
        },
        {
            // Ends and resumes the caller's own sessions.
            Sid: "OwnSessions",
            Effect: "Allow",
            Action: ["ssm:TerminateSession", "ssm:ResumeSession"],
            Resource: `arn:${partition}:ssm:${region}:${accountId}:session/\${aws:userid}-*`,
        },
    ];
    return [...(farm.wake ? waking : []), ...(farm.ssm ? tunnel : [])];
}
