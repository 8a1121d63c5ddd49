import { parseArgs, type ParseArgsConfig } from "node:util";

/** A command of the command line. */
export interface Command {
    summary: string;
    help: string;
    run(argv: string[]): Promise<void>;
}

/** A wrong option or argument: exit code 2. */
export class UsageError extends Error {}

type Options = NonNullable<ParseArgsConfig["options"]>;
type Parsed<T extends Options> = ReturnType<
    typeof parseArgs<{ args: string[]; options: T; allowPositionals: true; strict: true }>
>;

/** Parses options strictly; what is wrong becomes a usage error. */
export function parseOptions<T extends Options>(argv: string[], options: T): Parsed<T> {
    try {
        return parseArgs({ args: argv, options, allowPositionals: true, strict: true });
    } catch (error) {
        throw new UsageError((error as Error).message);
    }
}
