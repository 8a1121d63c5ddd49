import type { Dirent } from "node:fs";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import dockerignore from "@balena/dockerignore";
import * as pulumi from "@pulumi/pulumi";
import { isRemoteContext } from "./context";

/** From this size on, sending the context to every node takes longer than most builds. */
const largeBytes = 200 * 1024 * 1024;
const maxEntries = 200_000;

const measured = new Map<string, Promise<ContextSize>>();

/** The size of a context as it is sent, and of its largest top-level paths. */
export interface ContextSize {
    bytes: number;
    largest: { path: string; bytes: number }[];
}

/** Warns, once per context and run, when a local context is very large, and names what makes it so. */
export async function warnOfLargeContext(location: string | undefined, resource: pulumi.Resource): Promise<void> {
    if (location === undefined || isRemoteContext(location) || measured.has(location)) {
        return;
    }
    const size = measureContext(location);
    measured.set(location, size);
    const { bytes, largest } = await size;
    if (bytes >= largeBytes) {
        const paths = largest.map((entry) => `${entry.path} (${mebibytes(entry.bytes)})`).join(", ");
        await pulumi.log.warn(
            `the build context ${location} is ${mebibytes(bytes)} and is sent to every node; its largest paths are ` +
                `${paths}. What the build does not need belongs into ${path.join(location, ".dockerignore")}`,
            resource,
        );
    }
}

/**
 * Measures what of a directory is sent to a node: all files but what its .dockerignore excludes. What cannot be read or
 * vanishes meanwhile counts as nothing: this is for a warning and fails no build.
 */
export async function measureContext(location: string): Promise<ContextSize> {
    const matcher = dockerignore();
    matcher.add(await fs.readFile(path.join(location, ".dockerignore"), "utf8").catch(() => ""));
    const top = new Map<string, number>();
    let entries = 0;
    const walk = async (relative: string): Promise<void> => {
        for (const entry of await entriesOf(path.join(location, relative))) {
            const child = relative ? `${relative}/${entry.name}` : entry.name;
            if (++entries > maxEntries) {
                return;
            }
            if (entry.isDirectory()) {
                await walk(child);
            } else if (entry.isFile() && !matcher.ignores(child)) {
                const size = await fs.stat(path.join(location, child)).then(
                    (stat) => stat.size,
                    () => 0,
                );
                const first = child.split("/")[0] ?? child;
                top.set(first, (top.get(first) ?? 0) + size);
            }
        }
    };
    await walk("");
    const sorted = [...top].map(([name, bytes]) => ({ path: name, bytes })).sort((a, b) => b.bytes - a.bytes);
    return { bytes: sorted.reduce((sum, entry) => sum + entry.bytes, 0), largest: sorted.slice(0, 3) };
}

function entriesOf(dir: string): Promise<Dirent[]> {
    return fs.readdir(dir, { withFileTypes: true }).catch(() => []);
}

function mebibytes(bytes: number): string {
    return `${Math.round(bytes / 1024 / 1024)} MiB`;
}
