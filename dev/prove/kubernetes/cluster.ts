import type { ChildProcess } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { KubernetesObject } from "../../../components/eks/objects";
import { lastLines } from "../../tools/requirements";
import { writeConfig } from "./config";
import { type Daemon, type Layout, type User, addresses, daemons, kubeconfigFile } from "./daemons";
import { type Ended, Machine, type RunOptions, programPath } from "./machine";

export interface ClusterOptions {
    /** An empty folder of its own, on a file system that overlayfs takes for its upper layer. */
    dir: string;
    /** Folder of the programs. */
    tools: string;
    /** Labels of the node besides those that the kubelet gives it. */
    nodeLabels?: Record<string, string>;
}

interface EndpointSlice {
    metadata: { namespace: string; labels: Record<string, string> };
    endpoints: { hostname?: string; addresses: string[] }[] | null;
}

/** A Kubernetes cluster of one node, in namespaces of its own; nothing of it is left once it was stopped. */
export class Cluster {
    readonly machine: Machine;
    readonly layout: Layout;
    private readonly running = new Map<string, ChildProcess>();
    private stopping = false;

    constructor(private readonly options: ClusterOptions) {
        this.machine = new Machine(options.dir, "node-1");
        this.layout = {
            tools: options.tools,
            config: join(options.dir, "config"),
            nodeName: "node-1",
            nodeLabels: options.nodeLabels ?? {},
        };
    }

    /** kubectl's configuration for a user. Its server is reached from the machine's network only. */
    kubeconfig(user: User = "admin"): string {
        return kubeconfigFile(this.layout, user);
    }

    /** A program of the cluster. */
    tool(name: string): string {
        return join(this.options.tools, name);
    }

    /** Starts everything; resolves once the node is ready for pods. */
    async start(): Promise<void> {
        await writeConfig(this.layout);
        await this.machine.start();
        this.machine.writeHosts({ [this.layout.nodeName]: addresses.node });
        await this.machine.succeed("sh", ["-ec", networkCommands]);
        for (const daemon of daemons(this.layout)) {
            if (daemon.name === "kube-controller-manager") {
                await this.until("the API server is ready", async () => {
                    return (await this.tryKubectl(["get", "--raw=/readyz"])).status === 0;
                });
            }
            this.startDaemon(daemon);
        }
        await this.until("the node is ready", async () => {
            const wait = ["wait", "--for=condition=Ready", "--timeout=1s", "node", "--all"];
            return (await this.tryKubectl(wait)).stdout.includes("condition met");
        });
    }

    /** Ends everything. */
    async stop(): Promise<void> {
        this.stopping = true;
        await this.machine.stop();
    }

    /** Runs kubectl; it has to succeed. */
    kubectl(args: string[], options: RunOptions = {}): Promise<string> {
        return this.machine.succeed(this.tool("kubectl"), args, this.withKubeconfig(options));
    }

    /** Runs kubectl to whatever end. */
    tryKubectl(args: string[], options: RunOptions = {}): Promise<Ended> {
        return this.machine.run(this.tool("kubectl"), args, this.withKubeconfig(options));
    }

    /** Reads objects. */
    async get<T>(...args: string[]): Promise<T> {
        return JSON.parse(await this.kubectl(["get", "--output=json", ...args])) as T;
    }

    /** Applies objects on the server's side. */
    apply(objects: KubernetesObject[], ...args: string[]): Promise<string> {
        const list = { apiVersion: "v1", kind: "List", items: objects };
        return this.kubectl(["apply", "--server-side", "--force-conflicts", "--filename=-", ...args], {
            input: JSON.stringify(list),
        });
    }

    /** Waits until the pods of a StatefulSet are as it wants them; then the names of Services lead to them. */
    async rollOut(namespace: string, name: string, seconds = 150): Promise<void> {
        const where = [`statefulset/${name}`, `--namespace=${namespace}`];
        await this.kubectl(["rollout", "status", ...where, `--timeout=${seconds}s`], { seconds: seconds + 10 });
        this.machine.writeHosts({ [this.layout.nodeName]: addresses.node, ...(await this.serviceNames()) });
    }

