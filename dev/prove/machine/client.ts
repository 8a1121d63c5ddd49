import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Builder } from "../../../components/builder";
import { registerForBuild } from "../../../components/buildx/registration";
import { type Ended, runCommand } from "../../../test/support/commands";
import { toolsDir } from "../../tools/build";
import type { Rendered } from "./rendered";

/** Whoever builds: registers the builder as a build of the components does, and builds with buildx. */
export class Client {
    private contexts = 0;

    constructor(
        private readonly folder: string,
        readonly builder: Builder,
        private readonly credentials: Rendered["credentials"],
        /** A static busybox for each architecture. */
        private readonly busybox: Record<string, string>,
        private readonly log: (line: string) => void,
    ) {
        process.env.BUILDX_CONFIG = join(folder, "buildx");
    }

    /** Wakes the nodes of platforms, waits for them and registers the builder. */
    register(platforms: string[]): Promise<void> {
        const demand = { platforms, image: "proof" };
        return registerForBuild(this.builder, this.credentials, demand, (line) => this.log(`        ${line}`));
    }

    /**
     * Builds a Dockerfile on an entry of the builder. Its steps run by busybox's shell. Standard output and error are in
     * `stderr`, as buildx shows progress.
     */
    build(entry: string, steps: string, args: string[] = [], seconds = 300): Promise<Ended> {
        return this.buildDockerfile(entry, `${this.base}\n${steps}\n`, args, seconds);
    }

    /** Builds a Dockerfile as it is given. */
    async buildDockerfile(entry: string, dockerfile: string, args: string[] = [], seconds = 300): Promise<Ended> {
        const context = join(this.folder, `context-${++this.contexts}`);
        mkdirSync(context);
        for (const [architecture, file] of Object.entries(this.busybox)) {
            copyFileSync(file, join(context, `busybox-${architecture}`));
        }
        writeFileSync(join(context, "Dockerfile"), dockerfile);
        const command = ["build", "--builder", entry, "--progress", "plain", "--provenance", "false"];
        const env = { PATH: process.env.PATH, HOME: this.folder, BUILDX_CONFIG: process.env.BUILDX_CONFIG };
        return runCommand(join(toolsDir, "buildx"), [...command, ...args, context], { env, seconds });
    }

    /** Builds what has to succeed; returns its progress. */
    async succeed(entry: string, steps: string, args: string[] = []): Promise<string> {
        const { status, stderr } = await this.build(entry, steps, args);
        if (status !== 0) {
            throw new Error(`the build ended with ${String(status)}:\n${stderr}`);
        }
        return stderr;
    }

    private get base(): string {
        return [
            "FROM scratch",
            "ARG TARGETARCH",
            "COPY busybox-$TARGETARCH /bin/busybox",
            'RUN ["/bin/busybox", "--install", "-s", "/bin"]',
        ].join("\n");
    }
}
