import * as path from "node:path";
import { privateFolder } from "../../dev/local/files";
import { type Pki, type ServerNames, type Validity, createPki } from "../../dev/local/pki";
import { writePki } from "../../dev/local/pkiFiles";

const hour = 3600_000;

export const expired: Validity = { notBefore: new Date(Date.now() - 48 * hour), notAfter: new Date(Date.now() - hour) };
export const valid: Validity = { notBefore: new Date(Date.now() - hour), notAfter: new Date(Date.now() + 48 * hour) };

/** Gives a farm that is not started yet a PKI whose CA keys the test keeps, so that it can issue what is wrong. */
export async function plantPki(base: string, nodes: string[]): Promise<Pki> {
    const pki = await createPki({ nodes: [...nodes, "registry"].map(namesOf) });
    writePki(privateFolder(path.join(base, "farm", "pki")), pki);
    return pki;
}

/** Names of a node's certificate, as the farm expects them. */
export function namesOf(name: string): ServerNames {
    return { name, dnsNames: [`${name}.builder.internal`], ipAddresses: ["127.0.0.1"] };
}
