import * as pulumi from "@pulumi/pulumi";
import { propertyError } from "../problems";
import type { TlsKeyPair } from "../tls/arguments";

/** A node's certificate or key, a secret. */
export function certificatePart(
    certificates: pulumi.Input<Record<string, TlsKeyPair>>,
    nodeName: string,
    part: keyof TlsKeyPair,
): pulumi.Output<string> {
    return pulumi.secret(certificates).apply((all) => {
        const own = all[nodeName]?.[part];
        if (!own) {
            throw propertyError(
                "tls.nodeCertificates",
                `\`tls.nodeCertificates\` has no ${part} for ${nodeName}; it has ${Object.keys(all).join(", ")}`,
            );
        }
        return own;
    });
}
