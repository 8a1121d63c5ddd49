import { X509Certificate } from "node:crypto";
import { EksExposure } from "../../../../components/eks/arguments";
import { type Builders, expectEqual, firstPod, here } from "../builders";
import type { TlsFileNames } from "../client";
import { addresses } from "../daemons";
import { recordOf, serverNames } from "../settings";

export async function overTls(builders: Builders): Promise<string> {
    return `it made ${await builders.build({ id: "kept" })}`;
}

/** Under TLS 1.3 a client learns only from its first call that it was refused, or sees nothing but its connection closed. */
const refusal = /remote error: tls: [a-z ]+|broken pipe|connection reset by peer|EOF/;

export async function refusesStrangers(builders: Builders): Promise<string> {
    const { client, pki } = builders;
    const { cacert } = client.files;
    const call = async (files: TlsFileNames) => {
        const { status, stderr } = await client.buildctl(builders.node(), ["debug", "workers"], files);
        return status === 0 ? "served" : stderr.trim();
    };
    // A daemon's own certificate is of the other CA.
    const stranger = { cacert, ...client.writePair("stranger", pki.servers.get(serverNames.name)!) };
    const refused = [await call({ cacert }), await call(stranger)].map((answer) => {
        const [reason] = refusal.exec(answer) ?? [];
        if (reason === undefined) {
            throw new Error(`the stranger's call: ${answer}`);
        }
        return reason;
    });
    expectEqual("the client's call", await call(client.files), "served");
    return refused.join("; ");
}

export async function overKubePod(builders: Builders): Promise<string> {
    const { guest } = builders;
    const variant = { exposure: EksExposure.KubePod, access: { groups: ["guests"] } };
    const node = recordOf(variant).nodes[0]!;
    const before = await guest.buildctl(node, ["debug", "workers"]);
    if (before.status === 0 || !before.stderr.includes("forbidden")) {
        throw new Error(`a user without the Role was not refused: ${before.stderr}`);
    }
    await builders.apply(variant);
    const made = await guest.build(recordOf(variant), "pod", { id: "pod" });
    expectEqual("what buildctl built of the same", await guest.buildOn(node, { id: "pod" }), made);
    const mayExec = (pod: string) => ["create", `pods/${pod}`, "--subresource=exec"];
    for (const [answer, ...right] of [
        ["yes", ...mayExec(firstPod)],
        ["no", ...mayExec("other-0")],
        ["no", "get", "secrets"],
        ["no", "delete", `pods/${firstPod}`],
    ]) {
        const { stdout } = await guest.kubectl(["auth", "can-i", ...right, here]);
        expectEqual(`whether a client may ${right.join(" ")}`, stdout.trim(), answer!);
    }
    await builders.apply();
    return "with buildx and with buildctl; without the Role `forbidden`";
}

/** Neither a build step nor the daemon's container reaches what hands out the machine's credentials. */
export async function hidesMetadata(builders: Builders): Promise<string> {
    const { cluster } = builders;
    const [metadata, port] = ["169.254.169.254", 8080];
    const read = (address: string) => `busybox nc -w 5 ${address} ${port} </dev/null`;
    const serve = `require("net").createServer((socket) => socket.end("credentials")).listen(${port})`;
    cluster.machine.spawn("metadata", process.execPath, ["-e", serve]);
    await cluster.machine.succeed("ip", ["address", "add", `${metadata}/32`, "dev", "node0"]);
    const reached = async () => (await cluster.machine.run("sh", ["-c", read(metadata)])).stdout === "credentials";
    await cluster.until("the machine reaches the metadata address", reached, 30);
    const step = `/bin/${read(addresses.node)} | /bin/busybox grep credentials; if /bin/${read(metadata)}; then exit 1; fi`;
    await builders.build({ id: "metadata", step });
    const inPod = ["exec", here, firstPod, "--", "sh", "-c", `${read(addresses.node)} && ${read(metadata)}`];
    const { status, stdout, stderr } = await cluster.tryKubectl(inPod);
    if (status === 0 || stdout !== "credentials") {
        throw new Error(`the daemon's container saw ${stdout} ${stderr}`);
    }
    return `both reach the machine at ${addresses.node}; at ${metadata}: ${stderr.split("\n")[0]}`;
}

export async function servesNewCertificate(builders: Builders): Promise<string> {
    const { pki } = builders;
    const pod = await builders.pod();
    const wanted = () => new X509Certificate(pki.servers.get(serverNames.name)!.cert).fingerprint256;
    expectEqual("the certificate before", await servedCertificate(builders), wanted());
    await builders.renewCertificate();
    await builders.apply();
    expectEqual("the certificate afterwards", await servedCertificate(builders), wanted());
    if ((await builders.pod()).metadata.uid === pod.metadata.uid) {
        throw new Error(`the pod ${firstPod} is the same as before`);
    }
    await builders.build({ id: "kept" });
    return `another pod serves ${wanted().slice(0, 23)}…, and the cache is there`;
}

/** Fingerprint of the certificate that a daemon shows. */
function servedCertificate(builders: Builders): Promise<string> {
    const { endpoint, serverName: servername } = builders.node();
    const [host, port] = endpoint.replace("tcp://", "").split(":");
    const options = JSON.stringify({ host, port, servername, rejectUnauthorized: false });
    const print = "process.stdout.write(socket.getPeerCertificate().fingerprint256, () => process.exit())";
    const script = `const socket = require("tls").connect(${options}, () => ${print})`;
    return builders.cluster.machine.succeed(process.execPath, ["-e", script], { seconds: 30 });
}
