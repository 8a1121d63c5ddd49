import * as fs from "node:fs";
import * as path from "node:path";
import { findPulumi } from "../../dev/local/engine";
import { type Ended, runCommand } from "../support/commands";

/** The Pulumi CLI on a state in a folder. */
export class Cli {
    private readonly env: NodeJS.ProcessEnv;

    constructor(base: string, env: Record<string, string>) {
        const state = path.join(base, "pulumi-state");
        fs.mkdirSync(state, { recursive: true });
        this.env = {
            ...process.env,
            PULUMI_BACKEND_URL: `file://${state}`,
            PULUMI_SKIP_UPDATE_CHECK: "true",
            PULUMI_CONFIG_PASSPHRASE: "correct horse",
            ...env,
        };
    }

    run(cwd: string, ...args: string[]): Promise<Ended> {
        const all = [...args, "--non-interactive", "--color", "never"];
        return runCommand(findPulumi() ?? "pulumi", all, { cwd, env: this.env, seconds: 600 });
    }

    up(cwd: string, stack: string, ...more: string[]): Promise<Ended> {
        return this.run(cwd, "up", "--yes", "--skip-preview", "--stack", stack, ...more);
    }

    /** Runs a command that has to succeed, and gives what it printed. */
    async succeed(cwd: string, ...args: string[]): Promise<string> {
        const { status, stdout, stderr } = await this.run(cwd, ...args);
        if (status !== 0) {
            const end = `${stdout}\n${stderr}`.split("\n").slice(-60).join("\n");
            throw new Error(`pulumi ${args.join(" ")} ended with ${status}:\n${end}`);
        }
        return stdout;
    }

    async outputs(cwd: string, stack: string): Promise<Record<string, unknown>> {
        return JSON.parse(await this.succeed(cwd, "stack", "output", "--json", "--stack", stack)) as Record<
            string,
            unknown
        >;
    }
}
