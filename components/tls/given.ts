import * as ssm from "@pulumi/aws/ssm";
import * as pulumi from "@pulumi/pulumi";
import { propertyError } from "../problems";
import type { BuilderTlsNode, ExistingKeyPair, ExistingTls, TlsKeyPair } from "./arguments";
import { authorityProblems, keyPairProblems } from "./material";
import type { TlsMaterial } from "./made";

/** Reads certificates from SSM parameters and checks that they fit each other before any node gets them. */
export function readTls(nodes: BuilderTlsNode[], existing: ExistingTls, parent: pulumi.Resource): TlsMaterial {
    const read = (arn: pulumi.Input<string>) =>
        pulumi.secret(ssm.getParameterOutput({ name: arn, withDecryption: true }, { parent }).value);
    const readPair = ({ certParameterArn, keyParameterArn }: ExistingKeyPair): pulumi.Output<TlsKeyPair> =>
        pulumi.all([read(certParameterArn), read(keyParameterArn)]).apply(([cert, key]) => ({ cert, key }));
    const authorities = pulumi
        .all([read(existing.serverCaParameterArn), read(existing.clientCaParameterArn)])
        .apply(([server, client]) => {
            refuse("existing", authorityProblems(server, client), parent);
            return { server, client };
        });
    const checked = (
        at: string,
        pair: pulumi.Output<TlsKeyPair>,
        role: "server" | "client",
        name?: pulumi.Input<string>,
    ) =>
        pulumi.all([pair, authorities, name]).apply(([{ cert, key }, cas, serverName]) => {
            refuse(at, keyPairProblems({ cert, key }, { ca: cas[role], role, serverName }, new Date()), parent);
            return { cert, key };
        });
    return {
        // Certificates are public; only their keys are secrets.
        serverCa: pulumi.unsecret(authorities.server),
        clientCa: pulumi.unsecret(authorities.client),
        client: checked("existing.client", readPair(existing.client), "client"),
        nodes: Object.fromEntries(
            nodes.map(({ name, serverName }) => {
                const at = `existing.nodes[${JSON.stringify(name)}]`;
                return [name, checked(at, readPair(existing.nodes[name]!), "server", serverName)];
            }),
        ),
        clients: {},
    };
}

/** Throws errors and logs warnings. */
function refuse(at: string, found: { errors: string[]; warnings: string[] }, parent: pulumi.Resource): void {
    found.warnings.forEach((warning) => void pulumi.log.warn(`\`${at}\`: ${warning}`, parent));
    if (found.errors.length > 0) {
        const reason = found.errors.map((error) => `\`${at}\`: ${error}`).join("\n  - ");
        throw propertyError(at, reason);
    }
}
