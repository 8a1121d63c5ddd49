import { rmSync } from "node:fs";
import { createPki } from "../../local/pki";
import { ensureTools } from "../../tools/build";
import { ensureKubernetesTools, kubernetesDir } from "../../tools/kubernetes/build";
import { Checks } from "../checks";
import { readOptions } from "../commandLine";
import { Builders } from "./builders";
import { Client } from "./client";
import { Cluster } from "./cluster";
import type { User } from "./daemons";
import { importImages } from "./images";
import { machineFolder, removeAbandoned } from "./machine";
import { prove } from "./proof";
import { clusterMissing } from "./requirements";
import { cacheVolumes, nodeLabels, serverNames, taint } from "./settings";
import { traces } from "./traces";

const help = `Proves the builders of EksBuilders on a real Kubernetes of one node, built from pinned Go modules.

Usage: npm run prove:kubernetes [-- --keep | --build]

  --build     only build the cluster's programs, into .tools/kubernetes
  --keep      leave the cluster up after the checks, until Ctrl+C
  -h, --help  this text

The cluster is in namespaces and cgroups of its own and ends with this command. It needs Linux, root, Go, a C compiler
and 14 GiB of free disk. Builds run on this machine's architecture only. Not proved: that a NetworkPolicy is enforced
(the network is a plain bridge, which enforces none), volumes of EBS (hostPath volumes stand in) and load balancers.

Exit codes: 0 all checks passed, or no cluster can run on this machine, 1 a check failed, 2 wrong usage.
`;

async function main(): Promise<number> {
    const flag = { type: "boolean" } as const;
    const values = readOptions({ build: flag, keep: flag }, help);
    if (typeof values === "number") {
        return values;
    }
    const dir = machineFolder();
    try {
        const missing = clusterMissing(dir, log);
        if (missing !== undefined) {
            log(`skipped: kubernetes proof: ${missing}`);
            if (!values.build) {
                log("Tests:       1 skipped, 1 total");
            }
            return 0;
        }
        if (values.build) {
            await ensureKubernetesTools(log);
            return 0;
        }
        removeAbandoned();
        return await run(dir, values.keep ?? false);
    } catch (error) {
        log((error as Error).message);
        return 1;
    } finally {
        rmSync(dir, { recursive: true, force: true });
    }
}

class Interrupted extends Error {}

async function run(dir: string, keep: boolean): Promise<number> {
    const interrupted = new Promise<void>((resolve) => process.on("SIGINT", resolve).on("SIGTERM", resolve));
    const stop = interrupted.then(() => Promise.reject(new Interrupted("interrupted")));
    const cluster = new Cluster({ dir, tools: kubernetesDir, nodeLabels });
    const checks = new Checks(log);
    const earlier = traces(cluster.machine);
    try {
        await Promise.race([stop, proveAll(checks, cluster)]);
    } catch (error) {
        checks.giveUp(error);
        if (!(error instanceof Interrupted)) {
            log(await cluster.diagnosis());
        }
    }
    if (keep) {
        const kubectl = `KUBECONFIG=${cluster.kubeconfig()} ${cluster.machine.enter} ${cluster.tool("kubectl")}`;
        log(`the cluster is up until Ctrl+C; for example: ${kubectl} get pods --all-namespaces`);
        await interrupted;
    }
    await checks.check("nothing of the cluster is left", () => leavesNothing(checks, cluster, earlier));
    log(checks.summary);
    return checks.failed ? 1 : 0;
}

async function proveAll(checks: Checks, cluster: Cluster): Promise<void> {
    const local = await ensureTools(log);
    await ensureKubernetesTools(log);
    await checks.must("a cluster starts", async () => {
        await cluster.start();
        await cluster.kubectl(["taint", "node", "--all", `${taint.key}=${taint.value}:${taint.effect}`]);
        return cluster.kubectl(["version", "--output=json"]).then((text) => {
            const { serverVersion } = JSON.parse(text) as { serverVersion: { gitVersion: string } };
            return `Kubernetes ${serverVersion.gitVersion}`;
        });
    });
    await checks.must("its node has the images", () => importImages(cluster, local));
    await cluster.apply(cacheVolumes());
    const pki = await createPki({ nodes: [serverNames] });
    const credentials = { ca: pki.serverCa.cert, ...pki.client };
    const client = (user: User) => new Client(cluster, local, credentials, user);
    await prove(checks, new Builders(cluster, pki, client("admin"), client("guest")));
}

/** Processes, mounts, cgroups: what is seen while the cluster is up must be gone when it was stopped. */
async function leavesNothing(checks: Checks, cluster: Cluster, earlier: string[]): Promise<string> {
    const seen = () => traces(cluster.machine).filter((trace) => !earlier.includes(trace));
    const before = seen();
    if (before.length === 0 && !checks.failed) {
        throw new Error("nothing of the running cluster was seen, so this check sees nothing");
    }
    await cluster.stop();
    // What was killed is seen until its parent has taken note.
    const deadline = Date.now() + 10_000;
    for (let left = seen(); left.length > 0; left = seen()) {
        if (Date.now() > deadline) {
            throw new Error(`left behind: ${left.join(", ")}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return `${before.length} processes, mounts and cgroups were there before`;
}

function log(line: string): void {
    console.log(line);
}

void main().then((code) => process.exit(code));
