import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { hash } from "bcryptjs";
import { stringify } from "yaml";
import type { Tools } from "../tools/build";
import { privateFolder, readIfThere, sha256, writePrivate } from "./files";
import type { MuxConfig } from "./mux";
import { ensureProcess } from "./processes";

/** A registry that speaks HTTP and HTTPS on one loopback port, with basic authentication. */
export interface LocalRegistry {
    /** `127.0.0.1:PORT`. */
    address: string;
    username: string;
    password: string;
    /** CA of its certificate. */
    caFile: string;
}

/** A registry's login as HTTP's basic authentication and Docker's `auths` have it. */
export function basicAuth({ username, password }: Pick<LocalRegistry, "username" | "password">): string {
    return Buffer.from(`${username}:${password}`).toString("base64");
}

export interface RegistryOptions {
    dir: string;
    tools: Pick<Tools, "registry">;
    port: number;
    internalPort: number;
    certFile: string;
    keyFile: string;
    caFile: string;
}

export const registryProcess = "registry";
export const muxProcess = "registry-mux";

export const username = "local";

/** Starts or reuses the registry and the process that puts TLS and HTTP on its port. */
export async function ensureRegistry(options: RegistryOptions): Promise<{ registry: LocalRegistry; started: boolean }> {
    const folder = privateFolder(join(options.dir, "registry"));
    const password = await ensurePassword(folder);
    const config = renderRegistryConfig(folder, options.internalPort);
    const configFile = join(folder, "config.yml");
    writeFileSync(configFile, config);
    const registry = { address: `127.0.0.1:${options.port}`, username, password, caFile: options.caFile };
    const started = await ensureProcess({
        dir: options.dir,
        name: registryProcess,
        command: options.tools.registry,
        args: ["serve", configFile],
        fingerprint: sha256(config + options.tools.registry + (readIfThere(join(folder, "htpasswd")) ?? "")),
        ready: () => probe({ ...registry, address: `127.0.0.1:${options.internalPort}` }, "http:"),
    });
    await ensureMux(options, registry);
    return { registry, started: started === "started" };
}

/** Starts or reuses the process that puts TLS and HTTP on the port of a registry that serves at the internal port. */
export async function ensureMux(options: Omit<RegistryOptions, "tools">, registry: LocalRegistry): Promise<void> {
    const mux: MuxConfig = {
        port: options.port,
        targetPort: options.internalPort,
        certFile: options.certFile,
        keyFile: options.keyFile,
    };
    const muxConfigFile = join(options.dir, "registry", "mux.json");
    writeFileSync(muxConfigFile, JSON.stringify(mux));
    await ensureProcess({
        dir: options.dir,
        name: muxProcess,
        command: process.execPath,
        args: ["--import", pathToFileURL(require.resolve("tsx")).href, join(__dirname, "mux.ts"), muxConfigFile],
        fingerprint: sha256(
            JSON.stringify(mux) + readIfThere(options.certFile) + readIfThere(join(__dirname, "mux.ts")),
        ),
        ready: async () => (await probe(registry, "http:")) ?? (await probe(registry, "https:")),
    });
}

/** distribution's configuration; relative upload locations suit both schemes. */
export function renderRegistryConfig(
    folder: string,
    port: number,
    host = "127.0.0.1",
    data = join(folder, "data"),
): string {
    return stringify({
        version: 0.1,
        log: { level: "warn", accesslog: { disabled: true } },
        storage: { filesystem: { rootdirectory: data }, delete: { enabled: true } },
        http: { addr: `${host}:${port}`, relativeurls: true },
        auth: { htpasswd: { realm: "multiarch-builder", path: join(folder, "htpasswd") } },
    });
}

/** The login of the registry in a folder: what is kept there, or a new one. */
export async function ensurePassword(folder: string): Promise<string> {
    const file = join(folder, "password");
    const kept = readIfThere(file);
    if (kept && readIfThere(join(folder, "htpasswd"))) {
        return kept;
    }
    const password = randomBytes(24).toString("base64url");
    // The lowest cost: every request is checked, and no guess finds 192 random bits.
    writePrivate(join(folder, "htpasswd"), `${username}:${await hash(password, 4)}\n`);
    writePrivate(file, password);
    return password;
}

/** Undefined when the registry answers with the credentials and asks for them without. */
export async function probe(registry: LocalRegistry, protocol: "http:" | "https:"): Promise<string | undefined> {
    try {
        const anonymous = await status(registry, protocol, {});
        const login = basicAuth(registry);
        const known = await status(registry, protocol, { authorization: `Basic ${login}` });
        return anonymous === 401 && known === 200
            ? undefined
            : `${protocol}//${registry.address}/v2/ answered ${anonymous} without and ${known} with credentials`;
    } catch (error) {
        return `${protocol}//${registry.address}: ${(error as Error).message}`;
    }
}

function status(
    registry: LocalRegistry,
    protocol: "http:" | "https:",
    headers: Record<string, string>,
): Promise<number> {
    const url = `${protocol}//${registry.address}/v2/`;
    const options = { headers, agent: false as const, timeout: 2000, ca: readIfThere(registry.caFile) };
    return new Promise((resolve, reject) => {
        const request = (protocol === "https:" ? httpsRequest : httpRequest)(url, options, (response) => {
            response.resume();
            resolve(response.statusCode ?? 0);
        });
        request.once("timeout", () => request.destroy(new Error("no answer in 2 s")));
        request.once("error", reject).end();
    });
}