    /** What the cluster's DNS would answer for pods behind headless Services; it has none. */
    private async serviceNames(): Promise<Record<string, string>> {
        const { items } = await this.get<{ items: EndpointSlice[] }>("endpointslices", "--all-namespaces");
        return Object.fromEntries(
            items.flatMap(({ metadata: { namespace, labels }, endpoints }) =>
                (endpoints ?? [])
                    .filter(({ hostname }) => hostname !== undefined)
                    .map(({ hostname, addresses: [address] }) => {
                        return [`${hostname}.${labels["kubernetes.io/service-name"]}.${namespace}.svc`, address!];
                    }),
            ),
        );
    }

    /** Imports an image archive into the node, and gives the image in it other names. */
    async importImage(archive: string, name = "", ...otherNames: string[]): Promise<void> {
        const ctr = (...args: string[]) =>
            this.machine.succeed(this.tool("ctr"), ["--namespace=k8s.io", "images", ...args]);
        await ctr("import", archive);
        for (const other of otherNames) {
            await ctr("tag", "--force", name, other);
        }
    }

    /** Resolves once a condition holds. A daemon that has ended, or the time, fails it with the log that tells most. */
    async until(what: string, condition: () => Promise<boolean>, seconds = 180): Promise<void> {
        const deadline = Date.now() + seconds * 1000;
        while (!(await condition())) {
            const ended = [...this.running].find(([, child]) => child.exitCode !== null);
            if (ended && !this.stopping) {
                throw new Error(`${ended[0]} ended with ${ended[1].exitCode}: ${this.machine.logTail(ended[0])}`);
            }
            if (Date.now() > deadline) {
                throw new Error(`waited ${seconds} s in vain until ${what}`);
            }
            await new Promise((resolve) => setTimeout(resolve, 250));
        }
    }

    /** What a person would look at first when something failed. */
    async diagnosis(): Promise<string> {
        if (!existsSync(this.machine.enter)) {
            return "the cluster was not started";
        }
        const looks = [
            ["get", "pods,persistentvolumeclaims", "--all-namespaces", "--output=wide"],
            ["get", "events", "--all-namespaces", "--sort-by=.lastTimestamp"],
        ];
        const seen = await Promise.all(looks.map((args) => this.tryKubectl(args, { seconds: 20 })));
        const answers = looks.map((args, i) => `--- kubectl ${args.join(" ")}\n${lastLines(seen[i]!.stdout, 20)}`);
        const own = ["kubelet", "containerd"].map((name) => `--- ${name}\n${this.machine.logTail(name, 5)}`);
        return [...answers, ...own, ...this.podLogs()].join("\n");
    }

    /** The last lines of what each container printed. */
    private podLogs(): string[] {
        const folder = join(this.machine.dir, "var/log/pods");
        const files = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: "utf8" }) : [];
        return files
            .filter((file) => file.endsWith(".log"))
            .map((file) => `--- ${file}\n${lastLines(readFileSync(join(folder, file), "utf8"), 10)}`);
    }

    private withKubeconfig(options: RunOptions): RunOptions {
        return { ...options, env: { KUBECONFIG: this.kubeconfig(), ...options.env } };
    }

    private startDaemon({ name, command, args }: Daemon): void {
        this.running.set(name, this.machine.spawn(name, command, args, { PATH: this.path }));
    }

    /** Where containerd finds its shim, and kube-proxy iptables. */
    get path(): string {
        return `${this.options.tools}:${programPath}`;
    }
}

/** The node's address is on a bridge without ports; pods get a bridge of their own. */
const networkCommands = `
ip link add name node0 type bridge
ip address add ${addresses.node}/24 dev node0
ip link set node0 up
echo 1 >/proc/sys/net/ipv4/ip_forward
bridge=/proc/sys/net/bridge/bridge-nf-call-iptables
[ ! -e $bridge ] || echo 1 >$bridge
`;
