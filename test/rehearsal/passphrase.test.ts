import { createSealer } from "../../dev/rehearsal/passphrase";

// Made by the Pulumi CLI's own code: pkg/secrets/passphrase/manager_test.go in pulumi/pulumi.
const cliSalt = "v1:fozI5u6B030=:v1:F+6ZduKKd8G0/V7L:PGMFeIzwobWRKmEAzUdaQHqC5mMRIQ==";

describe("the CLI's passphrase secrets provider", () => {
    it("takes a salt that the CLI wrote", async () => {
        const sealer = await createSealer("password", cliSalt);
        expect(sealer.encryptionSalt).toBe(cliSalt);
        expect(sealer.open(cliSalt.split(":").slice(2).join(":"))).toBe("pulumi");
    });

    it("opens what it sealed, with a new salt too", async () => {
        const first = await createSealer("word");
        expect(first.encryptionSalt).toMatch(/^v1:[A-Za-z0-9+/=]{12}:v1:[A-Za-z0-9+/=]{16}:[A-Za-z0-9+/=]+$/);
        const second = await createSealer("word", first.encryptionSalt);
        const sealed = first.seal("line one\nzwölf");
        expect(sealed).not.toContain("line");
        expect(first.seal("line one\nzwölf")).not.toBe(sealed);
        expect(second.open(sealed)).toBe("line one\nzwölf");
    });

    it("refuses a wrong passphrase", async () => {
        await expect(createSealer("Password", cliSalt)).rejects.toThrow(
            /incorrect passphrase.*PULUMI_CONFIG_PASSPHRASE/,
        );
    });

    it.each(["", "v2:a:v1:b:c", "v1:a", "v1::v1:b:c"])("refuses the malformed salt %j", async (salt) => {
        await expect(createSealer("password", salt)).rejects.toThrow("malformed");
    });

    it("refuses a damaged value", async () => {
        const sealer = await createSealer("password", cliSalt);
        const sealed = sealer.seal("x");
        expect(() => sealer.open(`${sealed.slice(0, -6)}AAAA==`)).toThrow(/does not open|malformed/);
        expect(() => sealer.open("plain")).toThrow("malformed");
    });
});
