import * as fs from "node:fs";
import * as path from "node:path";
import { findProgram } from "../../../dev/tools/requirements";
import { CiJob, ended } from "../../support/ciScripts";
import { until } from "../../support/processes";
import { root, temporaryFolder } from "../../support/project";
import { shells } from "../build/shell";
import { FakeCluster, type Stored } from "./fakeCluster";

// Real kubectl: what it makes of templates, selectors and manifests is what is tested.
const built = path.join(root, ".tools/kubernetes/kubectl");
const kubectl = findProgram("kubectl") ?? (fs.existsSync(built) ? built : undefined);
if (!kubectl) {
    process.stderr.write("skipped: builder-spread: no `kubectl` in PATH or .tools/kubernetes\n");
}

const labels = { app: "api" };
const selector = {
    matchLabels: labels,
    matchExpressions: [
        { key: "tier", operator: "In", values: ["web", "edge"] },
        { key: "track", operator: "DoesNotExist" },
        { key: "app", operator: "Exists" },
        { key: "tier", operator: "NotIn", values: ["batch"] },
    ],
};

let base: string;
let cluster: FakeCluster;
let job: CiJob;

beforeAll(async () => {
    base = temporaryFolder("ci-spread");
    cluster = new FakeCluster();
    await cluster.start();
    job = new CiJob(base);
    job.addPrograms(["dash", "busybox"]);
    job.addProgram("kubectl", kubectl ?? "/nonexistent");
    job.env.KUBECONFIG = path.join(base, "kubeconfig");
    fs.writeFileSync(job.env.KUBECONFIG, cluster.kubeconfig);
});

afterAll(async () => {
    await cluster.stop();
    fs.rmSync(base, { recursive: true, force: true });
});

beforeEach(() => {
    cluster.objects = [node("a", "amd64"), node("b", "arm64"), deployment("api")];
    cluster.changes.length = 0;
    cluster.onCreate = () => undefined;
});

const node = (name: string, architecture: string): Stored => {
    return { kind: "Node", metadata: { name, labels: { "kubernetes.io/arch": architecture } } };
};
const deployment = (name: string): Stored => ({ kind: "Deployment", metadata: { name }, spec: { selector } });

function pod(name: string, nodeName: string, own: Record<string, string> = { ...labels, tier: "web" }): Stored {
    const conditions = [
        { type: "PodScheduled", status: "True" },
        { type: "Ready", status: "True" },
    ];
    return {
        kind: "Pod",
        metadata: { name, labels: own },
        spec: { nodeName, containers: [{ name: "try" }] },
        status: { conditions },
    };
}

function crashing(name: string, nodeName: string, own?: Record<string, string>): Stored {
    const status = {
        conditions: [{ type: "Ready", status: "False" }],
        containerStatuses: [{ state: { waiting: { reason: "CrashLoopBackOff" } } }],
    };
    return { ...pod(name, nodeName, own), status };
}

function pending(name: string): Stored {
    const message = "0/2 nodes are available: 2 Insufficient cpu.";
    const status = { conditions: [{ type: "PodScheduled", status: "False", message }] };
    return { kind: "Pod", metadata: { name, labels: { ...labels, tier: "web" } }, spec: {}, status };
}

async function spread(args: string[], shell?: string[]) {
    const result = await job.run("builder-spread", args, { shell });
    expect(fs.readdirSync(job.temp)).toEqual([]);
    return result;
}

const describeSpread = kubectl ? describe : describe.skip;

