import { X509Certificate, createPrivateKey } from "node:crypto";
import type { BuilderCredentials } from "../builder";

/**
 * What keeps credentials from being used, part by part; empty when nothing does. Never quotes the material. Without `now`
 * the certificate's dates are not looked at: a program that changes nothing may run with an expired one.
 */
export function credentialsProblems(credentials: Partial<BuilderCredentials>, now?: Date): string[] {
    // A secret configuration may hold anything, null too.
    const given = (credentials as Partial<BuilderCredentials> | null) ?? {};
    const missing = (["ca", "cert", "key"] as const).filter((part) => !given[part]);
    if (missing.length > 0) {
        return [`\`credentials\` needs ca, cert and key as PEM text; missing: ${missing.join(", ")}`];
    }
    const { ca, cert, key } = given as BuilderCredentials;
    const problems: string[] = [];
    if (!certificate(ca)) {
        problems.push("`credentials.ca` is not a certificate in PEM text");
    }
    const client = certificate(cert);
    if (!client) {
        problems.push("`credentials.cert` is not a certificate in PEM text");
    } else if (now && new Date(client.validTo) <= now) {
        problems.push(`\`credentials.cert\` expired on ${client.validTo}: issue a new client certificate`);
    } else if (now && new Date(client.validFrom) > now) {
        problems.push(`\`credentials.cert\` is valid only from ${client.validFrom}: check this machine's clock`);
    }
    const privateKey = readKey(key);
    if (!privateKey) {
        problems.push("`credentials.key` is not an unencrypted private key in PEM text");
    } else if (client && !client.checkPrivateKey(privateKey)) {
        problems.push("`credentials.key` does not belong to `credentials.cert`");
    }
    return problems;
}

function certificate(text: string): X509Certificate | undefined {
    try {
        return new X509Certificate(text);
    } catch {
        return undefined;
    }
}

function readKey(text: string): ReturnType<typeof createPrivateKey> | undefined {
    try {
        return createPrivateKey(text);
    } catch {
        return undefined;
    }
}
