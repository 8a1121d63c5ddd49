import { type ChildProcess, execFile, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { promisify } from "node:util";

const plugin = "session-manager-plugin";

/** The first version that takes the session's token from the environment instead of its arguments, which everyone can read. */
const oldest = [1, 2, 497, 0];

const install =
    "install it: https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html";

/** Throws when Session Manager's plugin cannot be used on this machine. */
export async function requireSessionPlugin(): Promise<void> {
    let version: string;
    try {
        version = (
            await promisify(execFile)(plugin, ["--version"], { env: process.env, timeout: 10_000 })
        ).stdout.trim();
    } catch (error) {
        const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
        const why = missing
            ? "is not on this machine's PATH"
            : `does not run (${(error as Error).message.split("\n")[0]})`;
        throw new Error(`the builder is reached through AWS Session Manager, and ${plugin} ${why}: ${install}`);
    }
    const parts = version.split(".").map(Number);
    const differing = oldest.findIndex((part, i) => parts[i] !== part);
    if (
        parts.length < 3 ||
        parts.some(Number.isNaN) ||
        (differing >= 0 && (parts[differing] ?? 0) < oldest[differing]!)
    ) {
        throw new Error(
            `${plugin} is version ${JSON.stringify(version)}, and ${oldest.join(".")} or later is needed (older ones show the ` +
                `session's token to every user of this machine): ${install}`,
        );
    }
}

/** What StartSession answers; the token is a secret. */
export interface SessionResponse {
    SessionId?: string;
    StreamUrl?: string;
    TokenValue?: string;
}

/** A running port forwarding. */
export interface Forwarding {
    port: number;
    /** Ends it. */
    close: () => void;
    /** Resolves when it has ended, with what it last said. */
    ended: Promise<string>;
}

/**
 * Runs the plugin until its standard input closes, which happens however this program ends, and then lets it end the session.
 * Plain JavaScript for `node -e`, so that it works from every layout of files.
 */
const keeper = `
const [command, ...args] = process.argv.slice(1);
const child = require("node:child_process").spawn(command, args, { stdio: ["ignore", "inherit", "inherit"] });
const end = () => { child.kill("SIGINT"); setTimeout(() => child.kill("SIGKILL"), 3000).unref(); };
child.on("error", (error) => { console.error(error.message); process.exit(1); });
child.on("exit", (code) => process.exit(code ?? 1));
process.stdin.on("end", end).on("error", end).resume();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, end);
`;

const responseVariable = "AWS_SSM_START_SESSION_RESPONSE";

/**
 * Forwards a free local port through a session. The token goes by the environment. The plugin's own process group keeps Ctrl-C
 * from cutting the connection of a build that is just being cancelled.
 */
export async function forward(
    response: SessionResponse,
    request: { Target: string },
    region: string,
    env: Record<string, string>,
    timeoutMs = 30_000,
): Promise<Forwarding> {
    const { SessionId, StreamUrl, TokenValue } = response;
    const session = JSON.stringify({ SessionId, StreamUrl, TokenValue });
    const endpoint = process.env.AWS_ENDPOINT_URL_SSM ?? process.env.AWS_ENDPOINT_URL ?? "";
    const args = [responseVariable, region, "StartSession", "", JSON.stringify(request), endpoint];
    const child = spawn(process.execPath, ["-e", keeper, plugin, ...args], {
        env: { ...process.env, NODE_OPTIONS: "", ...env, [responseVariable]: session },
        stdio: ["pipe", "pipe", "pipe"],
        detached: process.platform !== "win32",
        windowsHide: true,
    });
    let said = "";
    const ended = new Promise<string>((resolve) => child.on("close", () => resolve(lastLines(said))));
    const opened = new Promise<number>((resolve, reject) => {
        const fail = (why: string) => reject(new Error(`${plugin} ${why}${said.trim() ? `: ${lastLines(said)}` : ""}`));
        const timer = setTimeout(() => fail(`opened no port within ${timeoutMs / 1000} s`), timeoutMs);
        const read = (chunk: Buffer) => {
            said = (said + chunk.toString()).slice(-4000);
            const port = /Port (\d+) opened for session/.exec(said)?.[1];
            if (port) {
                clearTimeout(timer);
                resolve(Number(port));
            }
        };
        child.stdout.on("data", read);
        child.stderr.on("data", read);
        child.on("error", (error) => fail(`does not start (${error.message})`));
        child.on("close", () => {
            clearTimeout(timer);
            fail("ended");
        });
    });
    try {
        const port = await opened;
        letGo(child);
        return { port, close: () => child.stdin.end(), ended };
    } catch (error) {
        child.stdin.end();
        throw error;
    }
}

/** Lets the program end while the plugin runs. */
function letGo(child: ChildProcess): void {
    child.unref();
    for (const stream of [child.stdin, child.stdout, child.stderr]) {
        (stream as Socket | null)?.unref();
    }
}

function lastLines(text: string): string {
    return text.trim().split(/\n+/).slice(-3).join("; ");
}
