import * as pulumi from "@pulumi/pulumi";
import { isObject } from "./objects";
import { nearest } from "./platform";

/** Notes what is wrong with a value. */
export type Note = (path: string, value: unknown, reason: string) => void;

/**
 * Checks the kind of a value that may come from YAML or another language. Returns it with what is of the wrong kind
 * replaced by something that later checks skip, so that one error can tell everything.
 */
export type Kind = (value: unknown, path: string, note: Note) => unknown;

/**
 * Checks the kinds of all arguments. Returns what later checks can work with, undefined when it is no object at all, and the
 * note for them: it is silent about what is of the wrong kind and what is in it, which was told already.
 */
export function checkKinds<T>(kinds: Kind, given: T, note: Note): { args: T | undefined; note: Note } {
    const wrong = new Set<string>();
    const args = kinds(given, "", (path, value, reason) => {
        wrong.add(path);
        note(path || "args", value, reason);
    }) as T | undefined;
    const told = (path: string) =>
        [...wrong].some((at) => path === at || (/^[.[]/.test(path.slice(at.length)) && path.startsWith(at)));
    return { args, note: (path, value, reason) => told(path) || note(path, value, reason) };
}

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
export const flag = input(plainFlag);

/** A whole number that must be known when the program runs; `unit` says of what. Zero can be allowed besides, for never. */
export function whole(from: number, to: number, { unit = "", zero = false } = {}): Kind {
    return (value, path, note) => {
        const fits = Number.isInteger(value) && (value as number) >= from && (value as number) <= to;
        if (fits || (zero && value === 0)) {
            return value;
        }
        const allowed = `must be a whole number${unit && ` of ${unit}`} from ${from} to ${to}${zero ? ", or 0 for never" : ""}`;
        note(path, isInput(value) ? undefined : value, isInput(value) ? mustBePlain : allowed);
        return undefined;
    };
}

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

/**
 * A list; `example` shows one. A single text is taken for a list of it when the rest is checked, and `blank` stands for an
 * item of the wrong kind.
 */
export function list(item: Kind, example: string, blank?: unknown): Kind {
    return (value, path, note) => {
        if (Array.isArray(value)) {
            const usable = value.map((inner: unknown, i) => item(inner, `${path}[${i}]`, note));
            return usable.map((inner) => (inner === undefined ? blank : inner));
        }
        note(path, isInput(value) ? undefined : value, `must be a list, for example ${example}`);
        return typeof value === "string" ? [item(value, path, () => undefined) ?? blank] : undefined;
    };
}

/** A list of texts that must be known when the program runs. */
export function plainTexts(example: string): Kind {
    return list(plainText, example, "");
}

/** A list of objects with known properties. */
export function objects(properties: Record<string, Kind>, example: string): Kind {
    return list(object(properties), example, {});
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
        return mapValues(value, (inner, key) => item(inner, `${path}[${shortened(key)}]`, note));
    };
}

/** The same, known when the program runs. */
export function plainMap(item: Kind): Kind {
    const anyMap = map(item);
    return (value, path, note) => {
        if (isInput(value)) {
            note(path, undefined, mustBePlain);
            return undefined;
        }
        return anyMap(value, path, note);
    };
}

/** An object with known properties and no other; null counts as not given. */
export function object(properties: Record<string, Kind>): Kind {
    const known = Object.keys(properties);
    return (value, path, note) => {
        if (!isObject(value) || isInput(value)) {
            note(path, isInput(value) ? undefined : value, `must be an object with ${known.join(", ")}`);
            return undefined;
        }
        const given = Object.entries(value).filter(([, inner]) => inner !== undefined && inner !== null);
        const usable = given.flatMap(([key, inner]) => {
            const kind = Object.hasOwn(properties, key) ? properties[key] : undefined;
            if (kind) {
                return [[key, kind(inner, property(path, key), note)]];
            }
            // Its value may be a secret with a misspelt name.
            note(property(path, key), undefined, unknownProperty(key, known));
            return [];
        });
        return Object.fromEntries(usable) as unknown;
    };
}

/** What to say of a property that does not exist. */
export function unknownProperty(key: string, known: readonly string[]): string {
    return `is unknown; did you mean \`${nearest(key, known)}\`? Known: ${known.join(", ")}`;
}

/** The path of a property, readable whatever its name is. */
function property(path: string, key: string): string {
    if (!/^\w+$/.test(key)) {
        return `${path}[${shortened(key)}]`;
    }
    return path === "" ? key : `${path}.${key}`;
}

function shortened(key: string): string {
    return JSON.stringify(key.length > 40 ? `${key.slice(0, 37)}...` : key);
}

/** The same kind, or a value that is known later. */
export function input(kind: Kind): Kind {
    return (value, path, note) => (isInput(value) ? value : kind(value, path, note));
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
