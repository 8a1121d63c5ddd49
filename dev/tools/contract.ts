import { join } from "node:path";
import type { Builder } from "../../components/builder";
import { type Entry, platformEntry, standingEntries } from "../../components/buildx/entries";
import { ensureTool, toolsDir } from "./build";
import { type GoTool, goTools, readGoMod, requiredVersion } from "./modules";

const current = goTools.find((tool) => tool.name === "buildx")!;

/** Versions of buildx, oldest first, whose store files ours must equal. The newest is the one that the tools pin. */
export const contractVersions: readonly string[] = [
    "0.23.0",
    "0.29.1",
    "0.33.0",
    requiredVersion(readGoMod(current), current.module).slice(1),
];

/** Folder of the recorded store files, one folder per version. */
export const fixturesDir = join(__dirname, "../../test/fixtures/contract");

/** Folder that the recorded entries name for their certificates; `create` does not look whether it is there. */
export const contractCredentialsDir = "/credentials";

/** The builder that is recorded: platforms as people write them, and a node that JavaScript would sort to the front. */
export const contractBuilder: Builder = {
    name: "ci",
    nodes: [
        node("amd64", ["linux/amd64", "linux/amd64/v2"], 1),
        node("386", ["linux/386"], 2),
        node("arm64", ["linux/arm64/v8", "linux/arm", "linux/arm/v6"], 3),
        node("s390x", ["linux/s390x"], 4),
    ],
};

/** A builder of pods, as `endpoint` may have them, which are reached without certificates. */
export const contractPods: Builder = {
    name: "pods",
    nodes: ["context=user@cluster&namespace=ci&container=buildkitd", "namespace=ci"].map((parameters, replica) => ({
        ...node(`pod-${replica}`, ["linux/arm64"], 1),
        replica,
        endpoint: `kube-pod://buildkitd-arm64-${replica}?${parameters}`,
    })),
};

/** Every entry that is recorded: those of both builders, and an image's on a replica. */
export const contractEntries: readonly Entry[] = [
    ...standingEntries(contractBuilder),
    ...standingEntries(contractPods),
    platformEntry(contractPods, "linux/arm64", "api")!,
];

function node(suffix: string, platforms: string[], port: number) {
    const name = `ci-node-${suffix}`;
    return { name, platforms, endpoint: `tcp://127.0.0.1:${port}`, serverName: `${suffix}.builder.internal` };
}

/** Builds one version of buildx from its pinned module unless it is there; returns its path. */
export async function contractBuildx(version: string, log: (line: string) => void): Promise<string> {
    if (version === contractVersions.at(-1)) {
        return ensureTool(current, toolsDir, log);
    }
    const tool: GoTool = { ...current, directory: join(__dirname, `buildx-${version}`) };
    return ensureTool(tool, join(toolsDir, "../contract", version), (line) => log(`${version}: ${line}`));
}
