import { isObject, isSecret, mask, type Value } from "../properties";
import type { ResourceState } from "../resource";

/** Something that a stack's reader wants to know before it is made. */
export interface Fact {
    topic: Topic;
    /** Name of the resource that it is about. */
    subject: string;
    text: string;
    /** Worth a second look: open to everybody, not encrypted, any action or any resource. */
    warning: boolean;
}

/** In the order in which they are told. */
export const topics = [
    "what is reached from where",
    "addresses",
    "who may do what",
    "encryption",
    "instance metadata",
    "cost while nobody builds",
] as const;
export type Topic = (typeof topics)[number];

/** A resource as it would be; secrets and unknowns are named, never shown. */
export interface Item {
    name: string;
    type: string;
    id: string;
    inputs: { [key: string]: Value };
    outputs: { [key: string]: Value };
    /** Inputs that are or hold a secret. */
    secrets: string[];
}

/** The resources that a program registered. */
export class Recorded {
    readonly items: Item[];
    private readonly names: [text: string, name: string][];

    constructor(resources: Iterable<ResourceState>) {
        this.items = [...resources].filter(({ custom }) => custom).map(item);
        const named = this.items.flatMap(({ name, id, outputs }) =>
            [id, outputs.arn].flatMap((value): [string, string][] =>
                // A short id, such as a name that was given, would be found everywhere.
                typeof value === "string" && /^(arn:|[a-z]+-0[0-9a-f]{16}$)/.test(value) ? [[value, name]] : [],
            ),
        );
        this.names = named.sort(([a], [b]) => b.length - a.length);
    }

    of(...types: string[]): Item[] {
        return this.items.filter(({ type }) => types.includes(type));
    }

    /** A text with the ids and ARNs of this stack's resources as their names. */
    called(text: string): string {
        return this.names.reduce((result, [id, name]) => result.replaceAll(id, name), text);
    }
}

function item({ name, type, id, inputs, outputs }: ResourceState): Item {
    const secrets = Object.keys(inputs).filter((key) => isSecret(inputs[key]));
    return { name, type, id, secrets, inputs: object(mask(inputs)), outputs: object(mask(outputs)) };
}

export function object(value: Value | undefined): { [key: string]: Value } {
    return isObject(value) ? value : {};
}

/** A value as text; empty for one that is not there. */
export function text(value: Value | undefined): string {
    return texts(value).join(", ");
}

/** A value, or a list of values, as texts. */
export function texts(value: Value | undefined): string[] {
    const all = Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
    return all.map((one) => (typeof one === "string" ? one : JSON.stringify(one)));
}

export function objects(value: Value | undefined): { [key: string]: Value }[] {
    return Array.isArray(value) ? value.filter(isObject) : [];
}
