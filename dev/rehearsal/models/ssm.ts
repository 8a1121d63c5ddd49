import { account, hexOf, region, text } from "./account";
import type { Invoke, Model } from "./index";

const publicImage = /^\/aws\/service\/ami-/;

export const ssmModels: Record<string, Model> = {
    "aws:ssm/parameter:Parameter": (inputs, urn) => {
        const name = text(inputs, "name") || (urn.split("::").pop() ?? "");
        return {
            id: name,
            name,
            arn: `arn:aws:ssm:${region}:${account}:parameter${name.startsWith("/") ? "" : "/"}${name}`,
            version: 1,
            tagsAll: inputs.tags ?? {},
        };
    },
};

export const ssmInvokes: Record<string, Invoke> = {
    "aws:ssm/getParameter:getParameter": (args) => {
        const name = text(args, "name");
        if (!publicImage.test(name)) {
            throw new Error(
                `the value of the SSM parameter ${JSON.stringify(name)} is in no model: only the images of AWS (/aws/service/ami-…) are`,
            );
        }
        const value = `ami-0${hexOf(name, 16)}`;
        return {
            id: name,
            name,
            arn: `arn:aws:ssm:${region}::parameter${name}`,
            type: "String",
            value,
            insecureValue: value,
            version: 1,
        };
    },
};
