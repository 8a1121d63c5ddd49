import { X509Certificate, createPrivateKey } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import * as tls from "node:tls";
import type { AddressInfo } from "node:net";
import type { BuilderTlsArgs, TlsKeyPair } from "../../components/tls/arguments";
import { parseBundle } from "../../components/tls/material";
import { Trial, operations } from "../rehearsal/trial";

jest.setTimeout(120_000);

const projectDir = path.join(__dirname, "fixtures/program");
const nodes = [
    { name: "ci-amd64", serverName: "amd64.builders.internal" },
    { name: "ci-arm64", serverName: "10.0.1.5" },
];
const registry = { repositories: ["shop/api", "shop/web"], movingTags: ["latest"] };

interface Material {
    serverCa: string;
    clientCa: string;
    clientCert: string;
    clientKey: string;
    nodeCertificates: Record<string, TlsKeyPair>;
    clientCertificates: Record<string, TlsKeyPair>;
}

describe("certificates from a program under the rehearsal engine", () => {
    const trial = new Trial("tls");
    const out = path.join(trial.folder, "material.json");
    afterAll(() => trial.remove());

    async function up(args: Partial<BuilderTlsArgs> = {}): Promise<{ material: Material; changed: string[] }> {
        fs.rmSync(out, { force: true });
        const config = { tls: { nodes, clients: ["github"], ...args }, registry, settings: { out } };
        const result = await trial.run("up", config, { projectDir });
        expect(result.errors).toEqual([]);
        const changed = operations(result).filter((line) => !/^ci: |: (same|delete)$/.test(line));
        return { material: JSON.parse(fs.readFileSync(out, "utf8")) as Material, changed };
    }

    let first: Material;

    it("previews every resource and knows no key", async () => {
        const result = await trial.run("preview", { tls: { nodes }, registry, settings: {} }, { projectDir });
        expect(result.errors).toEqual([]);
        expect(operations(result)).toEqual(
            expect.arrayContaining([
                "ci-ca-server-1: create",
                "ci-ca-client-1-key: create",
                "ci-node-ci-arm64: create",
                "ci-client: create",
                "ci-image-shop/api: create",
                "ci-cache-lifecycle: create",
            ]),
        );
        expect(result.outputs.serverCa).toBe("[unknown]");
        expect(result.outputs.clientKey).toBe("[secret]");
    });

    it("makes real certificates with the right names, chains and uses, once", async () => {
        const { material } = await up();
        first = material;
        const [serverCa] = parseBundle(material.serverCa)!;
        const [clientCa] = parseBundle(material.clientCa)!;
        for (const authority of [serverCa!, clientCa!]) {
            expect(authority.ca && authority.verify(authority.publicKey)).toBe(true);
            expect(yearsOf(authority)).toBeCloseTo(5, 1);
            expect(authority.publicKey.asymmetricKeyDetails?.namedCurve).toBe("prime256v1");
        }
        expect(serverCa!.subject).toBe("CN=ci server CA 1");
        for (const { name, serverName } of nodes) {
            const { cert, key } = material.nodeCertificates[name]!;
            const certificate = new X509Certificate(cert);
            expect(certificate.verify(serverCa!.publicKey) && certificate.checkIssued(serverCa!)).toBe(true);
            expect(certificate.verify(clientCa!.publicKey) || certificate.ca).toBe(false);
            expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
            expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
            expect(certificate.subjectAltName).toBe(
                /^\d/.test(serverName) ? `IP Address:${serverName}` : `DNS:${serverName}`,
            );
            expect(yearsOf(certificate) * 365.25).toBeCloseTo(90, 0);
        }
        const clients = [{ cert: material.clientCert, key: material.clientKey }, material.clientCertificates.github!];
        for (const { cert, key } of clients) {
            const certificate = new X509Certificate(cert);
            expect(certificate.verify(clientCa!.publicKey)).toBe(true);
            expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
            expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
        }
        expect(new Set([material.clientCert, ...clients.map(({ cert }) => cert)]).size).toBe(2);
        expect(JSON.stringify(material.nodeCertificates).length).toBeLessThan(4 * 4096);
        const again = await up();
        expect(again.changed).toEqual([]);
        expect(again.material).toEqual(first);
    });

    it("keeps keys out of lines, outputs and the state", async () => {
        const state = trial.state();
        const secrets = [first.clientKey, ...Object.values(first.nodeCertificates).map(({ key }) => key)];
        const lines = secrets.flatMap((key) => key.split("\n").filter((line) => /^[A-Za-z0-9+/=]{40,}$/.test(line)));
        expect(lines.length).toBeGreaterThan(5);
        for (const line of lines) {
            expect(state).not.toContain(line);
            expect(trial.lines.join("\n")).not.toContain(line);
        }
        expect(state).not.toContain("PRIVATE KEY");
        expect(state).toContain("BEGIN CERTIFICATE");
    });

    it("rotates both CAs in three updates without a moment in which old and new do not trust each other", async () => {
        const { material: trusting, changed } = await up({ trustedCaGenerations: [1, 2] });
        expect(changed.every((line) => /^ci-ca-(server|client)-2(-key)?: create$/.test(line))).toBe(true);
        expect(trusting.nodeCertificates).toEqual(first.nodeCertificates);
        const { material: signing } = await up({ caGeneration: 2, trustedCaGenerations: [1, 2] });
        expect(signing.serverCa).toBe(trusting.serverCa);
        expect(signing.clientKey).not.toBe(first.clientKey);
        const { material: done } = await up({ caGeneration: 2, trustedCaGenerations: [2] });
        expect(done.nodeCertificates).toEqual(signing.nodeCertificates);
        expect(parseBundle(done.clientCa)).toHaveLength(1);
        const steps = [first, trusting, signing, done];
        for (let i = 0; i + 1 < steps.length; i++) {
            // A node may lag behind the clients, and a client behind the nodes.
            expect(await handshake(steps[i]!, steps[i + 1]!)).toBe("hello");
            expect(await handshake(steps[i + 1]!, steps[i]!)).toBe("hello");
        }
        await expect(handshake(done, first)).rejects.toThrow();
        await expect(handshake(first, done)).rejects.toThrow();
    });

    it("does not remake a CA for another validity, and tells of a change of a node's name", async () => {
        const generations = { caGeneration: 2, trustedCaGenerations: [2] };
        expect((await up({ ...generations, caValidityDays: 3650 })).changed).toEqual([]);
        const moved = [nodes[0]!, { name: "ci-arm64", serverName: "arm64.builders.internal" }];
        const { changed } = await up({ ...generations, nodes: moved });
        expect(changed.sort()).toEqual(["ci-node-ci-arm64-request: replace", "ci-node-ci-arm64: replace"]);
    });

    it("renews certificates in their last days and warns of a CA that ends", async () => {
        const short = new Trial("short");
        try {
            const file = path.join(short.folder, "material.json");
            const run = (args: Partial<BuilderTlsArgs>) =>
                short.run("up", { tls: { nodes, ...args }, registry, settings: { out: file } }, { projectDir });
            expect((await run({ certificateValidityDays: 2, renewalDays: 1, caValidityDays: 30 })).errors).toEqual([]);
            expect(short.lines.join("\n")).not.toContain("ends in");
            // With one day of life and a day's renewal, it is always time.
            const state = short.state();
            const ended = new Date(Date.now() + 3600_000).toISOString();
            fs.writeFileSync(
                short.stateFile,
                state.replace(/"validityEndTime": ?"[^"]+"/g, `"validityEndTime": "${ended}"`),
            );
            const before = JSON.parse(fs.readFileSync(file, "utf8")) as Material;
            const result = await run({ certificateValidityDays: 2, renewalDays: 1, caValidityDays: 30 });
            expect(result.errors).toEqual([]);
            expect(operations(result).filter((line) => line.endsWith(": replace"))).toEqual([
                "ci-client: replace",
                "ci-node-ci-amd64: replace",
                "ci-node-ci-arm64: replace",
            ]);
            expect(short.lines.join("\n")).toMatch(
                /the server CA of generation 1 ends in 0 days.*trustedCaGenerations: \[1, 2\]/,
            );
            const after = JSON.parse(fs.readFileSync(file, "utf8")) as Material;
            expect(after.clientCert).not.toBe(before.clientCert);
            expect(after.clientKey).toBe(before.clientKey);
        } finally {
            short.remove();
        }
    });
});

function yearsOf(certificate: X509Certificate): number {
    return (Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)) / (365.25 * 24 * 3600_000);
}

/** A client with one generation's material calls a node with another's over mutual TLS. */
async function handshake(client: Material, node: Material): Promise<string> {
    const { cert, key } = node.nodeCertificates["ci-amd64"]!;
    const server = tls.createServer({ cert, key, ca: node.clientCa, requestCert: true, rejectUnauthorized: true });
    server.on("secureConnection", (socket) => socket.end("hello"));
    server.on("tlsClientError", () => undefined);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
        return await new Promise((resolve, reject) => {
            const socket = tls.connect({
                host: "127.0.0.1",
                port: (server.address() as AddressInfo).port,
                servername: nodes[0]!.serverName,
                ca: client.serverCa,
                cert: client.clientCert,
                key: client.clientKey,
            });
            socket.once("data", (data) => resolve(String(data)));
            socket.once("error", reject);
            socket.once("close", () => reject(new Error("closed without an answer")));
        });
    } finally {
        server.close();
    }
}
