import * as pulumi from "@pulumi/pulumi";

/** Collects every problem of a set of arguments, so that one error can tell them all before anything is created. */
export class Problems {
    private readonly found: { propertyPath: string; reason: string }[] = [];

    /** Notes a problem: the property's path, the value got, and what is allowed or what to do. */
    add(path: string, value: unknown, reason: string): void {
        const got = value === undefined ? "" : ` (got ${show(value)})`;
        this.found.push({ propertyPath: path, reason: `\`${path}\`: ${reason}${got}` });
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
    let text: string;
    try {
        text = JSON.stringify(value) ?? String(value);
    } catch {
        // An Output within, a cycle or a big integer: the path says where it is.
        text = String(Object.prototype.toString.call(value));
    }
    return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

/** Whether an input is given and known when the program runs: no Output and no promise. */
export function isPlain<T>(value: pulumi.Input<T> | undefined): value is T {
    return value !== undefined && value !== null && !pulumi.Output.isInstance(value) && !(value instanceof Promise);
}
