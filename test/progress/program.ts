import { createProgress } from "../../dev/progress/create";
import { during } from "../../dev/progress/progress";

/** What the test of a real terminal runs: two tasks, and an end that the argument names. */
const progress = createProgress(process.stdout);
const sleep = (time: number) => new Promise((resolve) => setTimeout(resolve, time));
const never = () => sleep(120_000);
const ending = process.argv[2];

async function main(): Promise<void> {
    progress.log("begin");
    const short = during(progress, "linux/amd64", "[1/2] COPY", async (task) => {
        await sleep(300);
        task.at("[2/2] RUN");
        progress.log("a line that stays");
        if (ending === "signal") {
            process.kill(process.pid, "SIGINT");
            await never();
        }
        if (ending === "crash") {
            throw new Error("crashed");
        }
    });
    const step = `[1/2] RUN ${"a long command ".repeat(20)}`;
    const long = during(progress, "linux/arm64", step, async () => {
        await short.catch(never);
        await sleep(200);
    });
    await Promise.all([short, long]);
    progress.log("end");
}

void main().catch((error: unknown) => {
    setImmediate(() => {
        throw error;
    });
});
