import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/**
 * A Karpenter NodePool for the builders of both architectures: on spot first and, unlike a managed node group, on demand where
 * there is none. https://karpenter.sh/docs/concepts/nodepools/
 */
export function nodePools(
    name: string,
    clusterName: pulumi.Input<string>,
    role: string,
    opts: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
    const discovery = [{ tags: { "karpenter.sh/discovery": clusterName } }];
    const nodeClass = new kubernetes.apiextensions.CustomResource(
        `${name}-class`,
        {
            apiVersion: "karpenter.k8s.aws/v1",
            kind: "EC2NodeClass",
            metadata: { name },
            spec: {
                // Pin it once it works: `al2023@v20261101`, for example.
                amiSelectorTerms: [{ alias: "al2023@latest" }],
                role,
                subnetSelectorTerms: discovery,
                securityGroupSelectorTerms: discovery,
                // One hop: an answer does not reach a pod.
                metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 },
                blockDeviceMappings: [
                    { deviceName: "/dev/xvda", ebs: { volumeType: "gp3", volumeSize: "50Gi", encrypted: true } },
                ],
            },
        },
        opts,
    );
    const nodePool = new kubernetes.apiextensions.CustomResource(
        `${name}-pool`,
        {
            apiVersion: "karpenter.sh/v1",
            kind: "NodePool",
            metadata: { name },
            spec: {
                template: {
                    spec: {
                        nodeClassRef: { group: "karpenter.k8s.aws", kind: "EC2NodeClass", name },
                        requirements: [
                            { key: "kubernetes.io/arch", operator: "In", values: ["amd64", "arm64"] },
                            { key: "karpenter.sh/capacity-type", operator: "In", values: ["spot", "on-demand"] },
                            {
                                key: "karpenter.k8s.aws/instance-family",
                                operator: "In",
                                values: ["c7i", "c7a", "c7g", "c8g"],
                            },
                            { key: "karpenter.k8s.aws/instance-cpu", operator: "In", values: ["4"] },
                        ],
                        taints: [{ key: name, effect: "NoSchedule" }],
                        expireAfter: "720h",
                        // Longer than a builder takes to end its builds.
                        terminationGracePeriod: "30m",
                    },
                },
                disruption: { consolidationPolicy: "WhenEmpty", consolidateAfter: "10m" },
                limits: { cpu: "16" },
            },
        },
        opts,
    );
    return [nodeClass, nodePool];
}
