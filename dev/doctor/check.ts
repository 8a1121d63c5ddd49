import type { Folder, Program } from "./facts";
import { isAtLeast } from "./versions";

/** "optional" is missing, and what it is for can be done without. */
export type State = "ok" | "missing" | "too old" | "optional";

export interface Check {
    check: string;
    found: string;
    needed: string;
    state: State;
    /** How to get it; nothing where it is there. */
    how?: string;
}

/** Whether one can go on with it. */
export function isEnough({ state }: Check): boolean {
    return state === "ok" || state === "optional";
}

export function check(name: string, found: string, needed: string, good: boolean, how: string): Check {
    return good ? { check: name, found, needed, state: "ok" } : { check: name, found, needed, state: "missing", how };
}

/** A program that has to be there, in a version that is not older than the least. */
export function needs(
    name: string,
    found: Program | undefined,
    needed: string,
    least: string | undefined,
    how: string,
): Check {
    if (found === undefined || found.problem) {
        return check(name, found?.problem ? `${found.path}: ${found.problem}` : "none", needed, false, how);
    }
    const { path, version } = found;
    const old = least !== undefined && !isAtLeast(version ?? "", least);
    return old
        ? { check: name, found: version ?? path, needed, state: "too old", how }
        : check(name, version ?? path, needed, true, how);
}

export function writable(name: string, { path, problem }: Folder, how: string): Check {
    return check(name, problem ?? path, "can be written", problem === undefined, how);
}

/** What can be done without; one that is too old says so still. */
export function optional(checked: Check): Check {
    return checked.state === "missing" ? { ...checked, state: "optional" } : checked;
}
