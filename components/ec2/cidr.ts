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

/** Why a text is no IPv4 network as AWS writes it; undefined when it is one. */
export function networkProblem(text: string): string | undefined {
    if (text.includes(":")) {
        return "must be an IPv4 network: the nodes have no IPv6 address";
    }
    const cidr = parseCidr(text);
    if (!cidr) {
        return "must be an IPv4 network, for example 10.0.0.0/16";
    }
    const clean = formatCidr(cidr);
    if (clean !== text) {
        return `has leading zeros or bits outside its prefix; write ${clean}`;
    }
    const special = specialNetworks.find(([whole]) => isWithin(cidr, whole));
    return special && `is no network of clients or servers: ${special[1]}`;
}

/** Why a text is no source for a security group's rule; undefined when it is one. */
export function sourceCidrProblem(text: string): string | undefined {
    const cidr = parseCidr(text);
    return cidr && cidr.bits < 8
        ? "is open to far too much (less than /8): name the networks that builds come from; nodes are never public"
        : networkProblem(text);
}

const network = (text: string) => parseCidr(text)!;

/** Networks that no client and no server is in. https://www.rfc-editor.org/rfc/rfc6890 */
const specialNetworks: [network: Cidr, what: string][] = [
    [network("0.0.0.0/8"), "0.0.0.0/8 is no address of anybody"],
    [network("127.0.0.0/8"), "127.0.0.0/8 is each machine itself"],
    [network("169.254.0.0/16"), "169.254.0.0/16 is link-local, and EC2's metadata service"],
    [network("224.0.0.0/3"), "224.0.0.0/3 is multicast and reserved"],
];

/** Networks that private address space holds. https://www.rfc-editor.org/rfc/rfc6890 */
const privateNetworks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"].map(network);

/** Whether a network is within private address space. */
export function isPrivate(cidr: Cidr): boolean {
    return privateNetworks.some((own) => isWithin(cidr, own));
}

/** Whether every address of a network is in another one. */
export function isWithin(inner: Cidr, outer: Cidr): boolean {
    return inner.bits >= outer.bits && overlaps(inner, outer);
}
