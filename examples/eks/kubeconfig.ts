import type * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/** A kubeconfig that signs in as whoever runs the update, by the AWS CLI. */
export function kubeconfig(cluster: pulumi.Output<aws.eks.GetClusterResult>): pulumi.Output<string> {
    const name = cluster.name;
    return pulumi.jsonStringify({
        apiVersion: "v1",
        kind: "Config",
        clusters: [
            {
                name,
                cluster: {
                    server: cluster.endpoint,
                    "certificate-authority-data": cluster.certificateAuthorities.apply((all) => all[0]?.data),
                },
            },
        ],
        users: [
            {
                name,
                user: {
                    exec: {
                        apiVersion: "client.authentication.k8s.io/v1beta1",
                        command: "aws",
                        args: ["eks", "get-token", "--cluster-name", name],
                        interactiveMode: "Never",
                    },
                },
            },
        ],
        contexts: [{ name, context: { cluster: name, user: name } }],
        "current-context": name,
    });
}
