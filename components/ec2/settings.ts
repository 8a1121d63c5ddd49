import { isEmulatedOnly } from "./platforms";
import { normalizePlatform } from "../platform";
import type { Ec2Access, Ec2BuildersArgs, Ec2Node } from "./arguments";
import { type Architecture, instanceTypeFacts } from "./instanceTypes";

/** A node with every default filled in. */
export interface NodeSettings {
    architecture: Architecture;
    name: string;
    serverName: string;
    instanceType: string;
    vcpus: number;
    memoryMiB: number;
    /** Everything that is routed to the node, its own architecture first. */
    platforms: string[];
    /** What of it runs by emulation and needs an emulator on the node. */
    emulated: string[];
    /** What the record marks so that the node may offer it: emulated platforms, and 32-bit Arm on a Graviton2. */
    marked: string[];
    rootSizeGiB: number;
    given: Ec2Node;
}

export const defaultInstanceTypes: Record<Architecture, string> = { amd64: "c7i.xlarge", arm64: "c8g.xlarge" };

/** Defaults of the builder. */
export const defaults = {
    cacheSizeGiB: 100,
    iops: 3000,
    throughputMiBps: 125,
    idleStopMinutes: 20,
    stopTimeoutSeconds: 900,
    rootSizeGiB: 30,
    bridgeSubnet: "172.30.0.0/16",
    egressPorts: [80, 443],
    egressCidrs: ["0.0.0.0/0"],
    logRetentionDays: 365,
    awakeHours: 24,
} as const;

/** The architectures of a builder in routing order; the order of an object's keys is lost in other languages. */
export function architecturesOf(args: Pick<Ec2BuildersArgs, "nodes">): Architecture[] {
    const nodes = args.nodes ?? { amd64: {}, arm64: {} };
    return (["amd64", "arm64"] as const).filter((architecture) => nodes[architecture]);
}

/** Who reaches the nodes. */
export function accessOf({ access }: Pick<Ec2BuildersArgs, "access">): Ec2Access {
    return access ?? { ssm: true };
}

/** Name and server name of each node, for its certificate. */
export function ec2TlsNodes(
    builderName: string,
    args: Pick<Ec2BuildersArgs, "nodes" | "dns">,
): { name: string; serverName: string }[] {
    return architecturesOf(args).map((architecture) => ({
        name: `${builderName}-${architecture}`,
        serverName: serverNameOf(builderName, architecture, args.dns?.zoneName),
    }));
}

/** The host name on a node's certificate; it does not depend on the node's address. */
function serverNameOf(builderName: string, architecture: Architecture, zoneName?: string): string {
    const label = builderName.replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
    return `${architecture}.${zoneName ?? `${label}.internal`}`;
}

/** The nodes of checked arguments. */
export function nodeSettings(builderName: string, args: Pick<Ec2BuildersArgs, "nodes" | "dns">): NodeSettings[] {
    return architecturesOf(args).map((architecture) => {
        const given = args.nodes?.[architecture] ?? {};
        const instanceType = given.instanceType ?? defaultInstanceTypes[architecture];
        const facts = instanceTypeFacts(instanceType);
        const emulated = unique(given.emulated ?? []);
        const native = unique([`linux/${architecture}`, ...(given.platforms ?? [])]);
        const platforms = unique([...native, ...emulated]);
        return {
            architecture,
            name: `${builderName}-${architecture}`,
            serverName: serverNameOf(builderName, architecture, args.dns?.zoneName),
            instanceType,
            vcpus: given.vcpus ?? facts?.vcpus ?? 0,
            memoryMiB: given.memoryMiB ?? facts?.memoryMiB ?? 0,
            platforms,
            emulated,
            marked: platforms.filter(
                (platform) => emulated.includes(platform) || isEmulatedOnly(architecture, platform),
            ),
            rootSizeGiB: given.rootSizeGiB ?? defaults.rootSizeGiB,
            given,
        };
    });
}

function unique(platforms: string[]): string[] {
    return [...new Set(platforms.map(normalizePlatform))];
}
