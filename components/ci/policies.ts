import { regionalService } from "../arns";
import type { Builder, CredentialsParameters } from "../builder";
import { type Statement, clientStatements } from "../ec2/policies";
import { repositoryArn } from "../registry/names";
import { pullActions, pushActions } from "../registry/policy";

/** What of a farm a role is for. */
export interface CiFarm {
    partition: string;
    region: string;
    accountId: string;
    keyArn: string;
    /** The record; its nodes are the ones to wake and to reach. */
    builder: Builder;
    /** Names of the parameters with the record. */
    recordParameters: string[];
    /** Further repositories for images, by URL. */
    repositoryUrls: string[];
}

/** What a job on a protected ref may do: build with the builder, push images, read and write the cache. */
export function pushStatements(farm: CiFarm): Statement[] {
    return [
        ...repositoryStatements(farm, "PushImages", pushActions),
        ...recordStatements(farm),
        ...builderStatements(farm, farm.builder.credentialsParameters),
    ];
}

/** What a pull request's job may do: read images and the cache and, with credentials, build with the builder. */
export function pullRequestStatements(farm: CiFarm, credentials: CredentialsParameters | undefined): Statement[] {
    return [
        ...repositoryStatements(farm, "PullImages", pullActions),
        ...recordStatements(farm),
        ...(credentials ? builderStatements(farm, credentials) : []),
    ];
}

/** Repositories outside ECR are logged in to in another way. */
function repositoryStatements({ builder, repositoryUrls }: CiFarm, sid: string, actions: string[]): Statement[] {
    const urls = [builder.imageRepositoryUrl, ...repositoryUrls, builder.cacheRepositoryUrl];
    const arns = [...new Set(urls.flatMap((url) => repositoryArn(url ?? "") ?? []))];
    return arns.length === 0
        ? []
        : [
              // The login; the call takes no resource.
              { Sid: "RegistryLogin", Effect: "Allow", Action: "ecr:GetAuthorizationToken", Resource: "*" },
              { Sid: sid, Effect: "Allow", Action: actions, Resource: arns },
          ];
}

function recordStatements(farm: CiFarm): Statement[] {
    const Resource = farm.recordParameters.map((name) => parameterArn(farm, farm.region, name));
    return [{ Sid: "ReadRecord", Effect: "Allow", Action: ["ssm:GetParameter", "ssm:GetParameters"], Resource }];
}

/** Client certificate, waking, port forwarding: as far as the record's nodes need them. */
function builderStatements(farm: CiFarm, credentials: CredentialsParameters | undefined): Statement[] {
    const { partition, region, accountId, keyArn, builder } = farm;
    const asleep = builder.nodes.flatMap(({ wake }) => wake ?? []);
    const tunnelled = builder.nodes.flatMap(({ access }) => (access?.kind === "ssm" ? access : []));
    const instances = [...asleep, ...tunnelled].map(
        (node) => `arn:${partition}:ec2:${node.region}:${accountId}:instance/${node.instanceId}`,
    );
    const client = { partition, region, accountId, keyArn, instanceArns: [...new Set(instances)] };
    return [
        ...(credentials ? credentialsStatements(farm, credentials) : []),
        ...clientStatements({ ...client, wake: asleep.length > 0, ssm: tunnelled.length > 0 }),
    ];
}

function credentialsStatements(farm: CiFarm, { region, ca, cert, key }: CredentialsParameters): Statement[] {
    const parameters = [ca, cert, key].map((name) => parameterArn(farm, region, name));
    return [
        {
            Sid: "OwnCredentials",
            Effect: "Allow",
            Action: ["ssm:GetParameter", "ssm:GetParameters"],
            Resource: parameters,
        },
        {
            // The decryption within that call, and for these parameters only.
            Sid: "DecryptOwnCredentials",
            Effect: "Allow",
            Action: "kms:Decrypt",
            Resource: farm.keyArn,
            Condition: {
                StringEquals: {
                    "kms:ViaService": regionalService("ssm", farm.partition, region),
                    "kms:EncryptionContext:PARAMETER_ARN": parameters,
                },
            },
        },
    ];
}

function parameterArn({ partition, accountId }: CiFarm, region: string, name: string): string {
    return `arn:${partition}:ssm:${region}:${accountId}:parameter${name}`;
}
