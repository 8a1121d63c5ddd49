import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** One binary that is built from a pinned Go module. */
export interface GoTool {
    name: string;
    /** Folder with the go.mod that pins it. */
    directory: string;
    /** Package of its main function. */
    package: string;
    /** Module whose version is the tool's version. */
    module: string;
    /** Variable that holds the version, or `buildx version` and `buildkitd --version` show `v0.0.0+unknown`. */
    versionVariable?: string;
    /** Build tags. */
    tags?: string;
    /** Whether it has C code of its own: it is linked statically and needs a C compiler. */
    cgo?: boolean;
}

const buildkit = {
    directory: join(__dirname, "buildkit"),
    module: "github.com/moby/buildkit",
    versionVariable: "github.com/moby/buildkit/version.Version",
};

export const goTools: readonly GoTool[] = [
    { name: "buildkitd", package: "github.com/moby/buildkit/cmd/buildkitd", ...buildkit },
    { name: "buildctl", package: "github.com/moby/buildkit/cmd/buildctl", ...buildkit },
    {
        name: "buildx",
        directory: join(__dirname, "buildx"),
        package: "github.com/docker/buildx/cmd/buildx",
        module: "github.com/docker/buildx",
        versionVariable: "github.com/docker/buildx/version.Version",
    },
    {
        name: "registry",
        directory: join(__dirname, "registry"),
        package: "github.com/distribution/distribution/v3/cmd/registry",
        module: "github.com/distribution/distribution/v3",
        versionVariable: "github.com/distribution/distribution/v3/version.version",
    },
];

/** The version that a go.mod requires of a module; it is written nowhere else. */
export function requiredVersion(goMod: string, module: string): string {
    const line = goMod.split("\n").find((text) => text.replace(/^\s*(require\s+)?/, "").startsWith(`${module} v`));
    const version = line?.match(/\s(v\S+)/)?.[1];
    if (!version) {
        throw new Error(
            `go.mod has no \`require\` line for ${module}: run \`go get -tool ${module}@<version>\` in its folder`,
        );
    }
    return version;
}

/** The Go version that a go.mod asks for. */
export function goVersion(goMod: string): string {
    const version = goMod.match(/^go (\S+)/m)?.[1];
    if (!version) {
        throw new Error("go.mod has no `go` line: add one, for example `go 1.26.0`");
    }
    return version;
}

/** Arguments of `go build`, without the output. */
export function buildFlags(tool: GoTool): string[] {
    const version = requiredVersion(readGoMod(tool), tool.module);
    const variable = tool.versionVariable ? ` -X ${tool.versionVariable}=${version}` : "";
    const tags = tool.tags ? ["-tags", tool.tags] : [];
    return ["-trimpath", ...tags, "-ldflags", `-s -w${variable}${tool.cgo ? " -extldflags -static" : ""}`];
}

/** Changes when a rebuild is due: modules, sums, flags, system. */
export function stampOf(tool: GoTool): string {
    const hash = createHash("sha256");
    for (const file of ["go.mod", "go.sum"]) {
        hash.update(readFileSync(join(tool.directory, file)));
    }
    hash.update(JSON.stringify([tool.package, buildFlags(tool), process.platform, process.arch]));
    return hash.digest("hex");
}

export function readGoMod(tool: GoTool): string {
    return readFileSync(join(tool.directory, "go.mod"), "utf8");
}
