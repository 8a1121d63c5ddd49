import * as pulumi from "@pulumi/pulumi";
import { Problems } from "../problems";

/** Refuses to go on with whichever cluster kubectl happens to be at: the provider must be given, or configured in the stack. */
export function refuseUnknownCluster(name: string, component: pulumi.Resource): void {
    const config = new pulumi.Config("kubernetes");
    const given = component.getProvider("kubernetes:core/v1:Namespace") !== undefined;
    if (given || config.get("kubeconfig") !== undefined || config.get("context") !== undefined) {
        return;
    }
    const problems = new Problems();
    const remedy =
        "give the component's options `providers: { kubernetes: … }`, or configure `kubernetes:kubeconfig` or `kubernetes:context`";
    problems.add(
        "providers",
        undefined,
        `no Kubernetes provider is given, so builders would go to kubectl's current cluster: ${remedy}`,
    );
    problems.throwIfAny(`the EKS builders "${name}"`);
}
