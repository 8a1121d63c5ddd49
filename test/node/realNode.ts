import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { renderBuildkitdConfig } from "../../components/node/buildkitdConfig";
import { renderGateRules, renderMetadataRules } from "../../components/node/firewall";
import { renderNodeConf, shellQuote } from "../../components/node/nodeConf";
import type { NodeOptions } from "../../components/node/options";
import { paths } from "../../components/node/paths";
import { createPki } from "../../dev/local/pki";
import { findProgram } from "../../dev/tools/requirements";
import { type Ended, runCommand } from "../support/commands";

const tools = join(__dirname, "../../.tools/bin");
const plugins = ["main/bridge", "main/loopback", "ipam/host-local", "meta/firewall"];

/**
 * A real buildkitd under the rendered configuration, on the bridge network, in a network namespace of its own that plays
 * the machine: the metadata service's address is there, and a disk of its own holds the cache. Only paths are changed.
 */
export class RealNode {
    readonly path = mkdtempSync(join(tmpdir(), "node-"));
    readonly namespace = `node-${process.pid}`;
    private readonly children: ChildProcess[] = [];
    private daemon: ChildProcess | undefined;
    private device = "";
    log = "";

    constructor(readonly options: NodeOptions) {}

    async start(): Promise<void> {
        for (const name of ["bin", "tls", "run", "cache", "context"]) {
            mkdirSync(this.file(name));
        }
        cpSync(join(__dirname, "../../assets/node"), this.file("scripts"), { recursive: true });
        await this.makePrograms();
        await this.makeTls();
        await this.makeMachine();
        writeFileSync(this.file("metadata.nft"), renderMetadataRules());
        writeFileSync(this.file("gate.nft"), renderGateRules());
        writeFileSync(this.file("buildkitd.toml"), this.move(renderBuildkitdConfig(this.options)));
        this.configure();
        await this.startDaemon();
    }

    /** Writes node.conf; settings replace rendered ones. */
    configure(settings: Record<string, string | number> = {}): void {
        const moved = {
            METADATA_RULES: this.file("metadata.nft"),
            GATE_RULES: this.file("gate.nft"),
            BINFMT_DIR: this.file("binfmt"),
            READY_ATTEMPTS: 2,
            ...settings,
        };
        const lines = Object.entries(moved).map(([name, value]) => `${name}=${shellQuote(String(value))}`);
        lines.push(`export PATH=${shellQuote(`${this.file("bin")}:${process.env.PATH ?? ""}`)}`, "");
        writeFileSync(this.file("node.conf"), this.move(renderNodeConf(this.options)) + lines.join("\n"));
    }

    async startDaemon(): Promise<void> {
        this.daemon = this.inside("buildkitd", ["--config", this.file("buildkitd.toml")]);
        this.daemon.stdout?.resume();
        this.daemon.stderr?.setEncoding("utf8").on("data", (text: string) => (this.log += text));
        for (let attempt = 0; attempt < 100; attempt++) {
            if ((await this.buildctl("debug", "workers")).status === 0) {
                return;
            }
            if (this.daemon.exitCode !== null) {
                break;
            }
            await new Promise((resolve) => setTimeout(resolve, 300));
        }
        throw new Error(`buildkitd did not start:\n${this.log.slice(-4000)}`);
    }

    /** Asks the daemon to stop; resolves with its exit code. */
    stopDaemon(): Promise<number | null> {
        const { daemon } = this;
        if (!daemon || daemon.exitCode !== null) {
            return Promise.resolve(daemon?.exitCode ?? null);
        }
        daemon.kill("SIGTERM");
        return new Promise((resolve) => daemon.on("exit", (code) => resolve(code)));
    }

