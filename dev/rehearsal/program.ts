import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import * as fs from "node:fs";
import { createRequire } from "node:module";
import * as path from "node:path";
import * as readline from "node:readline";
import type { Engine } from "./engine";
import { passphraseSealers } from "./passphrase";
import type { RehearseOptions } from "./run";
import type { StackConfig } from "./stackConfig";

/** How long a program may take to end once the run is over, and to end in order when it is told to. */
const graceMilliseconds = { afterFailure: 15_000, afterInterrupt: 1_000, afterSigterm: 2_000 };

interface ProgramOptions {
    config: StackConfig;
    dryRun: boolean;
    /** Where the engine is served. */
    address: string;
    engine: Engine;
    signal: AbortSignal;
    log: (line: string) => void;
}

/** Starts the process for the program, where a command runs one and it has not been; it never knows the passphrase. */
export function startRunner({ command, projectDir, env }: RehearseOptions, early?: RunnerProcess): Runner | undefined {
    const cwd = path.resolve(projectDir);
    const start = () =>
        spawn(process.execPath, [path.join(__dirname, "runner.cjs")], {
            cwd,
            env: passphraseSealers({ ...process.env, ...env }).env,
        });
    return command === "destroy" ? undefined : new Runner(cwd, early ?? start());
}

export type RunnerProcess = ChildProcessWithoutNullStreams;

/** A process for one program. It loads the SDK while the engine finds out what there is to run. */
export class Runner {
    private readonly ended: Promise<number | null>;
    private readonly early: string[] = [];
    private log = (line: string): void => void this.early.push(line);

    constructor(
        private readonly projectDir: string,
        private readonly child: RunnerProcess,
    ) {
        child.stdin.on("error", () => undefined);
        for (const input of [child.stdout, child.stderr]) {
            readline.createInterface({ input }).on("line", (line) => this.log(line));
        }
        this.ended = new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
        this.ended.catch(() => undefined);
    }

    /** Runs the program by the SDK's own runner and gives its exit code. */
    async run({ config, dryRun, address, engine, signal, log }: ProgramOptions): Promise<number | null> {
        const { projectDir, child } = this;
        const program = path.resolve(projectDir, config.main);
        if (!fs.existsSync(program)) {
            throw new Error(
                `${program} does not exist: \`main\` in Pulumi.yaml names the program (got "${config.main}")`,
            );
        }
        const runner = sdkRunner(projectDir);
        if (engine.stopped.aborted) {
            return null;
        }
        const args = [
            ...[
                `--monitor=${address}`,
                `--engine=${address}`,
                `--project=${config.project}`,
                `--stack=${config.stack}`,
            ],
            ...[
                "--organization=organization",
                "--parallel=16",
                `--root-directory=${projectDir}`,
                `--pwd=${projectDir}`,
            ],
            ...[...(dryRun ? ["--dry-run"] : []), program],
        ];
        const env = {
            PULUMI_CONFIG: JSON.stringify(config.values),
            PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(config.secretKeys),
            ...(config.typescript ? { PULUMI_NODEJS_TYPESCRIPT: "true" } : {}),
            ...(config.tsconfig ? { PULUMI_NODEJS_TSCONFIG_PATH: config.tsconfig } : {}),
        };
        this.early.forEach(log);
        this.log = log;
        // After a failure a program ends by itself. One that does not, or an interrupted one, is ended.
        const end = async () => {
            await (signal.aborted ? undefined : engine.drained());
            const { afterFailure, afterInterrupt, afterSigterm } = graceMilliseconds;
            const wait = signal.aborted ? afterInterrupt : afterFailure;
            setTimeout(() => child.kill("SIGTERM"), wait).unref();
            setTimeout(() => child.kill("SIGKILL"), wait + afterSigterm).unref();
        };
        engine.stopped.addEventListener("abort", () => void end(), { once: true });
        child.stdin.end(JSON.stringify({ runner, args, env }));
        return this.ended;
    }

    /** Ends the process if it runs still: it was given no program. */
    async close(): Promise<void> {
        const { child } = this;
        [child.stdin, child.stdout, child.stderr].forEach((stream) => stream.destroy());
        child.kill("SIGKILL");
        await this.ended.catch(() => undefined);
    }
}

function sdkRunner(projectDir: string): string {
    try {
        return createRequire(path.join(projectDir, "package.json")).resolve("@pulumi/pulumi/cmd/run");
    } catch {
        throw new Error(`@pulumi/pulumi is not installed for ${projectDir}: run \`npm install\` there`);
    }
}
