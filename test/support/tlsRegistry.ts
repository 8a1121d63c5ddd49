import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { hash } from "bcryptjs";
import { stringify } from "yaml";
import { createCa, issueServer } from "../../dev/local/pki";
import type { LocalRegistry } from "../../dev/local/registry";
import { root } from "./project";

/** Writes a registry that speaks TLS only, with a CA of its own and a login, and returns the command that serves it. */
export async function writeTlsRegistry(
    dir: string,
    name: string,
): Promise<{ registry: LocalRegistry; command: string[] }> {
    const hour = 3600_000;
    const validity = { notBefore: new Date(Date.now() - hour), notAfter: new Date(Date.now() + 24 * hour) };
    const ca = await createCa("registry CA of a test", validity);
    const { cert, key } = await issueServer(ca, { name, dnsNames: [name], ipAddresses: [] }, validity);
    const write = (file: string, text: string) => {
        fs.writeFileSync(path.join(dir, file), text, { mode: 0o600 });
        return path.join(dir, file);
    };
    const registry = {
        address: name,
        username: "shop",
        password: randomBytes(24).toString("base64url"),
        caFile: write("ca.pem", ca.cert),
    };
    const htpasswd = write("htpasswd", `${registry.username}:${await hash(registry.password, 4)}\n`);
    const config = stringify({
        version: 0.1,
        log: { level: "warn", accesslog: { disabled: true } },
        storage: { filesystem: { rootdirectory: path.join(dir, "data") }, delete: { enabled: true } },
        http: {
            addr: ":443",
            relativeurls: true,
            tls: { certificate: write("cert.pem", cert), key: write("key.pem", key) },
        },
        auth: { htpasswd: { realm: "shop", path: htpasswd } },
    });
    return { registry, command: [path.join(root, ".tools/bin/registry"), "serve", write("config.yml", config)] };
}

/** A background process of a test; its output goes to a file. */
export class Background {
    private readonly child: ChildProcess;

    constructor([command, args]: [string, string[]], logFile: string) {
        const log = fs.openSync(logFile, "w", 0o600);
        this.child = spawn(command, args, { stdio: ["ignore", log, log] });
        fs.closeSync(log);
    }

    async stop(): Promise<void> {
        if (this.child.exitCode === null && this.child.signalCode === null) {
            const ended = new Promise((resolve) => this.child.once("exit", resolve));
            this.child.kill("SIGTERM");
            const kill = setTimeout(() => this.child.kill("SIGKILL"), 10_000);
            await ended;
            clearTimeout(kill);
        }
    }
}
