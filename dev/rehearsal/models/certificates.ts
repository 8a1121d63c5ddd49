import "reflect-metadata";
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** What a certificate or a request is to say. */
export interface CertificateWish {
    commonName: string;
    dnsNames: string[];
    ipAddresses: string[];
    allowedUses: string[];
    isCa: boolean;
    /** Negative for no limit. */
    maxPathLength: number;
    subjectKeyId: boolean;
    notBefore: Date;
    notAfter: Date;
}

/** A new P-256 key as the provider writes it: SEC 1 and PKCS #8. */
export function newKey(): { sec1: string; pkcs8: string; public: string } {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    return {
        sec1: privateKey.export({ type: "sec1", format: "pem" }) as string,
        pkcs8: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
        public: publicKey.export({ type: "spki", format: "pem" }) as string,
    };
}

/** A certificate that signs itself, PEM text. */
export async function selfSigned(keyPem: string, wish: CertificateWish): Promise<string> {
    const keys = await importKeys(keyPem);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
        serialNumber: serialNumber(),
        name: distinguishedName(wish.commonName),
        notBefore: wish.notBefore,
        notAfter: wish.notAfter,
        keys,
        signingAlgorithm: algorithm,
        extensions: await extensions(wish, keys.publicKey),
    });
    return `${certificate.toString("pem")}\n`;
}

/** A certificate request, PEM text. */
export async function request(
    keyPem: string,
    wish: Pick<CertificateWish, "commonName" | "dnsNames" | "ipAddresses">,
): Promise<string> {
    const names = alternativeNames(wish);
    const made = await x509.Pkcs10CertificateRequestGenerator.create({
        name: distinguishedName(wish.commonName),
        keys: await importKeys(keyPem),
        signingAlgorithm: algorithm,
        extensions: names,
    });
    return `${made.toString("pem")}\n`;
}

/** A certificate for a request, signed by a CA, PEM text. Subject and alternative names are the request's. */
export async function signed(
    requestPem: string,
    ca: { certPem: string; keyPem: string },
    wish: Omit<CertificateWish, "commonName" | "dnsNames" | "ipAddresses">,
): Promise<string> {
    const asked = new x509.Pkcs10CertificateRequest(requestPem);
    if (!(await asked.verify())) {
        throw new Error("the signature of the certificate request is not that of its key");
    }
    const authority = new x509.X509Certificate(ca.certPem);
    const caKeys = await importKeys(ca.keyPem);
    const names = asked.getExtension("2.5.29.17");
    const publicKey = await webcrypto.subtle.importKey("spki", asked.publicKey.rawData, algorithm, true, ["verify"]);
    const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: serialNumber(),
        subject: asked.subject,
        issuer: authority.subject,
        notBefore: wish.notBefore,
        notAfter: wish.notAfter,
        publicKey,
        signingKey: caKeys.privateKey,
        signingAlgorithm: algorithm,
        extensions: [
            ...(await extensions({ ...wish, dnsNames: [], ipAddresses: [] }, publicKey)),
            await x509.AuthorityKeyIdentifierExtension.create(authority),
            ...(names ? [names] : []),
        ],
    });
    return `${certificate.toString("pem")}\n`;
}

async function extensions(
    wish: Omit<CertificateWish, "commonName">,
    publicKey: webcrypto.CryptoKey,
): Promise<x509.Extension[]> {
    const flags: Record<string, x509.KeyUsageFlags> = {
        cert_signing: x509.KeyUsageFlags.keyCertSign,
        crl_signing: x509.KeyUsageFlags.cRLSign,
        digital_signature: x509.KeyUsageFlags.digitalSignature,
    };
    const extended: Record<string, x509.ExtendedKeyUsage> = {
        server_auth: x509.ExtendedKeyUsage.serverAuth,
        client_auth: x509.ExtendedKeyUsage.clientAuth,
    };
    const unknown = wish.allowedUses.filter((use) => !(use in flags) && !(use in extended));
    if (unknown.length > 0) {
        throw new Error(`allowedUses ${unknown.join(", ")}: the rehearsal makes certificates without them`);
    }
    const usage = wish.allowedUses.reduce((sum, use) => sum | (flags[use] ?? 0), 0);
    const extendedUsage = wish.allowedUses.flatMap((use) => extended[use] ?? []);
    return [
        new x509.BasicConstraintsExtension(
            wish.isCa,
            wish.isCa && wish.maxPathLength >= 0 ? wish.maxPathLength : undefined,
            true,
        ),
        ...(usage ? [new x509.KeyUsagesExtension(usage, true)] : []),
        ...(extendedUsage.length > 0 ? [new x509.ExtendedKeyUsageExtension(extendedUsage)] : []),
        ...(wish.subjectKeyId ? [await x509.SubjectKeyIdentifierExtension.create(publicKey)] : []),
        ...alternativeNames(wish),
    ];
}

function alternativeNames({ dnsNames, ipAddresses }: { dnsNames: string[]; ipAddresses: string[] }): x509.Extension[] {
    const names = [
        ...dnsNames.map((value) => ({ type: "dns" as const, value })),
        ...ipAddresses.map((value) => ({ type: "ip" as const, value })),
    ];
    return names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : [];
}

function distinguishedName(commonName: string): x509.JsonName {
    return commonName === "" ? [] : [{ CN: [commonName] }];
}

async function importKeys(pem: string): Promise<webcrypto.CryptoKeyPair> {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyDetails?.namedCurve !== "prime256v1") {
        throw new Error("the rehearsal signs with ECDSA P-256 keys only");
    }
    const spki = createPublicKey(key).export({ type: "spki", format: "der" });
    return {
        privateKey: await webcrypto.subtle.importKey(
            "pkcs8",
            key.export({ type: "pkcs8", format: "der" }),
            algorithm,
            true,
            ["sign"],
        ),
        publicKey: await webcrypto.subtle.importKey("spki", spki, algorithm, true, ["verify"]),
    };
}

/** 127 random bits, positive. */
function serialNumber(): string {
    const bytes = randomBytes(16);
    bytes[0] = (bytes[0]! & 0x7f) | 0x40;
    return bytes.toString("hex");
}
