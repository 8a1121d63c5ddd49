import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { rehearse, type RehearseOptions, type RehearseResult } from "../../dev/rehearsal/run";

export const projectDir = path.join(__dirname, "fixtures/program");

/** Runs the fixture program with its own state. */
export class Trial {
    readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), "rehearsal-test-"));
    readonly journalFile = path.join(this.folder, "journal");
    readonly lines: string[] = [];

    constructor(
        private readonly stack: string,
        private readonly env: Record<string, string> = {},
    ) {}

    get stateFile(): string {
        return path.join(this.folder, `${this.stack}.json`);
    }

    /** Lines that the program's hooks wrote since the last call. */
    journal(): string[] {
        const text = fs.existsSync(this.journalFile) ? fs.readFileSync(this.journalFile, "utf8") : "";
        fs.rmSync(this.journalFile, { force: true });
        return text.split("\n").filter((line) => line !== "");
    }

    state(): string {
        return fs.readFileSync(this.stateFile, "utf8");
    }

    run(
        command: RehearseOptions["command"],
        config: Record<string, unknown>,
        more: Partial<RehearseOptions> = {},
    ): Promise<RehearseResult> {
        const settings = { journal: this.journalFile, ...(config.settings as object | undefined) };
        const configFile = path.join(this.folder, `Pulumi.${this.stack}.yaml`);
        fs.writeFileSync(configFile, JSON.stringify({ config: { ...config, settings } }));
        this.lines.length = 0;
        return rehearse({
            command,
            projectDir,
            stack: this.stack,
            configFile,
            stateFile: this.stateFile,
            stacksDir: this.folder,
            env: { PULUMI_CONFIG_PASSPHRASE: "trial", ...this.env },
            log: (line) => this.lines.push(line),
            ...more,
        });
    }

    remove(): void {
        fs.rmSync(this.folder, { recursive: true, force: true });
    }
}

/** `name: op` of every resource but the stack itself. */
export function operations({ resources }: RehearseResult): string[] {
    return resources
        .filter(({ type }) => type !== "pulumi:pulumi:Stack")
        .map(({ name, op }) => `${name}: ${op}`)
        .sort();
}
