import * as pulumi from "@pulumi/pulumi";
import type { BuilderNode } from "./builder";
import { nodeProblems } from "./buildx/record";
import { architectureSuffix, normalizePlatform, platformProblem } from "./platform";
import { type Problems, isPlain } from "./problems";

/** A BuildKit daemon that exists already. */
export interface BuilderEndpoint {
    /** Platforms to route to it, for example `linux/arm64`. Plain, because it names the node. */
    platforms: string[];
    /** Its address, `tcp://host:port`. */
    endpoint: pulumi.Input<string>;
    /** Name that its certificate carries. Defaults to the host of `endpoint`. */
    serverName?: pulumi.Input<string>;
    /**
     * Platforms that it may advertise although its CPU cannot run them natively. Any other such platform is refused at
     * registration. Defaults to none.
     */
    emulated?: string[];
    /** Name of the node. Defaults to `<builder>-<architecture>` of its first platform. */
    name?: string;
}

/** Checks endpoints as they were written, before anything is created. */
export function validateEndpoints(builderName: string, endpoints: BuilderEndpoint[], problems: Problems): void {
    if (endpoints.length === 0) {
        problems.add("endpoints", endpoints, "must hold at least one endpoint");
    }
    const seen = {
        endpoint: new Map<string, number>(),
        name: new Map<string, number>(),
        platform: new Map<string, number>(),
    };
    const unique = (
        kind: keyof typeof seen,
        value: string,
        i: number,
        at: string,
        reason: (first: number) => string,
    ) => {
        const first = seen[kind].get(value);
        if (first === undefined) {
            seen[kind].set(value, i);
        } else if (first !== i) {
            problems.add(at, value, reason(first));
        }
    };
    endpoints.forEach((endpoint, i) => {
        const at = `endpoints[${i}]`;
        const address = isPlain(endpoint.endpoint) ? endpoint.endpoint : undefined;
        nodeProblems(
            { platforms: endpoint.platforms, emulated: endpoint.emulated, endpoint: address },
            "",
            (path, value, reason) => problems.add(`${at}${path}`, value, reason),
        );
        if (endpoint.endpoint === undefined) {
            problems.add(`${at}.endpoint`, undefined, "is missing: give the daemon's address, tcp://host:port");
        }
        if (address !== undefined) {
            unique(
                "endpoint",
                address,
                i,
                `${at}.endpoint`,
                (first) => `is the endpoint of \`endpoints[${first}]\` too: each node needs its own`,
            );
        }
        if ((endpoint.platforms ?? []).some((platform) => !platformProblem(platform))) {
            unique(
                "name",
                nodeName(builderName, endpoint),
                i,
                `${at}.name`,
                (first) => `is the name of \`endpoints[${first}]\` too: set \`name\` on one of them`,
            );
        }
        const emulated = new Set((endpoint.emulated ?? []).map(normalizePlatform));
        (endpoint.platforms ?? []).map(normalizePlatform).forEach((platform, j) => {
            if (!emulated.has(platform)) {
                unique(
                    "platform",
                    platform,
                    i,
                    `${at}.platforms[${j}]`,
                    (first) => `is built by \`endpoints[${first}]\` already: buildx would never use this one`,
                );
            }
        });
    });
}

/** The nodes of the record that given endpoints make. */
export function endpointNodes(builderName: string, endpoints: BuilderEndpoint[]): pulumi.Output<BuilderNode[]> {
    return pulumi.all(
        endpoints.map(({ endpoint, serverName, ...plain }) =>
            pulumi.all([endpoint, serverName]).apply(([address, name]): BuilderNode => ({
                name: nodeName(builderName, plain),
                platforms: plain.platforms.map(normalizePlatform),
                ...(plain.emulated?.length ? { emulated: plain.emulated.map(normalizePlatform) } : {}),
                endpoint: address,
                serverName: name ?? new URL(address).hostname,
            })),
        ),
    );
}

function nodeName(builderName: string, { name, platforms }: Pick<BuilderEndpoint, "name" | "platforms">): string {
    const first = (platforms ?? []).find((platform) => !platformProblem(platform)) ?? "";
    return name ?? `${builderName}-${architectureSuffix(first)}`;
}
