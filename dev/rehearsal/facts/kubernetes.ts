import type { Value } from "../properties";
import { type Fact, type Recorded, object, objects, text, texts } from "./recorded";

type Fields = { [key: string]: Value };

const at = (value: Value | undefined, ...path: string[]): Value | undefined =>
    path.reduce<Value | undefined>((inner, key) => object(inner)[key], value);

/** What reaches Services and pods, and what pods reach. */
export function clusterReachFacts(recorded: Recorded): Fact[] {
    const fact = (subject: string, told: string, warning = false): Fact => ({
        topic: "what is reached from where",
        subject,
        text: told,
        warning,
    });
    const services = recorded.of("kubernetes:core/v1:Service").map(({ name, inputs }) => {
        const spec = object(inputs.spec);
        const ports = objects(spec.ports).map(({ port }) => text(port));
        if (spec.type !== "LoadBalancer") {
            return fact(
                name,
                `port ${ports.join(", ")}, ${text(spec.type) || "ClusterIP"}: no address outside the cluster`,
            );
        }
        const scheme = text(
            at(inputs, "metadata", "annotations", "service.beta.kubernetes.io/aws-load-balancer-scheme"),
        );
        const sources = texts(spec.loadBalancerSourceRanges);
        const open = scheme !== "internal" || sources.length === 0 || sources.includes("0.0.0.0/0");
        const kind = scheme === "internal" ? "an internal load balancer" : "A PUBLIC LOAD BALANCER";
        return fact(name, `port ${ports.join(", ")} by ${kind}, from ${sources.join(", ") || "EVERYWHERE"}`, open);
    });
    const policies = recorded.of("kubernetes:networking.k8s.io/v1:NetworkPolicy").flatMap(({ name, inputs }) => {
        const spec = object(inputs.spec);
        const [ingress, egress] = [objects(spec.ingress), objects(spec.egress)];
        return [
            ...(ingress.length > 0
                ? ingress.map((rule) => {
                      const from = peers(rule.from);
                      return fact(name, `${ports(rule)} from ${from || "EVERYWHERE"}`, from === "");
                  })
                : [fact(name, "nothing inbound")]),
            ...egress.map((rule) => fact(name, `may connect to ${peers(rule.to) || "anywhere"}, ${ports(rule)}`)),
        ];
    });
    return [...services, ...policies];
}

function ports(rule: Fields): string {
    const all = objects(rule.ports).map(({ protocol, port }) => `${text(protocol).toLowerCase()} ${text(port)}`);
    return all.join(", ") || "all ports";
}

function peers(list: Value | undefined): string {
    return objects(list)
        .map(({ ipBlock, namespaceSelector, podSelector }) => {
            const except = texts(at(ipBlock, "except"));
            const block = `${text(at(ipBlock, "cidr"))}${except.length > 0 ? ` but ${except.join(", ")}` : ""}`;
            const labels = Object.entries(object(at(namespaceSelector ?? podSelector, "matchLabels")));
            const chosen = labels.map(([key, value]) => `${key}=${text(value)}`).join(", ");
            const what = namespaceSelector === undefined ? "pods" : "namespaces";
            return ipBlock === undefined ? `${what} ${chosen || "of any name"}` : block;
        })
        .join(", ");
}

/** What pods may do on their machine, and who may run commands in them. */
export function podFacts(recorded: Recorded): Fact[] {
    const fact = (subject: string, told: string, warning = false): Fact => ({
        topic: "who may do what",
        subject,
        text: told,
        warning,
    });
    const pods = recorded.of("kubernetes:apps/v1:StatefulSet").map(({ name, inputs }) => {
        const pod = object(at(inputs, "spec", "template", "spec"));
        const privileged = objects(pod.containers).some((each) => at(each, "securityContext", "privileged") === true);
        const nobody = pod.hostUsers === false;
        const host = ["hostNetwork", "hostPID", "hostIPC"].filter((key) => pod[key] === true);
        const token = pod.automountServiceAccountToken === false ? "no token of the cluster" : "A TOKEN OF THE CLUSTER";
        const root = privileged
            ? nobody
                ? "privileged in a user namespace"
                : "PRIVILEGED: root on its machine"
            : "not privileged";
        const told = [root, token, ...host].join(", ");
        return fact(name, told, (privileged && !nobody) || token.startsWith("A") || host.length > 0);
    });
    const roles = recorded.of("kubernetes:rbac.authorization.k8s.io/v1:Role").flatMap(({ name, inputs }) =>
        objects(inputs.rules).map(({ verbs, resources, resourceNames }) => {
            const names = texts(resourceNames);
            const wild = names.length === 0 || [verbs, resources].some((each) => texts(each).includes("*"));
            return fact(name, `${text(verbs)} ${text(resources)} → ${names.join(", ") || "ANY"}`, wild);
        }),
    );
    const bindings = recorded.of("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding").map(({ name, inputs }) =>
        fact(
            name,
            `held by ${objects(inputs.subjects)
                .map((who) => text(who.name))
                .join(", ")}`,
        ),
    );
    return [...pods, ...roles, ...bindings];
}
