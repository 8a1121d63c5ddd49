import * as pulumi from "@pulumi/pulumi";
import type { BuilderCredentials } from "../builder";
import type { Note } from "../kinds";
import type { FarmCi } from "../ci/arguments";
import type { Problems } from "../problems";
import type { BuilderTlsNode, FarmTls, TlsKeyPair } from "../tls/arguments";
import { BuilderTls } from "../tls/builderTls";
import { validateTls } from "../tls/validate";
import { type FarmResources, farmResources } from "./resources";

/** What backends whose nodes the farm makes have in common. */
export interface MadeSettings extends FarmResources {
    tls?: FarmTls;
    ci?: FarmCi;
}

/** Name of the client certificate of pull requests. */
export const pullRequestClient = "pull-requests";

/** Checks the settings of a backend, whose paths begin with its name, and of its certificates. */
export function validateMade(
    backend: "ec2" | "eks",
    args: MadeSettings,
    problems: Problems,
    validate: (note: Note) => void,
    nodes: () => BuilderTlsNode[],
): void {
    const shared = farmResources(args);
    const before = problems.count;
    const within = problems.under(backend);
    validate((path, value, reason) => {
        // The builder's own name has been checked with the farm's.
        if (path !== "name") {
            (path.split(/[.[]/)[0]! in shared ? problems : within).add(path, value, reason);
        }
    });
    // Which nodes there are is not known while their settings are wrong; most of the certificates' settings do not depend on it.
    const isKnown = problems.count === before;
    if (isKnown || args.tls?.existing === undefined) {
        const certified = isKnown ? nodes() : [{ name: "node", serverName: "node" }];
        validateTls({ ...args.tls, nodes: certified }, problems.under("tls"));
    }
}

/** The certificates of nodes that the farm makes, as their component takes them. */
export function farmCertificates(
    name: string,
    nodes: BuilderTlsNode[],
    { tls, ci }: MadeSettings,
    parent: pulumi.Resource,
): {
    clientCa: pulumi.Output<string>;
    nodeCertificates: pulumi.Output<Record<string, TlsKeyPair>>;
    credentials: pulumi.Output<BuilderCredentials>;
    /** Those of pull requests, where they use the builder. */
    pullRequestCredentials?: pulumi.Output<BuilderCredentials>;
} {
    const forPullRequests = ci?.pullRequests?.useBuilder === true;
    const clients = [...(tls?.clients ?? []), ...(forPullRequests ? [pullRequestClient] : [])];
    const { clientCa, nodeCertificates, ...made } = new BuilderTls(
        `${name}-tls`,
        { ...tls, ...(clients.length > 0 ? { clients } : {}), nodes },
        { parent },
    );
    const client = pulumi.all([made.serverCa, made.clientCert, made.clientKey]);
    const credentials = pulumi.secret(client.apply(([ca, cert, key]): BuilderCredentials => ({ ca, cert, key })));
    const pullRequest = pulumi.all([made.serverCa, made.clientCertificates]);
    return {
        clientCa,
        nodeCertificates,
        credentials,
        pullRequestCredentials: forPullRequests
            ? pulumi.secret(pullRequest.apply(([ca, all]) => ({ ca, ...all[pullRequestClient]! })))
            : undefined,
    };
}
