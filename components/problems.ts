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
        throw new pulumi.InputPropertiesError({ message: `invalid arguments of ${what}:${lines}`, errors: this.found });
    }
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
