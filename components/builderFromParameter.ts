import { getParameterOutput } from "@pulumi/aws/ssm/getParameter";
import * as pulumi from "@pulumi/pulumi";
import type { Builder, BuilderCredentials, CredentialsParameters } from "./builder";
import { isObject } from "./objects";
import { propertyError } from "./problems";

/** What an image needs of a builder. */
export interface BuilderAccess {
    /** The builder's record. */
    builder: pulumi.Output<Builder>;
    /** The builder's client credentials, a secret. */
    credentials: pulumi.Output<BuilderCredentials>;
}

/**
 * A builder as its farm wrote it into SSM parameters, for a stack that may read those and not the farm's own stack.
 *
 *     const web = new MultiArchImage("web", {
 *         ...builderFromParameter("/multiarch-builder/infra/prod/ci/builder"),
 *         context: "./web",
 *         tags: ["2.0.0"],
 *     });
 *
 * The name is the farm's output `recordParameter`. Record and credentials are read by the default AWS provider or that of
 * the options, which must be of the farm's account and region.
 */
export function builderFromParameter(
    recordParameter: pulumi.Input<string>,
    opts?: pulumi.InvokeOptions,
): BuilderAccess {
    const read = (name: pulumi.Input<string>) => getParameterOutput({ name, withDecryption: true }, opts);
    // What is read may count as a secret as a whole; a record is none.
    const text = pulumi.unsecret(read(recordParameter).insecureValue);
    const record = pulumi
        .all([recordParameter, text])
        .apply(([name, json]) => ({ name, builder: recordOf(name, json) }));
    const credentials = record.apply(({ name, builder }) => {
        const { ca, cert, key } = credentialsOf(name, builder);
        return { ca: read(ca).value, cert: read(cert).value, key: read(key).value };
    });
    return { builder: record.builder, credentials: pulumi.secret(credentials) };
}

/** The record that a parameter's text is. */
export function recordOf(name: string, text: string): Builder {
    try {
        const record = JSON.parse(text) as unknown;
        if (isObject(record)) {
            return record as unknown as Builder;
        }
    } catch {
        // Told below, without the text: it may be anything.
    }
    const remedy = "give the output `recordParameter` of the stack that owns the farm";
    throw propertyError("builder", `\`builder\`: the parameter ${name} holds no builder's record; ${remedy}`);
}

/** The parameters that a record names for its credentials. */
export function credentialsOf(name: string, { credentialsParameters: parameters }: Builder): CredentialsParameters {
    if (!parameters) {
        const reason = `the record in ${name} names no parameters with credentials`;
        throw propertyError("credentials", `\`credentials\`: ${reason}: take \`builderCredentials\` of its stack`);
    }
    return parameters;
}
