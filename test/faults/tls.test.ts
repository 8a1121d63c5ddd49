import * as fs from "node:fs";
import * as path from "node:path";
import { Client, credentials as channelCredentials } from "@grpc/grpc-js";
import type { Farm, FarmNode } from "../../dev/local/farm";
import { sha256, writePrivate } from "../../dev/local/files";
import { renderBuildkitdToml } from "../../dev/local/node";
import { type KeyPair, type Pki, createCa, issueClient, issueServer } from "../../dev/local/pki";
import { isFree } from "../../dev/local/ports";
import { ensureProcess, stopProcess } from "../../dev/local/processes";
import { ensureTools } from "../../dev/tools/build";
import { endFarm } from "../support/farmFaults";
import { expired, namesOf, plantPki, valid } from "../support/faultPki";
import { altered, expectFault, stackOn, writeSource } from "../support/faults";
import { type Project, RegistryView, temporaryFolder, testFarm } from "../support/project";

const platforms = ["linux/amd64"];
const image = { name: "app", context: "ctx", tags: ["1.0"], platforms };
const works = ["/probe", "arch", "/arch"];

jest.setTimeout(240_000);

let base: string;
let farm: Farm | undefined;
let pki: Pki;
let project: Project;

beforeAll(async () => {
    base = temporaryFolder("fault-tls");
    pki = await plantPki(base, ["amd64"]);
    farm = await testFarm(base, platforms);
    expect(farm.fresh).toBe(false);
    project = stackOn(farm, base);
    writeSource(project, platforms, "first", works);
    expect((await project.run(image)).errors).toEqual([]);
    writeSource(project, platforms, "second", works);
});

afterAll(() => endFarm(farm, base), 60_000);

/** Runs the stack with parts that do not fit the farm; every resource that fails has to say the same. */
async function expectRefusal(parts: Parameters<typeof altered>[1], text: RegExp): Promise<void> {
    const stranger = stackOn(altered(farm!, parts), base);
    const fault = await expectFault(stranger, "app", () => stranger.run(image));
    expect(fault.errors).toEqual(fault.errors.map(() => expect.stringMatching(text) as string));
    expect(fault.seconds).toBeLessThan(60);
}

function client(pair: KeyPair): { credentials: Farm["credentials"] } {
    return { credentials: { ca: farm!.credentials.ca, ...pair } };
}

const nodeLine = /multiarch-test-amd64 \(tcp:\S+, server name \S+, linux\/amd64\): /;

test("a CA that did not sign the node's certificate", async () => {
    const { cert } = await createCa("another server CA", valid);
    await expectRefusal(
        { credentials: { ...farm!.credentials, ca: cert } },
        new RegExp(`${nodeLine.source}.* is not signed by the \`ca\` of the credentials`),
    );
});

test("an expired client certificate, before any node is asked", async () => {
    await expectRefusal(
        client(await issueClient(pki.clientCa, expired)),
        /builder "multiarch-test" .*`credentials.cert` expired on .*: issue a new client certificate/,
    );
});

test("a client certificate that another CA signed", async () => {
    const stranger = client(await issueClient(await createCa("another client CA", valid), valid));
    const reason = "the node refused the client certificate: .*another CA signed it";
    await expectRefusal(stranger, new RegExp(nodeLine.source + reason));
});

test("a node's certificate that does not carry the server name", async () => {
    const nodes = farm!.nodes.map((node): FarmNode => ({ ...node, serverName: "elsewhere.builder.internal" }));
    await expectRefusal(
        { nodes },
        /server name elsewhere.builder.internal, .*does not carry the record's `serverName`/,
    );
});

test("no client certificate: refused by the arguments", async () => {
    await expectRefusal({ credentials: { ca: farm!.credentials.ca, cert: "", key: "" } }, /`credentials.*cert.*key/s);
});

test("a client without a certificate is refused at its call, whatever the handshake says", async () => {
    const { ca, cert, key } = farm!.credentials;
    const secured = channelCredentials.createSsl(Buffer.from(ca), Buffer.from(key), Buffer.from(cert));
    expect(await listWorkersRaw(farm!.nodes[0]!, secured)).toBe("answered");
    const anonymous = channelCredentials.createSsl(Buffer.from(ca));
    expect(await listWorkersRaw(farm!.nodes[0]!, anonymous)).toMatch(/certificate required|alert number 116/i);
});

test("an expired server certificate", async () => {
    const node = await startExpiredNode(farm!);
    try {
        await expectRefusal(
            { nodes: [node] },
            /multiarch-test-amd64 .*the node's certificate has expired: renew it and restart it/,
        );
    } finally {
        await stopProcess(farm!.dir, "buildkitd-expired");
    }
});

test("none of these keeps the next run from passing", async () => {
    const registry = new RegistryView(farm!);
    const before = await registry.tagDigest("app", "1.0");
    expect((await project.run(image)).errors).toEqual([]);
    expect(await registry.tagDigest("app", "1.0")).not.toBe(before);
});

/** What becomes of a bare call of the control API. */
function listWorkersRaw(node: FarmNode, secured: ReturnType<typeof channelCredentials.createSsl>): Promise<string> {
    const options = { "grpc.ssl_target_name_override": node.serverName, "grpc.default_authority": node.serverName };
    const caller = new Client(new URL(node.endpoint).host, secured, options);
    const pass = (bytes: Buffer) => bytes;
    return new Promise<string>((resolve) =>
        caller.makeUnaryRequest(
            "/moby.buildkit.v1.Control/ListWorkers",
            pass,
            pass,
            Buffer.alloc(0),
            { deadline: Date.now() + 10_000 },
            (error) => resolve(error ? error.details : "answered"),
        ),
    ).finally(() => caller.close());
}

/** A daemon whose certificate has run out: the farm would renew it, so it is started beside the farm's nodes. */
async function startExpiredNode({ dir, nodes, credentials, registry }: Farm): Promise<FarmNode> {
    const { serverName } = nodes[0]!;
    const { cert, key } = await issueServer(pki.serverCa, namesOf("amd64"), expired);
    const folder = path.join(dir, "nodes", "expired");
    const file = (name: string) => path.join(folder, name);
    writePrivate(file("cert.pem"), cert);
    writePrivate(file("key.pem"), key);
    const port = await freePort();
    const tools = await ensureTools(() => undefined);
    const toml = renderBuildkitdToml(
        {
            ...{ dir, tools, name: "expired", platforms, port, serverName, credentials },
            certFile: file("cert.pem"),
            keyFile: file("key.pem"),
            clientCaFile: path.join(dir, "pki", "client-ca.pem"),
            registryAddress: registry.address,
        },
        folder,
    );
    fs.writeFileSync(file("buildkitd.toml"), toml);
    await ensureProcess({
        dir,
        name: "buildkitd-expired",
        command: tools.buildkitd,
        args: ["--config", file("buildkitd.toml")],
        fingerprint: sha256(toml),
        ready: async () => ((await isFree(port)) ? "nothing listens" : undefined),
    });
    return { ...nodes[0]!, endpoint: `tcp://127.0.0.1:${port}` };
}

async function freePort(): Promise<number> {
    for (let port = 18_000 + (process.pid % 1000); ; port++) {
        if (await isFree(port)) {
            return port;
        }
    }
}