describeSpread.each(shells)("builder-spread in $name", ({ command: shell }) => {
    test("a deployment on both architectures", async () => {
        const stranger = pod("other", "a", { app: "other", tier: "web" });
        const canary = pod("canary", "a", { ...labels, tier: "web", track: "canary" });
        cluster.objects.push(pod("one", "a"), pod("two", "b"), stranger, canary);
        const { status, stdout, stderr } = await spread(["api"], shell);
        expect([status, stderr]).toEqual([0, ""]);
        expect(stdout).toMatch(/^one +a +amd64 +ready$/m);
        expect(stdout).toMatch(/^two +b +arm64 +ready$/m);
        expect(stdout).toMatch(/^amd64: 1 ready\narm64: 1 ready\n$/m);
        expect(stdout).not.toMatch(/other|canary/);
    });

    test("a wanted architecture without a ready pod fails, and the reasons are shown", async () => {
        const leaving = pod("leaving", "b");
        leaving.metadata.deletionTimestamp = "2026-01-01T00:00:00Z";
        cluster.objects.push(pod("one", "a"), crashing("two", "b"), pending("three"), leaving);
        const { status, stdout, stderr } = await spread(["api"], shell);
        expect(status).toBe(1);
        expect(stdout).toMatch(/^two +b +arm64 +not ready: CrashLoopBackOff$/m);
        expect(stdout).toMatch(/^three +- +- +not ready: 0\/2 nodes are available: 2 Insufficient cpu\.$/m);
        expect(stdout).not.toMatch(/leaving/);
        expect(stderr).toMatch(/error: no pod is ready on arm64: /);
        expect(await spread(["--platform", "linux/amd64", "api"], shell)).toMatchObject({ status: 0 });
    });

    test("--try creates a deployment for any architecture, reports and deletes it", async () => {
        let created: Stored | undefined;
        cluster.onCreate = (made) => {
            created = structuredClone(made);
            roll(made, (name, i) => pod(name, i % 2 ? "a" : "b", made.metadata.labels));
        };
        const args = ["--try", 'registry.acme.io/"app":1', "-n", "prod", "--timeout=20", "--", "sleep", "3 600"];
        const { status, stdout, stderr } = await spread(args, shell);
        expect(status === 0 ? "" : stderr).toBe("");
        expect(stderr).toMatch(/created the deployment multiarch-try-[0-9a-f]{8} of four pods; waiting up to 20 s/);
        expect(stdout).toMatch(/^amd64: 2 ready\narm64: 2 ready\n$/m);
        const { name } = created!.metadata;
        expect(cluster.changes).toEqual(["POST deployments", `DELETE deployments/${name}`]);
        const { replicas, template } = created!.spec as {
            replicas: number;
            template: { spec: Record<string, unknown> };
        };
        expect(replicas).toBe(4);
        expect(template.spec).not.toHaveProperty("nodeSelector");
        expect(template.spec).toMatchObject({
            topologySpreadConstraints: [{ topologyKey: "kubernetes.io/arch", whenUnsatisfiable: "ScheduleAnyway" }],
            containers: [{ image: 'registry.acme.io/"app":1', command: ["sleep", "3 600"] }],
        });
    });

    test("--try of an image that does not run on one architecture says so and deletes it too", async () => {
        cluster.onCreate = (made) =>
            roll(made, (name, i) => (i % 2 ? pod : crashing)(name, i % 2 ? "a" : "b", made.metadata.labels), 2);
        const { status, stdout, stderr } = await spread(["--try", "app:1", "--timeout", "2"], shell);
        expect(status).toBe(1);
        expect(stdout).toMatch(/b +arm64 +not ready: CrashLoopBackOff\n +exec \S+: exec format error$/m);
        expect(stderr).toMatch(/error: no pod is ready on arm64: the image may lack that architecture/);
        expect(cluster.changes.at(-1)).toMatch(/^DELETE deployments\/multiarch-try-/);
    });

    test.each(["SIGTERM", "SIGINT"] as const)("%s deletes what --try made", async (signal) => {
        cluster.onCreate = (made) => roll(made, (name) => crashing(name, "b", made.metadata.labels), 0);
        const child = job.start("builder-spread", ["--try", "app:1", "--timeout", "90"], { shell });
        const end = ended(child);
        await until("the deployment is there", () => cluster.changes.length > 0, 20);
        child.kill(signal);
        expect((await end).status).toBe(signal === "SIGTERM" ? 143 : 130);
        expect(cluster.changes.at(-1)).toMatch(/^DELETE deployments\/multiarch-try-/);
        expect(fs.readdirSync(job.temp)).toEqual([]);
    });
});

/** What the controllers do with a new deployment; so many of its pods are available. */
function roll(made: Stored, podOf: (name: string, i: number) => Stored, available = 4): void {
    Object.assign(made.metadata, { namespace: "prod", generation: 1, resourceVersion: "1", uid: "1" });
    made.status = {
        observedGeneration: 1,
        replicas: 4,
        updatedReplicas: 4,
        readyReplicas: available,
        availableReplicas: available,
        unavailableReplicas: 4 - available,
    };
    cluster.objects.push(...[0, 1, 2, 3].map((i) => podOf(`${made.metadata.name}-${i}`, i)));
}

describeSpread("wrong usage and what cannot be read", () => {
    test.each([
        [[], 2, /give the name of a deployment, or --try IMAGE/],
        [["a", "b"], 2, /more than one deployment/],
        [["api", "--try", "x"], 2, /either/],
        [["api", "--", "x"], 2, /a command goes with --try/],
        [["--try", "x", "--timeout", "soon"], 2, /--timeout soon: must be a number/],
        [["--platform", "arm64", "api"], 2, /--platform arm64: must be a list such as/],
        [["--watch", "api"], 2, /unknown option --watch/],
        [["none"], 1, /the deployment none cannot be read/],
    ])("%j", async (args, code, message) => {
        const { status, stderr } = await spread(args);
        expect(stderr).toMatch(message);
        expect(status).toBe(code);
        expect(cluster.changes).toEqual([]);
    });
});
