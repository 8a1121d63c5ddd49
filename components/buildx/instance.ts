import * as path from "node:path";
import { parsePlatform } from "../platform";
import type { Entry } from "./entries";
import { isPodEndpoint, needsCredentials } from "./kubePod";

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
        DriverOpts: needsCredentials(node) ? tlsOptions(node.serverName, credentialsDir) : podOptions,
        Flags: null,
        Files: null,
    }));
    return goJson({ Name: entry.name, Driver: remoteDriver, Nodes: nodes, Dynamic: false });
}

function tlsOptions(serverName: string, credentialsDir: string): Record<string, string> {
    return {
        cacert: path.join(credentialsDir, credentialFiles.ca),
        cert: path.join(credentialsDir, credentialFiles.cert),
        key: path.join(credentialsDir, credentialFiles.key),
        servername: serverName,
    };
}

/**
 * A pod is reached without certificates. The option is what holds anyway without it, and tells our entries from those that
 * people create.
 */
const podOptions = { "default-load": "false" };

/** JSON as Go writes it, which escapes what HTML would not take as it is. https://pkg.go.dev/encoding/json#Marshal */
function goJson(value: unknown): string {
    return JSON.stringify(value).replace(
        /[<>&\u2028\u2029]/g,
        (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
}

/** What matters here of an instance that is stored already. */
export interface StoredInstance {
    nodeNames: string[];
    /** The folders that its certificates lie in; pods of an entry of ours have none. */
    credentialsDirs: string[];
}

interface StoredNode {
    Name?: string;
    Endpoint?: string;
    DriverOpts?: Record<string, string>;
}

function isOwnPod({ Endpoint, DriverOpts }: StoredNode): boolean {
    return isPodEndpoint(Endpoint ?? "") && JSON.stringify(DriverOpts) === JSON.stringify(podOptions);
}

/** Reads an instance; undefined for a text that is none. */
export function parseInstance(text: string): StoredInstance | undefined {
    try {
        const { Nodes } = JSON.parse(text) as { Nodes?: StoredNode[] };
        const nodes = Nodes ?? [];
        const withFiles = nodes.filter((node) => !isOwnPod(node));
        return {
            nodeNames: nodes.map((node) => node.Name ?? ""),
            credentialsDirs: [...new Set(withFiles.map((node) => path.dirname(node.DriverOpts?.cacert ?? "")))],
        };
    } catch {
        return undefined;
    }
}
