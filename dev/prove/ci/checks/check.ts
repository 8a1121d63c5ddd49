import type { Workplace } from "../workplace";

/** A check, and what it is told as. It says what it saw. */
export type NamedCheck = readonly [name: string, make: (place: Workplace) => Promise<string>];
