import * as aws from "@pulumi/aws";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { EksProvisioning, MultiArchBuilder } from "multiarch-builder";
import { nodePools } from "./karpenter";
import { kubeconfig } from "./kubeconfig";

const config = new pulumi.Config();
const cluster = aws.eks.getClusterOutput({ name: config.require("clusterName") });
const provider = new kubernetes.Provider("cluster", {
    kubeconfig: kubeconfig(cluster),
    // A renewed certificate changes its Secret in place.
    enableConfigMapMutable: true,
    enableSecretMutable: true,
});

// Machines: node groups of the farm, or of a NodePool where the cluster runs Karpenter.
const pool = "builders";
const karpenter = config.getBoolean("karpenter") ?? false;
const builders = karpenter
    ? { nodeSelector: { "karpenter.sh/nodepool": pool }, tolerations: [{ key: pool }] }
    : undefined;
const machines = karpenter
    ? nodePools(pool, cluster.name, config.require("karpenterNodeRole"), { provider })
    : undefined;

const farm = new MultiArchBuilder(
    "ci",
    {
        eks: {
            clusterName: cluster.name,
            provisioning: karpenter ? EksProvisioning.Cluster : EksProvisioning.NodeGroups,
            subnetIds: karpenter ? undefined : config.requireObject<string[]>("subnetIds"),
            nodes: { amd64: { ...builders, replicas: 2 }, arm64: { ...builders, replicas: 2 } },
            // Builds come from runners in these namespaces.
            access: { namespaces: config.requireObject<string[]>("runnerNamespaces") },
        },
        registry: { repositories: ["shop/api"], movingTags: ["latest"] },
        tags: { team: "platform" },
    },
    { providers: { kubernetes: provider }, dependsOn: machines },
);

export const { builder, builderCredentials, recordParameter, repositoryUrls, monthlyCost } = farm;
