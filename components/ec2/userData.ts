import * as pulumi from "@pulumi/pulumi";
import type { NodeOptions } from "../node/options";
import { buildkitRelease } from "../node/pins";
import { encodeUserData, renderUserData, sizeProblem, userDataText } from "../node/userData";
import { propertyError } from "../problems";
import type { Ec2BuildersArgs } from "./arguments";
import type { NodeParameterResources } from "./parameters";
import { type Scope, pathOf } from "./scope";
import { type NodeSettings, defaults } from "./settings";

/** What of a node's user data is known only when its resources are made. */
interface Known {
    region: string;
    cacheVolumeId: string;
    logGroupName: string;
    parameters: NodeOptions["parameters"];
}

/** A node's user data as EC2 takes it: names and numbers. A change replaces the instance. */
export function userDataOf(
    { args, builderName, region }: Scope,
    node: NodeSettings,
    known: { own: NodeParameterResources; volumeId: pulumi.Output<string>; logGroupName: pulumi.Output<string> },
): pulumi.Output<string> {
    const { serverCert, serverKey, clientCa } = known.own;
    return pulumi
        .all([region, known.volumeId, known.logGroupName, serverCert.name, serverKey.name, clientCa.name])
        .apply(([where, cacheVolumeId, logGroupName, certName, keyName, caName]) => {
            const parameters = { serverCert: certName, serverKey: keyName, clientCa: caName };
            const later = { region: where, cacheVolumeId, logGroupName, parameters };
            const text = renderUserData(nodeOptions(args, builderName, node, later));
            const problem = secretProblem(node.name, text);
            if (problem) {
                throw propertyError("registries", problem);
            }
            return encodeUserData(text);
        });
}

/** Why a node's user data would be refused; undefined when it is taken. Told before anything is created, with stand-ins. */
export function userDataProblem(args: Ec2BuildersArgs, builderName: string, node: NodeSettings): string | undefined {
    const path = args.parameterPrefix ?? pathOf(args.namePrefix ?? "", builderName);
    const at = `${path}/server/${node.architecture}`;
    const options = nodeOptions(args, builderName, node, {
        region: "ap-southeast-1",
        cacheVolumeId: "vol-0123456789abcdef0",
        logGroupName: path,
        parameters: { serverCert: `${at}/cert`, serverKey: `${at}/key`, clientCa: `${path}/server/client-ca` },
    });
    const text = userDataText(options);
    return secretProblem(node.name, text) ?? sizeProblem(node.name, text);
}

function nodeOptions(args: Ec2BuildersArgs, builderName: string, node: NodeSettings, known: Known): NodeOptions {
    const { version, baseUrl, amd64Sha256, arm64Sha256 } = args.buildkit ?? {};
    const sha256 = node.architecture === "amd64" ? amd64Sha256 : arm64Sha256;
    return {
        ...known,
        builderName,
        nodeName: node.name,
        architecture: node.architecture,
        platforms: node.platforms,
        emulated: node.emulated,
        serverName: node.serverName,
        cacheSizeGiB: args.cache?.sizeGiB ?? defaults.cacheSizeGiB,
        vcpus: node.vcpus,
        memoryMiB: node.memoryMiB,
        idleStopMinutes: args.idleStopMinutes ?? defaults.idleStopMinutes,
        stopTimeoutSeconds: args.stopTimeoutSeconds ?? defaults.stopTimeoutSeconds,
        bridgeSubnet: args.bridgeSubnet ?? defaults.bridgeSubnet,
        mirrors: args.mirrors ?? [],
        registries: args.registries ?? [],
        proxy: args.proxy,
        buildkit: {
            version: version ?? buildkitRelease.version,
            sha256: sha256 ?? buildkitRelease.sha256[node.architecture],
            baseUrl: baseUrl ?? buildkitRelease.baseUrl,
        },
    };
}

/** Why a text is no user data: everyone who may describe the instance, and every program on it, can read it. */
export function secretProblem(nodeName: string, text: string): string | undefined {
    return /PRIVATE KEY|\b(AKIA|ASIA)[A-Z0-9]{16}\b/.test(text)
        ? `the user data of ${nodeName} holds a private key or an AWS access key; give certificates only (\`registries[].ca\`)`
        : undefined;
}
