import { X509Certificate } from "node:crypto";
import { truncateSync } from "node:fs";
import * as tls from "node:tls";
import { setTimeout as sleep } from "node:timers/promises";
import { paths } from "../../../../components/node/paths";
import { expectEqual, expectFailure, expectText } from "../expectations";
import { idleStopMinutes } from "../nodes";
import { cachedSteps } from "./builds";
import { startsOnFullDisk } from "./fullDisk";
import { type Proof, property } from "./proof";

const uuid = `findmnt -n -o UUID --mountpoint ${paths.cache}`;
const sizeGiB = `df -P -BG ${paths.cache} | awk 'NR == 2 { print int($2) }'`;

/** Stops and restarts of the daemon, with builds running. */
export async function drains(proof: Proof): Promise<void> {
    const { checks, machine, node, client, stack, rendered, parameters } = proof;
    const { agent } = machine;
    await checks.check("a stop lets a running build finish, and takes no new one", async () => {
        const running = client.build(node.name, "RUN echo started && sleep 15 && echo finished", ["--no-cache"]);
        await buildRuns(proof);
        const stopped = agent.succeed("systemctl stop buildkitd", 180);
        await agent.succeed(`until [ "$(systemctl is-active buildkitd)" = deactivating ]; do sleep 0.2; done`);
        const late = await client.build(node.name, "RUN true", ["--no-cache"], 60);
        const { status, stderr } = await running;
        await stopped;
        expectFailure(late.status);
        expectEqual(status, 0, `exit code of the running build, which said:\n${stderr}`);
        expectEqual(await agent.succeed(property("buildkitd", "Result")), "success", "result of the stop");
    });
    await startsOnFullDisk(proof);
    await checks.check("a renewed certificate is served after a restart that let a build finish", async () => {
        const before = await servedCertificate(proof);
        const renewed = await stack.up(60);
        expectEqual(
            renewed.userData[proof.architecture].equals(rendered.userData[proof.architecture]),
            true,
            "user data after the renewal being the same",
        );
        await parameters.put(renewed.parameters);
        const running = client.build(node.name, "RUN sleep 20", ["--no-cache"]);
        await buildRuns(proof);
        await agent.succeed("systemctl start buildkit-tls-refresh.service", 400);
        const { status, stderr } = await running;
        expectEqual(status, 0, `exit code of the running build, which said:\n${stderr}`);
        const after = await servedCertificate(proof);
        if (after === before) {
            throw new Error("the node serves the old certificate");
        }
        const name = Object.keys(renewed.parameters).find((each) => each.endsWith(`/${proof.architecture}/cert`)) ?? "";
        expectEqual(after, new X509Certificate(renewed.parameters[name] ?? "").fingerprint256, "served certificate");
        await client.register(node.platforms);
    });
}

/** A reboot: the cache is there and nothing was formatted. */
export async function reboots(proof: Proof): Promise<void> {
    const { checks, machine, node, client } = proof;
    const { agent } = machine;
    await checks.must("after a reboot the volume is the same and every step is cached", async () => {
        await client.succeed(node.name, cachedSteps);
        const before = await agent.succeed(uuid);
        await machine.reboot();
        await client.register(node.platforms);
        expectEqual(await agent.succeed(uuid), before, "UUID of the file system");
        await expectCached(proof);
    });
}

/** Idle stop, a volume that grows meanwhile, and the wake path. */
export async function sleeps(proof: Proof): Promise<void> {
    const { checks, machine, node, client, aws } = proof;
    const { agent } = machine;
    const instance = aws.instances.get(node.wake?.instanceId ?? "")!;
    let before = "";
    let renewed = "";
    await checks.must("powers itself off when idle, by its own timer", async () => {
        before = await agent.succeed(uuid);
        renewed = await servedCertificate(proof);
        await client.succeed(node.name, cachedSteps);
        // The note of when it became idle is set back by the minutes that it would wait.
        const since = `${paths.idle}/since`;
        const idle = await agent.run(
            `for i in $(seq 300); do [ -s ${since} ] && echo $(($(cat ${since}) - ${idleStopMinutes * 60})) >${since} && exit; sleep 1; done; ` +
                `${paths.scripts}/busy.sh; ss -tn; systemctl status buildkit-idle.timer buildkit-idle.service; exit 1`,
            600,
        );
        expectEqual(idle.status, 0, `exit code of the wait until it is idle, after which it says:\n${idle.stdout}\nit`);
        await machine.off(600);
        instance.state = "stopped";
    });
    truncateSync(machine.options.cache, 60 * 1024 ** 3);
    aws.onStart = (started) => {
        machine.start();
        Object.assign(started, { state: "running", launched: new Date() });
    };
    await checks.must("a build wakes it, by the project's own wake path", async () => {
        await client.register(node.platforms);
        expectEqual(aws.actions().filter((action) => action === "StartInstances").length, 1, "number of starts");
        await machine.booted();
    });
    await checks.check("the volume that grew meanwhile has its file system grown, with its cache", async () => {
        expectEqual(await agent.succeed(sizeGiB), "60", "GiB of the file system");
        expectEqual(await agent.succeed(uuid), before, "UUID of the file system");
        await expectCached(proof);
    });
    await checks.check("the woken node is ready as on its first boot, and serves the renewed certificate", async () => {
        expectText(await agent.succeed(`${paths.scripts}/ready.sh`), "ready: ");
        expectEqual(await agent.succeed("systemctl --failed --no-legend --plain"), "", "list of failed units");
        expectEqual(await servedCertificate(proof), renewed, "served certificate");
    });
}

async function expectCached({ client, node }: Proof): Promise<void> {
    const progress = await client.succeed(node.name, cachedSteps);
    const steps = progress.match(/^#\d+ \[\d+\/\d+\] /gm)?.length ?? 0;
    const cached = progress.match(/^#\d+ CACHED$/gm)?.length ?? 0;
    if (steps < 4 || cached < 4) {
        throw new Error(`expected every step to be cached:\n${progress}`);
    }
}

/** Waits until the node itself says that a build runs. */
async function buildRuns({ machine }: Proof): Promise<void> {
    await machine.agent.succeed(`until ${paths.scripts}/busy.sh; do sleep 0.5; done`, 60);
    await sleep(2000);
}

/** Fingerprint of the certificate that the node serves. */
function servedCertificate({ node }: Proof): Promise<string> {
    const { hostname, port } = new URL(node.endpoint);
    return new Promise((resolve, reject) => {
        const options = { host: hostname, port: Number(port), servername: node.serverName, rejectUnauthorized: false };
        const socket = tls.connect(options, () => {
            resolve(socket.getPeerCertificate().fingerprint256);
            socket.destroy();
        });
        socket.setTimeout(20_000, () => socket.destroy(new Error("no certificate within 20 s"))).on("error", reject);
    });
}
