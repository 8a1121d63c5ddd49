import { join } from "node:path";

/** A program that runs as long as the cluster. */
export interface Daemon {
    name: string;
    command: string;
    args: string[];
}

/** Where everything is that the daemons read. */
export interface Layout {
    /** Folder of the programs. */
    tools: string;
    /** Folder of configuration, keys and tokens. */
    config: string;
    nodeName: string;
    /** Labels of the node besides those that the kubelet gives it. */
    nodeLabels: Record<string, string>;
}

export const addresses = {
    node: "10.99.0.2",
    nodeNetwork: "10.99.0.0/24",
    pods: "10.244.0.0/24",
    services: "10.96.0.0/16",
    api: "10.96.0.1",
} as const;

export const pauseImage = "docker.io/local/pause:1";

/** Who may do what with the API server: its token file has a token for each. */
export const users = {
    admin: { name: "admin", groups: "system:masters" },
    "kube-controller-manager": { name: "system:kube-controller-manager", groups: "system:masters" },
    "kube-scheduler": { name: "system:kube-scheduler", groups: "" },
    "kube-proxy": { name: "system:kube-proxy", groups: "system:node-proxier" },
    /** Named after its node. */
    kubelet: { name: "", groups: "system:nodes" },
    /** Somebody without any rights until somebody gives them some. */
    guest: { name: "guest", groups: "guests" },
} as const;

export type User = keyof typeof users;

export function kubeconfigFile({ config }: Pick<Layout, "config">, user: User): string {
    return join(config, `${user}.kubeconfig`);
}

/** The daemons in the order of their start. */
export function daemons(layout: Layout): Daemon[] {
    const { tools, config, nodeName, nodeLabels } = layout;
    const file = (name: string) => join(config, name);
    const kubeconfig = (user: User) => `--kubeconfig=${kubeconfigFile(layout, user)}`;
    const daemon = (name: string, ...args: string[]) => ({ name, command: join(tools, name), args });
    const labels = Object.entries(nodeLabels).map(([key, value]) => `${key}=${value}`);
    return [
        daemon(
            "etcd",
            "--data-dir=/var/lib/etcd",
            // The data are gone with the cluster, so nothing is lost by not waiting for the disk.
            "--unsafe-no-fsync",
            "--listen-client-urls=http://127.0.0.1:2379",
            "--advertise-client-urls=http://127.0.0.1:2379",
            "--listen-peer-urls=http://127.0.0.1:2380",
        ),
        daemon("containerd", `--config=${file("containerd.toml")}`),
        daemon(
            "kube-apiserver",
            "--etcd-servers=http://127.0.0.1:2379",
            `--advertise-address=${addresses.node}`,
            `--service-cluster-ip-range=${addresses.services}`,
            `--tls-cert-file=${file("server.pem")}`,
            `--tls-private-key-file=${file("server-key.pem")}`,
            `--token-auth-file=${file("tokens.csv")}`,
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged=true",
            "--service-account-issuer=https://kubernetes.default.svc",
            `--service-account-key-file=${file("service-account-key.pem")}`,
            `--service-account-signing-key-file=${file("service-account-key.pem")}`,
            "--kubelet-preferred-address-types=InternalIP",
            `--kubelet-client-certificate=${file("client.pem")}`,
            `--kubelet-client-key=${file("client-key.pem")}`,
        ),
        daemon(
            "kube-controller-manager",
            kubeconfig("kube-controller-manager"),
            "--leader-elect=false",
            `--root-ca-file=${file("server-ca.pem")}`,
            `--service-account-private-key-file=${file("service-account-key.pem")}`,
        ),
        daemon("kube-scheduler", kubeconfig("kube-scheduler"), "--leader-elect=false"),
        daemon(
            "kubelet",
            kubeconfig("kubelet"),
            `--config=${file("kubelet.json")}`,
            `--hostname-override=${nodeName}`,
            `--node-ip=${addresses.node}`,
            ...(labels.length > 0 ? [`--node-labels=${labels.join(",")}`] : []),
        ),
        daemon("kube-proxy", `--config=${file("kube-proxy.json")}`),
    ];
}

/** Configuration files by their names; none holds a secret. */
export function configFiles(layout: Layout): Record<string, string> {
    return {
        "containerd.toml": containerdConfig(layout),
        "cni/10-bridge.conflist": JSON.stringify(cniConfig),
        "kubelet.json": JSON.stringify(kubeletConfig(layout)),
        "kube-proxy.json": JSON.stringify(kubeProxyConfig(layout)),
    };
}

function containerdConfig({ tools, config }: Layout): string {
    const q = JSON.stringify;
    return `version = 3

[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = ${q(pauseImage)}

[plugins."io.containerd.cri.v1.runtime"]
restrict_oom_score_adj = true

[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = [${q(tools)}]
conf_dir = ${q(join(config, "cni"))}

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
BinaryName = ${q(join(tools, "runc"))}
`;
}

const cniConfig = {
    cniVersion: "1.0.0",
    name: "pods",
    plugins: [
        {
            type: "bridge",
            bridge: "pods0",
            isDefaultGateway: true,
            // A Service that leads back to the pod that asks.
            hairpinMode: true,
            ipam: { type: "host-local", ranges: [[{ subnet: addresses.pods }]] },
        },
    ],
};

/** https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/ */
function kubeletConfig({ config }: Layout): object {
    return {
        apiVersion: "kubelet.config.k8s.io/v1beta1",
        kind: "KubeletConfiguration",
        authentication: {
            anonymous: { enabled: false },
            webhook: { enabled: false },
            x509: { clientCAFile: join(config, "client-ca.pem") },
        },
        // Only the API server has a certificate of that CA.
        authorization: { mode: "AlwaysAllow" },
        containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
        cgroupDriver: "cgroupfs",
        failCgroupV1: false,
        // The machine's cgroup is the kubelet's to fill; what lies between it and the pods needs controllers that may be absent.
        cgroupsPerQOS: false,
        enforceNodeAllocatable: [],
        failSwapOn: false,
        oomScoreAdj: 0,
        makeIPTablesUtilChains: false,
        resolvConf: "",
        // How full the disk of this machine is must not decide what runs.
        evictionHard: { "memory.available": "50Mi", "nodefs.available": "100Mi", "imagefs.available": "100Mi" },
        imageGCHighThresholdPercent: 100,
        imageGCLowThresholdPercent: 99,
        // Secrets and status are seen quickly: nobody wants to wait for a proof.
        syncFrequency: "10s",
        nodeStatusUpdateFrequency: "5s",
    };
}

/** https://kubernetes.io/docs/reference/config-api/kube-proxy-config.v1alpha1/ */
function kubeProxyConfig(layout: Layout): object {
    return {
        apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
        kind: "KubeProxyConfiguration",
        clientConnection: { kubeconfig: kubeconfigFile(layout, "kube-proxy") },
        mode: "iptables",
        hostnameOverride: layout.nodeName,
        clusterCIDR: addresses.pods,
        oomScoreAdj: 0,
        // Limits of connection tracking belong to the whole machine.
        conntrack: { maxPerCore: 0, min: 0 },
    };
}
