import { judgedOf, listOf, manifests, resourcesIn } from "../../dev/audit/manifests";
import type { KubernetesObject } from "../../components/eks/objects";

test("every combination of security mode and exposure is judged, each apart from the others", () => {
    const rendered = manifests();
    expect([...rendered.keys()]).toEqual([
        ...["privileged-cluster", "privileged-internal-nlb", "privileged-kube-pod"],
        ...["userns-cluster", "userns-internal-nlb", "userns-kube-pod"],
    ]);
    const addresses = [...rendered.values()].flatMap((objects) => judgedOf(objects).map(({ address }) => address));
    expect(new Set(addresses).size).toBe(addresses.length);
    for (const [name, objects] of rendered) {
        const kinds = objects.map(({ kind }) => kind);
        const balancers = objects.filter(
            ({ spec }) => (spec as { type?: string } | undefined)?.type === "LoadBalancer",
        );
        expect(kinds.filter((kind) => kind === "StatefulSet")).toHaveLength(2);
        expect(balancers).toHaveLength(name.endsWith("-internal-nlb") ? 2 : 0);
        expect(kinds.includes("RoleBinding")).toBe(name.endsWith("-kube-pod"));
        expect(JSON.stringify(listOf(objects)).includes('"hostUsers":false')).toBe(name.startsWith("userns-"));
    }
});

test("objects are known by Checkov's address and by the paths of their values", () => {
    const object = (kind: string, name: string, rest: object): KubernetesObject => ({
        ...{ apiVersion: "v1", kind, metadata: { name, namespace: "builders" }, ...rest },
    });
    const set = object("StatefulSet", "ci", { spec: { template: { spec: { containers: [{ name: "a" }] } } } });
    const [judged] = judgedOf([set]);
    expect(judged).toEqual({
        address: "StatefulSet.builders.ci",
        type: "StatefulSet",
        values: {
            apiVersion: "v1",
            kind: "StatefulSet",
            "metadata.name": "ci",
            "metadata.namespace": "builders",
            "spec.template.spec.containers.0.name": "a",
        },
    });
    // A pod is a resource of its own.
    expect(resourcesIn([set, object("Secret", "ci", {}), object("Service", "ci", { spec: {} })])).toBe(4);
});
