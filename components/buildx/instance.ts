import * as path from "node:path";
import { parsePlatform } from "../platform";
import type { Entry } from "./entries";

/** The driver of every entry: the daemons run elsewhere. */
export const remoteDriver = "remote";

/** Names of the files that hold a builder's client credentials. */
export const credentialFiles = { ca: "ca.pem", cert: "cert.pem", key: "key.pem" } as const;

/**
 * An entry as buildx stores it in `instances/<name>`: the same bytes as `buildx create` writes.
 * https://github.com/docker/buildx/blob/v0.37.0/store/nodegroup.go
 */
export function renderInstance(entry: Entry, credentialsDir: string): string {
    const nodes = entry.nodes.map((node) => ({
        Name: node.name,
        Endpoint: node.endpoint,
        Platforms: node.platforms.map((text) => {
            const platform = parsePlatform(text) ?? { os: "linux", architecture: text };
            return {
                architecture: platform.architecture,
                os: platform.os,
                ...(platform.variant ? { variant: platform.variant } : {}),
            };
        }),
        DriverOpts: {
            cacert: path.join(credentialsDir, credentialFiles.ca),
            cert: path.join(credentialsDir, credentialFiles.cert),
            key: path.join(credentialsDir, credentialFiles.key),
            servername: node.serverName,
        },
        Flags: null,
        Files: null,
    }));
    return JSON.stringify({ Name: entry.name, Driver: remoteDriver, Nodes: nodes, Dynamic: false });
}

/** What matters here of an instance that is stored already. */
export interface StoredInstance {
    nodeNames: string[];
    /** The folders that its certificates lie in. */
    credentialsDirs: string[];
}

/** Reads an instance; undefined for a text that is none. */
export function parseInstance(text: string): StoredInstance | undefined {
    try {
        const { Nodes } = JSON.parse(text) as { Nodes?: { Name?: string; DriverOpts?: Record<string, string> }[] };
        const nodes = Nodes ?? [];
        return {
            nodeNames: nodes.map((node) => node.Name ?? ""),
            credentialsDirs: [...new Set(nodes.map((node) => path.dirname(node.DriverOpts?.cacert ?? "")))],
        };
    } catch {
        return undefined;
    }
}
