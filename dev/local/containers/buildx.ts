import { existsSync } from "node:fs";
import { join } from "node:path";
import { toolsDir } from "../../tools/build";
import { findProgram } from "../../tools/requirements";
import { docker } from "./docker";
import { EngineError } from "./problems";

/** The oldest buildx that the tests run. */
const oldest = [0, 23, 0];
const get = "https://github.com/docker/buildx#installing";

/** The environment that names the Docker CLI's buildx, where neither this repository's own nor one in PATH is there. */
export async function buildxEnvironment(env: NodeJS.ProcessEnv = process.env): Promise<Record<string, string>> {
    const own = join(toolsDir, "buildx");
    if (env.MULTIARCH_BUILDX || existsSync(own) || findProgram("docker-buildx") || findProgram("buildx")) {
        return {};
    }
    const format = '{{range .ClientInfo.Plugins}}{{if eq .Name "buildx"}}{{.Version}} {{.Path}}{{end}}{{end}}';
    return { MULTIARCH_BUILDX: buildxPlugin(await docker(["info", "--format", format])) };
}

/** The path of the plugin in what `docker info` says of it, `VERSION PATH`. */
export function buildxPlugin(said: string): string {
    const [, version = "", path = ""] = /^(\S+) (.+)$/.exec(said) ?? [];
    if (path === "") {
        throw new EngineError(`the Docker CLI has no buildx, which builds on the nodes: install it (${get})`);
    }
    const parts = version.replace(/^v/, "").split(/[.+-]/).slice(0, 3).map(Number);
    const difference = oldest.map((least, i) => (parts[i] ?? 0) - least).find((each) => each !== 0) ?? 0;
    if (difference < 0) {
        throw new EngineError(
            `the Docker CLI's buildx at ${path} is ${version}, this needs v${oldest.join(".")} or newer: update it (${get})`,
        );
    }
    return path;
}
