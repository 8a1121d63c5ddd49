import { createConnection, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** What a command in the guest ended with. */
export interface GuestResult {
    status: number;
    stdout: string;
    stderr: string;
}

interface Answer {
    return?: unknown;
    error?: { desc: string };
}

/** Runs commands as root in a guest by QEMU's guest agent. https://qemu-project.gitlab.io/qemu/interop/qemu-ga-ref.html */
export class GuestAgent {
    private socket: Socket | undefined;
    private queue: Promise<unknown> = Promise.resolve();
    private onAnswer: (answer: Answer) => void = () => undefined;

    constructor(private readonly socketPath: string) {}

    /** Runs shell text in the guest, to its end. */
    async run(command: string, seconds = 120): Promise<GuestResult> {
        const deadline = Date.now() + seconds * 1000;
        const execute = { path: "/bin/sh", arg: ["-c", command], "capture-output": true };
        const { pid } = (await this.call("guest-exec", execute)) as { pid: number };
        for (;;) {
            const status = (await this.call("guest-exec-status", { pid })) as {
                exited: boolean;
                exitcode?: number;
                signal?: number;
                "out-data"?: string;
                "err-data"?: string;
            };
            if (status.exited) {
                const text = (data = "") => Buffer.from(data, "base64").toString();
                const code = status.exitcode ?? 128 + (status.signal ?? 0);
                return { status: code, stdout: text(status["out-data"]), stderr: text(status["err-data"]) };
            }
            if (Date.now() > deadline) {
                throw new Error(`in the machine, \`${command}\` did not end within ${seconds} s`);
            }
            await sleep(300);
        }
    }

    /** Runs shell text that has to succeed; returns what it printed, without the last newline. */
    async succeed(command: string, seconds?: number): Promise<string> {
        const { status, stdout, stderr } = await this.run(command, seconds);
        if (status !== 0) {
            throw new Error(`in the machine, \`${command}\` ended with ${status}: ${stderr}${stdout}`);
        }
        return stdout.trimEnd();
    }

    /** Whether the agent answers: after a boot it takes its time, and what was asked meanwhile may come late. */
    async answers(): Promise<boolean> {
        try {
            const id = Math.floor(Math.random() * 1e9);
            return (await this.call("guest-sync", { id }, 5, (answer) => answer.return === id)) === id;
        } catch {
            this.close();
            return false;
        }
    }

    close(): void {
        this.socket?.destroy();
        this.socket = undefined;
    }

    /** One request at a time; an answer that `wanted` refuses is one to an earlier, given up request. */
    private call(
        execute: string,
        args: object,
        seconds = 60,
        wanted: (answer: Answer) => boolean = () => true,
    ): Promise<unknown> {
        const done = this.queue.then(() => this.request(execute, args, seconds, wanted));
        this.queue = done.catch(() => undefined);
        return done;
    }

    private async request(
        execute: string,
        args: object,
        seconds: number,
        wanted: (answer: Answer) => boolean,
    ): Promise<unknown> {
        const socket = await this.connected();
        let timer: NodeJS.Timeout | undefined;
        const answer = await new Promise<Answer>((resolve, reject) => {
            const lost = () => reject(new Error("the connection to the guest agent was lost"));
            timer = setTimeout(
                () => reject(new Error(`the guest agent did not answer ${execute} in ${seconds} s`)),
                seconds * 1000,
            );
            socket.once("close", lost);
            this.onAnswer = (given) => {
                if (wanted(given)) {
                    socket.off("close", lost);
                    resolve(given);
                }
            };
            socket.write(`${JSON.stringify({ execute, arguments: args })}\n`);
        }).finally(() => clearTimeout(timer));
        if (answer.error) {
            throw new Error(`the guest agent refused ${execute}: ${answer.error.desc}`);
        }
        return answer.return;
    }

    private async connected(): Promise<Socket> {
        if (this.socket && !this.socket.destroyed) {
            return this.socket;
        }
        const socket = createConnection(this.socketPath);
        await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
        let text = "";
        socket.setEncoding("utf8").on("data", (chunk: string) => {
            const lines = (text + chunk).split("\n");
            text = lines.pop() ?? "";
            lines.filter((line) => line.trim() !== "").forEach((line) => this.take(line));
        });
        socket.on("error", () => undefined);
        this.socket = socket;
        return socket;
    }

    private take(line: string): void {
        try {
            this.onAnswer(JSON.parse(line) as Answer);
        } catch {
            // Half an answer from before a connection was lost.
        }
    }
}
