import type { KubernetesObject } from "../../components/eks/objects";

function pod(name: string, containers: object[], spec: object = {}): KubernetesObject {
    // Checkov takes a pod without labels for one that every network policy is for.
    const metadata = { name, labels: { app: name } };
    return { apiVersion: "v1", kind: "Pod", metadata, spec: { ...spec, containers } };
}

/** A pod that is the machine: its namespaces, its container engine, every capability, and a key in its environment. */
function machine(): KubernetesObject[] {
    const container = {
        name: "wrong",
        image: "wrong:latest",
        imagePullPolicy: "IfNotPresent",
        securityContext: {
            privileged: true,
            allowPrivilegeEscalation: true,
            runAsUser: 0,
            capabilities: { add: ["SYS_ADMIN", "NET_RAW"] },
        },
        ports: [{ containerPort: 80, hostPort: 80 }],
        env: [
            { name: "KEY", valueFrom: { secretKeyRef: { name: "wrong", key: "key" } } },
            { name: "GITSYNC_GIT", value: "/wrong" },
        ],
    };
    const volumes = [{ name: "engine", hostPath: { path: "/var/run/docker.sock" } }];
    return [
        pod("wrong", [container], { hostPID: true, hostIPC: true, hostNetwork: true, volumes }),
        pod("bare", [{ name: "dashboard", image: "kubernetesui/dashboard:v2" }]),
        pod("tiller", [{ name: "tiller", image: "tiller:v2" }]),
    ];
}

/** The programs of a control plane, each with the flags that its rules forbid and without those that they ask for. */
function controlPlane(): KubernetesObject[] {
    const apiServer = [
        ...["--enable-admission-plugins=AlwaysAdmit", "--authorization-mode=AlwaysAllow", "--basic-auth-file=a"],
        ...["--insecure-bind-address=0.0.0.0", "--kubelet-https=false", "--secure-port=0", "--token-auth-file=a"],
        ...["--request-timeout=never", "--service-account-key-file=a", "--tls-cipher-suites=TLS_RSA_WITH_RC4_128_SHA"],
    ];
    const kubelet = [
        ...["--authorization-mode=AlwaysAllow", "--hostname-override=a", "--streaming-connection-idle-timeout=0"],
        ...["--event-qps=50", "--rotate-certificates=false", "--tls-cipher-suites=TLS_RSA_WITH_RC4_128_SHA"],
    ];
    const commands = {
        "kube-apiserver": apiServer,
        "admission-plugins": ["--enable-admission-plugins=None"],
        "kube-controller-manager": [
            ...["--terminated-pod-gc-threshold=0", "--bind-address=0.0.0.0", "--profiling=true"],
            ...["--root-ca-file=a.txt", "--service-account-private-key-file=a.txt"],
            ...["--use-service-account-credentials=false", "--feature-gates=RotateKubeletServerCertificate=false"],
        ],
        "kube-scheduler": ["--bind-address=0.0.0.0"],
        kubelet,
        etcd: ["--auto-tls=true"],
    };
    return Object.entries(commands).map(([name, flags]) => {
        const program = name === "admission-plugins" ? "kube-apiserver" : name;
        return pod(name, [{ name, image: name, command: [program, ...flags] }]);
    });
}

/** The default account, which may do everything that a role can say. */
function rights(): KubernetesObject[] {
    const group = "rbac.authorization.k8s.io";
    const role = (name: string, rule: object): KubernetesObject[] => [
        { apiVersion: `${group}/v1`, kind: "Role", metadata: { name }, rules: [{ apiGroups: ["*"], ...rule }] },
        {
            apiVersion: `${group}/v1`,
            kind: "RoleBinding",
            metadata: { name },
            roleRef: { apiGroup: group, kind: "Role", name },
            subjects: [{ kind: "ServiceAccount", name: "default", namespace: "default" }],
        },
    ];
    return [
        { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: "default" } },
        ...role("everything", { resources: ["*"], verbs: ["*"] }),
        ...role("bind", { apiGroups: [group], resources: ["rolebindings"], verbs: ["bind"] }),
        ...role("escalate", { apiGroups: [group], resources: ["roles"], verbs: ["escalate"] }),
    ];
}

/** What the rules must find: each of them fails on something here, or it proves nothing about a builder's objects. */
export function wrongManifests(): KubernetesObject[] {
    return [...machine(), ...controlPlane(), ...rights()];
}
