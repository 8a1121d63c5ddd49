import { relative } from "node:path";
import { wrap } from "../progress/text";
import type { ImageArguments } from "./arguments";
import type { Farm, FarmMode } from "./farm";
import type { StoredPlatform } from "./registryClient";
import { testedPlatforms } from "./stackConfig";

/** Outputs of the program that are read here. */
export interface ProgramOutputs {
    ref: string;
    digest: string;
    platforms: string[];
    images?: Record<string, { ref: string; digest: string; node: string; emulated?: boolean; smokeTested?: boolean }>;
    cacheRefs?: string[] | Record<string, string>;
    builder: { name: string; nodes: { name: string; platforms: string[]; emulated?: string[] }[] };
}

export interface SummaryInput {
    outputs: ProgramOutputs;
    stored: StoredPlatform[];
    image: ImageArguments;
    farm: Pick<Farm, "dir" | "canRun">;
    mode: FarmMode;
    projectDir: string;
    engine: string;
    seconds: [step: string, seconds: number][];
}

/** Checks that a program's outputs hold what is read here. */
export function programOutputs(outputs: Record<string, unknown>): ProgramOutputs {
    const missing = ["ref", "digest", "platforms", "builder"].filter((key) => outputs[key] === undefined);
    if (missing.length > 0) {
        throw new Error(
            `the program has no output ${missing.join(", ")}; it has ${Object.keys(outputs).join(", ") || "none"}`,
        );
    }
    return outputs as unknown as ProgramOutputs;
}

/** Everything worth knowing after a start, as lines. */
export function summaryLines({
    outputs,
    stored,
    image,
    farm,
    mode,
    projectDir,
    engine,
    seconds,
}: SummaryInput): string[] {
    const own = `${relative(process.cwd(), `${projectDir}/.tools/bin`) || "."}/buildx ls (or docker buildx ls)`;
    const buildx = mode === "processes" ? own : "docker buildx ls";
    const store = `BUILDX_CONFIG=${relative(process.cwd(), farm.dir) || "."}/buildx`;
    const refs = Object.values(outputs.cacheRefs ?? {});
    return [
        "",
        `image      ${outputs.ref}`,
        `engine     ${engine === "pulumi" ? "Pulumi CLI" : "rehearsal (no Pulumi CLI involved)"}`,
        ...stored.flatMap((found) => platformLines(found, outputs, image, farm.canRun)),
        ...refs.map((ref, index) => `${index === 0 ? "cache" : ""}`.padEnd(11) + ref),
        ...labelled("time", seconds.map(([step, value]) => `${step} ${value.toFixed(1)} s`).join(", ")),
        ...labelled("builder", `${outputs.builder.name}; look at it: ${store} ${buildx}`),
        ...labelled("stop", "npm run stop (keeps caches and registry data; npm run stop -- --purge removes them)"),
    ];
}

/** A text beside its label, in lines for a terminal of 80 columns; what people copy stays whole. */
function labelled(label: string, text: string): string[] {
    return wrap(text, 69, true).map((line, i) => `${i === 0 ? label : ""}`.padEnd(11) + line);
}

type CanRun = (platform: string) => boolean;

function platformLines(
    found: StoredPlatform,
    outputs: ProgramOutputs,
    image: ImageArguments,
    canRun: CanRun,
): string[] {
    const { platform, digest, architecture } = found;
    const node = outputs.builder.nodes.find(({ platforms }) => platforms.includes(platform));
    const how = node?.emulated?.includes(platform) ? "emulated: not this machine's CPU" : "native";
    return [
        platform,
        `  ${digest}`,
        `  built on ${node?.name ?? "an unknown node"} (${how})`,
        `  architecture in the registry: ${architecture}`,
        `  smoke test: ${smokeTestResult(platform, outputs, image, canRun)}`,
    ];
}

/** Never "passed" for a test that did not run. */
export function smokeTestResult(
    platform: string,
    outputs: ProgramOutputs,
    image: ImageArguments,
    canRun: CanRun,
): string {
    if (image.strategy === "single") {
        return "not run (--strategy single pushes the tags before a test could run)";
    }
    if (image.smokeTest.length === 0) {
        return "not run (none asked for: --smoke-test 'CMD ARG')";
    }
    if (!testedPlatforms(image, outputs.platforms, canRun).includes(platform)) {
        return `not run (no emulator for ${platform})`;
    }
    return outputs.images?.[platform]?.smokeTested === false ? "not run (the program left it out)" : "passed";
}
