import type * as pulumi from "@pulumi/pulumi";
import type { BuilderCredentials, BuilderNode, CredentialsParameters } from "../builder";
import type { MonthlyCost } from "../cost/monthlyCost";

/** What a backend brings to a farm. */
export interface Backend {
    nodes: pulumi.Output<BuilderNode[]>;
    /** The builder's own client credentials, a secret. */
    credentials: pulumi.Output<BuilderCredentials>;
    /** Platforms of the nodes, native ones and emulated ones. */
    platforms: string[];
    /** Names of the parameters with the client credentials. */
    credentialsParameters?: pulumi.Output<CredentialsParameters>;
    /** Name of the parameter with the record. */
    recordParameter?: pulumi.Output<string>;
    /** ARN of the key of parameters and volumes. */
    kmsKeyArn?: pulumi.Output<string>;
    /** Client credentials of pull requests, a secret, where they use the builder. */
    pullRequestCredentials?: pulumi.Output<BuilderCredentials>;
    /** The cluster that the backend runs on. */
    clusterName?: pulumi.Input<string>;
    /** What the backend's machines and disks cost, with the farm's repositories. */
    monthlyCost?: pulumi.Output<MonthlyCost>;
}
