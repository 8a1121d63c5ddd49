import { execFile } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { parsePlatform } from "../../components/platform";
import type { ImageArguments } from "./arguments";
import { goVersion } from "../tools/modules";
import { lastLines, requireGo } from "../tools/requirements";

/** Where the sample is, relative to the project. */
export const sampleContext = "examples/sample";

/** The sample for a machine that cannot compile it. */
export function sampleWithoutGo(image: ImageArguments): ImageArguments {
    return { ...image, dockerfile: `${sampleContext}/Dockerfile.busybox` };
}

/** Name of the sample's binary for a platform, as its Dockerfile composes it from TARGETARCH and TARGETVARIANT. */
export function sampleBinary(platform: string): string {
    const { architecture, variant } = goTarget(platform);
    return `hello-${architecture}${variant}`;
}

/** Go's variables for a platform. https://go.dev/wiki/MinimumRequirements#architectures */
export function goEnvironment(platform: string): Record<string, string> {
    const { architecture, variant } = goTarget(platform);
    const level: Record<string, string> = { arm: "GOARM", amd64: "GOAMD64" };
    const name = level[architecture];
    const value = architecture === "arm" ? variant.replace("v", "") : variant;
    return { CGO_ENABLED: "0", GOOS: "linux", GOARCH: architecture, ...(name && value ? { [name]: value } : {}) };
}

function goTarget(platform: string): { architecture: string; variant: string } {
    const parsed = parsePlatform(platform);
    if (!parsed) {
        throw new Error(`${JSON.stringify(platform)} is no platform: use one such as linux/arm64`);
    }
    return { architecture: parsed.architecture, variant: parsed.variant ?? "" };
}

/** Cross-compiles the sample. The result is the same byte by byte each time, so an unchanged sample is not built again. */
export async function compileSample(
    projectDir: string,
    platforms: string[],
    compiling: (platform: string) => void = () => undefined,
): Promise<void> {
    const folder = join(projectDir, sampleContext);
    const go = requireGo(goVersion(readFileSync(join(folder, "go.mod"), "utf8")));
    mkdirSync(join(folder, "bin"), { recursive: true });
    for (const platform of platforms) {
        compiling(platform);
        const output = join("bin", sampleBinary(platform));
        const args = ["build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid=", "-o", output, "."];
        const env = { ...process.env, ...goEnvironment(platform), GOFLAGS: "", GOWORK: "off" };
        await promisify(execFile)(go, args, { cwd: folder, env }).catch(({ stderr }: { stderr?: string }) => {
            throw new Error(`compiling the sample for ${platform} failed: ${lastLines(stderr ?? "", 10)}`);
        });
    }
}
