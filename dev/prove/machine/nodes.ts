import type { Architecture } from "../../../components/ec2/instanceTypes";

/** The builder of the proof. */
export const builderName = "ci";

/** Its nodes: the smallest types that are of use, since the machine that plays them has as much. */
export const nodes = {
    amd64: { instanceType: "t3.small", platforms: ["linux/386"] },
    arm64: { instanceType: "t4g.small" },
};

/** Long enough for one to wait while another boots; its own sleep is shortened. */
export const idleStopMinutes = 20;

/** The architectures, in routing order. */
export const architectures: readonly Architecture[] = ["amd64", "arm64"];

/** The architecture of the machine that this runs on; undefined for one that no node has. */
export const hostArchitecture = ({ x64: "amd64", arm64: "arm64" } as Record<string, Architecture | undefined>)[
    process.arch
];
