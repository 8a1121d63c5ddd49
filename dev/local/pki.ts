import "reflect-metadata";
import { randomBytes, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

const keyAlgorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const day = 24 * 3600_000;

export interface Validity {
    notBefore: Date;
    notAfter: Date;
}

/** A certificate authority. Its key lives in memory only. */
export interface CertificateAuthority {
    /** PEM text. */
    cert: string;
    certificate: x509.X509Certificate;
    privateKey: webcrypto.CryptoKey;
}

/** A certificate and its key, PEM text. */
export interface KeyPair {
    cert: string;
    key: string;
}

/** Names that a server certificate carries. */
export interface ServerNames {
    name: string;
    dnsNames: string[];
    ipAddresses: string[];
}

export interface PkiOptions {
    nodes: ServerNames[];
    /** Validity of the CAs and server certificates; a year from now by default. */
    validity?: Validity;
    /** Validity of the client certificate; the same by default. */
    clientValidity?: Validity;
}

/** Server CA and client CA are separate: a node's key cannot be used to sign in as a client. */
export interface Pki {
    serverCa: CertificateAuthority;
    clientCa: CertificateAuthority;
    servers: Map<string, KeyPair>;
    client: KeyPair;
}

export async function createPki(options: PkiOptions): Promise<Pki> {
    const validity = options.validity ?? {
        notBefore: new Date(Date.now() - 3600_000),
        notAfter: new Date(Date.now() + 365 * day),
    };
    const serverCa = await createCa("multiarch-builder local server CA", validity);
    const clientCa = await createCa("multiarch-builder local client CA", validity);
    const servers = new Map<string, KeyPair>();
    for (const names of options.nodes) {
        servers.set(names.name, await issueServer(serverCa, names, validity));
    }
    return { serverCa, clientCa, servers, client: await issueClient(clientCa, options.clientValidity ?? validity) };
}

export async function createCa(name: string, validity: Validity): Promise<CertificateAuthority> {
    const keys = await generateKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
        serialNumber: serialNumber(),
        name: `CN=${name}`,
        ...validity,
        keys,
        signingAlgorithm: keyAlgorithm,
        extensions: [
            new x509.BasicConstraintsExtension(true, 0, true),
            new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
            await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        ],
    });
    return { cert: `${certificate.toString("pem")}\n`, certificate, privateKey: keys.privateKey };
}

export function issueServer(ca: CertificateAuthority, names: ServerNames, validity: Validity): Promise<KeyPair> {
    const alternativeNames = [
        ...names.dnsNames.map((value) => ({ type: "dns" as const, value })),
        ...names.ipAddresses.map((value) => ({ type: "ip" as const, value })),
    ];
    return issue(ca, names.name, validity, x509.ExtendedKeyUsage.serverAuth, [
        new x509.SubjectAlternativeNameExtension(alternativeNames),
    ]);
}

export function issueClient(ca: CertificateAuthority, validity: Validity): Promise<KeyPair> {
    return issue(ca, "multiarch-builder local client", validity, x509.ExtendedKeyUsage.clientAuth, []);
}

async function issue(
    ca: CertificateAuthority,
    commonName: string,
    validity: Validity,
    usage: x509.ExtendedKeyUsage,
    extensions: x509.Extension[],
): Promise<KeyPair> {
    const keys = await generateKeys();
    const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: serialNumber(),
        subject: `CN=${commonName}`,
        issuer: ca.certificate.subject,
        ...validity,
        publicKey: keys.publicKey,
        signingKey: ca.privateKey,
        signingAlgorithm: keyAlgorithm,
        extensions: [
            new x509.BasicConstraintsExtension(false, undefined, true),
            new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
            new x509.ExtendedKeyUsageExtension([usage]),
            await x509.AuthorityKeyIdentifierExtension.create(ca.certificate),
            ...extensions,
        ],
    });
    const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
    return { cert: `${certificate.toString("pem")}\n`, key: `${x509.PemConverter.encode(pkcs8, "PRIVATE KEY")}\n` };
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
    return webcrypto.subtle.generateKey(keyAlgorithm, true, ["sign", "verify"]);
}

/** 127 random bits, positive. */
function serialNumber(): string {
    const bytes = randomBytes(16);
    bytes[0] = (bytes[0]! & 0x7f) | 0x40;
    return bytes.toString("hex");
}
