import * as fs from "node:fs";
import * as path from "node:path";
import type { BuilderNode } from "../../components/builder";
import { sleepingNodes, wakeNodes } from "../../components/buildx/wake";
import { temporaryFolder } from "../support/project";
import { AwsFault, AwsStandIn, type StandInInstance } from "./support/awsStandIn";
import { isolateAws } from "./support/environment";

let aws: AwsStandIn;
let home: string;
let restore: () => void;
let counter = 0;

beforeEach(async () => {
    aws = await AwsStandIn.start();
    home = temporaryFolder("wake");
    restore = isolateAws(aws.url, home);
});

afterEach(async () => {
    await aws.stop();
    restore();
    fs.rmSync(home, { recursive: true, force: true });
});

/** A node with an instance of its own: what is known of an instance outlives a test. */
function node(wake: Partial<BuilderNode["wake"]> = {}): BuilderNode & { wake: NonNullable<BuilderNode["wake"]> } {
    counter++;
    return {
        name: `ci-arm64-${counter}`,
        platforms: ["linux/arm64"],
        endpoint: "tcp://10.0.0.5:1234",
        serverName: "arm64.ci.internal",
        wake: { kind: "ec2", region: "eu-central-1", instanceId: `i-${counter}`, ...wake },
    };
}

const quick = { pollMs: 20, seconds: 2 };

async function wake(nodes: BuilderNode[], options = quick): Promise<{ seconds: Map<string, number>; lines: string[] }> {
    const lines: string[] = [];
    const seconds = await wakeNodes(nodes, (line) => lines.push(line), options);
    return { seconds, lines };
}

/** Goes through states, one at each look. */
function through(states: string[]): (instance: StandInInstance) => void {
    const rest = [...states];
    return (instance) => {
        instance.state = rest.shift() ?? instance.state;
    };
}

describe("a sleeping node", () => {
    test("is started and awaited, with lines that tell what happens", async () => {
        const sleeping = node();
        aws.add({ id: sleeping.wake.instanceId, state: "stopped", launched: new Date(Date.now() - 86_400_000) });
        aws.onStart = (instance) => {
            aws.onDescribe = through(["pending", "pending", "running"]);
            instance.launched = new Date();
        };
        const { seconds, lines } = await wake([sleeping]);
        expect(lines).toEqual([
            `${sleeping.name}: it sleeps; starting it`,
            `${sleeping.name}: it is starting`,
            expect.stringMatching(new RegExp(`^${sleeping.name}: it runs; BuildKit has 2(39|40) s to answer$`)),
        ]);
        expect(aws.actions().filter((action) => action === "StartInstances")).toHaveLength(1);
        expect(seconds.get(sleeping.name)).toBeGreaterThan(235);
        expect(seconds.get(sleeping.name)).toBeLessThanOrEqual(240);
    });

    test("that is just stopping is started once it has stopped", async () => {
        const stopping = node();
        aws.add({ id: stopping.wake.instanceId, state: "stopping" });
        aws.onDescribe = through(["stopping", "stopping", "stopped"]);
        aws.onStart = (instance) => {
            aws.onDescribe = through(["running"]);
            instance.launched = new Date();
        };
        const { lines } = await wake([stopping]);
        expect(lines[0]).toMatch(/it is just going to sleep; it is started again once it has stopped/);
        expect(aws.actions().indexOf("StartInstances")).toBe(3);
    });

    test("that EC2 does not let start yet is asked again", async () => {
        const sleeping = node();
        aws.add({ id: sleeping.wake.instanceId, state: "stopped" });
        let tries = 0;
        aws.onStart = (instance) => {
            if (++tries < 3) {
                return new AwsFault(
                    "IncorrectInstanceState",
                    "The instance is not in a state from which it can be started.",
                );
            }
            instance.state = "running";
        };
        await wake([sleeping]);
        expect(tries).toBe(3);
    });

    test("is started once when several builds ask at the same time", async () => {
        const sleeping = node();
        aws.add({ id: sleeping.wake.instanceId, state: "stopped" });
        aws.onStart = (instance) => {
            instance.state = "running";
        };
        await Promise.all([wake([sleeping]), wake([sleeping]), wake([sleeping])]);
        await wake([sleeping]);
        expect(aws.actions().filter((action) => action === "StartInstances")).toHaveLength(1);
    });

    test("is the only one that is looked at: others are not asked for", async () => {
        const sleeping = node();
        aws.add({ id: sleeping.wake.instanceId });
        const plain = { ...node(), wake: undefined };
        const { seconds } = await wake([sleeping, plain]);
        expect(aws.calls.map(({ input }) => input["InstanceId.1"])).toEqual([sleeping.wake.instanceId]);
        expect(seconds.size).toBe(0);
    });
});

describe("how long BuildKit may take to answer", () => {
    const minutes = (n: number) => new Date(Date.now() - n * 60_000);
    const table: [string, Partial<StandInInstance>, [number, number] | undefined][] = [
        ["a machine that has been up for long", { launched: minutes(60), attached: minutes(6000) }, undefined],
        ["one that somebody else has just started", { launched: minutes(1), attached: minutes(6000) }, [170, 180]],
        ["the first boot", { launched: minutes(2), attached: minutes(2) }, [770, 780]],
        ["a first boot that is long over", { launched: minutes(20), attached: minutes(20) }, undefined],
    ];
    test.each(table)("%s", async (_, instance, expected) => {
        const running = node();
        aws.add({ id: running.wake.instanceId, ...instance });
        const { seconds, lines } = await wake([running]);
        const allowed = seconds.get(running.name);
        if (!expected) {
            expect(allowed).toBeUndefined();
            expect(lines).toEqual([]);
        } else {
            expect(allowed).toBeGreaterThanOrEqual(expected[0]);
            expect(allowed).toBeLessThanOrEqual(expected[1]);
        }
    });
});

