import type { Task } from "./progress";
import { columnsOf, cut, duration, oneLine, wholeDuration } from "./text";

/** A task that runs, as both displays see it. Times are in milliseconds. */
export interface Running {
    name: string;
    step: string;
    extent: string;
    began: number;
    /** When the step began. */
    since: number;
    /** How long the step had lasted when a line last told of it; undefined before the first. */
    told?: number;
    /** Steps that lines told of. */
    steps: Set<string>;
}

/** All that runs, in the order in which it began. */
export class Tasks {
    private readonly running = new Set<Running>();

    constructor(
        private readonly now: () => number,
        /** Gets the closing line of a task that has just gone. */
        private readonly onEnd: (line: string) => void,
    ) {}

    get all(): Running[] {
        return [...this.running];
    }

    get none(): boolean {
        return this.running.size === 0;
    }

    start(name: string, step = ""): Task {
        const now = this.now();
        const steps = new Set<string>();
        const task: Running = { name: oneLine(name), step: oneLine(step), extent: "", began: now, since: now, steps };
        this.running.add(task);
        return {
            at: (next, extent = "") => {
                const text = oneLine(next);
                task.extent = oneLine(extent);
                if (text !== task.step) {
                    Object.assign(task, { step: text, since: this.now(), told: undefined });
                }
            },
            end: (outcome) => {
                if (this.running.delete(task)) {
                    this.onEnd(`${task.name}: ${oneLine(outcome)} in ${duration(this.now() - task.began)}`);
                }
            },
        };
    }

    clear(): void {
        this.running.clear();
    }
}

const firstAfter = 1000;
const againAfter = 30_000;
const longestLine = 200;

/** Lines for a log: a step after its first second, once, and every half minute of it. Marks what it told. */
export function dueLines(tasks: Running[], now: number): string[] {
    return tasks.flatMap((task) => {
        const lasted = now - task.since;
        const isNew = task.told === undefined && !task.steps.has(task.step);
        if (task.step === "" || lasted < (isNew ? firstAfter : (task.told ?? 0) + againAfter)) {
            return [];
        }
        const first = lasted < againAfter;
        task.told = lasted - (lasted % againAfter);
        task.steps.add(task.step);
        const rest = first ? "" : `, ${[task.extent, wholeDuration(lasted)].filter(Boolean).join(", ")}`;
        return [cut(`${task.name}: ${task.step}`, longestLine) + rest];
    });
}

/** One line for each task, none wider than the terminal; the last one counts those for which there is no room. */
export function blockLines(tasks: Running[], now: number, columns: number, rows: number): string[] {
    // The cursor stands below the block, and a character in the last column makes some terminals wrap.
    const room = Math.max(1, rows - 1);
    const shown = tasks.length > room ? tasks.slice(0, room - 1) : tasks;
    const nameWidth = Math.min(24, Math.max(0, ...shown.map(({ name }) => columnsOf(name))));
    const lines = shown.map((task) => {
        const tail = [task.extent, wholeDuration(now - task.since)].filter(Boolean).join("  ");
        const name = cut(task.name, nameWidth);
        const head = name + " ".repeat(nameWidth - columnsOf(name) + 2);
        const left = columns - 1 - columnsOf(head) - columnsOf(tail) - 2;
        const step = left > 0 ? cut(task.step, left) : "";
        return cut(`${head}${step === "" ? "" : `${step}  `}${tail}`, columns - 1);
    });
    return tasks.length > shown.length
        ? [...lines, cut(`and ${tasks.length - shown.length} more`, columns - 1)]
        : lines;
}
