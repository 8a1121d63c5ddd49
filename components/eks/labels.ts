// https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set

const namePart = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const domain = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** Why a text is no key of a label or taint; undefined when it is one. */
export function keyProblem(key: unknown): string | undefined {
    const parts = typeof key === "string" ? key.split("/") : [];
    const name = parts.at(-1) ?? "";
    const valid = parts.length <= 2 && namePart.test(name) && (parts.length < 2 || domain.test(parts[0]!));
    return valid
        ? undefined
        : "must be a name of at most 63 letters, digits, `-`, `_` and `.`, after a domain and `/` if it has one, for example karpenter.sh/nodepool";
}

/** Why a text is no value of a label or taint; undefined when it is one. */
export function valueProblem(value: unknown): string | undefined {
    return value === "" || (typeof value === "string" && namePart.test(value))
        ? undefined
        : "must have at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends";
}

/** Why a text is no name of an object or namespace; undefined when it is one (RFC 1123 label). */
export function nameProblem(name: unknown): string | undefined {
    return typeof name === "string" && /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)
        ? undefined
        : "must have at most 63 lower-case letters, digits and inner `-`";
}

/** Whether EKS keeps a key to itself in node groups. https://github.com/aws/containers-roadmap/issues/1451 */
export function isReserved(key: string): boolean {
    return /^([a-z0-9.-]+\.)?(kubernetes\.io|k8s\.io|eks\.amazonaws\.com)\//.test(key);
}
