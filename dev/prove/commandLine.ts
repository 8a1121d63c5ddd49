import { type ParseArgsConfig, parseArgs } from "node:util";

type Options = NonNullable<ParseArgsConfig["options"]>;
type Values<T extends Options> = ReturnType<typeof parseArgs<{ options: T; strict: true }>>["values"];

/** A command's options, `--help` besides; the exit code where the help was asked for, or the usage was wrong and is told. */
export function readOptions<T extends Options>(options: T, help: string): Values<T> | number {
    try {
        const { values } = parseArgs({ options: { ...options, help: { type: "boolean", short: "h" } } });
        if ((values as { help?: boolean }).help) {
            process.stdout.write(help);
            return 0;
        }
        return values;
    } catch (error) {
        process.stderr.write(`${(error as Error).message}\n\n${help}`);
        return 2;
    }
}
