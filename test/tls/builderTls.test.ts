import * as pulumi from "@pulumi/pulumi";
import { BuilderTls } from "../../components/tls/builderTls";
import { Recorder, isSecretValue, reveal } from "../support/recorder";

const nodes = [
    { name: "ci-amd64", serverName: pulumi.output("amd64.internal") },
    { name: "ci-arm64", serverName: "10.0.1.5" },
];

async function record(preview = false): Promise<{ run: Recorder; tls: BuilderTls }> {
    const run = new Recorder({
        preview,
        outputs: (type, name) =>
            preview
                ? {}
                : {
                      privateKeyPem: `key of ${name}`,
                      privateKeyPemPkcs8: `key of ${name}`,
                      certPem: name,
                      type,
                      validityEndTime: "2099-01-01T00:00:00Z",
                  },
    });
    await run.install();
    const tls = new BuilderTls("ci", { nodes, clients: ["github"], certificateValidityDays: 10, renewalDays: 4 });
    await run.settle();
    return { run, tls };
}

describe("BuilderTls", () => {
    test("registers the same resources in a preview, all below itself", async () => {
        const [preview, update] = [await record(true), await record()];
        expect(preview.run.names()).toEqual(update.run.names());
        expect(new Set(update.run.resources.map(({ urn }) => urn)).size).toBe(update.run.resources.length);
        const { urn } = update.run.resources.find(({ type }) => type === "multiarch-builder:index:BuilderTls")!;
        const children = update.run.resources.filter((resource) => resource.urn !== urn);
        expect(children.every(({ parent }) => parent === urn)).toBe(true);
        expect(children).toHaveLength(4 + 4 * 3);
    });

    test("asks for P-256, separate CAs and exact uses", async () => {
        const { run } = await record();
        for (const key of run.resources.filter(({ type }) => type === "tls:index/privateKey:PrivateKey")) {
            expect(key.inputs).toEqual({ algorithm: "ECDSA", ecdsaCurve: "P256" });
        }
        expect(run.get("ci-ca-server-1").inputs).toMatchObject({
            isCaCertificate: true,
            maxPathLength: 0,
            allowedUses: ["cert_signing", "crl_signing"],
            validityPeriodHours: 1825 * 24,
            subject: { commonName: "ci server CA 1" },
        });
        const node = run.get("ci-node-ci-arm64").inputs;
        expect(node).toMatchObject({
            allowedUses: ["digital_signature", "server_auth"],
            caCertPem: "ci-ca-server-1",
            validityPeriodHours: 240,
            earlyRenewalHours: 96,
        });
        expect(reveal(node.caPrivateKeyPem)).toBe("key of ci-ca-server-1-key");
        expect(isSecretValue(node.caPrivateKeyPem)).toBe(true);
        const client = run.get("ci-client-github").inputs;
        expect(client).toMatchObject({
            allowedUses: ["digital_signature", "client_auth"],
            caCertPem: "ci-ca-client-1",
        });
        expect(run.get("ci-node-ci-amd64-request").inputs.dnsNames).toEqual(["amd64.internal"]);
        expect(run.get("ci-node-ci-amd64-request").inputs.ipAddresses).toBeUndefined();
        expect(run.get("ci-node-ci-arm64-request").inputs.ipAddresses).toEqual(["10.0.1.5"]);
        expect(run.get("ci-client-request").inputs.dnsNames).toBeUndefined();
    });

    test("keeps keys secret and certificates open", async () => {
        const { tls } = await record();
        const secret = (output: pulumi.Output<unknown>) => pulumi.isSecret(output);
        expect(await secret(tls.clientKey)).toBe(true);
        expect(await secret(tls.nodeCertificates)).toBe(true);
        expect(await secret(tls.clientCertificates)).toBe(true);
        expect(await secret(tls.serverCa)).toBe(false);
        expect(await secret(tls.clientCa)).toBe(false);
        expect(await secret(tls.clientCert)).toBe(false);
    });

    test("creates nothing when an argument is wrong", async () => {
        const run = new Recorder();
        await run.install();
        expect(() => new BuilderTls("ci", { nodes, renewalDays: 500 })).toThrow(
            /invalid arguments of the certificates "ci"/,
        );
        await run.settle();
        expect(run.resources).toEqual([]);
    });
});
