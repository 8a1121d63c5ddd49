import * as pulumi from "@pulumi/pulumi";
import type { Builder } from "../builder";
import type { FarmCi } from "../ci/arguments";
import { CiAccess } from "../ci/ciAccess";
import type { CiAccessFacts } from "../ci/outputs";
import { present } from "../objects";
import type { Backend } from "./backend";
import { type FarmResources, farmResources } from "./resources";

/** The access for CI systems of a farm on AWS: the record's text in any case, and roles for the systems that are given. */
export function farmAccess(
    name: string,
    builderName: string,
    builder: pulumi.Output<Builder>,
    backend: Backend,
    args: FarmResources & { ci?: FarmCi },
    repositoryUrls: pulumi.Output<Record<string, string>>,
    parent: pulumi.Resource,
): pulumi.Output<CiAccessFacts> {
    const { tekton } = args.ci ?? {};
    const access = new CiAccess(
        `${name}-ci`,
        {
            ...args.ci,
            ...(tekton ? { tekton: { ...tekton, clusterName: tekton.clusterName ?? backend.clusterName } } : {}),
            ...farmResources(args),
            builderName,
            builder,
            kmsKeyArn: backend.kmsKeyArn!,
            repositoryUrls: repositoryUrls.apply((urls) => Object.values(urls)),
            pullRequestCredentials: backend.pullRequestCredentials,
        },
        { parent },
    );
    const { roleArns, recordParameter, pullRequestRecordParameter, pullRequestCredentialsParameters } = access;
    return pulumi
        .all([builder, roleArns, recordParameter, pullRequestRecordParameter, pullRequestCredentialsParameters])
        .apply(([{ credentialsParameters }, roles, record, pullRequestRecord, pullRequestCredentials]) =>
            present({
                region: credentialsParameters?.region,
                recordParameter: record,
                pullRequestRecordParameter: pullRequestRecord,
                credentialsParameters,
                pullRequestCredentialsParameters: pullRequestCredentials,
                roleArns: Object.keys(roles).length > 0 ? roles : undefined,
            }),
        );
}
