import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import {
    DescribeImagesCommand,
    DescribeInstancesCommand,
    EC2Client,
    RunInstancesCommand,
    StopInstancesCommand,
} from "@aws-sdk/client-ec2";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Builder, BuilderNode } from "../../../components/builder";
import { recordText } from "../../../components/ci/recordText";
import type { Farm } from "../../../dev/local/farm";
import { pythonEnvironment } from "../../../dev/tools/python";
import { CiJob } from "../../support/ciScripts";
import { endFarm } from "../../support/farmFaults";
import { newestBuildx } from "../../support/machine";
import { processesOf, until } from "../../support/processes";
import { temporaryFolder, testFarm } from "../../support/project";
import { AwsFault, AwsStandIn } from "../../wake/support/awsStandIn";
import { Moto } from "../../wake/support/moto";

// The first run of a checkout installs moto and the AWS CLI.
jest.setTimeout(240_000);

const region = "eu-central-1";
const keys = { AWS_ACCESS_KEY_ID: "AKIATEST", AWS_SECRET_ACCESS_KEY: "hush", AWS_REGION: region };
const parameters = { region, ca: "/mb/ci/client/ca", cert: "/mb/ci/client/cert", key: "/mb/ci/client/key" };

let base: string;
let farm: Farm;
let aws: AwsStandIn;
let awsProgram: string;
let count = 0;

beforeAll(async () => {
    base = temporaryFolder("ci-aws");
    awsProgram = path.join(await pythonEnvironment("awscli"), "aws");
    farm = await testFarm(base, ["linux/amd64"]);
}, 600_000);

afterAll(async () => endFarm(farm, base), 60_000);

beforeEach(async () => {
    aws = await AwsStandIn.start();
});

afterEach(async () => aws.stop());

function builderWith(node: Partial<BuilderNode> = {}): Builder {
    const [{ endpoint, serverName } = { endpoint: "", serverName: "" }] = farm.nodes;
    const own = { name: "ci-amd64", platforms: ["linux/amd64"], emulated: ["linux/arm64"], endpoint, serverName };
    return { name: "ci", nodes: [{ ...own, ...node }], credentialsParameters: parameters };
}

function newJob(builder = builderWith()): CiJob {
    const job = new CiJob(base, `job-${++count}`);
    job.addProgram("buildx", newestBuildx);
    job.addProgram("aws", awsProgram);
    fs.writeFileSync(path.join(job.dir, "record"), recordText(builder));
    return job;
}

function setUp(job: CiJob, args: string[] = [], env: Record<string, string> = {}) {
    return job.run("builder-setup", ["--owner", String(process.pid), ...args], {
        env: { ...keys, AWS_ENDPOINT_URL: aws.url, AWS_MAX_ATTEMPTS: "1", ...env },
    });
}

/** The client's certificate as variables, for jobs that read nothing in SSM. */
function variables(): Record<string, string> {
    const { ca, cert, key } = farm.credentials;
    return { BUILDER_CA: ca, BUILDER_CERT: cert, BUILDER_KEY: key };
}

async function cleanUp(job: CiJob): Promise<void> {
    expect((await job.run("builder-setup", ["--cleanup"])).status).toBe(0);
    await nothingLeft(job);
}

async function nothingLeft(job: CiJob): Promise<void> {
    expect(fs.readdirSync(job.temp)).toEqual([]);
    await until("no process of the job is left", () => processesOf(job.temp).length === 0, 30);
}

