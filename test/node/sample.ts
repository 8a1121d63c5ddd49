import type { NodeOptions } from "../../components/node/options";
import { buildkitRelease } from "../../components/node/pins";

/** Options of a usual node, with changes. */
export function sample(changes: Partial<NodeOptions> = {}): NodeOptions {
    return {
        builderName: "ci",
        nodeName: "ci-amd64",
        architecture: "amd64",
        platforms: ["linux/amd64", "linux/386"],
        emulated: [],
        serverName: "amd64.ci.internal",
        region: "eu-west-1",
        parameters: {
            serverCert: "/multiarch-builder/ci/nodes/ci-amd64/cert",
            serverKey: "/multiarch-builder/ci/nodes/ci-amd64/key",
            clientCa: "/multiarch-builder/ci/client-ca",
        },
        cacheVolumeId: "vol-0123456789abcdef0",
        cacheSizeGiB: 100,
        vcpus: 4,
        memoryMiB: 8192,
        idleStopMinutes: 20,
        stopTimeoutSeconds: 900,
        bridgeSubnet: "172.30.0.0/16",
        mirrors: [],
        registries: [],
        buildkit: {
            version: buildkitRelease.version,
            sha256: buildkitRelease.sha256.amd64,
            baseUrl: buildkitRelease.baseUrl,
        },
        ...changes,
    };
}
