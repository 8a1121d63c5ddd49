import * as http from "node:http";
import type { AddressInfo } from "node:net";

/** One instance of the stand-in. */
export interface StandInInstance {
    id: string;
    state: string;
    launched?: Date;
    attached?: Date;
    stateReason?: { code: string; message: string };
}

export interface Call {
    action: string;
    accessKey: string;
    /** The parameters of an EC2 call, or the body of an SSM call. */
    input: Record<string, unknown>;
}

/**
 * EC2 and Session Manager on loopback, as far as waking and tunnels use them, for states and errors that no emulator has. The
 * SDK that is tested talks to it over HTTP.
 */
export class AwsStandIn {
    readonly calls: Call[] = [];
    readonly instances = new Map<string, StandInInstance>();
    /** Answers StartInstances; by default the instance is pending at once. */
    onStart: (instance: StandInInstance) => AwsFault | void = (instance) => {
        instance.state = "pending";
    };
    /** Answers StopInstances; by default the instance is stopped at once. */
    onStop: (instance: StandInInstance) => AwsFault | void = (instance) => {
        instance.state = "stopped";
    };
    /** Called before every DescribeInstances: moves states on. */
    onDescribe: (instance: StandInInstance) => AwsFault | void = () => undefined;
    onStartSession: (input: Record<string, unknown>) => AwsFault | object = () =>
        new AwsFault("NotModelled", "no sessions");
    /** Answers AssumeRole with this access key. */
    assumedKey = "ASSUMED";

    private constructor(private readonly server: http.Server) {}

    static async start(): Promise<AwsStandIn> {
        const server = http.createServer((request, response) => {
            const chunks: Buffer[] = [];
            request.on("data", (chunk: Buffer) => chunks.push(chunk));
            request.on("end", () => standIn.answer(request, Buffer.concat(chunks).toString(), response));
        });
        const standIn = new AwsStandIn(server);
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        return standIn;
    }

    /** Instances run as soon as they are started. */
    startsAtOnce(): void {
        this.onStart = (instance) => {
            Object.assign(instance, { state: "running", launched: new Date() });
        };
    }

    get url(): string {
        return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    }

    async stop(): Promise<void> {
        this.server.closeAllConnections();
        await new Promise((resolve) => this.server.close(resolve));
    }

    add(instance: Partial<StandInInstance> & { id: string }): StandInInstance {
        const full = { state: "running", ...instance };
        this.instances.set(full.id, full);
        return full;
    }

    actions(): string[] {
        return this.calls.map((call) => call.action);
    }

    private answer(request: http.IncomingMessage, body: string, response: http.ServerResponse): void {
        const accessKey = /Credential=([^/]+)\//.exec(request.headers.authorization ?? "")?.[1] ?? "";
        const target = request.headers["x-amz-target"];
        if (typeof target === "string") {
            const action = target.split(".").pop() ?? "";
            const input = JSON.parse(body) as Record<string, unknown>;
            this.calls.push({ action, accessKey, input });
            const answer = this.onStartSession(input);
            const fault = answer instanceof AwsFault ? answer : undefined;
            response.writeHead(fault ? 400 : 200, { "content-type": "application/x-amz-json-1.1" });
            response.end(JSON.stringify(fault ? { __type: fault.code, message: fault.message } : answer));
            return;
        }
        const input = Object.fromEntries(new URLSearchParams(body));
        const action = input.Action ?? "";
        this.calls.push({ action, accessKey, input });
        const answer = this.query(action, input);
        response.writeHead(answer instanceof AwsFault ? 400 : 200, { "content-type": "text/xml" });
        response.end(
            answer instanceof AwsFault
                ? `<Response><Errors><Error><Code>${answer.code}</Code><Message>${answer.message}</Message></Error></Errors><RequestID>r</RequestID></Response>`
                : answer,
        );
    }

    private query(action: string, input: Record<string, string>): AwsFault | string {
        if (action === "AssumeRole") {
            const expires = new Date(Date.now() + 3600_000).toISOString();
            return `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>${this.assumedKey}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>${expires}</Expiration></Credentials><AssumedRoleUser><Arn>a</Arn><AssumedRoleId>i</AssumedRoleId></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>`;
        }
        const instance = this.instances.get(input["InstanceId.1"] ?? "");
        if (!instance) {
            return new AwsFault(
                "InvalidInstanceID.NotFound",
                `The instance ID '${input["InstanceId.1"]}' does not exist`,
            );
        }
        if (action === "StartInstances") {
            return this.onStart(instance) ?? `<StartInstancesResponse><instancesSet/></StartInstancesResponse>`;
        }
        if (action === "StopInstances") {
            return this.onStop(instance) ?? `<StopInstancesResponse><instancesSet/></StopInstancesResponse>`;
        }
        const fault = this.onDescribe(instance);
        return (
            fault ??
            `<DescribeInstancesResponse><reservationSet><item><instancesSet><item>${describe(instance)}</item></instancesSet></item></reservationSet></DescribeInstancesResponse>`
        );
    }
}

/** An error of AWS. */
export class AwsFault {
    constructor(
        readonly code: string,
        readonly message: string,
    ) {}
}

function describe({ id, state, launched, attached, stateReason }: StandInInstance): string {
    const reason = stateReason
        ? `<stateReason><code>${stateReason.code}</code><message>${stateReason.message}</message></stateReason>`
        : "";
    return (
        `<instanceId>${id}</instanceId><instanceType>c8g.xlarge</instanceType><placement><availabilityZone>eu-central-1a</availabilityZone></placement>` +
        `<instanceState><code>0</code><name>${state}</name></instanceState>${reason}` +
        `<launchTime>${(launched ?? new Date(0)).toISOString()}</launchTime>` +
        `<networkInterfaceSet><item><attachment><deviceIndex>0</deviceIndex><attachTime>${(attached ?? new Date(0)).toISOString()}</attachTime></attachment></item></networkInterfaceSet>`
    );
}
