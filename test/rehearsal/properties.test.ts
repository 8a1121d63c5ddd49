import * as rpc from "@pulumi/pulumi/runtime/rpc";
import { OutputValues } from "./sentinels";
import {
    containsSecret,
    containsUnknown,
    equal,
    mask,
    normalize,
    openSecrets,
    reveal,
    sealSecrets,
    secret,
    secretStrings,
    sentinels,
    unknown,
    type Value,
} from "../../dev/rehearsal/properties";
import { Redactor } from "../../dev/rehearsal/redact";

const nested: Value = { a: [1, secret({ b: "word", c: [secret("inner")] })], d: { e: unknown, f: null } };

/** Not AES: the sealing itself is tested with the passphrase. */
const reversing = {
    encryptionSalt: "",
    seal: (text: string) => [...text].reverse().join(""),
    open: (text: string) => [...text].reverse().join(""),
};

describe("properties", () => {
    it("has the SDK's sentinels", () => {
        expect(rpc).toMatchObject(sentinels);
    });

    it("finds secrets and unknowns at any depth", () => {
        expect(containsSecret(nested)).toBe(true);
        expect(containsUnknown(nested)).toBe(true);
        expect(containsSecret(reveal(nested))).toBe(false);
        expect(containsUnknown({ a: [secret([unknown])] })).toBe(true);
        expect(containsUnknown({ a: "plain" })).toBe(false);
    });

    it("masks for people", () => {
        expect(mask(nested)).toEqual({ a: [1, "[secret]"], d: { e: "[unknown]", f: null } });
    });

    it("opens every layer", () => {
        expect(reveal(nested)).toEqual({ a: [1, { b: "word", c: ["inner"] }], d: { e: unknown, f: null } });
        expect(secretStrings(nested)).toEqual(["word", "inner", "inner"]);
    });

    it("seals and opens for the state", () => {
        const sealed = sealSecrets(nested, reversing);
        expect(JSON.stringify(sealed)).not.toContain("word");
        expect(reveal(openSecrets(sealed, reversing))).toEqual(reveal(nested));
        expect(containsSecret(openSecrets(sealed, reversing))).toBe(true);
    });

    it("turns output values into values, unknowns and secrets", () => {
        expect(normalize(OutputValues.known("x"))).toBe("x");
        expect(normalize([OutputValues.secret("x")])).toEqual([secret("x")]);
        expect(normalize({ a: OutputValues.unknown })).toEqual({ a: unknown });
        expect(normalize(OutputValues.unknownSecret)).toEqual(secret(unknown));
    });

    it("compares by value: a secret equals its plain value, an unknown equals nothing", () => {
        expect(equal({ a: 1, b: secret("x") }, { b: "x", a: 1 })).toBe(true);
        expect(equal(secret("x"), secret("y"))).toBe(false);
        expect(equal(unknown, unknown)).toBe(false);
        expect(equal(undefined, undefined)).toBe(true);
        expect(equal(undefined, null)).toBe(false);
    });
});

test("the redactor masks whole secrets, the lines of a PEM, and nothing shorter than three characters", () => {
    const redactor = new Redactor();
    redactor.add("hunter2");
    redactor.add("hunter2-longer");
    redactor.add("ab");
    redactor.add("-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\n-----END KEY-----\n");
    expect(redactor.redact("hunter2-longer hunter2 ab MIIEvQIBADANBgkqhkiG9w0BAQ")).toBe(
        "[secret] [secret] ab [secret]",
    );
});
