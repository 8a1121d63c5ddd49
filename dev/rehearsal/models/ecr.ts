import { secret, type Properties } from "../properties";
import { account, region, text } from "./account";
import type { Invoke, Model } from "./index";

export const ecrModels: Record<string, Model> = {
    "aws:ecr/repository:Repository": (inputs, urn) => {
        const name = text(inputs, "name") || (urn.split("::").pop() ?? "");
        return { id: name, name, ...repository(name, account), region, tagsAll: inputs.tags ?? {} };
    },
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": (inputs) => ({ id: text(inputs, "repository"), registryId: account }),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": (inputs) => ({ id: text(inputs, "repository"), registryId: account }),
};

export const ecrInvokes: Record<string, Invoke> = {
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": (args) => ({
        id: region,
        userName: "AWS",
        password: secret("modelled-ecr-password"),
        authorizationToken: secret(Buffer.from("AWS:modelled-ecr-password").toString("base64")),
        proxyEndpoint: `https://${registry(text(args, "registryId") || account)}`,
        expiresAt: "2099-01-01T00:00:00Z",
    }),
    // Any name is answered, as if the repository existed.
    "aws:ecr/getRepository:getRepository": (args) => {
        const name = text(args, "name");
        return { id: name, name, ...repository(name, text(args, "registryId") || account), tags: {} };
    },
};

function repository(name: string, owner: string): Properties {
    return {
        arn: `arn:aws:ecr:${region}:${owner}:repository/${name}`,
        registryId: owner,
        repositoryUrl: `${registry(owner)}/${name}`,
    };
}

function registry(owner: string): string {
    return `${owner}.dkr.ecr.${region}.amazonaws.com`;
}