describe("against an emulator of AWS", () => {
    let moto: Moto;

    beforeAll(async () => {
        moto = await Moto.start();
    }, 600_000);

    afterAll(() => moto.stop());

    test("record and certificate are read in SSM, and a stopped machine is started", async () => {
        const config = { region, endpoint: moto.url, credentials: { accessKeyId: "a", secretAccessKey: "b" } };
        const ec2 = new EC2Client(config);
        const { Images } = await ec2.send(new DescribeImagesCommand({ Owners: ["amazon"] }));
        const run = await ec2.send(
            new RunInstancesCommand({ ImageId: Images![0]!.ImageId!, MinCount: 1, MaxCount: 1 }),
        );
        const instanceId = run.Instances![0]!.InstanceId!;
        await ec2.send(new StopInstancesCommand({ InstanceIds: [instanceId] }));
        const builder = builderWith({ wake: { kind: "ec2", region, instanceId } });
        const ssm = new SSMClient(config);
        const put = (Name: string, Value: string, Type: "String" | "SecureString") =>
            ssm.send(new PutParameterCommand({ Name, Value, Type }));
        await put("/mb/ci/ci", recordText(builder), "String");
        for (const part of ["ca", "cert", "key"] as const) {
            await put(parameters[part], farm.credentials[part], "SecureString");
        }

        const job = newJob(builder);
        const done = await setUp(job, ["--record-parameter", "/mb/ci/ci"], { AWS_ENDPOINT_URL: moto.url });
        expect({ status: done.status, stderr: done.stderr }).toEqual({
            status: 0,
            stderr: expect.stringMatching(/ci-amd64: it sleeps; starting it[^]*builder ci is ready/) as string,
        });
        const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [instanceId] }));
        expect(Reservations![0]!.Instances![0]!.State!.Name).toBe("running");
        const [state] = fs.readdirSync(job.temp);
        const folder = path.join(job.temp, state!, "buildx/multiarch-builder/credentials");
        for (const part of ["ca", "cert", "key"] as const) {
            expect(fs.readFileSync(path.join(folder, `${part}.pem`), "utf8").trim()).toBe(
                farm.credentials[part].trim(),
            );
        }
        await cleanUp(job);

        const missing = await setUp(job, ["--record-parameter", "/mb/other"], { AWS_ENDPOINT_URL: moto.url });
        expect({ status: missing.status, stderr: missing.stderr }).toEqual({
            status: 3,
            stderr: expect.stringMatching(/there is no SSM parameter \/mb\/other in eu-central-1/) as string,
        });
        await nothingLeft(job);
    });
});

test("a denied certificate is one clear error that names parameters and role", async () => {
    aws.onStartSession = () =>
        new AwsFault(
            "AccessDeniedException",
            "User: arn:aws:sts::1:assumed-role/pr/job is not authorized to perform: ssm:GetParameters",
        );
    const job = newJob();
    const done = await setUp(job, ["--record", "record"], { AWS_ROLE_ARN: "arn:aws:iam::1:role/pr" });
    expect(done.status).toBe(3);
    const [error, ...more] = done.stderr.split("\n").filter((line) => line.includes("builder-setup: error: "));
    expect(more).toEqual([]);
    expect(error).toContain("denied: this job's role may not do ssm:GetParameters (and kms:Decrypt with their key)");
    expect(error).toContain("/mb/ci/client/ca, /mb/ci/client/cert and /mb/ci/client/key");
    expect(error).toContain("(arn:aws:iam::1:role/pr)");
    expect(error).toContain("assumed-role/pr/job is not authorized");
    await nothingLeft(job);
});

