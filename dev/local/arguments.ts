import { basename, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { directoryProblem, isRemoteContext } from "../../components/image/context";
import { isTag } from "../../components/image/names";
import { nearest, normalizePlatform, platformProblem } from "../../components/platform";
import type { FarmMode } from "./farm";
import { sampleContext } from "./sample";
import { shellWords } from "./shellWords";

/** What `npm start` is asked to do. Paths are relative to the project, as the program sees them. */
export interface StartArguments {
    help: boolean;
    dir: string;
    engine?: "pulumi" | "rehearsal";
    nodes?: FarmMode;
    platforms: string[];
    image: ImageArguments;
}

export interface ImageArguments {
    name: string;
    /** Whether this is the sample, which has to be compiled first. */
    sample: boolean;
    context: string;
    dockerfile?: string;
    target?: string;
    buildArgs: Record<string, string>;
    tags: string[];
    strategy: "per-platform" | "single";
    smokeTest: string[][];
}

export const startUsage = `Usage: npm start [-- OPTIONS]

Starts local BuildKit nodes and a registry, and runs this repository's program against them: it builds an image for
every platform on that platform's own node, tests it there and pushes it. Services keep running; \`npm run stop\` ends them.

  --context DIR           what to build, relative to the current folder, or a Git URL (default: ${sampleContext})
  --dockerfile FILE       Dockerfile (default: the context's)
  --target STAGE          stage of the Dockerfile (default: the last)
  --build-arg KEY=VALUE   value of an ARG; several times
  --name NAME             name of the image and its repository (default: the context's folder name)
  --tag TAG               tag; several times (default: latest)
  --platforms A,B         platforms, one node each (default: linux/amd64,linux/arm64)
  --smoke-test 'CMD ARG'  command to run in the image on each platform that this machine can run; several times
                          (default for the sample: /hello --version)
  --strategy STRATEGY     per-platform or single (default: per-platform)
  --engine ENGINE         pulumi or rehearsal (default: pulumi where its CLI and the docker-build plugin are installed)
  --nodes NODES           processes, or containers of the Docker engine (default: what the folder has already; else
                          processes where they can run, on Linux as root with Go, and no engine answers)
  --dir DIR               folder for everything that is written (default: .local)
  --help                  this text

Exit codes: 0 built and pushed, 1 a step failed, 2 wrong usage.
`;

/** Wrong usage; the message names the flag, the value got and what is allowed. */
export class UsageError extends Error {}

const options = {
    context: { type: "string" },
    dockerfile: { type: "string" },
    target: { type: "string" },
    "build-arg": { type: "string", multiple: true },
    name: { type: "string" },
    tag: { type: "string", multiple: true },
    platforms: { type: "string", multiple: true },
    "smoke-test": { type: "string", multiple: true },
    strategy: { type: "string" },
    engine: { type: "string" },
    nodes: { type: "string" },
    dir: { type: "string" },
    help: { type: "boolean", short: "h" },
} as const;

/** Parses the command line. `cwd` is where the person stands, which npm hides from the process. */
export function parseStartArguments(args: string[], projectDir: string, cwd: string): StartArguments {
    const values = parse(args);
    const fromProject = (path: string) => relative(projectDir, resolve(cwd, path)) || ".";
    const sample = values.context === undefined;
    const context = sample ? sampleContext : contextOf(values.context!, cwd, fromProject);
    const strategy = oneOf("strategy", values.strategy ?? "per-platform", ["per-platform", "single"] as const);
    if (strategy === "single" && values["smoke-test"]) {
        throw new UsageError(
            "--smoke-test cannot be used with --strategy single, which pushes the tags before any test could run: leave one out",
        );
    }
    const smokeTest =
        values["smoke-test"]?.map(wordsOf) ?? (sample && strategy !== "single" ? [["/hello", "--version"]] : []);
    return {
        help: values.help ?? false,
        dir: resolve(values.dir === undefined ? projectDir : cwd, values.dir ?? ".local"),
        ...(values.engine === undefined
            ? {}
            : { engine: oneOf("engine", values.engine, ["pulumi", "rehearsal"] as const) }),
        ...(values.nodes === undefined
            ? {}
            : { nodes: oneOf("nodes", values.nodes, ["processes", "containers"] as const) }),
        platforms: platformsOf(values.platforms ?? ["linux/amd64,linux/arm64"]),
        image: {
            name: nameOf(values.name, context),
            sample,
            context,
            ...(values.dockerfile === undefined ? {} : { dockerfile: fromProject(values.dockerfile) }),
            ...(values.target === undefined ? {} : { target: values.target }),
            buildArgs: Object.fromEntries((values["build-arg"] ?? []).map(buildArgOf)),
            tags: (values.tag ?? ["latest"]).map(tagOf),
            strategy,
            smokeTest,
        },
    };
}

function parse(args: string[]) {
    try {
        return parseArgs({ args, options, strict: true, allowPositionals: false }).values;
    } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        const unknown = message.match(/^Unknown option '(-[^']*)'/)?.[1];
        if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION" && unknown) {
            const flags = Object.keys(options).map((name) => `--${name}`);
            throw new UsageError(`unknown option ${unknown}: did you mean ${nearest(unknown, flags)}?`);
        }
        throw new UsageError(message);
    }
}

