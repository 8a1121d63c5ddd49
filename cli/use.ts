import { registerBuilder } from "../components/buildx/registration";
import { makeDefault, storeDir } from "../components/buildx/store";
import { type Command, UsageError, parseOptions } from "./command";
import { credentialsHelp, credentialsOptions, readBuilderWithCredentials } from "./input";

const help = `Registers a builder with buildx on this machine; no node is contacted or woken, see \`run\` for that.

Usage: pulumi stack output --json --show-secrets | npx multiarch-builder use [options] [FILE]

FILE holds the stack's outputs as JSON; "-", the default, is standard input. The outputs are
\`builder\` and \`builderCredentials\`; a file with a record alone needs --ca, --cert and --key.

Options:
  --default        also make it the builder that docker buildx uses when none is named
${credentialsHelp}
  -h, --help       show this text

The store is $BUILDX_CONFIG, else $DOCKER_CONFIG/buildx, else ~/.docker/buildx.
`;

/** Registers a builder from a stack's outputs. */
export const use: Command = {
    summary: "register a builder from a stack's outputs or a file",
    help,
    async run(argv) {
        const { values, positionals } = parseOptions(argv, {
            default: { type: "boolean" },
            ...credentialsOptions,
        });
        if (positionals.length > 1) {
            throw new UsageError("give one file at most");
        }
        const { builder, credentials } = await readBuilderWithCredentials(positionals[0] ?? "-", values);
        const dir = storeDir();
        const names = await registerBuilder(builder, credentials, dir, new Date());
        if (values.default) {
            await makeDefault(dir, builder.name);
        }
        process.stdout.write(`registered in ${dir}: ${names.join(", ")}\n`);
        if (!values.default) {
            process.stdout.write(`use it: docker buildx build --builder ${builder.name} …\n`);
        }
    },
};
