import * as crypto from "node:crypto";
import * as fs from "node:fs";
import { promisify } from "node:util";

const pbkdf2 = promisify(crypto.pbkdf2);

/** Seals and opens values as the Pulumi CLI's passphrase secrets provider does: AES-256-GCM, `v1:<nonce>:<ciphertext>`. */
export interface Sealer {
    /** The stack file's `encryptionsalt`: `v1:<salt>:v1:<nonce>:<ciphertext>`, where the ciphertext is the sealed text "pulumi". */
    encryptionSalt: string;
    seal(plain: string): string;
    open(sealed: string): string;
}

/** Sealers by salt for the passphrase of an environment, and the environment without it. */
export function passphraseSealers(env: NodeJS.ProcessEnv): {
    sealer: (salt?: string) => Promise<Sealer>;
    env: NodeJS.ProcessEnv;
} {
    const { PULUMI_CONFIG_PASSPHRASE: given, PULUMI_CONFIG_PASSPHRASE_FILE: file, ...rest } = env;
    // Deriving a key takes half a second.
    const sealers = new Map<string, Promise<Sealer>>();
    const sealer = async (salt?: string) => {
        if (given === undefined && !file) {
            throw new Error(
                "the stack has secrets: passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE environment variables",
            );
        }
        const key = salt ?? "";
        const passphrase = given ?? fs.readFileSync(file ?? "", "utf8").trim();
        const made = sealers.get(key) ?? createSealer(passphrase, salt);
        sealers.set(key, made);
        return made;
    };
    return { sealer, env: rest };
}

/**
 * Makes a sealer for a passphrase. With `salt` (an `encryptionsalt`) the passphrase is checked against it; without, a new
 * salt is made. https://github.com/pulumi/pulumi/blob/master/pkg/secrets/passphrase/manager.go
 */
export async function createSealer(passphrase: string, salt?: string): Promise<Sealer> {
    const [version, encoded = "", ...check] = (salt ?? `v1:${crypto.randomBytes(8).toString("base64")}`).split(":");
    if (version !== "v1" || encoded === "" || (salt !== undefined && check.length !== 3)) {
        throw new Error(
            `encryptionsalt is malformed (got "${salt}"): expected "v1:<salt>:v1:<nonce>:<ciphertext>" as \`pulumi stack init\` writes it`,
        );
    }
    const key = await deriveKey(passphrase, encoded);
    if (salt !== undefined && !opens(key, check.join(":"))) {
        throw new Error(
            "incorrect passphrase: it does not open this stack's encryptionsalt; set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to the passphrase the stack was made with",
        );
    }
    return {
        encryptionSalt: salt ?? `v1:${encoded}:${sealWith(key, "pulumi")}`,
        seal: (plain) => sealWith(key, plain),
        open: (sealed) => openWith(key, sealed),
    };
}

const keys = new Map<string, Promise<Buffer>>();

/** One million iterations, as the CLI: some tenths of a second, so a process does it once for each salt. */
function deriveKey(passphrase: string, salt: string): Promise<Buffer> {
    const id = crypto
        .createHash("sha256")
        .update(JSON.stringify([passphrase, salt]))
        .digest("hex");
    const key = keys.get(id) ?? pbkdf2(passphrase, Buffer.from(salt, "base64"), 1_000_000, 32, "sha256");
    keys.set(id, key);
    return key;
}

function opens(key: Buffer, check: string): boolean {
    try {
        return openWith(key, check) === "pulumi";
    } catch {
        return false;
    }
}

function sealWith(key: Buffer, plain: string): string {
    const nonce = crypto.randomBytes(12);
    const cipher = crypto.createCipheriv("aes-256-gcm", key, nonce);
    const sealed = Buffer.concat([cipher.update(plain, "utf8"), cipher.final(), cipher.getAuthTag()]);
    return `v1:${nonce.toString("base64")}:${sealed.toString("base64")}`;
}

function openWith(key: Buffer, text: string): string {
    const [version, nonce, sealed, ...rest] = text.split(":");
    const bytes = Buffer.from(sealed ?? "", "base64");
    const nonceBytes = Buffer.from(nonce ?? "", "base64");
    if (version !== "v1" || rest.length > 0 || nonceBytes.length !== 12 || bytes.length < 16) {
        throw new Error("a sealed value is malformed: expected `v1:<nonce>:<ciphertext>` in base64");
    }
    // Go appends the 16-byte tag to the ciphertext.
    const decipher = crypto.createDecipheriv("aes-256-gcm", key, nonceBytes);
    decipher.setAuthTag(bytes.subarray(-16));
    try {
        return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]).toString("utf8");
    } catch {
        throw new Error(
            "a sealed value does not open with this passphrase: it was sealed with another one or is damaged",
        );
    }
}
