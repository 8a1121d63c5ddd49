import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { Sealer } from "./passphrase";

/**
 * A property value as it goes over the wire: JSON with the SDK's sentinels. A secret is an object with the signature key
 * and `value`; an unknown is a distinguished string.
 */
export type Value = null | boolean | number | string | Value[] | { [key: string]: Value };
export type Properties = Record<string, Value>;

/** The SDK's sentinels, runtime/rpc.ts there: that module loads most of the SDK, which only the program needs. */
export const sentinels = {
    unknownValue: "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
    specialSigKey: "4dabf18193072939515e22adb298388d",
    specialSecretSig: "1b47061264138c4ac30d75fd1eb44270",
    specialResourceSig: "5cf8f73096256a8f31e491e813e4eb8e",
    specialOutputValueSig: "d0e6a833031e9bbcd3f4e8bde6ca49a4",
} as const;

export const unknown = sentinels.unknownValue;
const signature = sentinels.specialSigKey;

export function secret(value: Value): Value {
    return isSecret(value) ? value : { [signature]: sentinels.specialSecretSig, value };
}

export function isSecret(value: Value | undefined): value is { value: Value } {
    return isObject(value) && value[signature] === sentinels.specialSecretSig;
}

export function fromStruct(struct: Struct | undefined): Properties {
    return normalize(struct?.toJavaScript() ?? {}) as Properties;
}

export function toStruct(properties: Properties): Struct {
    return Struct.fromJavaScript(properties);
}

/** Output values become their value, an unknown or a secret; resource references become the id, else the URN. */
export function normalize(value: Value): Value {
    return transform(value, (object) => {
        if (object[signature] === sentinels.specialOutputValueSig) {
            const inner = object.value === undefined ? unknown : normalize(object.value);
            return object.secret === true ? secret(inner) : inner;
        }
        return object[signature] === sentinels.specialResourceSig ? (object.id ?? object.urn ?? null) : undefined;
    });
}

/** The value with every secret opened. */
export function reveal(value: Value): Value {
    return transform(value, (object) => (isSecret(object) ? reveal(object.value) : undefined));
}

/** The value for people: secrets and unknowns are named, never shown. */
export function mask(value: Value): Value {
    if (value === unknown) {
        return "[unknown]";
    }
    if (Array.isArray(value)) {
        return value.map(mask);
    }
    if (isObject(value)) {
        return isSecret(value) ? "[secret]" : mapObject(value, mask);
    }
    return value;
}

export function containsUnknown(value: Value): boolean {
    return some(value, (inner) => inner === unknown);
}

export function containsSecret(value: Value): boolean {
    return some(value, (inner) => isSecret(inner));
}

/** Every string inside a secret, for masking them in texts. */
export function secretStrings(value: Value): string[] {
    const found: string[] = [];
    some(value, (inner) => {
        if (isSecret(inner)) {
            some(reveal(inner.value), (leaf) => {
                if (typeof leaf === "string" || typeof leaf === "number") {
                    found.push(String(leaf));
                }
                return false;
            });
        }
        return false;
    });
    return found;
}

/** Secrets become `ciphertext`, as in the CLI's own state. */
export function sealSecrets(value: Value, sealer: Sealer): Value {
    return transform(value, (object) =>
        isSecret(object)
            ? { [signature]: sentinels.specialSecretSig, ciphertext: sealer.seal(JSON.stringify(reveal(object.value))) }
            : undefined,
    );
}

export function openSecrets(value: Value, sealer: Sealer): Value {
    return transform(value, (object) => {
        const { [signature]: kind, ciphertext } = object;
        return kind === sentinels.specialSecretSig && typeof ciphertext === "string"
            ? secret(JSON.parse(sealer.open(ciphertext)) as Value)
            : undefined;
    });
}

/** Equality of two values; a secret equals its plain value, an unknown equals nothing. */
export function equal(a: Value | undefined, b: Value | undefined): boolean {
    if (a === undefined || b === undefined) {
        return a === b;
    }
    if (containsUnknown(a) || containsUnknown(b)) {
        return false;
    }
    return sorted(reveal(a)) === sorted(reveal(b));
}

/** JSON with sorted keys. */
function sorted(value: Value): string {
    return JSON.stringify(value, (_, inner: Value) =>
        isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
    );
}

export function isObject(value: Value | undefined): value is { [key: string]: Value } {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Rebuilds a value; an object for which `replace` gives a value is replaced by it. */
function transform(value: Value, replace: (object: { [key: string]: Value }) => Value | undefined): Value {
    if (Array.isArray(value)) {
        return value.map((inner) => transform(inner, replace));
    }
    if (isObject(value)) {
        return replace(value) ?? mapObject(value, (inner) => transform(inner, replace));
    }
    return value;
}

function mapObject(value: { [key: string]: Value }, map: (inner: Value) => Value): Value {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, map(inner)]));
}

function some(value: Value, test: (inner: Value) => boolean): boolean {
    if (test(value)) {
        return true;
    }
    return typeof value === "object" && value !== null && Object.values(value).some((inner) => some(inner, test));
}
