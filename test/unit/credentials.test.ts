import { generateKeyPairSync } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { BuilderCredentials } from "../../components/builder";
import { credentialsProblems } from "../../components/buildx/credentials";
import { plainCredentialsProblems } from "../../components/plainCredentials";
import { createCa, issueClient } from "../../dev/local/pki";

const now = new Date("2030-06-15T12:00:00Z");
const validity = { notBefore: new Date("2030-06-01T00:00:00Z"), notAfter: new Date("2030-07-01T00:00:00Z") };
let good: BuilderCredentials;
let otherKey: string;

beforeAll(async () => {
    const ca = await createCa("server CA", validity);
    const clientCa = await createCa("client CA", validity);
    const client = await issueClient(clientCa, validity);
    good = { ca: ca.cert, ...client };
    otherKey = (await issueClient(clientCa, validity)).key;
});

test("whole ones have no problem", () => {
    expect(credentialsProblems(good, now)).toEqual([]);
    expect(credentialsProblems({ ...good, ca: good.ca + good.cert }, now)).toEqual([]);
});

test.each<[string, unknown, string]>([
    ["nothing", {}, "ca, cert, key"],
    ["null", null, "ca, cert, key"],
    ["undefined", undefined, "ca, cert, key"],
    ["a text", "-----BEGIN", "ca, cert, key"],
    ["null parts", { ca: null, cert: null, key: null }, "ca, cert, key"],
    ["a part alone", { ca: "x" }, "cert, key"],
    ["an empty part", { ca: "x", cert: "y", key: "" }, "key"],
])("%s: tells what is missing", (_, credentials, missing) => {
    expect(credentialsProblems(credentials as BuilderCredentials, now)).toEqual([
        `\`credentials\` needs ca, cert and key as PEM text; missing: ${missing}`,
    ]);
});

test("each part that is none is told", () => {
    const problems = [
        "`credentials.ca` is not a certificate in PEM text",
        "`credentials.cert` is not a certificate in PEM text",
        "`credentials.key` is not an unencrypted private key in PEM text",
    ];
    expect(credentialsProblems({ ca: "a", cert: "b", key: "c" }, now)).toEqual(problems);
    expect(credentialsProblems({ ca: 5, cert: {}, key: [1] } as unknown as BuilderCredentials, now)).toEqual(problems);
    expect(credentialsProblems({ ca: good.key, cert: good.key, key: good.cert }, now)).toEqual(problems);
});

test("an encrypted key cannot be used", () => {
    const key = generateKeyPairSync("ec", {
        namedCurve: "P-256",
        publicKeyEncoding: { type: "spki", format: "pem" },
        privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" },
    }).privateKey;
    expect(credentialsProblems({ ...good, key }, now)).toEqual([
        "`credentials.key` is not an unencrypted private key in PEM text",
    ]);
});

test("a key of another certificate does not fit", () => {
    expect(credentialsProblems({ ...good, key: otherKey }, now)).toEqual([
        "`credentials.key` does not belong to `credentials.cert`",
    ]);
});

describe("dates", () => {
    test.each([
        [
            "the last moment",
            new Date("2030-07-01T00:00:00Z"),
            "`credentials.cert` expired on Jul  1 00:00:00 2030 GMT: issue a new client certificate",
        ],
        [
            "long after",
            new Date("2040-01-01"),
            "`credentials.cert` expired on Jul  1 00:00:00 2030 GMT: issue a new client certificate",
        ],
        [
            "before",
            new Date("2030-05-31"),
            "`credentials.cert` is valid only from Jun  1 00:00:00 2030 GMT: check this machine's clock",
        ],
    ])("%s", (_, at, problem) => {
        expect(credentialsProblems(good, at)).toEqual([problem]);
    });

    test("are not looked at without a time", () => {
        expect(credentialsProblems(good)).toEqual([]);
    });
});

test("no problem quotes the material", () => {
    const secret = "hunter2hunter2";
    for (const credentials of [
        { ca: secret, cert: secret, key: secret },
        { ...good, key: secret },
    ]) {
        expect(credentialsProblems(credentials, now).join()).not.toContain(secret);
    }
});

describe("before anything is created", () => {
    test("missing ones are told", () => {
        const missing = ["is missing: { ca, cert, key } as PEM text, for mutual TLS with the nodes"];
        expect(plainCredentialsProblems(undefined)).toEqual(missing);
        expect(plainCredentialsProblems(null as unknown as undefined)).toEqual(missing);
    });

    test("an Output, whole or in part, is checked later", () => {
        expect(plainCredentialsProblems(pulumi.output({ ca: "", cert: "", key: "" }))).toEqual([]);
        const parts = { ca: "x", cert: "y", key: pulumi.secret("z") } as unknown as BuilderCredentials;
        expect(plainCredentialsProblems(parts)).toEqual([]);
    });

    test.each([5, "text", [], { ca: "x", cert: null, key: "y" }])("%j is checked now", (value) => {
        const problems = plainCredentialsProblems(value as unknown as BuilderCredentials);
        expect(problems.join()).toContain("needs ca, cert and key as PEM text; missing: ");
    });
});
