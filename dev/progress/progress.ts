/** Something that takes time. */
export interface Task {
    /** What it is at now; `extent` tells how far and changes often, such as "12 of 40 MB". */
    at(step: string, extent?: string): void;
    /** It has ended. The outcome takes its time after it: "built" becomes "built in 12.3 s". */
    end(outcome: string): void;
}

/** What people are shown while something runs. */
export interface Progress {
    /** Shows lines that stay. */
    log(text: string): void;
    /** Shows a task until it ends. */
    start(name: string, step?: string): Task;
}

/** The same progress with other texts: secrets masked, or other names. */
export function through(
    progress: Progress,
    text: (text: string) => string,
    name: (name: string) => string = text,
): Progress {
    return {
        log: (line) => progress.log(text(line)),
        start: (title, step) => {
            const task = progress.start(name(title), step && text(step));
            return {
                at: (next, extent) => task.at(text(next), extent && text(extent)),
                end: (outcome) => task.end(text(outcome)),
            };
        },
    };
}

/** Shows an action while it runs; `outcomes` are for its success and for its failure. */
export async function during<T>(
    progress: Progress,
    name: string,
    step: string,
    action: (task: Task) => Promise<T>,
    outcomes: { done?: string; failed?: () => string } = {},
): Promise<T> {
    const task = progress.start(name, step);
    try {
        const result = await action(task);
        task.end(outcomes.done ?? "done");
        return result;
    } catch (error) {
        task.end(outcomes.failed?.() ?? "failed");
        throw error;
    }
}
