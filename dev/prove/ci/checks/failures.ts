import { appendFileSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Builder } from "../../../../components/builder";
import { until } from "../../../../test/support/processes";
import { root } from "../../../../test/support/project";
import { RegistryProxy } from "../../../../test/support/registryFaults";
import { createPki } from "../../../local/pki";
import { region } from "../cloud";
import { type GitHubEvent, commit, runGitHub, runner, startedJobs } from "../systems/github";
import { runGitLab } from "../systems/gitlab";
import { type Step, finished, startStep } from "../steps";
import { type Checkout, type Workplace, addDocker, fileOf, jobFile, parameters } from "../workplace";
import type { NamedCheck } from "./check";
import { clean, equal, failed, published, tagsOf } from "./expect";

const pushed: GitHubEvent = { name: "push", ref: "refs/heads/main" };
/** GitLab's tags of a commit on main. */
const onMain = ["main", commit.slice(0, 8), "latest", "edge"];

/** What jobs do when something is missing, denied or breaks. */
export const failures: readonly NamedCheck[] = [
    ["the client certificate is denied", deniedCertificate],
    ["the node is asleep and there is no capacity", noCapacity],
    ["the tunnel drops in the middle of a build", droppedTunnel],
    ["the registry's token has expired", expiredToken],
    ["the job is killed", killedJob],
    ["a pull request of a fork", fork],
];

async function deniedCertificate(place: Workplace): Promise<string> {
    const stranger = await createPki({ nodes: [{ name: "other", dnsNames: ["other"], ipAddresses: [] }] });
    await place.publish(place.builder, { ...place.farm.credentials, ...stranger.client });
    try {
        const checkout = place.checkout("github", { user: runner });
        return await failed(
            checkout,
            await runGitHub(checkout, "image.yml", pushed),
            3,
            /builder-setup: error: .*certificate/,
        );
    } finally {
        await place.publish(place.builder);
    }
}

/** A stopped instance that AWS does not start. */
async function noCapacity(place: Workplace): Promise<string> {
    const [asleep, awake] = place.builder.nodes;
    const wake = { kind: "ec2", region, instanceId: "i-0123456789abcdef0" };
    const builder: Builder = { ...place.builder, nodes: [{ ...asleep!, endpoint: "tcp://127.0.0.1:9", wake }, awake!] };
    await place.publish(builder);
    place.cloud.interfere = ({ action }) =>
        action === "StartInstances"
            ? {
                  status: 500,
                  body: fault("InsufficientInstanceCapacity", "We currently do not have sufficient capacity"),
              }
            : action === "DescribeInstances"
              ? { status: 200, body: stopped(wake.instanceId) }
              : undefined;
    try {
        const checkout = place.checkout("github", { user: runner });
        Object.assign(checkout.job.env, { BUILDER_TIMEOUT: "15" });
        return await failed(checkout, await runGitHub(checkout, "image.yml", pushed), 3, /AWS has no capacity for c8g/);
    } finally {
        place.cloud.interfere = () => undefined;
        await place.publish(place.builder);
    }
}

/** The registry refuses the login from the moment on when the first blob was uploaded. */
async function expiredToken(place: Workplace): Promise<string> {
    const checkout = place.checkout("gitlab", { user: { uid: 1234, gid: 1234 } });
    let expired = false;
    const denied = {
        status: 403,
        body: '{"errors":[{"code":"DENIED","message":"Your authorization token has expired."}]}',
    };
    const proxy = await RegistryProxy.inFrontOf(place.farm, (method, url) => {
        expired ||= method === "PUT" && url.includes(checkout.repository);
        return expired ? denied : undefined;
    });
    try {
        const outcome = await runGitLab(checkout, "container-image");
        await proxy.close();
        await place.reopenRegistry();
        return await failed(checkout, outcome, 1, /authorization token has expired/);
    } finally {
        await proxy.close().catch(() => undefined);
        await place.reopenRegistry();
    }
}

/** Runner and step end at once, without a chance to clean up. */
async function killedJob(place: Workplace): Promise<string> {
    const checkout = place.checkout("gitlab", { kind: "plain" });
    addDocker(checkout);
    const { ca, cert, key } = place.farm.credentials;
    const setup = ".multiarch-builder/builder-setup --record .multiarch-builder/record";
    // The runner is the outer shell, and the step's shell the inner one.
    const step: Step = { name: "step", shell: ["sh"], script: `sh -c '${setup} && echo registered && sleep 300'; :` };
    const child = startStep(checkout, step, { BUILDER_CA: ca, BUILDER_CERT: cert, BUILDER_KEY: key }, true);
    const registered = new Promise<void>((resolve) =>
        child.stdout!.on("data", (text: string) => String(text).includes("registered") && resolve()),
    );
    const ended = finished(child);
    await Promise.race([registered, ended]);
    process.kill(-child.pid!, "SIGKILL");
    const outcome = await ended;
    equal("killed while it ran", String(outcome.output.includes("registered")), "true", outcome.output);
    await clean(checkout, outcome);
    return "state, credentials and processes are gone";
}

