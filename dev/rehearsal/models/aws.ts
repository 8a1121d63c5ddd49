import { isObject, secret, type Properties } from "../properties";
import type { Invoke, Model } from "./index";

/** AWS's own account number for documentation. */
const account = "111122223333";
const region = "eu-central-1";
const registry = `${account}.dkr.ecr.${region}.amazonaws.com`;

export const awsModels: Record<string, Model> = {
    "aws:ecr/repository:Repository": (inputs, urn) => {
        const name = text(inputs, "name") || (urn.split("::").pop() ?? "");
        return {
            id: name,
            name,
            arn: `arn:aws:ecr:${region}:${account}:repository/${name}`,
            registryId: account,
            repositoryUrl: `${registry}/${name}`,
        };
    },
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": (inputs) => ({ id: text(inputs, "repository"), registryId: account }),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": (inputs) => ({ id: text(inputs, "repository"), registryId: account }),
};

export const awsInvokes: Record<string, Invoke> = {
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": () => ({
        id: region,
        userName: "AWS",
        password: secret("modelled-ecr-password"),
        authorizationToken: secret(Buffer.from("AWS:modelled-ecr-password").toString("base64")),
        proxyEndpoint: `https://${registry}`,
        expiresAt: "2099-01-01T00:00:00Z",
    }),
    "aws:index/getCallerIdentity:getCallerIdentity": () => ({
        id: account,
        accountId: account,
        arn: `arn:aws:iam::${account}:user/rehearsal`,
        userId: "AIDAMODELLED",
    }),
    "aws:index/getRegion:getRegion": () => ({
        id: region,
        name: region,
        region,
        endpoint: `ec2.${region}.amazonaws.com`,
        description: "Europe (Frankfurt)",
    }),
    "aws:index/getPartition:getPartition": () => ({
        id: "aws",
        partition: "aws",
        dnsSuffix: "amazonaws.com",
        reverseDnsPrefix: "com.amazonaws",
    }),
};

function text(inputs: Properties, key: string): string {
    const value = inputs[key];
    return typeof value === "string" && !isObject(value) ? value : "";
}
