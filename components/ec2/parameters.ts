import type * as ssm from "@pulumi/aws/ssm";
import type * as pulumi from "@pulumi/pulumi";
import type { CredentialsParameters } from "../builder";
import { certificatePart } from "../farm/certificates";
import { credentialsParameters, parameter } from "../farm/parameters";
import type { Scope } from "./scope";
import type { NodeSettings } from "./settings";

/** The parameters that a node reads. */
export interface NodeParameterResources {
    serverCert: ssm.Parameter;
    serverKey: ssm.Parameter;
    clientCa: ssm.Parameter;
}

/** The TLS material of every node, and the client's for CI jobs. */
export function tlsParameters(
    scope: Scope,
    keyArn: pulumi.Output<string>,
    nodes: NodeSettings[],
): { ofNode: Map<string, NodeParameterResources>; credentials: pulumi.Output<CredentialsParameters> } {
    const { tls } = scope.args;
    const pair = (node: NodeSettings, part: "cert" | "key") => certificatePart(tls.nodeCertificates, node.name, part);
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
    return { ofNode, credentials: credentialsParameters(scope, keyArn, tls.credentials) };
}
