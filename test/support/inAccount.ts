import { readFileSync } from "node:fs";

type Answer = () => Record<string, unknown>;

/**
 * Registers components in an account that standard input tells of; an error in an apply ends a process, so it has its own.
 * An answer with `fails` is a call that AWS refuses with that text.
 */
export function registerInAccount<Args>(
    record: (args: Args, answers: Record<string, Answer>) => Promise<unknown>,
): void {
    const { args, answers } = JSON.parse(readFileSync(0, "utf8")) as {
        args: Args;
        answers: Record<string, Record<string, unknown>>;
    };
    process.once("unhandledRejection", (error: Error) => {
        process.stdout.write(error.message);
        process.exit(3);
    });
    const given = Object.entries(answers).map(([token, { fails, ...answer }]): [string, Answer] => [
        token,
        () => {
            if (fails !== undefined) {
                // The SDK reads the text of a gRPC error from there.
                throw Object.assign(new Error(fails as string), { details: fails });
            }
            return answer;
        },
    ]);
    void record(args, Object.fromEntries(given));
}