/** Session Manager's plugin dies while a step runs on the node behind it: the job says which node, and works when run again. */
async function droppedTunnel(place: Workplace): Promise<string> {
    const [behind, near] = place.builder.nodes;
    const access = { kind: "ssm", region, instanceId: "i-0123456789abcdef0" };
    await place.publish({
        ...place.builder,
        nodes: [{ ...behind!, endpoint: "tcp://10.0.0.5:1234", access }, near!],
    });
    const session = { SessionId: "s", StreamUrl: `ws://${new URL(behind!.endpoint).host}/`, TokenValue: "token" };
    place.cloud.interfere = ({ action }) =>
        action === "StartSession" ? { status: 200, body: JSON.stringify(session) } : undefined;
    try {
        const checkout = place.checkout("gitlab", { programs: ["node"] });
        const { job } = checkout;
        const log = jobFile(checkout, "sessions.log");
        job.addProgram("session-manager-plugin", join(root, "test/wake/support/bin/session-manager-plugin"));
        Object.assign(job.env, { STAND_IN_PLUGIN_LOG: log });
        const step = ["/probe", "sleep", String(sleepSeconds)];
        appendFileSync(join(job.dir, "Dockerfile"), `RUN ${JSON.stringify(step)}\n`);
        const running = runGitLab(checkout, "container-image");
        await until("the step runs", () => commandLines().includes(step.join(" ")), 120);
        const [started] = readFileSync(log, "utf8").split("\n");
        process.kill((JSON.parse(started!) as { pid: number }).pid, "SIGKILL");
        const message = new RegExp(`node ${behind!.name} .*cannot be reached`);
        const seen = await failed(checkout, await running, 3, message);
        await published(checkout, await runGitLab(checkout, "container-image"), onMain);
        return seen;
    } finally {
        place.cloud.interfere = () => undefined;
        await place.publish(place.builder);
    }
}

/** Long enough to be found and broken, and a number that no other step has. */
const sleepSeconds = 23;

function commandLines(): string[] {
    return readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name))
        .map((pid) => {
            try {
                return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").join(" ").trim();
            } catch {
                return "";
            }
        });
}

/** Its job knows neither a role nor a secret; and whoever got hold of a certificate still has no login at the registry. */
async function fork(place: Workplace): Promise<string> {
    const checkout = place.checkout("github", { user: runner });
    const event: GitHubEvent = { name: "pull_request", ref: "refs/pull/8/merge", headRepository: "stranger/shop" };
    equal("jobs", startedJobs(fileOf(checkout, "image.yml"), event).join(), "without-builder");
    const cached = await tagsOf(place, "cache");
    const parameter = { AWS_REGION: region, BUILDER_RECORD_PARAMETER: parameters.record };
    const setUp = await runAsStranger(checkout, ".multiarch-builder/builder-setup", parameter);
    const seen = await failed(checkout, setUp, 3, /builder-setup: error/);

    const plain = place.checkout("gitlab", { kind: "plain" });
    const { ca, cert, key } = place.farm.credentials;
    const build = `trap '.multiarch-builder/builder-setup --cleanup' EXIT
.multiarch-builder/builder-setup --record .multiarch-builder/record
.multiarch-builder/builder-build -t ${place.registry}/${plain.repository}:stranger .`;
    const credentials = { BUILDER_CA: ca, BUILDER_CERT: cert, BUILDER_KEY: key };
    const built = await runAsStranger(plain, build, credentials);
    await failed(plain, built, 1, /The registry refused the login/);
    equal("caches", (await tagsOf(place, "cache")).join(), cached.join());
    return seen;
}

/** Runs steps without what AWS would give for the token of a protected ref. */
function runAsStranger(checkout: Checkout, script: string, env: Record<string, string>) {
    addDocker(checkout);
    const step = { name: "stranger", script, shell: ["bash", "-e"] };
    return finished(startStep(checkout, step, { ...checkout.place.cloud.env, ...env }));
}

function fault(code: string, message: string): string {
    return `<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>r</RequestID></Response>`;
}

function stopped(id: string): string {
    const instance = `<instanceId>${id}</instanceId><instanceState><code>80</code><name>stopped</name></instanceState><instanceType>c8g.xlarge</instanceType>`;
    return `<DescribeInstancesResponse><reservationSet><item><instancesSet><item>${instance}</item></instancesSet></item></reservationSet></DescribeInstancesResponse>`;
}
