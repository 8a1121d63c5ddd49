import * as pulumi from "@pulumi/pulumi";
import type { BuilderCredentials } from "../builder";
import { ec2Size } from "../cost/ec2Size";
import { estimateMonthlyCost } from "../cost/monthlyCost";
import type { FarmEc2 } from "../ec2/arguments";
import { Ec2Builders } from "../ec2/ec2Builders";
import { ec2TlsNodes, nodeSettings } from "../ec2/settings";
import { validateEc2Settings } from "../ec2/validate";
import type { Problems } from "../problems";
import type { FarmTls } from "../tls/arguments";
import { BuilderTls } from "../tls/builderTls";
import { validateTls } from "../tls/validate";
import type { Backend } from "./backend";
import type { Repositories } from "./registry";
import { type FarmResources, farmResources } from "./resources";

/** Checks the settings of builders on EC2 and of their certificates. */
export function validateFarmEc2(
    builderName: string,
    ec2: FarmEc2,
    args: FarmResources & { tls?: FarmTls },
    problems: Problems,
): void {
    const shared = farmResources(args);
    const before = problems.count;
    const inEc2 = problems.under("ec2");
    validateEc2Settings(
        builderName,
        { ...ec2, ...shared },
        (path, value, reason) => {
            // The builder's own name has been checked with the farm's.
            if (path !== "name") {
                (path.split(/[.[]/)[0]! in shared ? problems : inEc2).add(path, value, reason);
            }
        },
        () => undefined,
    );
    if (problems.count === before) {
        validateTls({ ...args.tls, nodes: ec2TlsNodes(builderName, ec2) }, problems.under("tls"));
    }
}

/** Builders on EC2 with certificates of their own. */
export function ec2Backend(
    name: string,
    builderName: string,
    ec2: FarmEc2,
    args: FarmResources & { tls?: FarmTls },
    { imageRepositoryUrl, cacheRepositoryUrl, created }: Repositories,
    parent: pulumi.Resource,
): Backend {
    const certificates = new BuilderTls(
        `${name}-tls`,
        { ...args.tls, nodes: ec2TlsNodes(builderName, ec2) },
        { parent },
    );
    const credentials = pulumi.secret(
        pulumi
            .all([certificates.serverCa, certificates.clientCert, certificates.clientKey])
            .apply(([ca, cert, key]): BuilderCredentials => ({ ca, cert, key })),
    );
    const builders = new Ec2Builders(
        `${name}-ec2`,
        {
            ...ec2,
            ...farmResources(args),
            builderName,
            tls: { clientCa: certificates.clientCa, nodeCertificates: certificates.nodeCertificates, credentials },
            imageRepositoryUrl,
            cacheRepositoryUrl,
        },
        { parent },
    );
    const registry = { created: created !== undefined, createKmsKey: created?.createKmsKey };
    return {
        nodes: builders.nodes,
        credentials,
        platforms: nodeSettings(builderName, ec2).flatMap((node) => node.platforms),
        credentialsParameters: builders.credentialsParameters,
        recordParameter: builders.recordParameter,
        monthlyCost: builders.credentialsParameters.apply(({ region }) =>
            estimateMonthlyCost(ec2Size(region, { ...ec2, kmsKeyArn: args.kmsKeyArn }, registry)),
        ),
    };
}
