import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import type { BuildSteps } from "../rehearsal/buildSteps";
import { runBuildx } from "../rehearsal/buildx";

/** One build. */
export interface Build {
    /** Entry of the buildx store. */
    entry: string;
    platform: string;
    context: string;
    /** Further arguments of `buildx build`. */
    args?: string[];
}

/** What a build did. */
export interface Built {
    seconds: number;
    /** Steps of the Dockerfile, and how many of them came from a cache. */
    steps: number;
    cached: number;
    /** Of the pushed manifest; empty when nothing was pushed. */
    digest: string;
}

/** Number of steps of a context that `writeContext` makes. */
export const stepsOfContext = 3;

/** A context that nobody has built before: a step per file, without a base image, so that any node builds it. */
export function writeContext(dir: string, bytes = 64 * 1024): string {
    fs.mkdirSync(dir, { recursive: true });
    const files = ["a", "b", "c"].slice(0, stepsOfContext);
    files.forEach((file) => fs.writeFileSync(path.join(dir, file), randomBytes(bytes)));
    const lines = ["FROM scratch", ...files.map((file) => `COPY ${file} /${file}`)];
    fs.writeFileSync(path.join(dir, "Dockerfile"), `${lines.join("\n")}\n`);
    return dir;
}

/** Builds with a registered builder and counts the steps that came from a cache. */
export async function build({ entry, platform, context, args = [] }: Build, signal: AbortSignal): Promise<Built> {
    const metadata = path.join(context, "..", `${path.basename(context)}.json`);
    fs.rmSync(metadata, { force: true });
    const started = Date.now();
    const flags = ["--builder", entry, "--platform", platform, "--provenance=false", "--progress=rawjson"];
    let copies: BuildSteps["completed"] = [];
    await buildx(["build", ...flags, "--metadata-file", metadata, ...args, context], signal, ({ completed }) => {
        copies = completed.filter(({ name }) => /^\[\d+\/\d+\] COPY /.test(name));
    });
    const seconds = (Date.now() - started) / 1000;
    const told = JSON.parse(fs.readFileSync(metadata, "utf8")) as Record<string, unknown>;
    const digest = told["containerimage.digest"];
    const cached = copies.filter((copy) => copy.cached).length;
    return { seconds, steps: copies.length, cached, digest: typeof digest === "string" ? digest : "" };
}

/** Runs buildx with this process's store and the host's logins. */
export function buildx(args: string[], signal: AbortSignal, watch?: (steps: BuildSteps) => void): Promise<string> {
    return runBuildx({ args, cwd: process.cwd(), env: process.env, watch, signal });
}
