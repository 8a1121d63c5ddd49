import type { Properties } from "../properties";
import { account, text } from "./account";
import type { Invoke, Model } from "./index";

export const iamModels: Record<string, Model> = {
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": (inputs) => ({
        ...provider(text(inputs, "url")),
        thumbprintLists: [],
        tagsAll: inputs.tags ?? {},
    }),
};

export const iamInvokes: Record<string, Invoke> = {
    // Any issuer is answered, as if the account had its provider, with the audiences that CI systems use.
    "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider": (args) => {
        const url = text(args, "url");
        const organization = /^https:\/\/oidc\.circleci\.com\/org\/(.+)$/.exec(url)?.[1];
        return {
            ...provider(url),
            clientIdLists: ["sts.amazonaws.com", url, ...(organization ? [organization] : [])],
            thumbprintLists: [],
            tags: {},
        };
    },
};

function provider(url: string): Properties {
    const arn = `arn:aws:iam::${account}:oidc-provider/${url.replace("https://", "")}`;
    return { id: arn, arn, url };
}
