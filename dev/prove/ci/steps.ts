import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import type { Checkout } from "./workplace";

/** One step of a job: a script as the system hands it to its shell. */
export interface Step {
    name: string;
    script: string;
    /** The shell and its options, as the system starts it. */
    shell: string[];
    env?: Record<string, string>;
    /** Whether it runs after a failure too. */
    always?: boolean;
}

/** What a job did. */
export interface Outcome {
    /** Exit code of the first step that failed, else 0. */
    status: number;
    /** Everything that was printed. */
    output: string;
}

/** Bound of one step; every script that it runs has shorter ones. */
const stepSeconds = 400;

/** Runs a job's steps one after another. After each, `between` may tell what it left for those after it. */
export async function runSteps(
    checkout: Checkout,
    steps: Step[],
    env: Record<string, string>,
    between: () => Record<string, string> = () => ({}),
): Promise<Outcome> {
    let status = 0;
    let output = "";
    for (const step of steps) {
        if (status !== 0 && !step.always) {
            continue;
        }
        const outcome = await finished(startStep(checkout, step, { ...env, ...between() }));
        output += `--- ${step.name}\n${outcome.output}`;
        status = status === 0 ? outcome.status : status;
    }
    return { status, output };
}

/** Starts a step in an environment of nothing but what the system sets. */
export function startStep(
    { job, user }: Checkout,
    step: Step,
    env: Record<string, string>,
    detached = false,
): ChildProcess {
    const [shell = "sh", ...options] = step.shell;
    return spawn(join(job.bin, shell), [...options, "-c", step.script], {
        cwd: job.dir,
        env: { ...job.env, ...env, ...step.env },
        stdio: ["ignore", "pipe", "pipe"],
        timeout: stepSeconds * 1000,
        killSignal: "SIGKILL",
        detached,
        ...user,
    });
}

/** Waits for the end of a step itself: what it leaves running holds no output of it. */
export function finished(child: ChildProcess): Promise<Outcome> {
    let output = "";
    for (const stream of [child.stdout!, child.stderr!]) {
        stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    }
    return new Promise((resolve, reject) => {
        child.once("error", reject);
        child.once("close", (status) => resolve({ status: status ?? 137, output }));
    });
}
