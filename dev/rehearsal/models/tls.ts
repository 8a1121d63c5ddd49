import { createHash } from "node:crypto";
import { isObject, reveal, type Properties, type Value } from "../properties";
import type { Difference, Goal, Provider, ResourceState, Run } from "../resource";
import { changedInputs } from "../steps";
import { newKey, request, selfSigned, signed } from "./certificates";

const hour = 3600_000;

/** Outputs of each type beyond its inputs. */
const computed: Record<string, string[]> = {
    "tls:index/privateKey:PrivateKey": ["privateKeyPem", "privateKeyPemPkcs8", "publicKeyPem"],
    "tls:index/selfSignedCert:SelfSignedCert": [
        "certPem",
        "keyAlgorithm",
        "readyForRenewal",
        "validityEndTime",
        "validityStartTime",
    ],
    "tls:index/certRequest:CertRequest": ["certRequestPem", "keyAlgorithm"],
    "tls:index/locallySignedCert:LocallySignedCert": [
        "caKeyAlgorithm",
        "certPem",
        "readyForRenewal",
        "validityEndTime",
        "validityStartTime",
    ],
};

/**
 * Keys and certificates of the `tls` provider. They are real, with ECDSA P-256, and are renewed as by the provider: in the
 * last `earlyRenewalHours`, with every other change as a replacement.
 */
export class TlsResources implements Provider {
    readonly modelled = false;
    readonly needsReality = false;

    constructor(private readonly now: () => Date = () => new Date()) {}

    handles(type: string): boolean {
        return type in computed;
    }

    async check({ inputs, type }: Goal): Promise<Properties> {
        const { algorithm, ecdsaCurve } = inputs;
        if (type === "tls:index/privateKey:PrivateKey" && !(algorithm === "ECDSA" && ecdsaCurve === "P256")) {
            throw new Error(
                `a key with ${JSON.stringify({ algorithm, ecdsaCurve })} is not rehearsed: use ECDSA with P256`,
            );
        }
        return inputs;
    }

    async difference({ inputs }: Goal, old: ResourceState): Promise<Difference> {
        const changed = changedInputs(old.inputs, inputs);
        const replace = changed.some((key) => key !== "earlyRenewalHours");
        const end = old.outputs.validityEndTime;
        const early = number(inputs, "earlyRenewalHours", 0) * hour;
        if (typeof end === "string" && Date.parse(end) - early <= this.now().getTime()) {
            return { changed: [...changed, "readyForRenewal"], replace: true };
        }
        return { changed, replace };
    }

    computed({ type }: Goal): string[] {
        return computed[type] ?? [];
    }

    async apply(goal: Goal, { old }: Run): Promise<{ id: string; outputs: Properties }> {
        const made = old?.outputs ?? (await this.make(goal));
        const outputs = { ...made, ...goal.inputs };
        return { id: createHash("sha1").update(identity(made)).digest("hex"), outputs };
    }

    private async make({ type, inputs: given }: Goal): Promise<Properties> {
        const inputs = reveal(given) as Properties;
        const subject = isObject(inputs.subject) ? inputs.subject : {};
        const names = {
            commonName: text(subject, "commonName"),
            dnsNames: list(inputs, "dnsNames"),
            ipAddresses: list(inputs, "ipAddresses"),
        };
        switch (type) {
            case "tls:index/privateKey:PrivateKey": {
                const key = newKey();
                return { privateKeyPem: key.sec1, privateKeyPemPkcs8: key.pkcs8, publicKeyPem: key.public };
            }
            case "tls:index/certRequest:CertRequest":
                return { certRequestPem: await request(text(inputs, "privateKeyPem"), names), keyAlgorithm: "ECDSA" };
            case "tls:index/selfSignedCert:SelfSignedCert": {
                const { wish, dates } = this.certificate(inputs);
                const certPem = await selfSigned(text(inputs, "privateKeyPem"), { ...wish, ...names });
                return { certPem, keyAlgorithm: "ECDSA", ...dates };
            }
            default: {
                const { wish, dates } = this.certificate(inputs);
                const ca = { certPem: text(inputs, "caCertPem"), keyPem: text(inputs, "caPrivateKeyPem") };
                const certPem = await signed(text(inputs, "certRequestPem"), ca, wish);
                return { certPem, caKeyAlgorithm: "ECDSA", ...dates };
            }
        }
    }

    private certificate(inputs: Properties) {
        // X.509 has no fractions of a second.
        const start = new Date(Math.floor(this.now().getTime() / 1000) * 1000);
        const end = new Date(start.getTime() + number(inputs, "validityPeriodHours", 0) * hour);
        const isCa = inputs.isCaCertificate === true;
        return {
            wish: {
                allowedUses: list(inputs, "allowedUses"),
                isCa,
                maxPathLength: number(inputs, "maxPathLength", -1),
                subjectKeyId: isCa || inputs.setSubjectKeyId === true,
                notBefore: start,
                notAfter: end,
            },
            dates: {
                readyForRenewal: false,
                validityStartTime: start.toISOString(),
                validityEndTime: end.toISOString(),
            },
        };
    }
}

function identity(made: Properties): string {
    return [made.publicKeyPem, made.certPem, made.certRequestPem].map((value) => JSON.stringify(value ?? "")).join();
}

function text(from: { [key: string]: Value }, key: string): string {
    const value = from[key];
    return typeof value === "string" ? value : "";
}

function number(from: Properties, key: string, otherwise: number): number {
    const value = reveal(from[key] ?? null);
    return typeof value === "number" ? value : otherwise;
}

function list(from: Properties, key: string): string[] {
    const value = from[key];
    return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
