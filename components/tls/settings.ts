import type { BuilderTlsArgs } from "./arguments";

/** The numbers that decide which CAs and certificates are made, with their defaults. */
export interface TlsSettings {
    caValidityDays: number;
    certificateValidityDays: number;
    renewalDays: number;
    /** Number of the CAs that sign. */
    signing: number;
    /** Numbers of the CAs that exist and are trusted, ascending. */
    trusted: number[];
}

/** The settings of arguments that were checked. */
export function tlsSettings(args: BuilderTlsArgs): TlsSettings {
    const signing = args.caGeneration ?? 1;
    return {
        caValidityDays: args.caValidityDays ?? 1825,
        certificateValidityDays: args.certificateValidityDays ?? 90,
        renewalDays: args.renewalDays ?? 30,
        signing,
        trusted: [...(args.trustedCaGenerations ?? [signing])].sort((a, b) => a - b),
    };
}

const day = 24 * 3600_000;

/** What to say about a CA that ends soon; undefined while there is time. */
export function caWarning(
    which: string,
    generation: number,
    validTo: string,
    settings: TlsSettings,
    now: Date,
): string | undefined {
    const left = Math.floor((Date.parse(validTo) - now.getTime()) / day);
    const early = Math.min(365, Math.floor(settings.caValidityDays / 4));
    if (left >= early) {
        return undefined;
    }
    const next = Math.max(...settings.trusted, settings.signing) + 1;
    const step =
        settings.trusted.length > 1
            ? "finish the rotation that has begun, with `caGeneration` and then `trustedCaGenerations`"
            : `begin the rotation with \`trustedCaGenerations: [${generation}, ${next}]\``;
    return `the ${which} CA of generation ${generation} ends in ${left} days, on ${validTo}: ${step}`;
}

/** The common name of a certificate, which X.509 limits to 64 characters; nothing checks it, the alternative names count. */
export function commonName(owner: string, role: string): string {
    return `${owner.slice(0, 63 - role.length)} ${role}`;
}
