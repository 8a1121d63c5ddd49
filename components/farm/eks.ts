import type * as pulumi from "@pulumi/pulumi";
import { builderNameProblem } from "../buildx/entries";
import { eksSize } from "../cost/eksSize";
import { estimateMonthlyCost } from "../cost/monthlyCost";
import type { FarmEks } from "../eks/arguments";
import { EksBuilders } from "../eks/eksBuilders";
import { eksPlatforms, eksTlsNodes } from "../eks/settings";
import { eksNameProblem, validateEksSettings } from "../eks/validate";
import type { Problems } from "../problems";
import type { Backend } from "./backend";
import { type MadeSettings, farmCertificates, validateMade } from "./made";
import type { Repositories } from "./registry";
import { farmResources } from "./resources";

/** Checks the settings of builders on EKS. */
export function validateFarmEks(builderName: string, eks: FarmEks, args: MadeSettings, problems: Problems): void {
    const reason = builderNameProblem(builderName) === undefined ? eksNameProblem(builderName) : undefined;
    if (reason) {
        problems.add("builderName", builderName, `a builder's name ${reason}`);
    }
    validateMade(
        "eks",
        args,
        problems,
        (note) => validateEksSettings(builderName, { ...eks, ...farmResources(args) }, note, () => undefined),
        () => eksTlsNodes(builderName, eks),
    );
}

/** Builders on EKS with certificates of their own. */
export function eksBackend(
    name: string,
    builderName: string,
    eks: FarmEks,
    args: MadeSettings,
    { imageRepositoryUrl, cacheRepositoryUrl, created }: Repositories,
    parent: pulumi.Resource,
): Backend {
    const { pullRequestCredentials, ...tls } = farmCertificates(name, eksTlsNodes(builderName, eks), args, parent);
    const builders = new EksBuilders(
        `${name}-eks`,
        { ...eks, ...farmResources(args), builderName, tls, imageRepositoryUrl, cacheRepositoryUrl },
        { parent },
    );
    const { nodes, credentialsParameters, recordParameter, kmsKeyArn } = builders;
    return {
        nodes,
        credentials: tls.credentials,
        platforms: eksPlatforms(builderName, eks),
        credentialsParameters,
        recordParameter,
        kmsKeyArn,
        pullRequestCredentials,
        clusterName: eks.clusterName,
        monthlyCost: credentialsParameters.apply(({ region }) =>
            estimateMonthlyCost(eksSize(region, builderName, { ...eks, kmsKeyArn: args.kmsKeyArn }, created)),
        ),
    };
}
