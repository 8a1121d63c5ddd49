import { readAsset } from "../node/assets";
import { caFile, renderBuildkitdConfig } from "../node/buildkitdConfig";
import { paths } from "../node/paths";
import { type ManifestSettings, type NodeSettings } from "./objects";

/** The daemon's files of one architecture by key of the ConfigMap; a key has no `/`, so a path may differ. */
export function configFiles<T>(
    { bridgeSubnet, cache, mirrors, registries }: ManifestSettings<T>,
    node: NodeSettings<T>,
): { key: string; path: string; text: string }[] {
    const toml = renderBuildkitdConfig(
        {
            architecture: node.architecture,
            platforms: node.platforms,
            emulated: node.emulated,
            bridgeSubnet,
            cacheSizeGiB: cache.sizeGiB,
            vcpus: Math.ceil(node.cpuMillis / 1000),
            mirrors,
            registries,
        },
        // The pod's own cgroup holds the steps.
        null,
    );
    const authorities = registries.flatMap(({ host, ca }) => {
        const path = caFile(host).slice(paths.config.length + 1);
        return ca === undefined ? [] : [{ key: path.replace("/", "-"), path, text: ca }];
    });
    return [
        { key: "buildkitd.toml", path: "buildkitd.toml", text: toml },
        { key: "start.sh", path: "start.sh", text: readAsset("eks", "start.sh") },
        ...authorities,
    ];
}
