import { renderManifests } from "../../../../components/eks/manifests";
import { Skipped } from "../../checks";
import { type Builders, firstPod, set } from "../builders";
import { pauseImage } from "../daemons";
import { inUserNamespaces, namespaceFor, nodeLabels, recordOf, settingsOf, taint, tlsOf } from "../settings";

/** Mode `userns`: root in the pod is nobody on the machine. */
export async function userNamespaces(builders: Builders): Promise<string> {
    const { cluster, client, pki } = builders;
    const unsupported = await tryUserNamespace(builders);
    if (unsupported !== undefined) {
        throw new Skipped(unsupported);
    }
    const namespace = namespaceFor(inUserNamespaces);
    await cluster.apply(renderManifests(settingsOf(inUserNamespaces, tlsOf(pki))));
    await cluster.rollOut(namespace, set);
    const made = await client.build(recordOf(inUserNamespaces), "kept", { id: "userns" });
    const map = await cluster.kubectl([
        "exec",
        `--namespace=${namespace}`,
        firstPod,
        "--",
        "cat",
        "/proc/self/uid_map",
    ]);
    const [inside, outside] = map.trim().split(/\s+/);
    if (inside !== "0" || outside === "0") {
        throw new Error(`root in the pod is root on the machine: ${map}`);
    }
    return `root in the pod is ${outside} on the machine; a build there made ${made}`;
}

/** Why this machine cannot give a pod a user namespace; undefined when it can. */
async function tryUserNamespace({ cluster }: Builders): Promise<string | undefined> {
    const name = "user-namespace";
    const containers = [{ name, image: pauseImage, securityContext: { privileged: true } }];
    const tolerations = [{ key: taint.key, operator: "Exists" }];
    const spec = { hostUsers: false, containers, tolerations, nodeSelector: nodeLabels };
    await cluster.apply([{ apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "default" }, spec }]);
    const { status } = await cluster.tryKubectl(["wait", "--for=condition=Ready", `pod/${name}`, "--timeout=60s"]);
    const selector = `--field-selector=involvedObject.name=${name},type=Warning`;
    const events = await cluster.kubectl(["get", "events", selector, "--output=jsonpath={.items[-1:].message}"]);
    await cluster.kubectl(["delete", "pod", name, "--grace-period=0", "--force"]);
    return status === 0 ? undefined : `a pod with \`hostUsers: false\` does not start here: ${events}`;
}
