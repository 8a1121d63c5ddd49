import type { Properties } from "../properties";
import { awsInvokes } from "./aws";
import { ec2Invokes, ec2Models } from "./ec2";
import { ecrInvokes, ecrModels } from "./ecr";
import { eksInvokes, eksModels } from "./eks";
import { iamInvokes, iamModels } from "./iam";
import { k8sModels } from "./k8s";
import { kmsModels } from "./kms";
import { ssmInvokes, ssmModels } from "./ssm";

/** The outputs of a cloud resource beyond its inputs; `id` is its id. Nothing is created. Values may be marked with `secret`. */
export type Model = (inputs: Properties, urn: string) => Properties;

/** The result of a provider function. */
export type Invoke = (args: Properties) => Properties;

/** Type token to model. A type without one is an error. */
export const models: Record<string, Model> = {
    ...ec2Models,
    ...ecrModels,
    ...eksModels,
    ...iamModels,
    ...k8sModels,
    ...kmsModels,
    ...ssmModels,
};

/** Function token to answer. */
export const invokes: Record<string, Invoke> = {
    ...awsInvokes,
    ...ec2Invokes,
    ...ecrInvokes,
    ...eksInvokes,
    ...iamInvokes,
    ...ssmInvokes,
};
