import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Builder, BuilderCredentials, BuilderNode } from "../../../components/builder";
import { platformEntry } from "../../../components/buildx/entries";
import { writePrivate } from "../../local/files";
import type { KeyPair } from "../../local/pki";
import type { Cluster } from "./cluster";
import type { User } from "./daemons";
import { requireProgram } from "./images";
import type { Ended, RunOptions } from "./machine";
import { platform } from "./settings";

/** Files of TLS, by the names that buildctl has for them. */
export type TlsFileNames = Partial<Record<"cacert" | "cert" | "key", string>>;

/** Whoever builds: a runner on the cluster's network, with the project's registration and with buildx. */
export class Client {
    private readonly dir: string;

    constructor(
        private readonly cluster: Cluster,
        private readonly tools: { buildx: string; buildctl: string },
        private readonly credentials: BuilderCredentials,
        private readonly user: User,
    ) {
        this.dir = mkdtempSync(join(cluster.machine.dir, "client-"));
        for (const [name, text] of Object.entries(credentials)) {
            writePrivate(this.file(name), String(text));
        }
    }

    /**
     * Registers a builder for an image, waits until its node is ready, and builds. Returns what the build's step made. The
     * progress so far is told as it comes.
     */
    async build(builder: Builder, image: string, build: Build, onProgress?: (text: string) => void): Promise<string> {
        const demand = { platforms: [platform], image };
        const input = JSON.stringify({ builder, credentials: this.credentials, demand });
        const register = ["--import", require.resolve("tsx"), join(__dirname, "register.ts")];
        await this.succeed(process.execPath, register, { input, seconds: 180 });
        const entry = platformEntry(builder, platform, image)!.name;
        const { context, output } = this.write(build);
        const args = [`--builder=${entry}`, `--platform=${platform}`, "--progress=plain", `--output=${output}`];
        await this.succeed(this.tools.buildx, ["build", ...args, context], { seconds: 300, onStderr: onProgress });
        return this.made(context);
    }

    /** Builds on one node without an entry, as whoever has `buildctl` does. */
    async buildOn(node: BuilderNode, build: Build): Promise<string> {
        const { context, output } = this.write(build);
        const inputs = ["--frontend=dockerfile.v0", `--local=context=${context}`, `--local=dockerfile=${context}`];
        const args = ["build", "--progress=plain", ...inputs, `--output=${output}`];
        await this.succeed(this.tools.buildctl, [...this.address(node, this.files), ...args], { seconds: 300 });
        return this.made(context);
    }

    /** Calls a node, over mutual TLS with the client's files or others. */
    buildctl(node: BuilderNode, args: string[], files = this.files): Promise<Ended> {
        return this.run(this.tools.buildctl, [...this.address(node, files), ...args]);
    }

    kubectl(args: string[]): Promise<Ended> {
        return this.run(this.cluster.tool("kubectl"), args);
    }

    /** The client's own CA, certificate and key. */
    get files(): TlsFileNames {
        return { cacert: this.file("ca"), cert: this.file("cert"), key: this.file("key") };
    }

    /** Another certificate and its key as files. */
    writePair(name: string, pair: KeyPair): TlsFileNames {
        writePrivate(this.file(name), pair.cert);
        writePrivate(this.file(`${name}-key`), pair.key);
        return { cert: this.file(name), key: this.file(`${name}-key`) };
    }

    private file(name: string): string {
        return join(this.dir, `${name}.pem`);
    }

    private address({ endpoint, serverName }: BuilderNode, files: TlsFileNames): string[] {
        const named = Object.entries({ servername: serverName, ...files });
        const tls = named.map(([name, value]) => `--tls${name}=${value}`);
        return [`--addr=${endpoint}`, ...(endpoint.startsWith("tcp:") ? tls : [])];
    }

    private succeed(command: string, args: string[], options: RunOptions): Promise<string> {
        return this.cluster.machine.succeed(command, args, { ...options, env: this.env });
    }

    private run(command: string, args: string[]): Promise<Ended> {
        return this.cluster.machine.run(command, args, { env: this.env });
    }

    private get env(): Record<string, string> {
        return {
            BUILDX_CONFIG: join(this.dir, "buildx"),
            KUBECONFIG: this.cluster.kubeconfig(this.user),
            PATH: this.cluster.path,
        };
    }

    private write({ id, step }: Build): { context: string; output: string } {
        const context = mkdtempSync(join(this.dir, "build-"));
        copyFileSync(requireProgram("busybox"), join(context, "busybox"));
        mkdirSync(join(context, "out"));
        writeFileSync(join(context, "Dockerfile"), dockerfile(id, step));
        return { context, output: `type=local,dest=${join(context, "out")}` };
    }

    private made(context: string): string {
        return readFileSync(join(context, "out/made"), "utf8").split(" ")[0]!;
    }
}

export interface Build {
    /** Makes the build another one. */
    id: string;
    /** A command of busybox's shell, run before something random is made. */
    step?: string;
}

/** What it makes is the same again only if its step came from the cache. */
function dockerfile(id: string, step = "true"): string {
    const command = `echo ${id}; ${step}; /bin/busybox head -c 16 /dev/urandom | /bin/busybox md5sum >/made`;
    return `FROM scratch AS build
COPY busybox /bin/busybox
RUN ${JSON.stringify(["/bin/busybox", "sh", "-ec", command])}
FROM scratch
COPY --from=build /made /made
`;
}
