import * as pulumi from "@pulumi/pulumi";
import { nearest } from "../components/platform";
import type { Problems } from "../components/problems";

/** The text of a key; an empty one counts as not set, since every key has an empty default. */
export function readText(key: string): string | undefined {
    return pulumi.runtime.getConfig(`${pulumi.getProject()}:${key}`) || undefined;
}

/** The object of a key; empty when it is not set. */
export function readObject(key: string, problems: Problems): Record<string, unknown> {
    const value = parse(key, problems) ?? {};
    if (typeof value !== "object" || Array.isArray(value)) {
        problems.add(key, undefined, "must be an object");
        return {};
    }
    return value as Record<string, unknown>;
}

/** The value of a key: an object's text is JSON. Secret ones are parsed too; what is secret in them is wrapped later. */
export function parse(key: string, problems: Problems): unknown {
    const text = readText(key);
    if (text === undefined) {
        return undefined;
    }
    try {
        return JSON.parse(text);
    } catch {
        problems.add(
            key,
            undefined,
            "is not valid: it must be an object or a list, set with `pulumi config set --path`",
        );
        return undefined;
    }
}

/** An object with known properties only. */
export function objectWith(
    value: unknown,
    path: string,
    known: Record<string, true>,
    problems: Problems,
): Record<string, unknown> {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
        problems.add(path, undefined, `must be an object with ${Object.keys(known).join(", ")}`);
        return {};
    }
    for (const key of Object.keys(value).filter((candidate) => !Object.hasOwn(known, candidate))) {
        problems.add(
            `${path}.${key}`,
            undefined,
            `is no setting; did you mean \`${nearest(key, Object.keys(known))}\`?`,
        );
    }
    return value as Record<string, unknown>;
}

/** Whether a value is not given, or encrypted. */
export function secretOrEmpty(key: string, value: Record<string, unknown>): boolean {
    return Object.keys(value).length === 0 || isSecret(key);
}

/** Whether a key, or anything within it, is encrypted in the stack's configuration. */
export function isSecret(key: string): boolean {
    // The SDK has this function and leaves it out of its types.
    const { isConfigSecret } = pulumi.runtime as { isConfigSecret?: (key: string) => boolean };
    return isConfigSecret?.(`${pulumi.getProject()}:${key}`) !== false;
}
