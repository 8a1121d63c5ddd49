import { registerBuilder } from "../components/buildx/registration";
import { makeDefault, storeDir } from "../components/buildx/store";
import { type Command, UsageError, parseOptions } from "./command";
import { readBuilder, readCredentials } from "./input";

const help = `Registers a builder with buildx on this machine; no node is contacted.

Usage: pulumi stack output --json --show-secrets | npx multiarch-builder use [options] [FILE]

FILE holds the stack's outputs as JSON; "-", the default, is standard input. The outputs are
\`builder\` and \`builderCredentials\`; a file with a record alone needs --ca, --cert and --key.

Options:
  --default        also make it the builder that docker buildx uses when none is named
  --ca FILE        CA of the nodes' certificates, PEM
  --cert FILE      client certificate, PEM
  --key FILE       key of the client certificate, PEM
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
            ca: { type: "string" },
            cert: { type: "string" },
            key: { type: "string" },
        });
        if (positionals.length > 1) {
            throw new UsageError("give one file at most");
        }
        const input = await readBuilder(positionals[0] ?? "-");
        const credentials = (await readCredentials(values)) ?? input.credentials;
        if (!credentials || typeof credentials !== "object") {
            throw new Error(
                "no credentials: the outputs need `builderCredentials` in clear (pulumi stack output --json --show-secrets), " +
                    "or give --ca, --cert and --key",
            );
        }
        const dir = storeDir();
        const names = await registerBuilder(input.builder, credentials, dir, new Date());
        if (values.default) {
            await makeDefault(dir, input.builder.name);
        }
        process.stdout.write(`registered in ${dir}: ${names.join(", ")}\n`);
        if (!values.default) {
            process.stdout.write(`use it: docker buildx build --builder ${input.builder.name} …\n`);
        }
    },
};
