import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { createRequire } from "node:module";
import * as path from "node:path";
import * as readline from "node:readline";
import type { Engine } from "./engine";
import type { StackConfig } from "./stackConfig";

/** How long a program may take to end once the run is over, and to end in order when it is told to. */
const graceMilliseconds = { afterFailure: 15_000, afterInterrupt: 1_000, afterSigterm: 2_000 };

interface ProgramOptions {
    projectDir: string;
    config: StackConfig;
    dryRun: boolean;
    /** Where the engine is served. */
    address: string;
    env: NodeJS.ProcessEnv;
    engine: Engine;
    signal: AbortSignal;
    log: (line: string) => void;
}

/** Runs the program by the SDK's own runner and gives its exit code. */
export async function runProgram(options: ProgramOptions): Promise<number | null> {
    const { projectDir, config, address, engine, signal, log } = options;
    const program = path.resolve(projectDir, config.main);
    if (!fs.existsSync(program)) {
        throw new Error(`${program} does not exist: \`main\` in Pulumi.yaml names the program (got "${config.main}")`);
    }
    if (engine.stopped.aborted) {
        return null;
    }
    const args = [
        ...[`--monitor=${address}`, `--engine=${address}`, `--project=${config.project}`, `--stack=${config.stack}`],
        ...["--organization=organization", "--parallel=16", `--root-directory=${projectDir}`, `--pwd=${projectDir}`],
        ...[...(options.dryRun ? ["--dry-run"] : []), program],
    ];
    const child = spawn(process.execPath, [sdkRunner(projectDir), ...args], {
        cwd: projectDir,
        stdio: ["ignore", "pipe", "pipe"],
        env: {
            ...options.env,
            PULUMI_CONFIG: JSON.stringify(config.values),
            PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(config.secretKeys),
            ...(config.typescript ? { PULUMI_NODEJS_TYPESCRIPT: "true" } : {}),
            ...(config.tsconfig ? { PULUMI_NODEJS_TSCONFIG_PATH: config.tsconfig } : {}),
        },
    });
    readline.createInterface({ input: child.stdout }).on("line", log);
    readline.createInterface({ input: child.stderr }).on("line", log);
    // After a failure a program ends by itself. One that does not, or an interrupted one, is ended.
    const end = async () => {
        await (signal.aborted ? undefined : engine.drained());
        const { afterFailure, afterInterrupt, afterSigterm } = graceMilliseconds;
        const wait = signal.aborted ? afterInterrupt : afterFailure;
        setTimeout(() => child.kill("SIGTERM"), wait).unref();
        setTimeout(() => child.kill("SIGKILL"), wait + afterSigterm).unref();
    };
    engine.stopped.addEventListener("abort", () => void end(), { once: true });
    return new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
}

function sdkRunner(projectDir: string): string {
    try {
        return createRequire(path.join(projectDir, "package.json")).resolve("@pulumi/pulumi/cmd/run");
    } catch {
        throw new Error(`@pulumi/pulumi is not installed for ${projectDir}: run \`npm install\` there`);
    }
}
