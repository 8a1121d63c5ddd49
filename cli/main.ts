#!/usr/bin/env node
import { ci } from "./ci";
import { type Command, UsageError } from "./command";
import { forget } from "./forget";
import { run } from "./run";
import { use } from "./use";

const commands: Record<string, Command> = { use, run, forget, ci };

const help = `multiarch-builder: connects this machine, or a CI system, with the builder that a stack made

Usage: npx multiarch-builder <command> [options]

Commands:
${Object.entries(commands)
    .map(([name, command]) => `  ${name.padEnd(8)} ${command.summary}`)
    .join("\n")}

Run a command with --help for its options.
Exit codes: 0 done, 1 failed, 2 wrong usage.
`;

async function main(argv: string[]): Promise<number> {
    const [name, ...rest] = argv;
    if (name === undefined || name === "--help" || name === "-h" || name === "help") {
        process.stdout.write(help);
        return name === undefined ? 2 : 0;
    }
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!command) {
        throw new UsageError(`unknown command "${name}"; known: ${Object.keys(commands).join(", ")}`);
    }
    // What stands behind "--" belongs to another command.
    const own = rest.includes("--") ? rest.slice(0, rest.indexOf("--")) : rest;
    if (own.includes("--help") || own.includes("-h")) {
        process.stdout.write(command.help);
        return 0;
    }
    await command.run(rest);
    return 0;
}

main(process.argv.slice(2)).then(
    (code) => (process.exitCode = code),
    (error: unknown) => {
        process.stderr.write(`multiarch-builder: ${error instanceof Error ? error.message : String(error)}\n`);
        process.exitCode = error instanceof UsageError ? 2 : 1;
    },
);
