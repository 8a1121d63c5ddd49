import * as pulumi from "@pulumi/pulumi";
import { Problems } from "../problems";
import type { BuilderTlsArgs, TlsKeyPair } from "./arguments";
import { readTls } from "./given";
import { makeTls } from "./made";
import { tlsWarnings, validateTls } from "./validate";

/**
 * The certificates of a builder for mutual TLS: a server CA that clients trust, a client CA that nodes trust, a
 * certificate per node and client certificates. All keys are ECDSA P-256; they are in the stack's state, encrypted by its
 * secrets provider. There is no revocation and no way to switch TLS off: whoever holds a client certificate is root on the
 * builder.
 *
 *     const tls = new BuilderTls("ci", {
 *         nodes: [
 *             { name: "ci-amd64", serverName: "amd64.builders.internal" },
 *             { name: "ci-arm64", serverName: "arm64.builders.internal" },
 *         ],
 *     });
 *
 * An update within `renewalDays` of a certificate's end renews it, so updates must run on a schedule. The two CAs are kept
 * apart, since with one CA the key of a node would sign in as a client. Cost: none.
 */
export class BuilderTls extends pulumi.ComponentResource {
    /** Certificates of the CAs that sign for nodes, PEM text: what clients trust. */
    public readonly serverCa: pulumi.Output<string>;
    /** Certificates of the CAs that sign for clients, PEM text: what nodes trust. */
    public readonly clientCa: pulumi.Output<string>;
    /** The builder's own client certificate, PEM text. */
    public readonly clientCert: pulumi.Output<string>;
    /** Key of the builder's own client certificate, a secret. */
    public readonly clientKey: pulumi.Output<string>;
    /** Certificates and keys of the nodes by name, a secret. */
    public readonly nodeCertificates: pulumi.Output<Record<string, TlsKeyPair>>;
    /** Certificates and keys of the further clients by name, a secret. */
    public readonly clientCertificates: pulumi.Output<Record<string, TlsKeyPair>>;

    constructor(name: string, args: BuilderTlsArgs, opts?: pulumi.ComponentResourceOptions) {
        const problems = new Problems();
        args = validateTls(args, problems) ?? args;
        problems.throwIfAny(`the certificates "${name}"`);
        super("multiarch-builder:index:BuilderTls", name, args, opts);
        tlsWarnings(args).forEach((warning) => void pulumi.log.warn(warning, this));

        const material = args.existing ? readTls(args.nodes, args.existing, this) : makeTls(name, args, this);

        this.serverCa = material.serverCa;
        this.clientCa = material.clientCa;
        this.clientCert = pulumi.unsecret(material.client.cert);
        this.clientKey = pulumi.secret(material.client.key);
        this.nodeCertificates = pulumi.secret(pulumi.all(material.nodes));
        this.clientCertificates = pulumi.secret(pulumi.all(material.clients));
        this.registerOutputs({
            serverCa: this.serverCa,
            clientCa: this.clientCa,
            clientCert: this.clientCert,
            clientKey: this.clientKey,
            nodeCertificates: this.nodeCertificates,
            clientCertificates: this.clientCertificates,
        });
    }
}
