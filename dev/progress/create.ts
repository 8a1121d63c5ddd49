import { LiveProgress } from "./live";
import { PlainProgress } from "./plain";
import type { Progress } from "./progress";

/** Whether lines can be redrawn: a terminal that can move its cursor, and no CI system that keeps what it shows. */
export function isLive(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
    const ci = env.CI !== undefined && !["", "0", "false"].includes(env.CI);
    return stream.isTTY === true && !ci && env.TERM !== "dumb";
}

/** The display that suits a stream. */
export function createProgress(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv = process.env): Progress {
    return isLive(stream, env) ? new LiveProgress(stream) : new PlainProgress((line) => stream.write(`${line}\n`));
}
