import { dirname, resolve } from "node:path";
import { type Builders, expectEqual } from "../builders";
import { pauseImage } from "../daemons";
import { foreign, platform, taint } from "../settings";

const script = resolve(__dirname, "../../../../assets/ci/builder-spread");

/** `builder-spread --try` on a cluster of one architecture: it is found there and missed elsewhere, and nothing is left. */
export async function reportsSpread({ cluster }: Builders): Promise<string> {
    const taintNode = (change: string) => cluster.kubectl(["taint", "node", "--all", `${taint.key}${change}`]);
    const env = { KUBECONFIG: cluster.kubeconfig(), PATH: `${dirname(cluster.tool("kubectl"))}:${cluster.path}` };
    const tried = (...args: string[]) =>
        cluster.machine.run("sh", [script, "--try", pauseImage, "--namespace=default", ...args], { env, seconds: 240 });
    // Pods of an application do not tolerate the builders' taint.
    await taintNode("-");
    try {
        const here = await tried("--platform", platform);
        expectEqual(`what --platform ${platform} ended with`, `${here.status} ${here.stderr}`.slice(0, 1), "0");
        const everywhere = await tried();
        expectEqual("what both architectures ended with", `${everywhere.status}`, "1");
        expectEqual("the one without a pod", /no pod is ready on ([a-z0-9 ]+):/.exec(everywhere.stderr)?.[1], foreign);
        const left = await cluster.kubectl(["get", "deployments", "--namespace=default", "--output=name"]);
        expectEqual("what is left", left, "");
        return here.stdout.trim().split("\n").slice(-1).join();
    } finally {
        await taintNode(`=${taint.value}:${taint.effect}`);
    }
}
