import { fixedPaths, valueAt } from "./models/replacements";
import type { Properties, Value } from "./properties";
import type { Goal, ResourceState } from "./resource";
import type { Operation } from "./steps";

/** One change, as the engine would make it. */
export interface Change {
    op: "create" | "update" | "delete";
    urn: string;
    name: string;
    /** Part of a replacement. */
    replacement: boolean;
}

/**
 * The changes of a run in their order. A replacement makes the new resource first and deletes the old one at the end; with
 * `deleteBeforeReplace` the old one goes first, and before it whatever has to be replaced with it.
 * https://www.pulumi.com/docs/iac/concepts/resources/options/deletebeforereplace/
 */
export class Order {
    readonly changes: Change[] = [];
    private readonly gone = new Set<string>();
    private readonly last: ResourceState[] = [];

    constructor(private readonly before: ReadonlyMap<string, ResourceState>) {}

    note(op: Operation, goal: Goal, old: ResourceState | undefined): void {
        if (op === "same" || !goal.custom) {
            return;
        }
        if (op === "replace" && old !== undefined && !this.gone.has(old.urn)) {
            if (goal.deleteBeforeReplace) {
                this.drop(old);
            } else {
                this.last.push(old);
            }
        }
        const replacement = op === "replace";
        this.changes.push({ op: replacement ? "create" : op, urn: goal.urn, name: goal.name, replacement });
    }

    /** Deletes what was replaced, then what is not wanted any more; dependents first. */
    end(unwanted: ResourceState[]): void {
        [...this.last].reverse().forEach((old) => this.delete(old, true));
        unwanted.filter(({ custom }) => custom).forEach((old) => this.delete(old, false));
    }

    private drop(old: ResourceState): void {
        const dragged = [...this.before.values()].filter((other) => restsOn(other, old) && !this.gone.has(other.urn));
        dragged.reverse().forEach((other) => this.drop(other));
        this.delete(old, true);
    }

    private delete({ urn, name }: ResourceState, replacement: boolean): void {
        this.gone.add(urn);
        this.changes.push({ op: "delete", urn, name, replacement });
    }
}

/** Whether a resource cannot stay when another one gets a new id. */
function restsOn({ type, inputs, dependencies }: ResourceState, other: ResourceState): boolean {
    return dependencies.includes(other.urn) && fixedPaths(type, inputs).some((path) => names(inputs, path, other.id));
}

function names(inputs: Properties, path: string, id: string): boolean {
    const holds = (value: Value | undefined): boolean =>
        value === id || (typeof value === "object" && value !== null && Object.values(value).some(holds));
    return holds(valueAt(inputs, path));
}

/** The changes for people, when there is an order to tell. */
export function renderOrder(changes: Change[]): string[] {
    if (!changes.some(({ replacement }) => replacement)) {
        return [];
    }
    const line = ({ op, name, replacement }: Change) => `  ${op} ${name}${replacement ? " (replacement)" : ""}`;
    return ["Order of the changes:", ...changes.map(line)];
}
