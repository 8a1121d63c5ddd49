import { X509Certificate, createPrivateKey } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPki } from "../../dev/local/pki";
import { ensurePkiFiles } from "../../dev/local/pkiFiles";

describe("PKI", () => {
    const nodes = [{ name: "arm64", dnsNames: ["arm64.builder.internal"], ipAddresses: ["127.0.0.1"] }];

    it("keeps servers and clients apart", async () => {
        const pki = await createPki({ nodes });
        const server = new X509Certificate(pki.servers.get("arm64")!.cert);
        const client = new X509Certificate(pki.client.cert);
        const serverCa = new X509Certificate(pki.serverCa.cert);
        const clientCa = new X509Certificate(pki.clientCa.cert);
        expect(server.verify(serverCa.publicKey)).toBe(true);
        expect(server.verify(clientCa.publicKey)).toBe(false);
        expect(client.verify(clientCa.publicKey)).toBe(true);
        expect(server.checkHost("arm64.builder.internal")).toBe("arm64.builder.internal");
        expect(server.checkHost("amd64.builder.internal")).toBeUndefined();
        expect(server.checkIP("127.0.0.1")).toBe("127.0.0.1");
        expect(server.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
        expect(client.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
        expect(serverCa.ca && clientCa.ca && !server.ca && !client.ca).toBe(true);
        expect(server.checkPrivateKey(createPrivateKey(pki.servers.get("arm64")!.key))).toBe(true);
        expect(client.checkPrivateKey(createPrivateKey(pki.client.key))).toBe(true);
    });

    it("makes a client certificate with other dates", async () => {
        const clientValidity = {
            notBefore: new Date("2020-01-01T00:00:00Z"),
            notAfter: new Date("2020-01-02T00:00:00Z"),
        };
        const pki = await createPki({ nodes, clientValidity });
        expect(Date.parse(new X509Certificate(pki.client.cert).validTo)).toBe(clientValidity.notAfter.getTime());
        expect(Date.parse(new X509Certificate(pki.serverCa.cert).validTo)).toBeGreaterThan(Date.now());
    });

    it("is written for its owner only, without CA keys, and kept until a node is added", async () => {
        const folder = mkdtempSync(join(tmpdir(), "pki-"));
        try {
            const first = await ensurePkiFiles(folder, ["amd64"]);
            expect(first.fresh).toBe(true);
            expect(
                readdirSync(folder)
                    .filter((name) => name.endsWith("-key.pem"))
                    .sort(),
            ).toEqual(["client-key.pem", "server-amd64-key.pem", "server-registry-key.pem"]);
            expect(readdirSync(folder).map((name) => statSync(join(folder, name)).mode & 0o777)).not.toContain(0o644);
            expect(statSync(first.keyFile("amd64")).mode & 0o777).toBe(0o600);
            expect(statSync(folder).mode & 0o777).toBe(0o700);
            const second = await ensurePkiFiles(folder, ["amd64"]);
            expect([second.fresh, second.credentials.cert]).toEqual([false, first.credentials.cert]);
            expect((await ensurePkiFiles(folder, ["amd64", "arm64"])).fresh).toBe(true);
        } finally {
            rmSync(folder, { recursive: true });
        }
    });
});
