import type * as pulumi from "@pulumi/pulumi";
import type { Ec2BuildersArgs } from "../../components/ec2/arguments";
import { Ec2Builders } from "../../components/ec2/ec2Builders";
import { isObject } from "../../components/objects";
import { invokes, models } from "../../dev/rehearsal/models";
import { leastEc2 } from "../support/problems";
import { Recorder, reveal } from "../support/recorder";

/** The least that works. */
export const least = leastEc2;

export type Answers = Record<string, (inputs: Record<string, unknown>) => Record<string, unknown>>;

/** Registers builders against a recorder that answers from the rehearsal's models, or from what a test gives. */
export async function record(
    args: Partial<Ec2BuildersArgs> = {},
    options: RecordOptions & { opts?: () => pulumi.ComponentResourceOptions; name?: string } = {},
): Promise<{ run: Recorder; builders: Ec2Builders }> {
    const run = recorder(options);
    await run.install();
    const builders = new Ec2Builders(options.name ?? "ci", { ...least, ...args }, options.opts?.());
    await run.settle();
    return { run, builders };
}

interface RecordOptions {
    preview?: boolean;
    answers?: Answers;
    project?: string;
    stack?: string;
}

export function recorder({ preview = false, answers = {}, project, stack }: RecordOptions = {}): Recorder {
    return new Recorder({
        preview,
        project,
        stack,
        // A preview knows no outputs.
        outputs: (type, name, inputs) =>
            preview ? {} : (models[type]?.(inputs as never, `urn::${type}::${name}`) ?? {}),
        call: (token, inputs) => {
            const answer = answers[token] ?? (invokes[token] as ((args: never) => Record<string, unknown>) | undefined);
            if (!answer) {
                throw new Error(`unexpected invoke of ${token}`);
            }
            return reveal(answer(inputs as never)) as Record<string, unknown>;
        },
    });
}

/** What the constructor throws for these changes of the least arguments, or for no object at all. */
export function refusal(args: unknown, name = "ci"): string {
    try {
        new Ec2Builders(name, (isObject(args) ? { ...least, ...args } : args) as Ec2BuildersArgs);
    } catch (error) {
        return (error as Error).message;
    }
    return "";
}
