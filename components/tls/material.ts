import { type KeyObject, X509Certificate, createPrivateKey } from "node:crypto";
import { isIP } from "node:net";

/** What was found wrong; neither ever quotes the material. */
export interface MaterialProblems {
    errors: string[];
    warnings: string[];
}

const usages = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" };
const day = 24 * 3600_000;
/** A standard SSM parameter, from which a node reads it, holds no more. */
const maxParameterBytes = 4096;

/** The certificates of a PEM bundle; undefined when one cannot be read or there is none. */
export function parseBundle(text: string): X509Certificate[] | undefined {
    const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    try {
        return blocks.length > 0 ? blocks.map((block) => new X509Certificate(block)) : undefined;
    } catch {
        return undefined;
    }
}

/** What keeps two CA bundles from being used together. */
export function authorityProblems(serverCa: string, clientCa: string): MaterialProblems {
    const errors: string[] = [];
    const read = (what: string, text: string) => {
        const certificates = parseBundle(text);
        if (!certificates) {
            errors.push(`the ${what} CA is not a certificate in PEM text`);
        } else if (!certificates.every((certificate) => certificate.ca)) {
            errors.push(`the ${what} CA is no CA certificate (basic constraint \`CA:TRUE\` is missing)`);
        }
        checkSize(`${what} CA`, text, errors);
        return certificates ?? [];
    };
    const [servers, clients] = [read("server", serverCa), read("client", clientCa)];
    const keys = new Set(servers.map(publicKey));
    if (clients.some((certificate) => keys.has(publicKey(certificate)))) {
        errors.push("the server CA and the client CA are the same: with one CA a node's key signs in as a client");
    }
    return { errors, warnings: [] };
}

/** What keeps a certificate and its key from being used. */
export function keyPairProblems(
    pair: { cert: string; key: string },
    use: { ca: string; role: "server" | "client"; serverName?: string },
    now: Date,
): MaterialProblems {
    const errors: string[] = [];
    const warnings: string[] = [];
    checkSize("certificate", pair.cert, errors);
    checkSize("key", pair.key, errors);
    const key = privateKey(pair.key);
    if (!key) {
        errors.push("the key is not an unencrypted private key in PEM text");
    } else if (key.asymmetricKeyType === "rsa") {
        const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
        const text = `the key is an RSA key of ${bits} bits: use ECDSA P-256, or RSA of 3072 bits`;
        (bits < 2048 ? errors : bits < 3072 ? warnings : []).push(text);
    }
    const certificate = parseBundle(pair.cert)?.[0];
    if (!certificate) {
        errors.push("the certificate is not a certificate in PEM text");
        return { errors, warnings };
    }
    if (key && !certificate.checkPrivateKey(key)) {
        errors.push("the key does not belong to the certificate");
    }
    const authorities = parseBundle(use.ca) ?? [];
    if (!authorities.some((ca) => certificate.checkIssued(ca) && certificate.verify(ca.publicKey))) {
        errors.push(`the certificate was not signed by the ${use.role} CA itself`);
    }
    const allowed: string[] | undefined = certificate.keyUsage;
    if (allowed && !allowed.includes(usages[use.role])) {
        errors.push(`the certificate is not meant for a ${use.role} (extended key usage ${use.role}Auth is missing)`);
    }
    if (use.serverName !== undefined && !carries(certificate, use.serverName)) {
        const names = certificate.subjectAltName ?? "no alternative name at all";
        errors.push(`the certificate does not carry ${JSON.stringify(use.serverName)}: it has ${names}`);
    }
    checkDates(certificate, use.role, now, errors, warnings);
    return { errors, warnings };
}

function checkDates(
    certificate: X509Certificate,
    role: "server" | "client",
    now: Date,
    errors: string[],
    warnings: string[],
): void {
    const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
    if (to <= now.getTime()) {
        errors.push(`the certificate expired on ${certificate.validTo}: put a new one into the parameter`);
    } else if (to < now.getTime() + 14 * day) {
        warnings.push(`the certificate expires on ${certificate.validTo}: put a new one into the parameter`);
    }
    if (from > now.getTime()) {
        errors.push(`the certificate is valid only from ${certificate.validFrom}: check this machine's clock`);
    }
    if (role === "client" && to - from > 366 * day) {
        warnings.push("the client certificate is valid for more than a year, and it cannot be revoked");
    }
}

/** BuildKit's clients look at alternative names only. */
function carries(certificate: X509Certificate, serverName: string): boolean {
    return isIP(serverName)
        ? certificate.checkIP(serverName) !== undefined
        : certificate.checkHost(serverName, { subject: "never" }) !== undefined;
}

function checkSize(what: string, text: string, errors: string[]): void {
    const bytes = Buffer.byteLength(text);
    if (bytes > maxParameterBytes) {
        const remedy = "use ECDSA P-256 instead of RSA, and leave out the chain";
        errors.push(
            `the ${what} has ${bytes} bytes, and a standard SSM parameter holds ${maxParameterBytes}: ${remedy}`,
        );
    }
}

function publicKey(certificate: X509Certificate): string {
    return certificate.publicKey.export({ type: "spki", format: "der" }).toString("base64");
}

function privateKey(text: string): KeyObject | undefined {
    try {
        return createPrivateKey(text);
    } catch {
        return undefined;
    }
}
