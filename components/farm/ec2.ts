import type * as pulumi from "@pulumi/pulumi";
import { ec2Size } from "../cost/ec2Size";
import { estimateMonthlyCost } from "../cost/monthlyCost";
import type { FarmEc2 } from "../ec2/arguments";
import { Ec2Builders } from "../ec2/ec2Builders";
import { ec2TlsNodes, nodeSettings } from "../ec2/settings";
import { validateEc2Settings } from "../ec2/validate";
import type { Problems } from "../problems";
import type { Backend } from "./backend";
import { type MadeSettings, farmCertificates, validateMade } from "./made";
import type { Repositories } from "./registry";
import { farmResources } from "./resources";

/** Checks the settings of builders on EC2. */
export function validateFarmEc2(builderName: string, ec2: FarmEc2, args: MadeSettings, problems: Problems): void {
    validateMade(
        "ec2",
        args,
        problems,
        (note) => validateEc2Settings(builderName, { ...ec2, ...farmResources(args) }, note, () => undefined),
        () => ec2TlsNodes(builderName, ec2),
    );
}

/** Builders on EC2 with certificates of their own. */
export function ec2Backend(
    name: string,
    builderName: string,
    ec2: FarmEc2,
    args: MadeSettings,
    { imageRepositoryUrl, cacheRepositoryUrl, created }: Repositories,
    parent: pulumi.Resource,
): Backend {
    const { pullRequestCredentials, ...tls } = farmCertificates(name, ec2TlsNodes(builderName, ec2), args, parent);
    const builders = new Ec2Builders(
        `${name}-ec2`,
        { ...ec2, ...farmResources(args), builderName, tls, imageRepositoryUrl, cacheRepositoryUrl },
        { parent },
    );
    const { nodes, credentialsParameters, recordParameter, kmsKeyArn } = builders;
    return {
        nodes,
        credentials: tls.credentials,
        platforms: nodeSettings(builderName, ec2).flatMap((node) => node.platforms),
        credentialsParameters,
        recordParameter,
        kmsKeyArn,
        pullRequestCredentials,
        monthlyCost: credentialsParameters.apply(({ region }) =>
            estimateMonthlyCost(ec2Size(region, { ...ec2, kmsKeyArn: args.kmsKeyArn }, created)),
        ),
    };
}
