import * as path from "node:path";
import { parseArgs } from "node:util";
import { createProgress } from "../progress/create";
import { startRunner, type RunnerProcess } from "./program";
import type { RehearseOptions } from "./run";

const usage = `Usage: npm run rehearse -- preview|up|destroy --config DIR/Pulumi.STACK.yaml [options]

Runs the Pulumi program of DIR where no Pulumi CLI can be had. Images, hooks and tags are real;
cloud resources are answered from models and listed as such, never created. destroy only forgets:
nothing that was pushed is deleted from a registry. preview groups the resources and tells who
reaches what, which role may do what, what is encrypted and what costs while nobody builds, from
what the program registers; ids and addresses in it are the models'.

  --config FILE   the stack's configuration; Pulumi.yaml stands beside it
  --state FILE    the stack's state (default DIR/.rehearsal/STACK.json)
  --stacks DIR    where a StackReference finds other stacks' states (default: the folder above DIR;
                  environment: MULTIARCH_REHEARSAL_STACKS)
  --json          print the result as JSON on standard output, progress on standard error
  --help          show this text

Environment: PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE opens and seals secrets;
MULTIARCH_BUILDX is the buildx binary.
Exit codes: 0 done, 1 failed, 2 wrong usage.
`;

/** Runs the command line; `early` is a process for the program that was started beforehand. */
export async function main(early?: RunnerProcess): Promise<void> {
    process.exitCode = await run(early);
}

async function run(early?: RunnerProcess): Promise<number> {
    let parsed: Arguments | undefined;
    try {
        parsed = readArguments(process.argv.slice(2));
    } catch (error) {
        process.stderr.write(`${(error as Error).message}\n\n${usage}`);
        return 2;
    }
    if (parsed === undefined) {
        process.stdout.write(usage);
        return 0;
    }
    const { json, options } = parsed;
    const controller = new AbortController();
    process.on("SIGINT", () => controller.abort()).on("SIGTERM", () => controller.abort());
    const progress = createProgress(json ? process.stderr : process.stdout);
    const runner = startRunner(options, early);
    // Loaded while the runner loads the SDK.
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import() finds no TypeScript under tsx/cjs
    const { rehearse } = require("./run") as typeof import("./run");
    const result = await rehearse({ ...options, runner, progress, signal: controller.signal });
    if (json) {
        process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
    }
    for (const [name, value] of Object.entries(json ? {} : result.outputs)) {
        progress.log(`${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`);
    }
    return result.exitCode;
}

interface Arguments {
    json: boolean;
    options: RehearseOptions;
}

/** Undefined when help is asked for. */
function readArguments(args: string[]): Arguments | undefined {
    const { values, positionals } = parseArgs({
        args,
        allowPositionals: true,
        options: {
            config: { type: "string", default: "" },
            state: { type: "string" },
            stacks: { type: "string", default: process.env.MULTIARCH_REHEARSAL_STACKS },
            json: { type: "boolean", default: false },
            help: { type: "boolean", short: "h", default: false },
        },
    });
    if (values.help) {
        return undefined;
    }
    const [command, ...rest] = positionals;
    if ((command !== "preview" && command !== "up" && command !== "destroy") || rest.length > 0) {
        throw new Error(`expected one command, preview, up or destroy (got "${positionals.join(" ")}")`);
    }
    const configFile = path.resolve(values.config);
    const stack = /^Pulumi\.(.+)\.ya?ml$/.exec(path.basename(configFile))?.[1];
    if (stack === undefined) {
        throw new Error(`--config must name a file Pulumi.STACK.yaml beside Pulumi.yaml (got "${values.config}")`);
    }
    const projectDir = path.dirname(configFile);
    const stateFile = path.resolve(values.state ?? path.join(projectDir, ".rehearsal", `${stack}.json`));
    const facts = command === "preview";
    const stacksDir = values.stacks;
    const options: RehearseOptions = { command, projectDir, stack, configFile, stateFile, stacksDir, facts };
    return { json: values.json, options };
}

if (require.main === module) {
    void main();
}
