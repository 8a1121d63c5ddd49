import * as pulumi from "@pulumi/pulumi";
import { isObject } from "./objects";

/** Notes what is wrong with a value. */
export type Note = (path: string, value: unknown, reason: string) => void;

/**
 * Checks the kind of a value that may come from YAML or another language. Returns it with what is of the wrong kind
 * replaced by something that later checks skip, so that one error can tell everything.
 */
export type Kind = (value: unknown, path: string, note: Note) => unknown;

/** Stands for a text of the wrong kind: no more is known of it than of an Output. */
const skipped = Promise.resolve("");

/** Whether a value is known later only. */
export function isInput(value: unknown): boolean {
    return pulumi.Output.isInstance(value) || value instanceof Promise;
}

/** A text, also one that is known later. */
export const text: Kind = (value, path, note) => {
    if (typeof value === "string" || isInput(value)) {
        return value;
    }
    note(path, value, wrongText(value));
    return skipped;
};

/** A text that must be known when the program runs. */
export const plainText: Kind = (value, path, note) => {
    if (typeof value === "string") {
        return value;
    }
    note(path, isInput(value) ? undefined : value, isInput(value) ? mustBePlain : wrongText(value));
    return undefined;
};

const mustBePlain = "must be a plain value, no Output: it decides which resources exist";

function wrongText(value: unknown): string {
    return typeof value === "number" || typeof value === "boolean" ? "must be text: put it in quotes" : "must be text";
}

/** True or false, known when the program runs. */
export const plainFlag: Kind = (value, path, note) => {
    if (typeof value === "boolean") {
        return value;
    }
    note(path, isInput(value) ? undefined : value, isInput(value) ? mustBePlain : "must be true or false");
    return undefined;
};

/** True or false, also when it is known later. */
export const flag: Kind = (value, path, note) => (isInput(value) ? value : plainFlag(value, path, note));

/** One of a few texts, also when it is known later. */
export function choice(allowed: readonly string[]): Kind {
    return (value, path, note) => {
        if (isInput(value) || allowed.includes(value as string)) {
            return value;
        }
        note(path, value, `must be one of ${allowed.join(", ")}`);
        return undefined;
    };
}

/** A list; `example` shows one. A single text is taken for a list of it when the rest is checked. */
export function list(item: Kind, example: string): Kind {
    return (value, path, note) => {
        if (Array.isArray(value)) {
            return value.map((inner: unknown, i) => item(inner, `${path}[${i}]`, note));
        }
        note(path, isInput(value) ? undefined : value, `must be a list, for example ${example}`);
        return typeof value === "string" ? [item(value, path, () => undefined)] : undefined;
    };
}

/** An object with any keys, also one that is known later. */
export function map(item: Kind): Kind {
    return (value, path, note) => {
        if (isInput(value)) {
            return value;
        }
        if (!isObject(value)) {
            note(path, value, "must be an object of names and texts");
            return undefined;
        }
        return mapValues(value, (inner, key) => item(inner, `${path}[${JSON.stringify(key)}]`, note));
    };
}

/** An object with known properties. Others stay as they are; null counts as not given. */
export function object(properties: Record<string, Kind>): Kind {
    return (value, path, note) => {
        if (!isObject(value) || isInput(value)) {
            note(
                path,
                isInput(value) ? undefined : value,
                `must be an object with ${Object.keys(properties).join(", ")}`,
            );
            return undefined;
        }
        const at = path === "" ? "" : `${path}.`;
        const given = Object.entries(value).filter(([, inner]) => inner !== undefined && inner !== null);
        return mapValues(Object.fromEntries(given), (inner, key) => {
            const kind = Object.hasOwn(properties, key) ? properties[key] : undefined;
            return kind ? kind(inner, `${at}${key}`, note) : inner;
        });
    };
}

/** The same kind for a secret: its value is in no error text. */
export function hidden(kind: Kind): Kind {
    return (value, path, note) => kind(value, path, (at, _, reason) => note(at, undefined, reason));
}

/** Anything: another check looks at it. */
export const anything: Kind = (value) => value;

function mapValues(value: Record<string, unknown>, change: (inner: unknown, key: string) => unknown) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, change(inner, key)]));
}
