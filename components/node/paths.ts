/** Where things are on a node. */
export const paths = {
    scripts: "/usr/local/lib/buildkit-node",
    config: "/etc/buildkit",
    binaries: "/opt/buildkit/bin",
    cache: "/var/lib/buildkit",
    socketDirectory: "/run/buildkit",
    tls: "/run/buildkit-tls",
    idle: "/run/buildkit-idle",
    logs: "/var/log/buildkit",
} as const;

/** Address of the daemon for programs on the node itself. */
export const socketAddress = `unix://${paths.socketDirectory}/buildkitd.sock`;

/** Port that clients reach over mTLS. */
export const nodePort = 1234;

/** Bridge that build steps are on. */
export const bridgeName = "buildkit0";

/** Slice that holds every build step, so that one limit covers them all and none of the daemon. */
export const stepsSlice = "buildkit.slice";

/** The instance metadata service, over IPv4 and IPv6. */
export const metadataAddresses = { ipv4: "169.254.169.254", ipv6: "fd00:ec2::254" } as const;
