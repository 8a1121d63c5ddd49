import * as pulumi from "@pulumi/pulumi";
import type { Builder, BuilderNode, CredentialsParameters } from "../builder";
import { present } from "../objects";

/** The record of a builder, from what is known later. */
export function builderRecord(
    name: string,
    known: {
        nodes: pulumi.Input<BuilderNode[]>;
        imageRepositoryUrl?: pulumi.Input<string>;
        cacheRepositoryUrl?: pulumi.Input<string>;
        credentialsParameters?: pulumi.Input<CredentialsParameters>;
    },
): pulumi.Output<Builder> {
    return pulumi
        .all([known.nodes, known.imageRepositoryUrl, known.cacheRepositoryUrl, known.credentialsParameters])
        .apply(([nodes, imageRepositoryUrl, cacheRepositoryUrl, credentialsParameters]) =>
            present<Builder>({
                name,
                nodes,
                imageRepositoryUrl: imageRepositoryUrl || undefined,
                cacheRepositoryUrl: cacheRepositoryUrl || undefined,
                credentialsParameters,
            }),
        );
}