describe("machines that cannot be had", () => {
    const wake = { kind: "ec2", region, instanceId: "i-1" };

    test("no capacity", async () => {
        aws.add({ id: "i-1", state: "stopped" });
        aws.onStart = () =>
            new AwsFault("InsufficientInstanceCapacity", "We currently do not have sufficient capacity");
        const job = newJob(builderWith({ wake }));
        const done = await setUp(job, ["--record", "record", "--timeout", "4"], variables());
        expect({ status: done.status, stderr: done.stderr }).toEqual({
            status: 3,
            stderr: expect.stringMatching(
                /AWS has no capacity for c8g.xlarge in eu-central-1a [^]*do not run after 4 s \(--timeout\); the last thing seen: .*no capacity/,
            ) as string,
        });
        await nothingLeft(job);
    });

    test("one that is just going to sleep, and one that is gone", async () => {
        const instance = aws.add({ id: "i-1", state: "stopping" });
        let looks = 0;
        aws.onDescribe = () => {
            instance.state = ["stopping", "stopped", "pending", "running"][Math.min(looks++, 3)]!;
        };
        const job = newJob(builderWith({ wake }));
        const done = await setUp(job, ["--record", "record"], variables());
        expect({ status: done.status, stderr: done.stderr }).toEqual({
            status: 0,
            stderr: expect.stringMatching(
                /just going to sleep[^]*it sleeps; starting it[^]*it is starting[^]*is ready/,
            ) as string,
        });
        await cleanUp(job);

        const gone = newJob(builderWith({ wake: { ...wake, instanceId: "i-2" } }));
        const failed = await setUp(gone, ["--record", "record"], variables());
        expect(failed.status).toBe(3);
        expect(failed.stderr).toMatch(
            /ci-amd64 \(i-2\): AWS did not answer ec2:DescribeInstances: .*InvalidInstanceID.NotFound/,
        );
        await nothingLeft(gone);
    });

    test("a role that may not start it", async () => {
        aws.add({ id: "i-1", state: "stopped" });
        aws.onStart = () => new AwsFault("UnauthorizedOperation", "You are not authorized");
        const job = newJob(builderWith({ wake }));
        const done = await setUp(job, ["--record", "record"], variables());
        expect(done.status).toBe(3);
        expect(done.stderr).toMatch(/denied: this job's role may not do ec2:StartInstances on ci-amd64 \(i-1\)/);
        await nothingLeft(job);
    });
});

describe("port forwarding", () => {
    function sleepyJob(): CiJob {
        const job = newJob(
            builderWith({ endpoint: "tcp://10.0.0.5:1234", access: { kind: "ssm", region, instanceId: "i-1" } }),
        );
        job.addPrograms(["node"]);
        job.addProgram("session-manager-plugin", path.join(__dirname, "../../wake/support/bin/session-manager-plugin"));
        const { port } = new URL(farm.nodes[0]!.endpoint);
        aws.onStartSession = ({ Target }) => ({
            SessionId: `session-${String(Target)}`,
            StreamUrl: `ws://127.0.0.1:${port}/`,
            TokenValue: "hush-token",
        });
        return job;
    }
    const pluginLog = (job: CiJob) => path.join(job.dir, "plugin.log");
    const events = (job: CiJob) =>
        fs
            .readFileSync(pluginLog(job), "utf8")
            .split("\n")
            .filter(Boolean)
            .map((line) => JSON.parse(line) as { event: string; pid: number; cmdline: string; parentCmdline: string });
    const connect = (job: CiJob) =>
        setUp(job, ["--record", "record"], { ...variables(), STAND_IN_PLUGIN_LOG: pluginLog(job) });

    test("a tunnel that drops is opened again on its port, and ends with the job", async () => {
        const job = sleepyJob();
        let tries = 0;
        const lead = aws.onStartSession;
        aws.onStartSession = (input) =>
            ++tries < 2 ? new AwsFault("TargetNotConnected", "i-1 is not connected.") : lead(input);
        const done = await connect(job);
        expect({ status: done.status, stderr: done.stderr }).toEqual({
            status: 0,
            stderr: expect.stringMatching(
                /port \d+ of this machine is forwarded to it by Session Manager[^]*builder ci is ready/,
            ) as string,
        });
        const port = /port (\d+) of this machine/.exec(done.stderr)![1]!;
        const state = path.join(job.temp, fs.readdirSync(job.temp)[0]!);
        const entry = fs.readFileSync(path.join(state, "buildx/instances/ci-amd64"), "utf8");
        expect(entry).toContain(`"Endpoint":"tcp://127.0.0.1:${port}"`);
        expect(aws.calls.at(-1)!.input).toMatchObject({ Target: "i-1", Parameters: { portNumber: ["1234"] } });
        const [first] = events(job);
        expect(first!.cmdline + first!.parentCmdline).not.toContain("hush-token");

        process.kill(first!.pid, "SIGKILL");
        await until("it is opened again", () => events(job).length === 2, 60);
        expect(aws.calls.at(-1)!.input).toMatchObject({
            Parameters: { portNumber: ["1234"], localPortNumber: [port] },
        });
        const inspect = 'eval "$(.multiarch-builder/builder-setup --use)"; buildx inspect ci-amd64';
        await until(
            "the node answers through it",
            async () => /Status: +running/.test((await job.run("-c", [inspect])).stdout),
            60,
        );
        await cleanUp(job);
        expect(events(job).map(({ event }) => event)).toEqual(["started", "started", "terminated"]);
    });

    test("a missing or old plugin is said before AWS is asked", async () => {
        const job = sleepyJob();
        fs.rmSync(path.join(job.bin, "session-manager-plugin"));
        const missing = await connect(job);
        expect(missing.status).toBe(1);
        expect(missing.stderr).toMatch(
            /session-manager-plugin is not on the PATH: install it: https:\/\/docs\.aws\.amazon\.com\//,
        );
        job.writeProgram("session-manager-plugin", "#!/bin/sh\necho 1.2.497.0\n");
        const old = await connect(job);
        expect(old.status).toBe(1);
        expect(old.stderr).toMatch(/is version 1\.2\.497\.0, and one later than 1\.2\.497\.0 is needed/);
        expect(aws.calls).toEqual([]);
        await nothingLeft(job);
    });

    test("a role that may not open it", async () => {
        const job = sleepyJob();
        aws.onStartSession = () => new AwsFault("AccessDeniedException", "not authorized to perform: ssm:StartSession");
        const done = await connect(job);
        expect(done.status).toBe(3);
        expect(done.stderr).toMatch(
            /denied: this job's role may not do ssm:StartSession on the instance and on AWS-StartPortForwardingSession/,
        );
        await nothingLeft(job);
    });
});
