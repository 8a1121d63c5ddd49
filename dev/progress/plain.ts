import type { Progress, Task } from "./progress";
import { Tasks, dueLines } from "./running";

/** Progress as lines: for logs, and wherever a cursor cannot be moved. */
export class PlainProgress implements Progress {
    private readonly tasks: Tasks;
    private timer?: NodeJS.Timeout;

    constructor(private readonly write: (line: string) => void) {
        this.tasks = new Tasks(Date.now, (line) => this.end(line));
    }

    log(text: string): void {
        this.write(text);
    }

    start(name: string, step?: string): Task {
        this.timer ??= setInterval(() => this.tell(), 500).unref();
        return this.tasks.start(name, step);
    }

    private tell(): void {
        dueLines(this.tasks.all, Date.now()).forEach((line) => this.write(line));
    }

    private end(line: string): void {
        this.write(line);
        if (this.tasks.none) {
            clearInterval(this.timer);
            this.timer = undefined;
        }
    }
}
