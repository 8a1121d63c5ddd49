import type * as pulumi from "@pulumi/pulumi";

/** A BuildKit node that needs a certificate. */
export interface BuilderTlsNode {
    /** Name of the node within the builder, for example `ci-arm64`. Plain, because it names resources. */
    name: string;
    /** Host name or IP address that the node's certificate carries, and that clients check. */
    serverName: pulumi.Input<string>;
}

/** A certificate and its private key, PEM text. */
export interface TlsKeyPair {
    /** The certificate. */
    cert: string;
    /** Its private key, a secret. */
    key: string;
}

/** A certificate and its private key in SSM parameters, by ARN. */
export interface ExistingKeyPair {
    /** ARN of the parameter with the certificate, PEM text. */
    certParameterArn: pulumi.Input<string>;
    /** ARN of the `SecureString` parameter with the private key, unencrypted PEM text. */
    keyParameterArn: pulumi.Input<string>;
}

/** Certificates that were made elsewhere, in SSM parameters of the provider's region. */
export interface ExistingTls {
    /** ARN of the parameter with the CA that signed the nodes' certificates, or a bundle of several. */
    serverCaParameterArn: pulumi.Input<string>;
    /** ARN of the parameter with the CA that signs clients' certificates, or a bundle of several; not the server CA. */
    clientCaParameterArn: pulumi.Input<string>;
    /** The builder's own client credentials. */
    client: ExistingKeyPair;
    /** The nodes' certificates, by name of the node. Each carries the node's `serverName`. */
    nodes: Record<string, ExistingKeyPair>;
}

/** Settings of a builder's certificates. */
export interface FarmTls {
    /**
     * Names of further client certificates, for example one per CI. All of them are root on the builder: separate ones
     * only tell in a log who built. Defaults to none.
     */
    clients?: string[];
    /**
     * Validity of a CA in days, fixed when the CA is made. Defaults to 1825, five years. A CA is never renewed by itself,
     * because clients and nodes must trust the new one before it signs: a warning tells a year before its end.
     */
    caValidityDays?: number;
    /** Validity of the nodes' and clients' certificates in days. Defaults to 90. A change makes them anew. */
    certificateValidityDays?: number;
    /**
     * Days before its end at which an update renews a certificate; updates must run more often than that. Defaults to 30.
     * It must be less than `certificateValidityDays`.
     */
    renewalDays?: number;
    /**
     * Number of the CAs that sign. Defaults to 1. A higher number makes new CAs and, with them, new keys and certificates
     * for all nodes and clients; see `trustedCaGenerations` for doing that without a break.
     */
    caGeneration?: number;
    /**
     * Numbers of the CAs that are trusted; `caGeneration` must be among them. Defaults to `caGeneration` alone. Rotation
     * without a break takes three updates, each followed by a restart of every node and, for clients that keep a copy, by
     * a fetch of the credentials: `[1, 2]` with `caGeneration` 1 makes the new CAs trusted, then `caGeneration` 2 with
     * `[1, 2]` lets them sign, then `[2]` drops the old ones. After a leak of a key, go to `caGeneration` 2 with `[2]` at
     * once: a certificate cannot be revoked in any other way.
     */
    trustedCaGenerations?: number[];
    /**
     * Certificates that were made elsewhere. Nothing is made then, so `clients`, the validities and the generations cannot
     * be given.
     */
    existing?: ExistingTls;
}

/** Arguments of a builder's certificates. */
export interface BuilderTlsArgs extends FarmTls {
    /** The nodes, at least one. */
    nodes: BuilderTlsNode[];
}
