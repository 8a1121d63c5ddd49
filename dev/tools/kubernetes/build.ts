import { join, resolve } from "node:path";
import { ensureTool } from "../build";
import type { GoTool } from "../modules";

/** Folder of a Kubernetes node's programs, ignored by git. */
export const kubernetesDir = resolve(__dirname, "../../../.tools/kubernetes");

const kubernetes = {
    directory: join(__dirname, "kubernetes"),
    module: "k8s.io/kubernetes",
    versionVariable: "k8s.io/component-base/version.gitVersion",
};

const containerd = {
    directory: join(__dirname, "containerd"),
    module: "github.com/containerd/containerd/v2",
    versionVariable: "github.com/containerd/containerd/v2/version.Version",
};

const cni = {
    directory: join(__dirname, "containerd"),
    module: "github.com/containernetworking/plugins",
    versionVariable: "github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion",
};

const runc = {
    directory: join(__dirname, "runc"),
    module: "github.com/opencontainers/runc",
    tags: "seccomp",
    cgo: true,
};

/** What building runc needs, each with its Debian package: it has C code. */
export const runcNeeds = {
    gcc: "gcc",
    "pkg-config": "pkg-config",
    "/usr/include/stdlib.h": "libc6-dev",
    "/usr/include/seccomp.h": "libseccomp-dev",
};

/** Everything that a Kubernetes cluster of one node runs. */
export const kubernetesTools: readonly GoTool[] = [
    ...["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubectl"].map(
        (name) => ({ name, package: `k8s.io/kubernetes/cmd/${name}`, ...kubernetes }),
    ),
    // The version of etcd is the one that Kubernetes itself is tested with.
    {
        name: "etcd",
        package: "go.etcd.io/etcd/server/v3",
        directory: kubernetes.directory,
        module: "go.etcd.io/etcd/server/v3",
    },
    ...["containerd", "containerd-shim-runc-v2", "ctr"].map((name) => ({
        name,
        package: `github.com/containerd/containerd/v2/cmd/${name}`,
        ...containerd,
    })),
    ...["main/bridge", "main/loopback", "ipam/host-local", "meta/firewall"].map((path) => ({
        name: path.split("/")[1]!,
        package: `github.com/containernetworking/plugins/plugins/${path}`,
        ...cni,
    })),
    { name: "runc", package: "github.com/opencontainers/runc", ...runc },
];

/** Builds what is missing or out of date; returns the folder. */
export async function ensureKubernetesTools(log: (line: string) => void): Promise<string> {
    for (const tool of kubernetesTools) {
        await ensureTool(tool, kubernetesDir, log);
    }
    return kubernetesDir;
}
