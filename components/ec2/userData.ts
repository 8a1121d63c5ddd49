import * as pulumi from "@pulumi/pulumi";
import { buildkitRelease } from "../node/pins";
import { encodeUserData, renderUserData } from "../node/userData";
import { propertyError } from "../problems";
import type { NodeParameterResources } from "./parameters";
import type { Scope } from "./scope";
import { type NodeSettings, defaults } from "./settings";

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
            const { version, baseUrl, amd64Sha256, arm64Sha256 } = args.buildkit ?? {};
            const sha256 = node.architecture === "amd64" ? amd64Sha256 : arm64Sha256;
            const text = renderUserData({
                builderName,
                nodeName: node.name,
                architecture: node.architecture,
                platforms: node.platforms,
                emulated: node.emulated,
                serverName: node.serverName,
                region: where,
                parameters: { serverCert: certName, serverKey: keyName, clientCa: caName },
                cacheVolumeId,
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
                logGroupName,
            });
            refuseSecrets(node.name, text);
            return encodeUserData(text);
        });
}

/** User data is no place for a secret: everyone who may describe the instance, and every program on it, can read it. */
export function refuseSecrets(nodeName: string, text: string): void {
    if (/PRIVATE KEY|\b(AKIA|ASIA)[A-Z0-9]{16}\b/.test(text)) {
        throw propertyError(
            "registries",
            `the user data of ${nodeName} holds a private key or an AWS access key; give certificates only (\`registries[].ca\`)`,
        );
    }
}
