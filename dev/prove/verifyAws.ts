import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parseArgs } from "node:util";
import { UsageError } from "../../cli/command";
import { type BuilderInput, readBuilder } from "../../cli/input";
import { closeTunnels } from "../../components/buildx/tunnel";
import { Verification } from "./verifyAwsChecks";
import { renderReport } from "./verifyAwsReport";

const help = `Checks a builder on EC2 for what only an AWS account can prove, and measures it.

Usage: pulumi stack output --json --show-secrets | npm run --silent verify:aws -- --yes [options]

It wakes every node, measures the way to it, builds, pushes by digest and exports a cache; then it STOPS the node,
measures how long a start takes until it answers over mutual TLS, and builds again: everything must come from the
cache volume. At the end it makes an index, tries to move its tag (which must be refused) and imports a cache.
Run it when nobody builds. It takes about ten minutes for two nodes and costs less than 0.20 USD: the nodes' time
until they sleep again, and some megabytes in the registry, which it lists at the end and leaves to you.

It needs: buildx; a login at the registry in Docker's configuration (aws ecr get-login-password | docker login …);
ec2:DescribeInstances, ec2:StartInstances, ec2:StopInstances and, for nodes behind Session Manager, ssm:StartSession
and its plugin. The identity is the record's profile and role, else the environment's.

  --yes                   do it; without it nothing is done
  --outputs FILE          the stack's outputs as JSON (default: standard input)
  --repository URL        repository to push to (default: the record's)
  --cache-repository URL  repository for caches (default: the record's)
  --context-mib N         size of the context that measures the way to a node (default 64)
  --no-stop               stop no node: no start latency, no proof of the cache volume
  --help                  this text

The report is JSON on standard output; progress and a table go to standard error.
Exit codes: 0 all checks passed, 1 one failed, 2 wrong usage.`;

interface Arguments {
    yes: boolean;
    file: string;
    repository?: string;
    cacheRepository?: string;
    contextMiB: number;
    stop: boolean;
}

/** Undefined when help is asked for. */
function readArguments(): Arguments | undefined {
    let parsed;
    try {
        parsed = parseArgs({
            options: {
                yes: { type: "boolean", default: false },
                outputs: { type: "string", default: "-" },
                repository: { type: "string" },
                "cache-repository": { type: "string" },
                "context-mib": { type: "string", default: "64" },
                "no-stop": { type: "boolean", default: false },
                help: { type: "boolean", short: "h", default: false },
            },
        }).values;
    } catch (error) {
        throw new UsageError((error as Error).message);
    }
    if (parsed.help) {
        return undefined;
    }
    const contextMiB = Number(parsed["context-mib"]);
    if (!Number.isInteger(contextMiB) || contextMiB < 1 || contextMiB > 4096) {
        throw new UsageError(`--context-mib must be a whole number from 1 to 4096 (got ${parsed["context-mib"]})`);
    }
    return {
        yes: parsed.yes,
        file: parsed.outputs,
        repository: parsed.repository,
        cacheRepository: parsed["cache-repository"],
        contextMiB,
        stop: !parsed["no-stop"],
    };
}

/** What would be done, for whoever has not said yes. */
function plan({ builder }: BuilderInput, { stop }: Arguments): string {
    const nodes = builder.nodes.map(({ name, wake }) => {
        const what = wake
            ? `${wake.instanceId} in ${wake.region}${stop ? ", woken and STOPPED once" : ""}`
            : "always on";
        return `  ${name}: ${what}`;
    });
    const images = builder.imageRepositoryUrl ?? "no image repository";
    return [
        `builder ${builder.name}, ${images}:`,
        ...nodes,
        "Nothing was done: add --yes when nobody builds; --help says what it costs.",
    ].join("\n");
}

async function main(): Promise<number> {
    const args = readArguments();
    if (!args) {
        console.log(help);
        return 0;
    }
    const input = await readBuilder(args.file);
    if (!args.yes) {
        throw new UsageError(plan(input, args));
    }
    if (!input.credentials?.key) {
        throw new Error("the outputs hold no `builderCredentials` in clear: pulumi stack output --json --show-secrets");
    }
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "verify-aws-"));
    // The user's own builders are none of its business.
    process.env.BUILDX_CONFIG = path.join(dir, "buildx");
    // A tunnel lets a program end while it is open, and this one waits for tunnels to close.
    const alive = setInterval(() => undefined, 60_000);
    const controller = new AbortController();
    process.once("SIGINT", () => controller.abort()).once("SIGTERM", () => controller.abort());
    try {
        const { builder, credentials } = input;
        const report = await new Verification({
            builder,
            credentials,
            repository: args.repository ?? builder.imageRepositoryUrl,
            cacheRepository: args.cacheRepository ?? builder.cacheRepositoryUrl,
            stop: args.stop,
            contextMiB: args.contextMiB,
            dir,
            log: (line) => console.error(line),
            signal: controller.signal,
        }).run();
        console.error(["", ...renderReport(report)].join("\n"));
        console.log(JSON.stringify(report, undefined, 2));
        return report.findings.some(({ result }) => result === "failed") ? 1 : 0;
    } finally {
        await closeTunnels();
        clearInterval(alive);
        fs.rmSync(dir, { recursive: true, force: true });
    }
}

main().then(
    (code) => (process.exitCode = code),
    (error: unknown) => {
        console.error((error as Error).message);
        process.exitCode = error instanceof UsageError ? 2 : 1;
    },
);
