import { styleText } from "node:util";
import type { WriteStream } from "node:tty";
import type { Progress, Task } from "./progress";
import { Tasks, blockLines } from "./running";
import { columnsOf } from "./text";

const eraseLine = "\x1b[K";
const eraseBelow = "\x1b[J";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Progress in a terminal: a line for everything that runs, redrawn in place below the lines that stay. Each change is one
 * write that overwrites before it erases, so nothing flickers. The cursor is never hidden: nothing has to be restored,
 * however the process ends.
 */
export class LiveProgress implements Progress {
    private readonly tasks: Tasks;
    private drawn: string[] = [];
    private timer?: NodeJS.Timeout;

    constructor(private readonly stream: WriteStream) {
        this.tasks = new Tasks(Date.now, (line) => this.end(line));
    }

    log(text: string): void {
        this.draw(text);
    }

    start(name: string, step?: string): Task {
        this.open();
        return this.tasks.start(name, step);
    }

    private end(line: string): void {
        this.draw(this.coloured(line));
        if (this.tasks.none) {
            this.close();
        }
    }

    /** Takes the block away, and everything that would draw it again. */
    private readonly close = () => {
        this.tasks.clear();
        this.draw();
        clearInterval(this.timer);
        this.timer = undefined;
        this.stream.off("resize", this.redraw);
        process.off("SIGCONT", this.forget).off("exit", this.close).off("uncaughtExceptionMonitor", this.close);
        signals.forEach((signal) => process.off(signal, this.onSignal));
    };

    private open(): void {
        if (this.timer === undefined) {
            this.timer = setInterval(this.redraw, 100).unref();
            this.stream.on("resize", this.redraw);
            process.on("SIGCONT", this.forget).on("exit", this.close).on("uncaughtExceptionMonitor", this.close);
            signals.forEach((signal) => process.on(signal, this.onSignal));
        }
    }

    private readonly redraw = () => {
        const lines = this.lines();
        if (lines.join("\n") !== this.drawn.join("\n")) {
            this.draw();
        }
    };

    /** After a stop by Ctrl-Z the shell has written where the block was. */
    private readonly forget = () => (this.drawn = []);

    /** Lets the signal do what it would have done, unless somebody else handles it. */
    private readonly onSignal = (signal: NodeJS.Signals) => {
        if (process.listenerCount(signal) === 1) {
            this.close();
            process.kill(process.pid, signal);
        }
    };

    /** Puts a text that stays above the block, and the block anew below it. */
    private draw(text?: string): void {
        const lines = this.lines();
        const kept =
            text === undefined
                ? ""
                : text
                      .split("\n")
                      .map((line) => `${line}${eraseLine}\n`)
                      .join("");
        const block = lines.map((line) => line + eraseLine).join("\n");
        if (this.drawn.length > 0) {
            this.stream.write(this.toBlock() + kept + block + eraseBelow);
        } else if (kept !== "" || block !== "") {
            this.stream.write(kept + block);
        }
        this.drawn = lines;
    }

    /** To the beginning of the block. The cursor stands at its end, where terminals keep it when they wrap lines anew. */
    private toBlock(): string {
        const columns = this.stream.columns || 80;
        const rows = this.drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(columnsOf(line) / columns)), 0);
        return rows > 1 ? `\x1b[${rows - 1}A\r` : "\r";
    }

    private lines(): string[] {
        // A terminal that does not know its size says 0.
        return blockLines(this.tasks.all, Date.now(), this.stream.columns || 80, this.stream.rows || 24);
    }

    /** NO_COLOR and FORCE_COLOR are honoured by Node. */
    private coloured(line: string): string {
        const failed = /: (failed|stopped) in /.test(line);
        return styleText(failed ? "red" : "green", line, { stream: this.stream });
    }
}
