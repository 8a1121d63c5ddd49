import { isIP } from "node:net";

/** Why a text cannot be the name on a server's certificate; undefined when it can. */
export function serverNameProblem(text: unknown): string | undefined {
    if (typeof text !== "string" || text === "") {
        return "must be a host name or an IP address, for example arm64.builders.internal";
    }
    if (isIP(text)) {
        return undefined;
    }
    if (text.includes("*")) {
        return "must be one host name: with a wildcard a node could stand in for another";
    }
    if (/[:/]/.test(text)) {
        return "must be a host name or an IP address alone, without scheme and port";
    }
    const label = /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
    const labels = text.split(".");
    if (text.length > 253 || !labels.every((part) => label.test(part))) {
        return "must be a host name: at most 253 characters, labels of letters, digits and inner `-`, 63 at most each";
    }
    // Such a last label makes clients read the name as an address.
    return /^\d+$/.test(labels.at(-1) ?? "") ? "is no valid IP address and no host name" : undefined;
}

/** The alternative names of a certificate for a host name or address. */
export function alternativeNames(serverName: string): { dnsNames?: string[]; ipAddresses?: string[] } {
    return isIP(serverName) ? { ipAddresses: [serverName] } : { dnsNames: [serverName] };
}
