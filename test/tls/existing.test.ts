import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { BuilderTls } from "../../components/tls/builderTls";
import { authorityProblems, keyPairProblems, parseBundle } from "../../components/tls/material";
import { type Pki, createPki } from "../../dev/local/pki";
import { Recorder, promiseOf } from "../support/recorder";

const day = 24 * 3600_000;
const now = new Date();
const arn = (name: string) => `arn:aws:ssm:eu-central-1:123456789012:parameter/tls/${name}`;
const pair = (name: string) => ({ certParameterArn: arn(`${name}-cert`), keyParameterArn: arn(`${name}-key`) });
const server = { name: "ci-arm64", dnsNames: ["arm64.internal"], ipAddresses: ["10.0.1.5"] };

const existing = {
    serverCaParameterArn: arn("server-ca"),
    clientCaParameterArn: arn("client-ca"),
    client: pair("client"),
    nodes: { "ci-arm64": pair("arm64") },
};

let pki: Pki;
let other: Pki;

beforeAll(async () => {
    const clientValidity = { notBefore: new Date(now.getTime() - day), notAfter: new Date(now.getTime() + 30 * day) };
    pki = await createPki({ nodes: [server], clientValidity });
    other = await createPki({ nodes: [server] });
});

function parameters(): Record<string, string> {
    return {
        "server-ca": pki.serverCa.cert,
        "client-ca": pki.clientCa.cert,
        "client-cert": pki.client.cert,
        "client-key": pki.client.key,
        "arm64-cert": pki.servers.get("ci-arm64")!.cert,
        "arm64-key": pki.servers.get("ci-arm64")!.key,
    };
}

async function read(values: Record<string, string>) {
    const run = new Recorder({
        call: (token, inputs) => {
            expect(token).toBe("aws:ssm/getParameter:getParameter");
            const key = String(inputs.name).split("/").pop() ?? "";
            return { ...inputs, value: values[key] ?? "" };
        },
    });
    await run.install();
    const tls = new BuilderTls("ci", {
        nodes: [{ name: "ci-arm64", serverName: "arm64.internal" }],
        existing,
    });
    return { run, tls };
}

describe("given certificates", () => {
    test("are read decrypted, make no resource, and only keys are secret", async () => {
        const { run, tls } = await read(parameters());
        expect(await promiseOf(tls.serverCa)).toBe(pki.serverCa.cert);
        expect(await promiseOf(tls.clientCa)).toBe(pki.clientCa.cert);
        expect(await promiseOf(tls.clientKey)).toBe(pki.client.key);
        expect(await promiseOf(tls.nodeCertificates)).toEqual({ "ci-arm64": pki.servers.get("ci-arm64") });
        await run.settle();
        expect(run.names()).toEqual(["ci"]);
        expect(run.invokes).toHaveLength(6);
        expect(run.invokes.every(({ inputs }) => (inputs as { withDecryption: boolean }).withDecryption)).toBe(true);
        expect(JSON.stringify(run.resources)).not.toContain("PRIVATE KEY");
        const secrets = [tls.serverCa, tls.clientCa, tls.clientCert, tls.clientKey, tls.nodeCertificates];
        expect(await Promise.all(secrets.map((output) => pulumi.isSecret(output as pulumi.Output<unknown>)))).toEqual([
            false,
            false,
            false,
            true,
            true,
        ]);
    });

    test("are refused when a node's certificate does not carry its name, without quoting any of it", () => {
        const { status, stderr } = readInProcess(parameters(), "amd64.internal");
        expect(stderr).toMatch(
            /`existing.nodes\["ci-arm64"\]`: the certificate does not carry "amd64.internal": it has DNS:arm64.internal/,
        );
        expect(stderr).not.toContain("BEGIN");
        expect(status).toBe(3);
    });

    test("are refused when both CAs are one", () => {
        const { stderr } = readInProcess({ ...parameters(), "client-ca": pki.serverCa.cert }, "arm64.internal");
        expect(stderr).toMatch(/`existing`: the server CA and the client CA are the same/);
    });

    test("pass in that process when they are right", () => {
        expect(readInProcess(parameters(), "arm64.internal")).toMatchObject({ status: 0, stderr: "" });
    });
});

