/** An IPv4 network: its first address and the number of its fixed bits. */
export interface Cidr {
    first: number;
    bits: number;
}

/** Reads an IPv4 network in CIDR notation; undefined for a text that is none. The address may have host bits. */
export function parseCidr(text: string): Cidr | undefined {
    const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
    const octets = match?.slice(1, 5).map(Number) ?? [];
    const bits = Number(match?.[5]);
    if (!match || octets.some((octet) => octet > 255) || bits > 32) {
        return undefined;
    }
    return { first: octets.reduce((sum, octet) => sum * 256 + octet, 0), bits };
}

/** The network as text, without host bits. */
export function formatCidr({ first, bits }: Cidr): string {
    const size = 2 ** (32 - bits);
    const start = first - (first % size);
    return `${[24, 16, 8, 0].map((shift) => Math.floor(start / 2 ** shift) % 256).join(".")}/${bits}`;
}

/** Whether two networks share an address. */
export function overlaps(a: Cidr, b: Cidr): boolean {
    const size = 2 ** (32 - Math.min(a.bits, b.bits));
    return Math.floor(a.first / size) === Math.floor(b.first / size);
}

/** Why a text is no source for a security group's rule; undefined when it is one. */
export function sourceCidrProblem(text: string): string | undefined {
    if (text.includes(":")) {
        return "must be an IPv4 network: the nodes have no IPv6 address";
    }
    const cidr = parseCidr(text);
    if (!cidr) {
        return "must be an IPv4 network, for example 10.0.0.0/16";
    }
    if (cidr.bits < 8) {
        return "is open to far too much (less than /8): name the networks that builds come from; nodes are never public";
    }
    const clean = formatCidr(cidr);
    return clean === text ? undefined : `has bits outside its prefix; write ${clean}`;
}

/** Networks that private address space holds. https://www.rfc-editor.org/rfc/rfc6890 */
const privateNetworks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"].map((text) =>
    parseCidr(text)!,
);

/** Whether a network is within private address space. */
export function isPrivate(cidr: Cidr): boolean {
    return privateNetworks.some((network) => cidr.bits >= network.bits && overlaps(cidr, network));
}
