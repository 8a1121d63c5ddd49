/**
 * Runs an action that undoes what it made when it is interrupted. A second signal must not end this process meanwhile:
 * npm passes on what the terminal sent already.
 */
export async function interruptible<T>(action: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const interrupt = new AbortController();
    const abort = () => interrupt.abort();
    process.on("SIGINT", abort).on("SIGTERM", abort);
    try {
        return await action(interrupt.signal);
    } catch (error) {
        throw interrupt.signal.aborted
            ? new Error("interrupted: what this start had made was removed; `npm start` begins anew")
            : error;
    } finally {
        process.off("SIGINT", abort).off("SIGTERM", abort);
    }
}