function readInProcess(values: Record<string, string>, serverName: string) {
    const program = join(__dirname, "fixtures/given.ts");
    return spawnSync(process.execPath, ["--import", "tsx", program], {
        encoding: "utf8",
        input: JSON.stringify({ values, existing, serverName }),
    });
}

describe("a certificate and its key", () => {
    const serverUse = () => ({ ca: pki.serverCa.cert, role: "server" as const, serverName: "10.0.1.5" });
    const clientUse = () => ({ ca: pki.clientCa.cert, role: "client" as const });
    const node = () => pki.servers.get("ci-arm64")!;

    test("fit", () => {
        expect(keyPairProblems(node(), serverUse(), now)).toEqual({ errors: [], warnings: [] });
        expect(keyPairProblems(pki.client, clientUse(), now)).toEqual({ errors: [], warnings: [] });
        // A bundle in the middle of a rotation.
        const both = other.clientCa.cert + pki.clientCa.cert;
        expect(keyPairProblems(pki.client, { ...clientUse(), ca: both }, now).errors).toEqual([]);
        expect(parseBundle(both)).toHaveLength(2);
        expect(authorityProblems(pki.serverCa.cert, both).errors).toEqual([]);
    });

    test.each<[string, () => ReturnType<typeof keyPairProblems>, RegExp]>([
        ["no PEM", () => keyPairProblems({ cert: "x", key: node().key }, serverUse(), now), /not a certificate/],
        [
            "no key",
            () => keyPairProblems({ cert: node().cert, key: "x" }, serverUse(), now),
            /not an unencrypted private/,
        ],
        [
            "another's key",
            () => keyPairProblems({ ...node(), key: pki.client.key }, serverUse(), now),
            /does not belong/,
        ],
        ["another CA", () => keyPairProblems(other.client, clientUse(), now), /not signed by the client CA/],
        [
            "wrong use",
            () => keyPairProblems(node(), { ca: pki.serverCa.cert, role: "client" }, now),
            /not meant for a client/,
        ],
        ["expired", () => keyPairProblems(pki.client, clientUse(), new Date(now.getTime() + 31 * day)), /expired on/],
        [
            "not yet valid",
            () => keyPairProblems(pki.client, clientUse(), new Date(now.getTime() - 9 * day)),
            /valid only from/,
        ],
        [
            "too long",
            () => keyPairProblems({ ...node(), cert: node().cert.repeat(9) }, serverUse(), now),
            /standard SSM parameter holds 4096/,
        ],
    ])("refused: %s", (_, check, reason) => expect(check().errors.join()).toMatch(reason));

    test("warned of before the end, and when a client's lasts for years", async () => {
        const long = await createPki({
            nodes: [],
            clientValidity: { notBefore: now, notAfter: new Date(now.getTime() + 800 * day) },
        });
        const use = { ca: long.clientCa.cert, role: "client" as const };
        expect(keyPairProblems(long.client, use, new Date(now.getTime() + day)).warnings.join()).toMatch(
            /more than a year/,
        );
        const late = new Date(now.getTime() + 20 * day);
        expect(keyPairProblems(pki.client, clientUse(), late).warnings.join()).toMatch(/expires on/);
    });

    test("T63 a CA that must not sign, and RSA keys that are short", () => {
        const told = (modulusLength: number) => {
            const { privateKey } = generateKeyPairSync("rsa", { modulusLength });
            const key = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
            return keyPairProblems({ cert: node().cert, key }, serverUse(), now);
        };
        const remedy = "use ECDSA P-256, or RSA of 3072 bits";
        expect(told(1024).errors).toContain(`the key is an RSA key of 1024 bits: ${remedy}`);
        expect(told(2048).warnings).toEqual([`the key is an RSA key of 2048 bits: ${remedy}`]);
        expect(told(3072).warnings).toEqual([]);
        // A node's certificate says that it may not sign.
        expect(authorityProblems(node().cert, pki.clientCa.cert).errors).toEqual([
            "the server CA is no CA certificate (basic constraint `CA:TRUE` is missing)",
        ]);
    });

    test("a CA must be one", () => {
        expect(authorityProblems(node().cert, pki.clientCa.cert).errors.join()).toMatch(
            /server CA is no CA certificate/,
        );
        expect(authorityProblems(pki.serverCa.cert, "").errors.join()).toMatch(/client CA is not a certificate/);
    });
});
