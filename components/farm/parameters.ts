import * as ssm from "@pulumi/aws/ssm";
import * as pulumi from "@pulumi/pulumi";
import type { Builder, BuilderCredentials, CredentialsParameters } from "../builder";
import { propertyError } from "../problems";
import { type Scope, tagsOf } from "./scope";

/** A standard parameter holds no more; an advanced one costs, and cannot be made a standard one again. */
export const limit = 4096;

/** A parameter below the builder's path, encrypted with its key. */
export function parameter(
    scope: Scope,
    keyArn: pulumi.Output<string>,
    at: string,
    value: pulumi.Input<string>,
    description: string,
): ssm.Parameter {
    return new ssm.Parameter(
        `${scope.name}-parameter-${at.replaceAll("/", "-")}`,
        {
            name: parameterName(scope, at),
            type: "SecureString",
            keyId: keyArn,
            tier: "Standard",
            description,
            value: fitting(parameterName(scope, at), value, "tls"),
            tags: tagsOf(scope, `-${at.replaceAll("/", "-")}`),
        },
        { parent: scope.parent },
    );
}

/** The name of a parameter below the builder's path. */
export function parameterName({ args, path }: Scope, at: string): string {
    return `${args.parameterPrefix ?? path}/${at}`;
}

/** What a value that does not fit is told, by the argument that it comes from. */
const remedies = {
    tls: "use ECDSA P-256 keys and no chains, and keep at most two CA generations",
    nodes: "give the builder fewer replicas or shorter names",
};

function fitting(name: string, value: pulumi.Input<string>, from: keyof typeof remedies): pulumi.Output<string> {
    return pulumi.output(value).apply((text) => {
        const size = Buffer.byteLength(text);
        if (size > limit) {
            const reason = `the value of parameter ${name} has ${size} bytes, and a standard parameter takes ${limit}`;
            throw propertyError(from, `${reason}: ${remedies[from]}`);
        }
        return text;
    });
}

/** A client's credentials for CI jobs, a parameter for each part. */
export function credentialsParameters(
    scope: Scope,
    keyArn: pulumi.Output<string>,
    credentials: pulumi.Input<BuilderCredentials>,
    folder = "client",
): pulumi.Output<CredentialsParameters> {
    const client = pulumi.secret(credentials);
    const [ca, cert, key] = (["ca", "cert", "key"] as const).map((part) =>
        parameter(
            scope,
            keyArn,
            `${folder}/${part}`,
            client.apply((all) => all[part]),
            `Client credentials of builder ${scope.builderName}: ${part}`,
        ),
    ) as [ssm.Parameter, ssm.Parameter, ssm.Parameter];
    return pulumi
        .all([scope.region, ca.name, cert.name, key.name])
        .apply(([region, caName, certName, keyName]) => ({ region, ca: caName, cert: certName, key: keyName }));
}

/** The builder's record for whoever has no access to the stack, as JSON. */
export function recordParameter(scope: Scope, record: pulumi.Output<Builder>): ssm.Parameter {
    return plainParameter(scope, "builder", pulumi.jsonStringify(record), `Record of builder ${scope.builderName}`);
}

/** What of the record everybody may read. No secret, so not encrypted: its readers need no key. */
export function plainParameter(
    scope: Scope,
    at: string,
    value: pulumi.Output<string>,
    description: string,
): ssm.Parameter {
    const name = parameterName(scope, at);
    return new ssm.Parameter(
        `${scope.name}-parameter-${at}`,
        {
            name,
            type: "String",
            tier: "Standard",
            description,
            // A plain `value` would be masked as a secret in every preview.
            insecureValue: fitting(name, value, "nodes"),
            tags: tagsOf(scope, `-${at}`),
        },
        { parent: scope.parent },
    );
}
