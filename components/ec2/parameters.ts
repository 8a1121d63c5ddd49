import * as ssm from "@pulumi/aws/ssm";
import * as pulumi from "@pulumi/pulumi";
import type { Builder, CredentialsParameters } from "../builder";
import { propertyError } from "../problems";
import { type Scope, tagsOf } from "./scope";
import type { NodeSettings } from "./settings";

/** The parameters that a node reads. */
export interface NodeParameterResources {
    serverCert: ssm.Parameter;
    serverKey: ssm.Parameter;
    clientCa: ssm.Parameter;
}

/** A standard parameter holds no more; an advanced one costs, and cannot be made a standard one again. */
const limit = 4096;

/** A parameter below the builder's path, encrypted with its key. */
function parameter(
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
            value: fitting(parameterName(scope, at), value),
            tags: tagsOf(scope, `-${at.replaceAll("/", "-")}`),
        },
        { parent: scope.parent },
    );
}

function parameterName({ args, path }: Scope, at: string): string {
    return `${args.parameterPrefix ?? path}/${at}`;
}

function fitting(name: string, value: pulumi.Input<string>): pulumi.Output<string> {
    return pulumi.output(value).apply((text) => {
        const size = Buffer.byteLength(text);
        if (size > limit) {
            throw propertyError(
                "tls",
                `the value of parameter ${name} has ${size} bytes, and a standard parameter takes ${limit}: use ECDSA P-256 keys ` +
                    "and no chains, and keep at most two CA generations",
            );
        }
        return text;
    });
}

/** The TLS material of every node, and the client's for CI jobs. */
export function tlsParameters(
    scope: Scope,
    keyArn: pulumi.Output<string>,
    nodes: NodeSettings[],
): { ofNode: Map<string, NodeParameterResources>; credentials: pulumi.Output<CredentialsParameters> } {
    const { tls } = scope.args;
    const certificates = pulumi.secret(tls.nodeCertificates);
    const client = pulumi.secret(tls.credentials);
    const pair = (node: NodeSettings, part: "cert" | "key") =>
        certificates.apply((all) => {
            const own = all[node.name]?.[part];
            if (!own) {
                throw propertyError(
                    "tls.nodeCertificates",
                    `\`tls.nodeCertificates\` has no ${part} for ${node.name}; it has ${Object.keys(all).join(", ")}`,
                );
            }
            return own;
        });
    const clientCa = parameter(
        scope,
        keyArn,
        "server/client-ca",
        tls.clientCa,
        "CA bundle that nodes trust clients by",
    );
    const ofNode = new Map(
        nodes.map((node): [string, NodeParameterResources] => {
            const at = `server/${node.architecture}`;
            return [
                node.name,
                {
                    serverCert: parameter(
                        scope,
                        keyArn,
                        `${at}/cert`,
                        pair(node, "cert"),
                        `Certificate of ${node.name}`,
                    ),
                    serverKey: parameter(scope, keyArn, `${at}/key`, pair(node, "key"), `Key of ${node.name}`),
                    clientCa,
                },
            ];
        }),
    );
    const [ca, cert, key] = (["ca", "cert", "key"] as const).map((part) =>
        parameter(
            scope,
            keyArn,
            `client/${part}`,
            client.apply((credentials) => credentials[part]),
            `Client credentials of builder ${scope.builderName}: ${part}`,
        ),
    ) as [ssm.Parameter, ssm.Parameter, ssm.Parameter];
    const credentials = pulumi
        .all([scope.region, ca.name, cert.name, key.name])
        .apply(([region, caName, certName, keyName]) => ({ region, ca: caName, cert: certName, key: keyName }));
    return { ofNode, credentials };
}

/** The builder's record for whoever has no access to the stack. No secret, so not encrypted: its readers need no key. */
export function recordParameter(scope: Scope, record: pulumi.Output<Builder>): ssm.Parameter {
    const name = parameterName(scope, "builder");
    return new ssm.Parameter(
        `${scope.name}-parameter-builder`,
        {
            name,
            type: "String",
            tier: "Standard",
            description: `Record of builder ${scope.builderName}`,
            // A plain `value` would be masked as a secret in every preview.
            insecureValue: fitting(name, pulumi.jsonStringify(record)),
            tags: tagsOf(scope, "-builder"),
        },
        { parent: scope.parent },
    );
}
