import * as pulumi from "@pulumi/pulumi";
import { Provider } from "@pulumi/kubernetes/provider";
import type { BuilderCredentials } from "../../components/builder";
import type { EksBuildersArgs } from "../../components/eks/arguments";
import { EksBuilders } from "../../components/eks/eksBuilders";
import { type KubernetesObject } from "../../components/eks/objects";
import { manifestSettings } from "../../components/eks/settings";
import { renderManifests } from "../../components/eks/manifests";
import { buildkitImage } from "../../components/node/pins";
import { invokes, models } from "../../dev/rehearsal/models";
import { Recorder } from "../support/recorder";

const credentials: BuilderCredentials = { ca: "SERVER-CA", cert: "CLIENT-CERT", key: "CLIENT-KEY" };
const pair = (name: string) => ({ cert: `CERT-${name}`, key: `KEY-${name}` });

/** The least that works. */
export const least: EksBuildersArgs = {
    clusterName: "tools",
    subnetIds: ["subnet-0123456789abcdef0"],
    access: { namespaces: ["runners"] },
    tls: {
        clientCa: "CLIENT-CA",
        nodeCertificates: { "ci-amd64": pair("ci-amd64"), "ci-arm64": pair("ci-arm64") },
        credentials,
    },
};

/** What a cluster and its account answer, by function or by type of what exists; the rehearsal's models otherwise. */
export type Cluster = Record<string, Record<string, unknown>>;

/** Registers builders against a recorder, and collects what they warn of. */
export async function record(
    args: Partial<EksBuildersArgs> = {},
    {
        preview = false,
        cluster = {},
        provider = true,
    }: { preview?: boolean; cluster?: Cluster; provider?: boolean } = {},
): Promise<{ run: Recorder; builders: EksBuilders; warnings: string[] }> {
    const run = new Recorder({
        preview,
        // A preview knows no outputs.
        outputs: (type, name, inputs) =>
            preview ? {} : { ...models[type]?.(inputs as never, `urn::${type}::${name}`), ...cluster[type] },
        call: (token, inputs) => {
            const answer = cluster[token] ?? invokes[token]?.(inputs as never);
            if (answer === undefined || "missing" in answer) {
                throw new Error(`unexpected invoke of ${token}`);
            }
            return answer;
        },
    });
    await run.install();
    const warnings: string[] = [];
    const warn = pulumi.log.warn;
    Object.assign(pulumi.log, { warn: (text: string) => warnings.push(text) });
    try {
        const providers: Record<string, Provider> = provider
            ? { kubernetes: new Provider("cluster", { context: "tools" }) }
            : {};
        const builders = new EksBuilders("ci", { ...least, ...args }, { providers });
        await run.settle();
        return { run, builders, warnings };
    } finally {
        Object.assign(pulumi.log, { warn });
    }
}

/** The objects of a builder named ci, of arguments that need no lookups. */
export function rendered(args: Partial<EksBuildersArgs> = {}): KubernetesObject[] {
    const subnets = args.loadBalancer && { subnetIds: "subnet-a,subnet-b", subnetCidrs: ["10.0.0.0/20"] };
    return renderManifests(
        manifestSettings(
            "ci",
            { ...least, ...args },
            {
                image: buildkitImage,
                loadBalancer: subnets,
                tls: (name) => ({ ca: "CLIENT-CA", cert: `CERT-${name}`, key: `KEY-${name}`, checksum: `SUM-${name}` }),
            },
        ),
    );
}

/** The one object of a kind and name. */
export function find(objects: KubernetesObject[], kind: string, name?: string): KubernetesObject {
    const found = objects.filter((each) => each.kind === kind && (name === undefined || each.metadata.name === name));
    if (found.length !== 1) {
        throw new Error(
            `${found.length} objects ${kind} ${name ?? ""}; there are ${objects.map((o) => `${o.kind} ${o.metadata.name}`).join(", ")}`,
        );
    }
    return found[0]!;
}

/** What the constructor throws, without registering anything. */
export function refusal(args: Partial<EksBuildersArgs>, name = "ci"): string {
    try {
        new EksBuilders(name, { ...least, ...args });
    } catch (error) {
        return (error as Error).message;
    }
    return "";
}
