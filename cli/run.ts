import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import type { Builder, BuilderCredentials } from "../components/builder";
import { offeredPlatforms, platformEntry } from "../components/buildx/entries";
import { holdNodes } from "../components/buildx/lease";
import { missingPlatform, registerForBuild } from "../components/buildx/registration";
import { throughTunnels } from "../components/buildx/tunnel";
import { type Command, UsageError, parseOptions } from "./command";
import { credentialsHelp, credentialsOptions, readBuilderWithCredentials } from "./input";

const help = `Runs a command with the builder: wakes its nodes, opens port forwardings to those that only Session Manager
reaches, waits until they answer, and keeps all of it until the command has ended.

Usage: npx multiarch-builder run [options] FILE -- COMMAND [ARGUMENT...]

For example:
  pulumi stack output --json --show-secrets | npx multiarch-builder run - -- docker buildx build -t … --push .

FILE holds the stack's outputs as JSON; "-" is standard input, of which the command then gets nothing. The command finds the
builder in a store of its own (BUILDX_CONFIG, removed afterwards) and as the default (BUILDX_BUILDER).

Options:
  --platform LIST  only the nodes of these platforms, with commas between; otherwise of all
${credentialsHelp}
  -h, --help       show this text

Exit codes: the command's own; 127 when it is not found; 1 when the nodes cannot be reached, 2 for wrong usage.
`;

/** Runs a command while the builder's nodes are awake and reachable. */
export const run: Command = {
    summary: "run a command with the builder: wakes and reaches its nodes meanwhile",
    help,
    async run(argv) {
        const split = argv.indexOf("--");
        const command = split < 0 ? [] : argv.slice(split + 1);
        const { values, positionals } = parseOptions(split < 0 ? argv : argv.slice(0, split), {
            platform: { type: "string", multiple: true },
            ...credentialsOptions,
        });
        const [file] = positionals;
        if (command.length === 0 || file === undefined || positionals.length > 1) {
            throw new UsageError("give a file with the stack's outputs, then -- and a command; see --help");
        }
        const { builder, credentials } = await readBuilderWithCredentials(file, values);
        const platforms = values.platform?.flatMap((list) => list.split(",")) ?? offeredPlatforms(builder);
        const stdin = file === "-" ? "ignore" : "inherit";
        const code = await withBuilder(needed(builder, platforms), credentials, platforms, () => start(command, stdin));
        // Ends the tunnels too, and what an interrupted registration still waits for.
        process.exit(code);
    },
};

/** The builder without the nodes that the platforms do not need: they sleep on, and buildx must not wait for them. */
function needed(builder: Builder, platforms: string[]): Builder {
    const nodes = platforms.flatMap((platform) => {
        const entry = platformEntry(builder, platform);
        if (!entry) {
            throw new UsageError(`--platform: ${missingPlatform(builder, platform)}`);
        }
        return entry.nodes;
    });
    return { ...builder, nodes: builder.nodes.filter((node) => nodes.includes(node)) };
}

/** Starts a command when the builder is ready; yields its exit code, or that of a signal that ended the wait. */
async function withBuilder(
    builder: Builder,
    credentials: BuilderCredentials,
    platforms: string[],
    startCommand: () => ChildProcess,
): Promise<number> {
    // A store of its own: the endpoints of tunnels are of use to nobody else, and no key is left behind.
    const store = await mkdtemp(join(tmpdir(), "multiarch-builder-"));
    Object.assign(process.env, { BUILDX_CONFIG: store, BUILDX_BUILDER: builder.name });
    const onTerminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
    const log = (line: string) => void process.stderr.write(`${line}\n`);
    let child: ChildProcess | undefined;
    const stopped = new Promise<NodeJS.Signals>((resolve) => {
        const onSignal = (signal: NodeJS.Signals) => {
            resolve(signal);
            // A terminal sends its own to the command, too.
            if (signal !== "SIGINT" || !onTerminal) {
                child?.kill(signal);
            }
        };
        (["SIGINT", "SIGTERM", "SIGHUP"] as const).forEach((signal) => process.on(signal, onSignal));
    });
    let release: (() => void) | undefined;
    try {
        const signal = await Promise.race([registerForBuild(builder, credentials, { platforms }, log), stopped]);
        if (signal) {
            return 128 + constants.signals[signal];
        }
        release = holdNodes(throughTunnels(builder.nodes), credentials);
        child = startCommand();
        return await ended(child);
    } finally {
        release?.();
        await rm(store, { recursive: true, force: true });
    }
}

function start([name, ...args]: string[], stdin: "inherit" | "ignore"): ChildProcess {
    return spawn(name!, args, { stdio: [stdin, "inherit", "inherit"] });
}

/** The exit code of a command as a shell has it. */
function ended(child: ChildProcess): Promise<number> {
    return new Promise((resolve, reject) => {
        child.on("close", (code, signal) => resolve(code ?? 128 + constants.signals[signal!]));
        child.on("error", (error: NodeJS.ErrnoException) => {
            if (error.code === "ENOENT") {
                process.stderr.write(`multiarch-builder: ${child.spawnfile}: command not found\n`);
                resolve(127);
            } else {
                reject(error);
            }
        });
    });
}
