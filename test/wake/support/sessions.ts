import * as fs from "node:fs";
import * as path from "node:path";
import type { AwsStandIn } from "./awsStandIn";

/** What the stand-in plugin noted of itself. */
export interface PluginEvent {
    event: string;
    pid: number;
    argv: string[];
    cmdline: string;
    parentCmdline: string;
    token: string;
    accessKey: string;
}

/** Puts the stand-in plugin on the PATH of this process and of its children. */
export class Sessions {
    private readonly file: string;

    constructor(private readonly dir: string) {
        this.file = path.join(dir, "plugin.log");
        process.env.PATH = `${path.join(__dirname, "bin")}:${process.env.PATH}`;
        process.env.STAND_IN_PLUGIN_LOG = this.file;
    }

    /** Answers StartSession with a session that leads to a port of this machine, by the instance's id. */
    lead(aws: AwsStandIn, ports: Record<string, number>): void {
        aws.onStartSession = ({ Target }) => ({
            SessionId: `session-${String(Target)}`,
            StreamUrl: `ws://127.0.0.1:${ports[String(Target)]}/`,
            TokenValue: "hush-token",
        });
    }

    /** Sessions with the instances `<prefix>-<i>` lead to a farm's nodes. */
    leadToNodes(aws: AwsStandIn, prefix: string, nodes: readonly { endpoint: string }[]): void {
        this.lead(
            aws,
            Object.fromEntries(nodes.map(({ endpoint }, i) => [`${prefix}-${i}`, Number(new URL(endpoint).port)])),
        );
    }

    events(event: string): PluginEvent[] {
        const text = fs.existsSync(this.file) ? fs.readFileSync(this.file, "utf8") : "";
        const all = text
            .split("\n")
            .filter(Boolean)
            .map((line) => JSON.parse(line) as PluginEvent);
        return all.filter((candidate) => candidate.event === event);
    }

    remove(): void {
        fs.rmSync(this.dir, { recursive: true, force: true });
    }
}
