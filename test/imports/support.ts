import { Provider as KubernetesProvider } from "@pulumi/kubernetes/provider";
import * as pulumi from "@pulumi/pulumi";
import { MultiArchBuilder, type MultiArchBuilderArgs } from "../../components";
import { invokes } from "../../dev/rehearsal/models";
import { modelOutputs } from "../support/modelOutputs";
import { Recorder, reveal } from "../support/recorder";

/** The least of each backend that makes resources of its own, with access for one CI system. */
export const onAws = {
    ec2: { ec2: { subnetId: "subnet-0123456789abcdef0" } },
    eks: {
        eks: { clusterName: "tools", subnetIds: ["subnet-0123456789abcdef0"], access: { namespaces: ["runners"] } },
    },
} satisfies Record<string, MultiArchBuilderArgs>;

/** Runs a program against a recorder; `answers` are invokes' besides those of the models. */
export async function recorded(
    program: () => void,
    answers: Record<string, (inputs: Record<string, unknown>) => Record<string, unknown>> = {},
): Promise<Recorder> {
    const run = new Recorder({
        outputs: modelOutputs,
        call: (token, inputs) => {
            const answer = answers[token] ?? (invokes[token] as ((args: never) => Record<string, unknown>) | undefined);
            if (!answer) {
                throw new Error(`unexpected invoke of ${token}`);
            }
            return reveal(answer(inputs as never)) as Record<string, unknown>;
        },
    });
    await run.install();
    program();
    await run.settle();
    return run;
}

/** A farm on AWS with an image. */
export function farmWithImage(
    name: string,
    backend: keyof typeof onAws,
    opts: pulumi.ComponentResourceOptions = {},
    args: Partial<MultiArchBuilderArgs> = {},
): MultiArchBuilder {
    const farm = new MultiArchBuilder(name, { ...onAws[backend], ...args }, opts);
    farm.buildImage(`${name}-api`, {
        dockerfileInline: "FROM scratch",
        tags: ["1"],
        smokeTest: [["/api"]],
    });
    return farm;
}

export const cluster = () => new KubernetesProvider("cluster", { context: "tools" });

/** A team's own component with a farm in it. */
export class Platform extends pulumi.ComponentResource {
    readonly farm: MultiArchBuilder;

    constructor(
        name: string,
        make: (parent: pulumi.Resource) => MultiArchBuilder,
        opts?: pulumi.ComponentResourceOptions,
    ) {
        super("acme:index:Platform", name, {}, opts);
        this.farm = make(this);
        this.registerOutputs({});
    }
}
