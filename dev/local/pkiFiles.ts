import { X509Certificate } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { BuilderCredentials } from "../../components/builder";
import { privateFolder, readIfThere, writePrivate } from "./files";
import { Pki, createPki } from "./pki";

/** A farm's certificates and keys as files. CA keys are not among them. */
export interface PkiFiles {
    serverCaFile: string;
    clientCaFile: string;
    certFile(name: string): string;
    keyFile(name: string): string;
    /** Name that the certificate of a node carries. */
    serverName(name: string): string;
    credentials: BuilderCredentials;
    /** Whether they were made just now. */
    fresh: boolean;
}

const hour = 3600_000;

/** The certificates in a folder; they are made anew when one is missing or about to expire. */
export async function ensurePkiFiles(folder: string, nodes: string[]): Promise<PkiFiles> {
    const names = [...nodes, "registry"];
    const fresh = !isUsable(folder, names);
    if (fresh) {
        rmSync(folder, { recursive: true, force: true });
        writePki(privateFolder(folder), await createPki({ nodes: names.map(serverNames) }));
    }
    const file = (name: string) => join(folder, name);
    return {
        serverCaFile: file("server-ca.pem"),
        clientCaFile: file("client-ca.pem"),
        certFile: (name) => file(`server-${name}.pem`),
        keyFile: (name) => file(`server-${name}-key.pem`),
        serverName,
        credentials: {
            ca: readFileSync(file("server-ca.pem"), "utf8"),
            cert: readFileSync(file("client.pem"), "utf8"),
            key: readFileSync(file("client-key.pem"), "utf8"),
        },
        fresh,
    };
}

function serverName(name: string): string {
    return `${name}.builder.internal`;
}

function serverNames(name: string) {
    return { name, dnsNames: [serverName(name), "localhost"], ipAddresses: ["127.0.0.1"] };
}

/** Writes a PKI, readable for its owner only; the CAs' keys stay in memory. */
export function writePki(folder: string, pki: Pki): void {
    const write = (name: string, text: string) => writePrivate(join(folder, name), text);
    write("server-ca.pem", pki.serverCa.cert);
    write("client-ca.pem", pki.clientCa.cert);
    for (const [name, { cert, key }] of pki.servers) {
        write(`server-${name}.pem`, cert);
        write(`server-${name}-key.pem`, key);
    }
    write("client-key.pem", pki.client.key);
    // The last file: with it, the set is complete.
    write("client.pem", pki.client.cert);
}

function isUsable(folder: string, names: string[]): boolean {
    const certificates = ["client.pem", ...names.map((name) => `server-${name}.pem`)];
    return certificates.every((name) => {
        const text = readIfThere(join(folder, name));
        return text !== undefined && Date.parse(new X509Certificate(text).validTo) > Date.now() + 24 * hour;
    });
}
