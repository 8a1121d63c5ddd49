import { platformEntry } from "../../../../components/buildx/entries";
import { type Builders, expectEqual, firstPod, here, set } from "../builders";
import { addresses } from "../daemons";
import { own, platform, recordOf } from "../settings";

/** SIGTERM makes the daemon refuse new clients and end when its builds have. */
export async function drains(builders: Builders): Promise<string> {
    const { cluster, client } = builders;
    const { uid } = (await builders.pod()).metadata;
    // The step ends when something listens there.
    const port = 8081;
    const step = `echo started; until /bin/busybox nc -w 5 ${addresses.node} ${port} </dev/null; do /bin/busybox sleep 1; done`;
    let [progress, ended] = ["", false];
    const build = client
        .build(recordOf({}), "kept", { id: "drain", step }, (text) => (progress = text))
        .finally(() => (ended = true));
    const runs = cluster.until("the step runs", async () => /^#\d+ [\d.]+ started/m.test(progress), 240);
    await Promise.race([build, runs]);
    await cluster.kubectl(["delete", "pod", firstPod, here, "--wait=false"]);
    const since = Date.now();
    await cluster.until("the daemon refuses new clients", async () => {
        return (await client.buildctl(builders.node(), ["debug", "workers"])).status !== 0;
    });
    // A pod without a grace period of its own is killed after 30 seconds.
    await cluster.until("35 seconds have passed", async () => ended || Date.now() - since > 35_000);
    const deleted = (await builders.pod()).metadata;
    if (ended || deleted.uid !== uid || deleted.deletionTimestamp === undefined) {
        throw new Error("the build did not outlive the deletion of its pod");
    }
    cluster.machine.spawn("gate", process.execPath, [
        "-e",
        `require("net").createServer((s) => s.end()).listen(${port})`,
    ]);
    await build;
    await cluster.until("there is another pod", async () => {
        const { stdout } = await cluster.tryKubectl([
            "get",
            "pod",
            firstPod,
            here,
            "--output=jsonpath={.metadata.uid}",
        ]);
        return stdout !== "" && stdout !== uid;
    });
    await builders.ready();
    return "the daemon took no new clients, and the build went on for more than 35 s to its end";
}

export async function keepsCache(builders: Builders): Promise<string> {
    return `another pod, and the step of the first build came from its cache: ${await builders.build({ id: "kept" })}`;
}

export async function secondReplica(builders: Builders): Promise<string> {
    const { client, cluster } = builders;
    const variant = { replicas: 2 };
    await builders.apply(variant);
    const images = [0, 1].map((replica) => imageOf(replica, variant.replicas));
    for (const image of [...images, ...images]) {
        await builders.build({ id: image }, image, variant);
    }
    const id = images[1]!;
    const [onFirst, onSecond] = [
        await client.buildOn(builders.node(0, 2), { id }),
        await client.buildOn(builders.node(1, 2), { id }),
    ];
    expectEqual(`what the second replica has of ${id}`, onSecond, await builders.build({ id }, id, variant));
    if (onFirst === onSecond) {
        throw new Error(`the first replica has ${id} in its cache, which was built on the second one`);
    }
    const claims = [0, 1].map((i) => `cache-${set}-${i}`);
    const columns = "--output=jsonpath={.items[*].spec.volumeName}";
    const volumes = (await cluster.kubectl(["get", "persistentvolumeclaims", ...claims, here, columns])).split(" ");
    expectEqual("the number of their volumes", String(new Set(volumes).size), "2");
    return `${images.join(" and ")} were built twice, each on its replica; volumes ${volumes.join(" and ")}`;
}

/** An image whose name sends it to a replica. */
function imageOf(replica: number, replicas: number): string {
    for (let i = 0; ; i++) {
        const entry = platformEntry(recordOf({ replicas }), platform, `image-${i}`);
        if (entry?.nodes[0]?.replica === replica) {
            return `image-${i}`;
        }
    }
}

export async function scalesToZero(builders: Builders): Promise<string> {
    const { cluster } = builders;
    const scale = (replicas: number) => cluster.kubectl(["scale", "statefulset", set, here, `--replicas=${replicas}`]);
    const selector = `--selector=app.kubernetes.io/component=${own}`;
    await scale(0);
    await cluster.until("no pod is left", async () => {
        return (await cluster.kubectl(["get", "pods", here, selector, "--output=name"])) === "";
    });
    await scale(2);
    await builders.ready();
    const variant = { replicas: 2 };
    for (const replica of [0, 1]) {
        const image = imageOf(replica, variant.replicas);
        await builders.build({ id: image }, image, variant);
    }
    return "no pods, then two, and both caches";
}
