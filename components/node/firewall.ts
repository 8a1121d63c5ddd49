import { bridgeName, metadataAddresses, nodePort } from "./paths";

/**
 * Rules that keep build steps from the instance metadata service, which would hand them the node's role, and from the
 * daemon's port; other users of the node than root are kept from the metadata service too. The daemon itself, which
 * fetches what an `ADD` names, is kept from it by its unit.
 */
export function renderMetadataRules(): string {
    const { ipv4, ipv6 } = metadataAddresses;
    // Before routing, because the address may be the node's own as well as another machine's.
    return `table inet buildkit_metadata
delete table inet buildkit_metadata
table inet buildkit_metadata {
    chain steps {
        type filter hook prerouting priority mangle; policy accept;
        iifname "${bridgeName}" ip daddr ${ipv4} reject
        iifname "${bridgeName}" ip6 daddr ${ipv6} reject
    }
    chain daemon {
        type filter hook input priority filter; policy accept;
        iifname "${bridgeName}" tcp dport ${nodePort} reject with tcp reset
    }
    chain users {
        type filter hook output priority filter; policy accept;
        meta skuid != 0 ip daddr ${ipv4} reject
        meta skuid != 0 ip6 daddr ${ipv6} reject
    }
}
`;
}

/** Rules that refuse new connections to the daemon while the node decides whether to power off. */
export function renderGateRules(): string {
    return `table inet buildkit_gate
delete table inet buildkit_gate
table inet buildkit_gate {
    chain clients {
        type filter hook input priority filter; policy accept;
        tcp dport ${nodePort} ct state new reject with tcp reset
    }
}
`;
}
