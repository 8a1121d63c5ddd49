import type * as pulumi from "@pulumi/pulumi";
import type { BuilderCredentials } from "../../components/builder";
import type { Ec2BuildersArgs } from "../../components/ec2/arguments";
import { Ec2Builders } from "../../components/ec2/ec2Builders";
import { invokes, models } from "../../dev/rehearsal/models";
import { Recorder, reveal } from "../support/recorder";

const credentials: BuilderCredentials = { ca: "SERVER-CA", cert: "CLIENT-CERT", key: "CLIENT-KEY" };
const pair = (name: string) => ({ cert: `CERT-${name}`, key: `KEY-${name}` });

/** The least that works. */
export const least: Ec2BuildersArgs = {
    subnetId: "subnet-0123456789abcdef0",
    access: { securityGroupIds: ["sg-0123456789abcdef0"] },
    tls: {
        clientCa: "CLIENT-CA",
        nodeCertificates: { "ci-amd64": pair("amd64"), "ci-arm64": pair("arm64") },
        credentials,
    },
};

export type Answers = Record<string, (inputs: Record<string, unknown>) => Record<string, unknown>>;

/** Registers builders against a recorder that answers from the rehearsal's models, or from what a test gives. */
export async function record(
    args: Partial<Ec2BuildersArgs> = {},
    options: { preview?: boolean; answers?: Answers; opts?: () => pulumi.ComponentResourceOptions; name?: string } = {},
): Promise<{ run: Recorder; builders: Ec2Builders }> {
    const run = recorder(options);
    await run.install();
    const builders = new Ec2Builders(options.name ?? "ci", { ...least, ...args }, options.opts?.());
    await run.settle();
    return { run, builders };
}

export function recorder({ preview = false, answers = {} }: { preview?: boolean; answers?: Answers } = {}): Recorder {
    return new Recorder({
        preview,
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

/** What the constructor throws, without registering anything. */
export function refusal(args: Partial<Ec2BuildersArgs>, name = "ci"): string {
    try {
        new Ec2Builders(name, { ...least, ...args });
    } catch (error) {
        return (error as Error).message;
    }
    return "";
}
