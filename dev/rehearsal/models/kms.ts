import { account, hexOf, region, text } from "./account";
import type { Model } from "./index";

export const kmsModels: Record<string, Model> = {
    "aws:kms/key:Key": (inputs, urn) => {
        const hex = hexOf(urn, 32);
        const id = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
        return { id, keyId: id, arn: `arn:aws:kms:${region}:${account}:key/${id}`, tagsAll: inputs.tags ?? {} };
    },
    "aws:kms/alias:Alias": (inputs) => {
        const name = text(inputs, "name");
        return { id: name, name, arn: `arn:aws:kms:${region}:${account}:${name}` };
    },
};