describe("what cannot be woken", () => {
    const table: [string, (instance: StandInInstance) => void, RegExp][] = [
        [
            "a terminated instance",
            (instance) => (instance.state = "terminated"),
            /the instance is terminated: run `pulumi up`/,
        ],
        [
            "no capacity",
            (instance) => {
                instance.state = "stopped";
                aws.onStart = () =>
                    new AwsFault("InsufficientInstanceCapacity", "We currently do not have sufficient capacity");
            },
            /does not run after 0\.2 s.*AWS has no capacity for c8g\.xlarge in eu-central-1a.*another instance type or zone/,
        ],
        [
            "an identity without rights",
            () => (aws.onDescribe = () => new AwsFault("UnauthorizedOperation", "You are not authorized")),
            /the AWS credentials of the environment may not do ec2:DescribeInstances and ec2:StartInstances/,
        ],
        [
            "credentials that have expired",
            () => (aws.onDescribe = () => new AwsFault("RequestExpired", "Request has expired.")),
            /the AWS credentials have expired.*log in again/,
        ],
        [
            "a start that falls over",
            (instance) => {
                Object.assign(instance, {
                    state: "stopped",
                    launched: new Date(),
                    stateReason: { code: "Client.InternalError", message: "Client error on launch" },
                });
            },
            /stopped at once \(Client error on launch\).*kms:CreateGrant/,
        ],
        [
            "an instance that hangs in stopping",
            (instance) => (instance.state = "stopping"),
            /does not run after 0\.2 s; .*going to sleep/,
        ],
    ];
    test.each(table)("%s", async (_, prepare, message) => {
        const broken = node();
        prepare(aws.add({ id: broken.wake.instanceId }));
        await expect(wake([broken], { pollMs: 20, seconds: 0.2 })).rejects.toThrow(message);
        await expect(wake([broken], { pollMs: 20, seconds: 0.2 })).rejects.toThrow(
            /1 of 1 nodes cannot be woken; nothing was built/,
        );
    });

    test("an instance that is gone, or another account's", async () => {
        await expect(wake([node()])).rejects.toThrow(
            /no such instance for the AWS credentials of the environment: either.*another account/,
        );
    });

    test("every such node is in one error", async () => {
        const [first, second] = [node(), node()];
        await expect(wake([first, second])).rejects.toThrow(new RegExp(`2 of 2[^]*${first.name}[^]*${second.name}`));
    });

    test("a kind of machine that this version does not know", async () => {
        await expect(wake([node({ kind: "gce" })])).rejects.toThrow(
            /does not know how to wake a machine of kind "gce"/,
        );
    });
});

describe("whose identity is used", () => {
    function configure(text: string): void {
        fs.mkdirSync(path.join(home, ".aws"), { recursive: true });
        fs.writeFileSync(path.join(home, ".aws/credentials"), text, { mode: 0o600 });
        // The SDK keeps files it has read; each test has its own.
        process.env.AWS_SHARED_CREDENTIALS_FILE = path.join(home, ".aws/credentials");
        process.env.AWS_CONFIG_FILE = path.join(home, ".aws/config");
    }

    test("the record's profile, whatever the environment says", async () => {
        configure("[builders]\naws_access_key_id = PROFILE\naws_secret_access_key = s\n");
        const running = node({ profile: "builders" });
        aws.add({ id: running.wake.instanceId });
        await wake([running]);
        expect(aws.calls.map(({ accessKey }) => accessKey)).toEqual(["PROFILE"]);
    });

    test("the record's role, assumed by the environment's identity", async () => {
        const roleArn = "arn:aws:iam::111122223333:role/waker";
        const running = node({ roleArn });
        aws.add({ id: running.wake.instanceId });
        await wake([running]);
        expect(aws.calls.map(({ action, accessKey }) => [action, accessKey])).toEqual([
            ["AssumeRole", "AMBIENT"],
            ["DescribeInstances", "ASSUMED"],
        ]);
        expect(aws.calls[0]!.input.RoleArn).toBe(roleArn);
    });

    test("a profile that does not exist is an error, not a fall-back", async () => {
        configure("");
        const running = node({ profile: "gone" });
        aws.add({ id: running.wake.instanceId });
        await expect(wake([running])).rejects.toThrow(/there are no AWS credentials \(profile gone: .*wakeIdentity/);
        expect(aws.calls).toEqual([]);
    });

    test("without any, the metadata service is not asked", async () => {
        configure("");
        delete process.env.AWS_ACCESS_KEY_ID;
        delete process.env.AWS_SECRET_ACCESS_KEY;
        // Even where it is on: the stand-in would see the call.
        delete process.env.AWS_EC2_METADATA_DISABLED;
        process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT = aws.url;
        const running = node({ region: "eu-central-2" });
        aws.add({ id: running.wake.instanceId });
        await expect(wake([running])).rejects.toThrow(
            /there are no AWS credentials \(the AWS credentials of the environment: /,
        );
        expect(aws.calls).toEqual([]);
    });
});

test("nodes that fell asleep are told apart from those that run", async () => {
    const [asleep, awake] = [node(), node()];
    aws.add({ id: asleep.wake.instanceId, state: "stopping" });
    aws.add({ id: awake.wake.instanceId });
    expect((await sleepingNodes([asleep, awake, { ...node(), wake: undefined }])).map(({ name }) => name)).toEqual([
        asleep.name,
    ]);
});
