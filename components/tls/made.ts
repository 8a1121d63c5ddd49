import * as pulumi from "@pulumi/pulumi";
import { CertRequest, LocallySignedCert, PrivateKey, SelfSignedCert } from "@pulumi/tls";
import { propertyError } from "../problems";
import type { BuilderTlsArgs, TlsKeyPair } from "./arguments";
import { alternativeNames, serverNameProblem } from "./names";
import { type TlsSettings, caWarning, commonName, tlsSettings } from "./settings";

/** What a builder's certificates are, wherever they come from. Keys are secrets. */
export interface TlsMaterial {
    serverCa: pulumi.Output<string>;
    clientCa: pulumi.Output<string>;
    client: pulumi.Output<TlsKeyPair>;
    nodes: Record<string, pulumi.Output<TlsKeyPair>>;
    clients: Record<string, pulumi.Output<TlsKeyPair>>;
}

interface Authority {
    cert: SelfSignedCert;
    key: PrivateKey;
}

type Role = "server" | "client";

/** Makes both CAs in every generation that is trusted, and a certificate per node and client. */
export function makeTls(name: string, args: BuilderTlsArgs, parent: pulumi.Resource): TlsMaterial {
    const settings = tlsSettings(args);
    const authorities = {
        server: makeAuthorities(name, "server", settings, parent),
        client: makeAuthorities(name, "client", settings, parent),
    };
    const sign = (suffix: string, role: Role, owner: string, serverName?: pulumi.Input<string>) =>
        issue(`${name}-${suffix}`, { role, owner, serverName, authority: authorities[role], settings, parent });
    const nodes = args.nodes.map((node): [string, pulumi.Output<TlsKeyPair>] => [
        node.name,
        sign(`node-${node.name}`, "server", node.name, node.serverName),
    ]);
    const clients = (args.clients ?? []).map((client): [string, pulumi.Output<TlsKeyPair>] => [
        client,
        sign(`client-${client}`, "client", client),
    ]);
    return {
        serverCa: bundle(authorities.server),
        clientCa: bundle(authorities.client),
        client: sign("client", "client", name),
        nodes: Object.fromEntries(nodes),
        clients: Object.fromEntries(clients),
    };
}

function makeAuthorities(
    name: string,
    role: Role,
    settings: TlsSettings,
    parent: pulumi.Resource,
): Map<number, Authority> {
    return new Map(
        settings.trusted.map((generation) => [generation, makeAuthority(name, role, generation, settings, parent)]),
    );
}

function makeAuthority(
    name: string,
    role: Role,
    generation: number,
    settings: TlsSettings,
    parent: pulumi.Resource,
): Authority {
    const child = `${name}-ca-${role}-${generation}`;
    const key = new PrivateKey(`${child}-key`, { algorithm: "ECDSA", ecdsaCurve: "P256" }, { parent });
    const cert = new SelfSignedCert(
        child,
        {
            privateKeyPem: key.privateKeyPem,
            subject: { commonName: commonName(name, `${role} CA ${generation}`) },
            isCaCertificate: true,
            maxPathLength: 0,
            allowedUses: ["cert_signing", "crl_signing"],
            setSubjectKeyId: true,
            validityPeriodHours: settings.caValidityDays * 24,
        },
        // A CA that is replaced in place breaks every connection: another validity is for the next generation.
        { parent, ignoreChanges: ["validityPeriodHours"] },
    );
    cert.validityEndTime.apply((end) => {
        const warning = caWarning(role, generation, end, settings, new Date());
        return warning && pulumi.log.warn(warning, parent);
    });
    return { cert, key };
}

function bundle(authorities: Map<number, Authority>): pulumi.Output<string> {
    const certificates = [...authorities.values()].map(({ cert }) => cert.certPem);
    return pulumi.unsecret(pulumi.all(certificates).apply((texts) => texts.map(withNewline).join("")));
}

interface Issue {
    role: Role;
    owner: string;
    serverName?: pulumi.Input<string>;
    authority: Map<number, Authority>;
    settings: TlsSettings;
    parent: pulumi.Resource;
}

function issue(child: string, options: Issue): pulumi.Output<TlsKeyPair> {
    const { role, owner, serverName, settings, parent } = options;
    const authority = options.authority.get(settings.signing)!;
    const key = new PrivateKey(
        `${child}-key`,
        { algorithm: "ECDSA", ecdsaCurve: "P256" },
        // A new generation may be the answer to a leak, so it gets new keys.
        { parent, replacementTrigger: settings.signing },
    );
    const names = serverName === undefined ? undefined : pulumi.output(serverName).apply(checkedNames);
    const request = new CertRequest(
        `${child}-request`,
        {
            privateKeyPem: key.privateKeyPem,
            subject: { commonName: commonName(owner, role) },
            ...(names
                ? { dnsNames: names.apply((n) => n.dnsNames), ipAddresses: names.apply((n) => n.ipAddresses) }
                : {}),
        },
        { parent },
    );
    const cert = new LocallySignedCert(
        child,
        {
            certRequestPem: request.certRequestPem,
            caPrivateKeyPem: authority.key.privateKeyPem,
            caCertPem: authority.cert.certPem,
            allowedUses: ["digital_signature", `${role}_auth`],
            setSubjectKeyId: true,
            validityPeriodHours: settings.certificateValidityDays * 24,
            earlyRenewalHours: settings.renewalDays * 24,
        },
        // Renewing replaces it, which protection of the farm would refuse when it is due.
        { parent, protect: false },
    );
    return pulumi
        .all([cert.certPem, key.privateKeyPemPkcs8])
        .apply(([text, privateKey]) => ({ cert: withNewline(text), key: withNewline(privateKey) }));
}

/** The alternative names of a server name that may have become known only now. */
function checkedNames(serverName: string): ReturnType<typeof alternativeNames> {
    const reason = serverNameProblem(serverName);
    if (reason) {
        const text = `\`nodes\`: the server name ${JSON.stringify(serverName)} ${reason}`;
        throw propertyError("nodes", text);
    }
    return alternativeNames(serverName);
}

function withNewline(text: string): string {
    return `${text.trimEnd()}\n`;
}
