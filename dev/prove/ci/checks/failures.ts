import type { Builder } from "../../../../components/builder";
import { RegistryProxy } from "../../../../test/support/registryFaults";
import { createPki } from "../../../local/pki";
import { type GitHubEvent, runGitHub, runner, startedJobs } from "../systems/github";
import { runGitLab } from "../systems/gitlab";
import { type Step, finished, startStep } from "../steps";
import { type Checkout, type Workplace, addDocker, fileOf } from "../workplace";
import type { NamedCheck } from "./check";
import { clean, equal, failed, tagsOf } from "./expect";

const pushed: GitHubEvent = { name: "push", ref: "refs/heads/main" };

/** What jobs do when something is missing, denied or breaks. */
export const failures: readonly NamedCheck[] = [
    ["the client certificate is denied", deniedCertificate],
    ["the node is asleep and there is no capacity", noCapacity],
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
    const wake = { kind: "ec2", region: "eu-central-1", instanceId: "i-0123456789abcdef0" };
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
        return await failed(checkout, await runGitHub(checkout, "image.yml", pushed), 3, /builder-setup: .*apacity/);
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

/** Its job knows neither a role nor a secret; even with the steps of another job it could write nothing. */
async function fork(place: Workplace): Promise<string> {
    const checkout = place.checkout("github", { user: runner });
    const event: GitHubEvent = { name: "pull_request", ref: "refs/pull/8/merge", headRepository: "stranger/shop" };
    equal("jobs", startedJobs(fileOf(checkout, "image.yml"), event).join(), "without-builder");
    const cached = await tagsOf(place, "cache");
    const outcome = await runAsStranger(checkout);
    const seen = await failed(checkout, outcome, 3, /builder-setup: error/);
    equal("caches", (await tagsOf(place, "cache")).join(), cached.join());
    return seen;
}

/** The push job's steps without what AWS would give for the token of a protected ref. */
function runAsStranger(checkout: Checkout) {
    addDocker(checkout);
    const setup = { name: "setup", script: ".multiarch-builder/builder-setup", shell: ["bash", "-e"] };
    return finished(
        startStep(checkout, setup, {
            ...checkout.place.cloud.env,
            AWS_REGION: "eu-central-1",
            BUILDER_RECORD_PARAMETER: "/multiarch-builder/ci/ci",
        }),
    );
}

function fault(code: string, message: string): string {
    return `<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>r</RequestID></Response>`;
}

function stopped(id: string): string {
    const instance = `<instanceId>${id}</instanceId><instanceState><code>80</code><name>stopped</name></instanceState>`;
    return `<DescribeInstancesResponse><reservationSet><item><instancesSet><item>${instance}</item></instancesSet></item></reservationSet></DescribeInstancesResponse>`;
}
