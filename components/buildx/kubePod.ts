import type { BuilderNode } from "../builder";

const scheme = "kube-pod://";

/** Whether an endpoint is a pod that is reached by `kubectl exec`. */
export function isPodEndpoint(endpoint: string): boolean {
    return endpoint.startsWith(scheme);
}

/** Whether a node is reached by mutual TLS; a pod is reached with what `kubectl` has on this machine. */
export function needsCredentials({ endpoint }: Pick<BuilderNode, "endpoint">): boolean {
    return !isPodEndpoint(endpoint);
}

/** A container of a pod. What is empty is left to kubectl: its current context, that one's namespace, the first container. */
export interface Pod {
    pod: string;
    context: string;
    namespace: string;
    container: string;
}

/**
 * Why a text is no endpoint of a pod; undefined when it is one. Stricter than BuildKit, which passes a pod's name that
 * starts with `-` to kubectl, and drops a parameter that it cannot read: the build would go to another cluster.
 * https://github.com/moby/buildkit/blob/v0.33.1/client/connhelper/kubepod/kubepod.go
 */
export function podProblem(endpoint: string): string | undefined {
    const [, pod = "", query] = /^kube-pod:\/\/([^?]*)(?:\?(.*))?$/s.exec(endpoint) ?? [];
    const parameters = (query === undefined ? [] : query.split("&")).map((text) => text.split("="));
    const names = parameters.map(([name]) => name!);
    const known = names.every((name, i) => Object.hasOwn(parameterRules, name) && names.indexOf(name) === i);
    const valid =
        known && parameters.every(([name, value, more]) => more === undefined && parameterRules[name!]!(value ?? ""));
    return isDnsName(pod, 253) && valid
        ? undefined
        : "must be kube-pod://<pod>, with `namespace`, `container` and `context` as parameters where they are needed, each once, " +
              "for example kube-pod://buildkitd-arm64-0?namespace=builders&container=buildkitd";
}

const parameterRules: Record<string, (value: string) => boolean> = {
    namespace: (value) => isDnsName(value, 63) && !value.includes("."),
    container: (value) => isDnsName(value, 63) && !value.includes("."),
    // Any text, percent-encoded where a URL needs it; the ARN of an EKS cluster does not.
    context: (value) => /^(?:[A-Za-z0-9._~:/@-]|%(?!00)[0-9A-Fa-f]{2})+$/.test(value) && decodes(value),
};

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ */
function isDnsName(text: string, longest: number): boolean {
    return text.length <= longest && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(text);
}

function decodes(text: string): boolean {
    try {
        return decodeURIComponent(text) !== "";
    } catch {
        return false;
    }
}

/** Reads an endpoint that is one. */
export function parsePod(endpoint: string): Pod {
    const { hostname: pod, searchParams: given } = new URL(endpoint);
    const [context, namespace, container] = ["context", "namespace", "container"].map((name) => given.get(name) ?? "");
    return { pod, context: context!, namespace: namespace!, container: container! };
}
