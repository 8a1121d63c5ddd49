import { createHash } from "node:crypto";
import type { Properties } from "../properties";

/** AWS's own account number for documentation. */
export const account = "111122223333";
export const region = "eu-central-1";

/** The text of an input; empty when it is none. */
export function text(inputs: Properties, key: string): string {
    const value = inputs[key];
    return typeof value === "string" ? value : "";
}

/** Hex digits that belong to a text, for ids that are the same in every run. */
export function hexOf(seed: string, length: number): string {
    return createHash("sha256").update(seed).digest("hex").slice(0, length);
}
