import * as pulumi from "@pulumi/pulumi";

/** Collects every problem of a set of arguments, so that one error can tell them all before anything is created. */
export class Problems {
    constructor(
        private readonly found: { propertyPath: string; reason: string }[] = [],
        private readonly prefix = "",
    ) {}

    /** Notes a problem: the property's path, the value got, and what is allowed or what to do. */
    add(path: string, value: unknown, reason: string): void {
        const got = value === undefined ? "" : ` (got ${show(value)})`;
        const propertyPath = `${this.prefix}${path}`;
        const line = `\`${propertyPath}\`: ${reason}${got}`;
        // What several parts share is checked by each of them.
        if (!this.found.some((problem) => problem.reason === line)) {
            this.found.push({ propertyPath, reason: line });
        }
    }

    /** The same collection for one of the arguments: its name comes before each path. */
    under(property: string): Problems {
        return new Problems(this.found, `${this.prefix}${property}.`);
    }

    /** How many there are. */
    get count(): number {
        return this.found.length;
    }

    /** Throws one error with all problems, if there are any. */
    throwIfAny(what: string): void {
        if (this.found.length === 0) {
            return;
        }
        const lines = this.found.map((problem) => `\n  - ${problem.reason}`).join("");
        const message = `invalid arguments of ${what}:${lines}`;
        throw withoutSdkFrames(new pulumi.InputPropertiesError({ message, errors: this.found }));
    }
}

/** The error for one property whose value is known only while the program runs. */
export function propertyError(propertyPath: string, reason: string): Error {
    return withoutSdkFrames(new pulumi.InputPropertyError({ propertyPath, reason }));
}

/**
 * Cuts an error's stack where the SDK begins. The SDK prints what is thrown in an `apply` by `util.inspect` in colours, and
 * a frame of its own `@pulumi/output.ts` keeps Node 20.19.6 and later busy for a minute until memory is full:
 * https://github.com/nodejs/node/issues/64011
 */
function withoutSdkFrames<T extends Error>(error: T): T {
    const lines = error.stack?.split("\n") ?? [];
    const first = lines.findIndex((line) => /^ +at .*[\\/]node_modules[\\/]@pulumi[\\/]/.test(line));
    if (first >= 0) {
        error.stack = lines.slice(0, first).join("\n");
    }
    return error;
}

/** A value for an error text, cut to a readable length. Never called with a secret. */
function show(value: unknown): string {
    const text = JSON.stringify(readable(value, 4));
    return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

/** What of a value can be told in JSON; four levels are enough to see what it is, and end a cycle. */
function readable(value: unknown, levels: number): unknown {
    if (pulumi.Output.isInstance(value) || value instanceof Promise) {
        return "known later";
    }
    if (Array.isArray(value)) {
        // A list of a million items would take long to read through, and is cut anyway.
        return levels === 0 ? "…" : value.slice(0, 60).map((inner) => readable(inner, levels - 1));
    }
    if (typeof value === "object" && value !== null) {
        const entries = Object.entries(value).slice(0, 60);
        return levels === 0
            ? "…"
            : Object.fromEntries(entries.map(([key, inner]) => [key, readable(inner, levels - 1)]));
    }
    const inJson =
        value === null || ["undefined", "string", "boolean"].includes(typeof value) || Number.isFinite(value);
    return inJson ? value : typeof value === "function" ? "a function" : (value as bigint | number | symbol).toString();
}

/** Whether an input is given and known when the program runs: no Output and no promise. */
export function isPlain<T>(value: pulumi.Input<T> | undefined): value is T {
    return value !== undefined && value !== null && !pulumi.Output.isInstance(value) && !(value instanceof Promise);
}
