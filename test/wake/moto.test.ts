import {
    CreateNetworkInterfaceCommand,
    DescribeInstancesCommand,
    DescribeSubnetsCommand,
    EC2Client,
    RunInstancesCommand,
    StopInstancesCommand,
    TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import * as fs from "node:fs";
import type { BuilderNode } from "../../components/builder";
import { wakeNodes } from "../../components/buildx/wake";
import { temporaryFolder } from "../support/project";
import { isolateAws } from "./support/environment";
import { Moto } from "./support/moto";

// The first run of a checkout installs moto.
jest.setTimeout(300_000);

const region = "eu-central-1";
let moto: Moto;
let home: string;
let restore: () => void;
let ec2: EC2Client;

beforeAll(async () => {
    moto = await Moto.start();
    home = temporaryFolder("wake-moto");
    restore = isolateAws(moto.url, home);
    ec2 = new EC2Client({ region });
}, 300_000);

afterAll(async () => {
    restore();
    await moto.stop();
    fs.rmSync(home, { recursive: true, force: true });
});

/** An instance on an interface made before it, as the components make it. */
async function instance(): Promise<{ id: string; state: () => Promise<string | undefined> }> {
    const { Subnets } = await ec2.send(new DescribeSubnetsCommand({}));
    const made = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: Subnets![0]!.SubnetId! }));
    const interfaceId = made.NetworkInterface!.NetworkInterfaceId!;
    const run = await ec2.send(
        new RunInstancesCommand({
            ImageId: "ami-12c6146b",
            InstanceType: "c7i.xlarge",
            MinCount: 1,
            MaxCount: 1,
            NetworkInterfaces: [{ DeviceIndex: 0, NetworkInterfaceId: interfaceId }],
        }),
    );
    const id = run.Instances![0]!.InstanceId!;
    const state = async () => {
        const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
        return Reservations?.[0]?.Instances?.[0]?.State?.Name;
    };
    return { id, state };
}

function nodeOn(instanceId: string): BuilderNode {
    const wake = { kind: "ec2", region, instanceId };
    return {
        name: "ci-amd64",
        platforms: ["linux/amd64"],
        endpoint: "tcp://10.0.0.5:1234",
        serverName: "amd64.ci",
        wake,
    };
}

test("a stopped instance is started, by the calls that EC2 takes", async () => {
    const { id, state } = await instance();
    await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
    expect(await state()).toBe("stopped");
    const lines: string[] = [];
    await wakeNodes([nodeOn(id)], (line) => lines.push(line), { pollMs: 50 });
    expect(await state()).toBe("running");
    expect(lines[0]).toBe("ci-amd64: it sleeps; starting it");
});

test("a terminated one, and one that never was, are errors", async () => {
    const { id } = await instance();
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
    await expect(wakeNodes([nodeOn(id)], () => undefined, { pollMs: 50 })).rejects.toThrow(
        /the instance is terminated/,
    );
    const absent = nodeOn("i-0123456789abcdef0");
    await expect(wakeNodes([absent], () => undefined, { pollMs: 50 })).rejects.toThrow(/no such instance for/);
});
