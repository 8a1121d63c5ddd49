import * as pulumi from "@pulumi/pulumi";
import type { BuilderNode } from "./builder";
import { duplicates, endpointProblem, nodeProblems } from "./buildx/record";
import { isInput } from "./kinds";
import { isObject } from "./objects";
import { architectureSuffix, normalizePlatform, platformProblem } from "./platform";
import { type Problems, isPlain, propertyError } from "./problems";
import { serverNameProblem } from "./tls/names";

/** A BuildKit daemon that exists already. */
export interface BuilderEndpoint {
    /** Platforms to route to it, for example `linux/arm64`. Plain, because it names the node. */
    platforms: string[];
    /**
     * Its address: `tcp://host:port`; or `kube-pod://pod?namespace=…&container=…&context=…` for a pod that the machine which
     * builds reaches by `kubectl exec`, without the credentials of the builder.
     * https://github.com/moby/buildkit/blob/v0.33.1/client/connhelper/kubepod/kubepod.go
     */
    endpoint: pulumi.Input<string>;
    /** Name that its certificate carries. Defaults to the host of `endpoint`. */
    serverName?: pulumi.Input<string>;
    /**
     * Platforms that it may advertise although its CPU cannot run them natively. Any other such platform is refused at
     * registration. Defaults to none.
     */
    emulated?: string[];
    /**
     * Number among several nodes of one platform, from 0. Each image is built on the one that its name chooses, so that its
     * cache stays there; what is for no image in particular goes to the lowest number. Plain, because it names the node.
     * Defaults to 0.
     */
    replica?: number;
    /** Name of the node. Defaults to `<builder>-<architecture>` of its first platform, and `-<replica>` from replica 1 on. */
    name?: string;
}

/** Checks endpoints as they were written, before anything is created. */
export function validateEndpoints(builderName: string, endpoints: BuilderEndpoint[], problems: Problems): void {
    if (!Array.isArray(endpoints)) {
        problems.add("endpoints", isInput(endpoints) ? undefined : endpoints, "must be a list of endpoints");
        return;
    }
    if (endpoints.length === 0) {
        problems.add("endpoints", endpoints, "must hold at least one endpoint");
    }
    endpoints.forEach((endpoint, i) => validateEndpoint(endpoint, `endpoints[${i}]`, problems));
    const known = endpoints.map((endpoint) => comparable(builderName, endpoint));
    duplicates(
        known,
        ({ address }) => address?.toLowerCase(),
        (i, first) =>
            problems.add(
                `endpoints[${i}].endpoint`,
                known[i]?.address,
                `is the endpoint of \`endpoints[${first}]\` too: each node needs its own`,
            ),
    );
    duplicates(
        known,
        ({ name }) => name,
        (i, first, name) =>
            problems.add(
                `endpoints[${i}].name`,
                name,
                `is the name of \`endpoints[${first}]\` too: set \`name\` on one of them`,
            ),
    );
    const offers = known.flatMap(({ native }, i) => native.map((offer) => ({ i, ...offer })));
    duplicates(
        offers,
        ({ platform, i }) => `${platform} ${known[i]!.replica}`,
        (k, first) =>
            problems.add(
                `endpoints[${offers[k]!.i}].platforms[${offers[k]!.j}]`,
                offers[k]!.platform,
                `is built by \`endpoints[${offers[first]!.i}]\` already: buildx would never use this one; for several nodes of ` +
                    "one platform give each its own `replica`, from 0",
            ),
    );
}

function validateEndpoint(endpoint: BuilderEndpoint, at: string, problems: Problems): void {
    const add = (path: string, value: unknown, reason: string) => problems.add(`${at}${path}`, value, reason);
    if (!isObject(endpoint) || isInput(endpoint)) {
        add("", isInput(endpoint) ? undefined : endpoint, "must be an object with platforms and endpoint");
        return;
    }
    const { platforms, emulated, name, replica, serverName } = endpoint;
    const address = isPlain(endpoint.endpoint) ? endpoint.endpoint : undefined;
    nodeProblems({ platforms, emulated, name, replica, endpoint: address }, "", add);
    if (endpoint.endpoint === undefined || endpoint.endpoint === null) {
        add(".endpoint", undefined, "is missing: give the daemon's address, tcp://host:port");
    }
    if (isPlain(serverName) && (typeof serverName !== "string" || serverName === "")) {
        add(".serverName", serverName, "must be text; leave it out for the host of `endpoint`");
    } else if (isPlain(serverName) && serverNameProblem(serverName)) {
        add(".serverName", serverName, serverNameProblem(serverName)!);
    }
}

/** What of an endpoint is compared with the others; nothing of what is not valid by itself. */
function comparable(builderName: string, endpoint: BuilderEndpoint) {
    const none = { address: undefined, name: undefined, replica: 0, native: [] };
    if (!isObject(endpoint) || isInput(endpoint) || !Array.isArray(endpoint.platforms ?? [])) {
        return none;
    }
    const { endpoint: address, platforms = [], emulated = [], name, replica: given } = endpoint as BuilderEndpoint;
    const replica = Number.isInteger(given) ? given! : 0;
    const emulates = new Set((Array.isArray(emulated) ? emulated : []).map(normalizePlatform));
    const offered = (platforms ?? []).map(normalizePlatform);
    const valid = offered.some((platform) => !platformProblem(platform));
    return {
        address: isPlain(address) && typeof address === "string" ? address : undefined,
        name:
            valid && typeof (name ?? "") === "string" ? nodeName(builderName, { name, platforms, replica }) : undefined,
        replica,
        native: offered
            .map((platform, j) => ({ platform, j }))
            .filter(({ platform, j }) => !platformProblem(platform) && offered.indexOf(platform) === j)
            .filter(({ platform }) => !emulates.has(platform)),
    };
}

/** The nodes of the record that given endpoints make. */
export function endpointNodes(builderName: string, endpoints: BuilderEndpoint[]): pulumi.Output<BuilderNode[]> {
    return pulumi.all(
        endpoints.map(({ endpoint, serverName, ...plain }) =>
            pulumi.all([endpoint, serverName]).apply(([address, name]): BuilderNode => ({
                name: nodeName(builderName, plain),
                platforms: normalized(plain.platforms),
                ...(plain.emulated?.length ? { emulated: normalized(plain.emulated) } : {}),
                ...(plain.replica ? { replica: plain.replica } : {}),
                endpoint: address,
                serverName: name ?? hostOf(address),
            })),
        ),
    );
}

/** The host of an endpoint, which may have become known only now. */
export function hostOf(address: string): string {
    const reason = endpointProblem(address);
    if (reason) {
        throw propertyError("endpoints", `\`endpoints\`: ${reason}`);
    }
    // A certificate carries an IPv6 address without the brackets of a URL.
    return new URL(address).hostname.replace(/^\[|\]$/g, "");
}

function normalized(platforms: string[]): string[] {
    return [...new Set(platforms.map(normalizePlatform))];
}

function nodeName(
    builderName: string,
    { name, platforms, replica }: Pick<BuilderEndpoint, "name" | "platforms" | "replica">,
): string {
    const first = (platforms ?? []).find((platform) => !platformProblem(platform)) ?? "";
    return name ?? `${builderName}-${architectureSuffix(first)}${replica ? `-${replica}` : ""}`;
}