    /** Starts a script that keeps running, as its unit does. */
    keepRunning(name: string, ...args: string[]): void {
        const child = this.inside(this.file("scripts", name), args);
        child.stdout?.setEncoding("utf8").on("data", (text: string) => (this.log += text));
        child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.log += text));
    }

    /** Ends what was kept running. */
    async stopRunning(): Promise<void> {
        const running = this.children.filter((child) => child.spawnargs.includes("--watch") && child.exitCode === null);
        await Promise.all(
            running.map((child) => {
                child.kill("SIGTERM");
                return new Promise((resolve) => child.on("exit", resolve));
            }),
        );
    }

    /** Runs one of the node's scripts on it. */
    script(name: string, ...args: string[]): Promise<Ended> {
        return this.run(this.file("scripts", name), args);
    }

    /** Builds a Dockerfile whose base has busybox. */
    build(steps: string, ...args: string[]): Promise<Ended> {
        writeFileSync(this.file("context", "Dockerfile"), `FROM scratch\nCOPY busybox /bin/busybox\n${steps}\n`);
        const context = ["--local", `context=${this.file("context")}`, "--local", `dockerfile=${this.file("context")}`];
        return this.buildctl(
            "--wait",
            "build",
            "--frontend",
            "dockerfile.v0",
            "--progress",
            "plain",
            ...context,
            ...args,
        );
    }

    buildctl(...args: string[]): Promise<Ended> {
        return this.run("buildctl", ["--addr", `unix://${this.file("run", "buildkitd.sock")}`, ...args]);
    }

    /** Runs a program on the machine. */
    run(command: string, args: string[], user = "0"): Promise<Ended> {
        const where = [`--setuid=${user}`, `--net=/run/netns/${this.namespace}`];
        return runCommand("nsenter", [...where, "--", command, ...args], { env: this.environment, seconds: 180 });
    }

    async remove(): Promise<void> {
        await this.stopDaemon();
        this.children.filter((child) => child.exitCode === null).forEach((child) => child.kill("SIGKILL"));
        spawnSync("umount", ["--recursive", this.file("cache")]);
        spawnSync("losetup", ["--detach", this.device]);
        spawnSync("ip", ["netns", "delete", this.namespace]);
        rmSync(this.path, { recursive: true, force: true });
    }

    file(...names: string[]): string {
        return join(this.path, ...names);
    }

    private get environment(): NodeJS.ProcessEnv {
        return {
            PATH: `${this.file("bin")}:${process.env.PATH ?? ""}`,
            BUILDKIT_NODE_CONF: this.file("node.conf"),
        };
    }

    /** The rendered text with the node's folders in this one. */
    private move(text: string): string {
        const folders: [string, string][] = [
            [paths.tls, this.file("tls")],
            [paths.socketDirectory, this.file("run")],
            [paths.cache, this.file("cache")],
            [paths.binaries, this.file("bin")],
            [paths.scripts, this.file("scripts")],
        ];
        return folders.reduce(
            (moved, [from, to]) => moved.replaceAll(new RegExp(`${from}(?=[/"':]|$)`, "gm"), to),
            text,
        );
    }

    private inside(command: string, args: string[]): ChildProcess {
        const child = spawn("nsenter", [`--net=/run/netns/${this.namespace}`, "--", command, ...args], {
            env: this.environment,
            stdio: ["ignore", "pipe", "pipe"],
        });
        this.children.push(child);
        return child;
    }

    private async makePrograms(): Promise<void> {
        for (const name of ["buildkitd", "buildctl"]) {
            symlinkSync(join(tools, name), this.file("bin", name));
        }
        symlinkSync(findProgram("runc", ["/usr/sbin"]) ?? "", this.file("bin", "buildkit-runc"));
        cpSync(findProgram("busybox") ?? "", this.file("context", "busybox"));
        for (const plugin of plugins) {
            const output = this.file("bin", `buildkit-cni-${plugin.split("/")[1]}`);
            const source = `github.com/containernetworking/plugins/plugins/${plugin}`;
            await this.must("go", ["build", "-trimpath", "-o", output, source], join(__dirname, "cni"));
        }
    }

    private async makeTls(): Promise<void> {
        const name = this.options.serverName;
        const pki = await createPki({ nodes: [{ name, dnsNames: [name], ipAddresses: [] }] });
        writeFileSync(this.file("tls", "cert.pem"), pki.servers.get(name)?.cert ?? "");
        writeFileSync(this.file("tls", "key.pem"), pki.servers.get(name)?.key ?? "", { mode: 0o600 });
        writeFileSync(this.file("tls", "ca.pem"), pki.clientCa.cert);
    }

    /** A namespace with the metadata service and another service, and a disk as large as the cache volume. */
    private async makeMachine(): Promise<void> {
        const { namespace } = this;
        await this.must("ip", ["netns", "add", namespace]);
        await this.must("ip", ["-n", namespace, "link", "set", "lo", "up"]);
        for (const address of ["169.254.169.254/32", "10.99.0.1/32"]) {
            await this.must("ip", ["-n", namespace, "address", "add", address, "dev", "lo"]);
        }
        mkdirSync(this.file("www"));
        writeFileSync(this.file("www", "role"), "the node's role\n");
        this.inside("busybox", ["httpd", "-f", "-p", "80", "-h", this.file("www")]);
        writeFileSync(this.file("disk"), "");
        truncateSync(this.file("disk"), this.options.cacheSizeGiB * 1024 ** 3);
        this.device = (await this.must("losetup", ["--find", "--show", this.file("disk")])).trim();
        await this.must("mkfs.xfs", ["-q", this.device]);
        await this.must("mount", [this.device, this.file("cache")]);
    }

    private async must(command: string, args: string[], cwd?: string): Promise<string> {
        const { status, stdout, stderr } = await runCommand(command, args, { cwd, env: process.env, seconds: 300 });
        if (status !== 0) {
            throw new Error(`${command} ${args.join(" ")} ended with ${String(status)}: ${stderr}${stdout}`);
        }
        return stdout;
    }
}