function contextOf(context: string, cwd: string, fromProject: (path: string) => string): string {
    if (isRemoteContext(context)) {
        return context;
    }
    const problem = directoryProblem(resolve(cwd, context));
    if (problem) {
        throw new UsageError(`--context ${JSON.stringify(context)}: ${problem}`);
    }
    return fromProject(context);
}

function nameOf(name: string | undefined, context: string): string {
    const fallback = basename(resolve(context).replace(/\.git(#.*)?$/, ""))
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, "-");
    const chosen = name ?? fallback.replace(/^-+|-+$/g, "");
    if (!/^[a-z0-9]+([._-][a-z0-9]+)*$/.test(chosen)) {
        throw new UsageError(
            `--name ${JSON.stringify(chosen)}: use lower case letters and digits, separated by ".", "_" or "-", for example my-app`,
        );
    }
    return chosen;
}

function platformsOf(lists: string[]): string[] {
    const platforms = lists.flatMap((list) => list.split(",")).map((text) => text.trim());
    for (const platform of platforms) {
        const problem = platformProblem(platform);
        if (problem) {
            throw new UsageError(`--platforms ${JSON.stringify(platform)}: ${problem}`);
        }
    }
    return [...new Set(platforms.map(normalizePlatform))];
}

function tagOf(tag: string): string {
    if (!isTag(tag)) {
        throw new UsageError(
            `--tag ${JSON.stringify(tag)}: use up to 128 letters, digits, "_", ".", "-", not starting with "." or "-"`,
        );
    }
    return tag;
}

function buildArgOf(text: string): [string, string] {
    const at = text.indexOf("=");
    if (at < 1) {
        throw new UsageError(`--build-arg ${JSON.stringify(text)}: use KEY=VALUE`);
    }
    return [text.slice(0, at), text.slice(at + 1)];
}

function wordsOf(command: string): string[] {
    const words = attempt(() => shellWords(command));
    if (words.length === 0) {
        throw new UsageError(`--smoke-test ${JSON.stringify(command)}: give a command, for example '/app --version'`);
    }
    return words;
}

function attempt<T>(action: () => T): T {
    try {
        return action();
    } catch (error) {
        throw new UsageError(`--smoke-test: ${(error as Error).message}`);
    }
}

function oneOf<T extends string>(flag: string, value: string, allowed: readonly T[]): T {
    const found = allowed.find((one) => one === value);
    if (found === undefined) {
        throw new UsageError(`--${flag} ${JSON.stringify(value)}: use ${allowed.join(" or ")}`);
    }
    return found;
}
