import { generateKeyPairSync, randomBytes } from "node:crypto";
import { join } from "node:path";
import { privateFolder, writePrivate } from "../../local/files";
import { createPki } from "../../local/pki";
import { type Layout, type User, addresses, configFiles, kubeconfigFile, users } from "./daemons";

/** Writes what the daemons read: their configuration, and keys, certificates and tokens made for this cluster. */
export async function writeConfig(layout: Layout): Promise<void> {
    privateFolder(layout.config);
    const files = { ...configFiles(layout), ...(await certificates()), ...serviceAccountKey() };
    const tokens = Object.keys(users).map((user) => [user as User, randomBytes(24).toString("hex")] as const);
    for (const [name, text] of Object.entries({ ...files, "tokens.csv": tokenFile(layout, tokens) })) {
        writePrivate(join(layout.config, name), text);
    }
    for (const [user, token] of tokens) {
        writePrivate(kubeconfigFile(layout, user), JSON.stringify(kubeconfig(files["server-ca.pem"], token)));
    }
}

/** The API server's certificate, and the one that kubelets know it by. */
async function certificates() {
    const server = {
        name: "kube-apiserver",
        dnsNames: ["localhost", "kubernetes", "kubernetes.default.svc"],
        ipAddresses: ["127.0.0.1", addresses.node, addresses.api],
    };
    const { serverCa, servers, clientCa, client } = await createPki({ nodes: [server] });
    const { cert, key } = servers.get(server.name)!;
    return {
        "server-ca.pem": serverCa.cert,
        "server.pem": cert,
        "server-key.pem": key,
        "client-ca.pem": clientCa.cert,
        "client.pem": client.cert,
        "client-key.pem": client.key,
    };
}

function serviceAccountKey() {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    return { "service-account-key.pem": privateKey.export({ type: "sec1", format: "pem" }).toString() };
}

/** https://kubernetes.io/docs/reference/access-authn-authz/authentication/#static-token-file */
function tokenFile({ nodeName }: Layout, tokens: (readonly [User, string])[]): string {
    return tokens
        .map(
            ([user, token]) =>
                `${token},${users[user].name || `system:node:${nodeName}`},${user},"${users[user].groups}"\n`,
        )
        .join("");
}

function kubeconfig(ca: string, token: string): object {
    const cluster = {
        server: "https://127.0.0.1:6443",
        "certificate-authority-data": Buffer.from(ca).toString("base64"),
    };
    const name = "proof";
    return {
        apiVersion: "v1",
        kind: "Config",
        clusters: [{ name, cluster }],
        users: [{ name, user: { token } }],
        contexts: [{ name, context: { cluster: name, user: name } }],
        "current-context": name,
    };
}
