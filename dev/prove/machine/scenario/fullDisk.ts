import { paths } from "../../../../components/node/paths";
import { expectEqual, expectFailure, expectText } from "../expectations";
import { type Proof, daemonProcess } from "./proof";

const foreign = `${paths.cache}/foreign`;
const freeMiB = `$(df -Pk ${paths.cache} | awk 'NR == 2 { print int($4 / 1024) }')`;

/** A cache volume that is full, by a build or by something else. */
export async function fullDisk(proof: Proof): Promise<void> {
    const { checks, machine, node, client } = proof;
    const leave = (mebibytes: number) =>
        machine.agent.succeed(`fallocate -l $((${freeMiB} - ${mebibytes}))M ${foreign}`);

    await checks.check(
        "a build that fills the disk fails and says so; the next one works once its files are gone",
        async () => {
            const before = await daemonProcess(machine);
            await leave(600);
            const { status, stderr } = await client.build(node.name, "RUN dd if=/dev/zero of=/big bs=1M count=2000");
            expectFailure(status);
            expectText(stderr, "No space left on device");
            // The daemon lets go of them after the build has ended.
            await machine.agent.succeed(`until [ ${freeMiB} -ge 300 ]; do sleep 0.5; done`, 30);
            await smallBuild(proof);
            expectEqual(await daemonProcess(machine), before, "process of the daemon");
        },
    );
    await clear(proof);
    await checks.check("a disk that something else filled stops no build", async () => {
        await client.succeed(node.name, "RUN dd if=/dev/zero of=/cached bs=1M count=500");
        await leave(20);
        await smallBuild(proof);
    });
    await clear(proof);
}

/** A daemon that is started on a full volume. */
export async function startsOnFullDisk(proof: Proof): Promise<void> {
    const { agent } = proof.machine;
    await proof.checks.check("a daemon that finds its disk full starts, by the reserve", async () => {
        await agent.succeed("systemctl stop buildkit-space buildkitd", 180);
        await agent.run(`fallocate -l ${freeMiB}M ${foreign}; cat /dev/zero >>${foreign}`, 300);
        await agent.succeed("systemctl start buildkitd buildkit-space", 300);
        await smallBuild(proof);
    });
    await clear(proof);
}

async function smallBuild({ client, node }: Proof): Promise<void> {
    await client.succeed(node.name, "RUN dd if=/dev/zero of=/file bs=1M count=20", ["--no-cache"]);
}

async function clear({ machine }: Proof): Promise<void> {
    await machine.agent.succeed(`rm -f ${foreign}; until [ -e ${paths.cache}/.reserve ]; do sleep 0.5; done`, 60);
}
