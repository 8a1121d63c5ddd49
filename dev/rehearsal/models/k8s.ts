import type { Properties } from "../properties";
import { hexOf, region } from "./account";
import type { Model } from "./index";

/** An object as the API server knows it: by namespace and name. */
const object: Model = (inputs, urn) => {
    const { name = "", namespace } = (inputs.metadata ?? {}) as Record<string, string | undefined>;
    return {
        id: namespace === undefined ? name : `${namespace}/${name}`,
        metadata: { uid: hexOf(urn, 32), ...(inputs.metadata as object) },
    };
};

const service: Model = (inputs, urn) => {
    const balanced = (inputs.spec as Properties | undefined)?.type === "LoadBalancer";
    const hostname = `k8s-${hexOf(urn, 10)}-${hexOf(`${urn}/`, 16)}.elb.${region}.amazonaws.com`;
    const loadBalancer: Properties = balanced ? { ingress: [{ hostname }] } : {};
    return { ...object(inputs, urn), status: { loadBalancer } };
};

export const k8sModels: Record<string, Model> = {
    "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass": object,
    "kubernetes:karpenter.sh/v1:NodePool": object,
    "kubernetes:apps/v1:StatefulSet": object,
    "kubernetes:core/v1:ConfigMap": object,
    "kubernetes:core/v1:Namespace": object,
    "kubernetes:core/v1:Secret": object,
    "kubernetes:core/v1:Service": service,
    "kubernetes:core/v1:ServiceAccount": object,
    "kubernetes:networking.k8s.io/v1:NetworkPolicy": object,
    "kubernetes:rbac.authorization.k8s.io/v1:Role": object,
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": object,
    // One that exists is read with nothing but its name.
    "kubernetes:storage.k8s.io/v1:StorageClass": (inputs, urn) => ({
        volumeBindingMode: "WaitForFirstConsumer",
        ...object(inputs, urn),
    }),
};
