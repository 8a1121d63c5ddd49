import { forgetBuilder, storeDir } from "../components/buildx/store";
import { type Command, UsageError, parseOptions } from "./command";
import { readBuilder } from "./input";

const help = `Removes a builder and its credentials from buildx on this machine; the nodes are left as they are.

Usage: pulumi stack output --json | npx multiarch-builder forget [FILE]

FILE holds the stack's outputs, or a record, as JSON; "-", the default, is standard input.
A builder of the same name that was not registered by multiarch-builder is left alone.

Options:
  -h, --help       show this text
`;

/** Undoes `use`. */
export const forget: Command = {
    summary: "remove a builder and its credentials from this machine",
    help,
    async run(argv) {
        const { positionals } = parseOptions(argv, {});
        if (positionals.length > 1) {
            throw new UsageError("give one file at most");
        }
        const { builder } = await readBuilder(positionals[0] ?? "-");
        const dir = storeDir();
        const names = await forgetBuilder(dir, builder);
        process.stdout.write(
            names.length > 0 ? `removed from ${dir}: ${names.join(", ")}\n` : `nothing to remove in ${dir}\n`,
        );
    },
};
