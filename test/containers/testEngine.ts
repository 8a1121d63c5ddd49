import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import * as fs from "node:fs";
import type { Server } from "node:http";
import * as path from "node:path";
import { imageVariables } from "../../dev/local/containers/images";
import { findProgram, lastLines } from "../../dev/tools/requirements";
import { root, temporaryFolder } from "../support/project";

const programs = ["docker", "dockerd", "containerd", "docker-proxy", "runc", "ip", "unshare", "setpriv", "nsenter"];
const images = { buildkit: "multiarch-test/buildkit:1", registry: "multiarch-test/registry:1" };

// https://github.com/torvalds/linux/blob/v6.12/include/uapi/linux/capability.h
const sysResource = 1n << 24n;

/** A Docker engine for the tests of one file: real, with images made here of the pinned modules, and gone afterwards. */
export class TestEngine {
    readonly host: string;
    private readonly bridge: string;
    private readonly cgroup: string;
    private process?: ChildProcess;

    private constructor(private readonly folder: string) {
        const id = path.basename(folder).replace(/[^a-zA-Z0-9]/g, "");
        this.host = `unix://${folder}/docker.sock`;
        this.bridge = `mab${id.slice(-8)}`;
        this.cgroup = `/multiarch-test-${id}`;
    }

    /** Starts an engine and makes it the one that the Docker CLI reaches; the reason as text where that cannot be. */
    static start(): TestEngine | string {
        const missing = programs.filter((name) => !findProgram(name, ["/usr/sbin", "/sbin"]));
        if (process.getuid?.() !== 0) {
            return "it takes root";
        }
        if (missing.length > 0) {
            return `no ${missing.join(", ")} in PATH`;
        }
        const lacking = lackingCapabilities();
        if (lacking !== 0n && lacking !== sysResource) {
            return "root lacks capabilities here";
        }
        const engine = new TestEngine(temporaryFolder("engine"));
        const problem = engine.run(lacking !== 0n) ?? engine.importImages();
        if (problem !== undefined) {
            engine.stop();
            return problem;
        }
        process.env.DOCKER_HOST = engine.host;
        Object.entries(imageVariables).forEach(
            ([name, variable]) => (process.env[variable] = images[name as keyof typeof images]),
        );
        return engine;
    }

    /** Runs the Docker CLI on this engine; returns what it prints. */
    docker(...args: string[]): string {
        const { status, stdout, stderr } = this.try(args);
        if (status !== 0) {
            throw new Error(`docker ${args.join(" ")} ended with ${String(status)}: ${stderr}`);
        }
        return stdout.trim();
    }

    /** Files of a container as `tar` lists them. */
    archive(container: string, folder: string): string[] {
        const env = { ...process.env, DOCKER_HOST: this.host };
        const { stdout } = spawnSync("docker", ["cp", `${container}:${folder}`, "-"], { env });
        const listed = spawnSync("tar", ["--list", "--verbose"], { input: stdout, encoding: "utf8" });
        return listed.stdout.split("\n").filter(Boolean);
    }

    /** Names of everything that was made on the engine besides images. */
    things(): string[] {
        const networks = this.docker("network", "ls", "--filter", "type=custom", "--format", "{{.Name}}");
        return [
            this.docker("ps", "--all", "--format", "{{.Names}}"),
            this.docker("volume", "ls", "--quiet"),
            networks,
        ].flatMap((text) => text.split("\n").filter(Boolean));
    }

    /** Fills the engine's disk, runs an action, and makes room again. */
    async whileFull<T>(action: () => Promise<T>): Promise<T> {
        const file = `${this.folder}/engine/filler`;
        this.within("dd", "if=/dev/zero", `of=${file}`, "bs=64k");
        try {
            return await action();
        } finally {
            this.within("rm", file);
        }
    }

    /** Has an authorization plugin judge every call from now on; without a server behind it, none. */
    async useGate(gate?: Server): Promise<void> {
        const socket = `${this.folder}/gate.sock`;
        if (gate) {
            await new Promise<void>((resolve) => gate.listen(socket, resolve));
            this.within("ln", "-s", socket, "/run/docker/plugins/gate.sock");
        }
        this.writeSettings(gate ? { "authorization-plugins": ["gate"] } : {});
        const reloads = () =>
            fs.readFileSync(`${this.folder}/dockerd.log`, "utf8").split("Reloaded configuration").length;
        const before = reloads();
        this.within("sh", "-c", `kill -HUP "$(cat ${this.folder}/engine/pid)"`);
        while (reloads() === before) {
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
    }

    /** Ends the engine with all that it runs. Returns what it has left on this machine. */
    stop(): string[] {
        const { pid } = this.process ?? {};
        if (pid !== undefined) {
            process.kill(pid, "SIGKILL");
            waitFor(() => this.processes().length === 0);
        }
        spawnSync("ip", ["link", "del", this.bridge]);
        for (let tries = 0; tries < 10 && this.cgroups().length > 0; tries++) {
            this.cgroups().forEach((folder) => spawnSync("rmdir", [folder]));
        }
        const mounts = fs.readFileSync("/proc/self/mounts", "utf8").split("\n");
        const left = [
            ...this.processes().map((id) => `process ${id}`),
            ...mounts.filter((line) => line.includes(this.folder)),
            ...fs.readdirSync("/sys/class/net").filter((name) => name === this.bridge),
            ...firewall().filter((line) => /docker/i.test(line) && !firewallBefore.includes(line)),
            ...this.cgroups(),
        ];
        fs.rmSync(this.folder, { recursive: true, force: true });
        return left;
    }

    private settings: object = {};

    private run(lacking: boolean): string | undefined {
        fs.mkdirSync(`${this.folder}/engine`);
        const state = `root = "${this.folder}/engine/containerd"\nstate = "${this.folder}/engine/containerd-state"\n`;
        const cri = 'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n';
        const socket = `[grpc]\n  address = "${this.folder}/engine/containerd.sock"\n`;
        fs.writeFileSync(`${this.folder}/containerd.toml`, `version = 2\n${state}${cri}${socket}`);
        const runtimes = { lacking: { path: path.join(__dirname, "runc") } };
        this.settings = lacking ? { runtimes, "default-runtime": "lacking" } : {};
        this.writeSettings({});
        // Addresses for benchmarks of networks, RFC 2544: no real network has them.
        const address = `198.18.${randomInt(256)}.1/24`;
        for (const args of [
            ["link", "add", this.bridge, "type", "bridge"],
            ["addr", "add", address, "dev", this.bridge],
            ["link", "set", this.bridge, "up"],
        ]) {
            const { status, stderr } = spawnSync("ip", args, { encoding: "utf8" });
            if (status !== 0) {
                return `\`ip ${args.join(" ")}\` failed: ${stderr.trim()}`;
            }
        }
        // All of it dies with the process of the tests, however that ends.
        const namespaces = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
        const script = [path.join(__dirname, "engine.sh"), this.folder, this.bridge, this.cgroup];
        const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`, LACKING: "CAP_SYS_RESOURCE" };
        this.process = spawn("setpriv", ["--pdeathsig", "KILL", "unshare", ...namespaces, "sh", ...script], {
            env,
            stdio: ["ignore", "ignore", fs.openSync(`${this.folder}/engine.log`, "w")],
        });
        if (!waitFor(() => this.try(["version"]).status === 0)) {
            const logs = ["engine.log", "containerd.log", "dockerd.log"].map((name) => `${this.folder}/${name}`);
            const said = logs.map((file) => (fs.existsSync(file) ? lastLines(fs.readFileSync(file, "utf8"), 2) : ""));
            return `the engine does not start: ${said.join(" ").replaceAll("\n", " ").trim()}`;
        }
        const made = this.try(["volume", "create", "probe"]);
        this.try(["volume", "rm", "probe"]);
        return made.status === 0 ? undefined : `the engine does not work: ${made.stderr}`;
    }

    private writeSettings(more: object): void {
        fs.writeFileSync(`${this.folder}/daemon.json`, JSON.stringify({ ...this.settings, ...more }));
    }

    private importImages(): string | undefined {
        const runc = findProgram("runc", ["/usr/sbin", "/sbin"])!;
        const libraries = spawnSync("ldd", [runc], { encoding: "utf8" }).stdout.match(/\/\S+/g) ?? [];
        const buildkit = {
            "/usr/bin/buildkitd": path.join(root, ".tools/bin/buildkitd"),
            "/usr/bin/buildkit-runc": runc,
            ...Object.fromEntries(libraries.map((file) => [file, fs.realpathSync(file)])),
        };
        return (
            this.importImage(images.buildkit, buildkit, "buildkitd", "/var/lib/buildkit") ??
            this.importImage(
                images.registry,
                { "/usr/bin/registry": path.join(root, ".tools/bin/registry") },
                "registry",
                "/var/lib/registry",
            )
        );
    }

    /** Makes an image of a few files: its program is what it runs, and it has a volume as the published one has. */
    private importImage(
        name: string,
        files: Record<string, string>,
        program: string,
        volume: string,
    ): string | undefined {
        const tree = fs.mkdtempSync(`${this.folder}/image-`);
        fs.mkdirSync(path.join(tree, "tmp"), { mode: 0o1777 });
        for (const [to, from] of Object.entries(files)) {
            if (!fs.existsSync(from)) {
                return `no ${from}: run \`npm run tools\``;
            }
            fs.mkdirSync(path.dirname(path.join(tree, to)), { recursive: true });
            fs.copyFileSync(from, path.join(tree, to));
        }
        const changes = [`ENTRYPOINT ["${program}"]`, `VOLUME ${volume}`, "ENV PATH=/usr/bin"];
        const archive = `${tree}.tar`;
        spawnSync("tar", ["-C", tree, "-cf", archive, "."]);
        const imported = this.try(["import", ...changes.flatMap((each) => ["--change", each]), archive, name]);
        fs.rmSync(tree, { recursive: true });
        fs.rmSync(archive);
        return imported.status === 0 ? undefined : `docker import: ${imported.stderr}`;
    }

    private try(args: string[]) {
        const env = { ...process.env, DOCKER_HOST: this.host };
        return spawnSync("docker", args, { env, encoding: "utf8", timeout: 60_000 });
    }

    /** Runs a program in the engine's mount namespace, whose own data only is there. */
    private within(...command: string[]): void {
        const [pid] = this.children(this.process!.pid!);
        spawnSync("nsenter", ["--mount", "--pid", "--target", String(pid), ...command], { encoding: "utf8" });
    }

    private children(pid: number): string[] {
        return fs.readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
    }

    /** Processes that were started with the engine's folder. */
    private processes(): string[] {
        return fs.readdirSync("/proc").filter((pid) => {
            try {
                return /^\d+$/.test(pid) && fs.readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(this.folder);
            } catch {
                return false;
            }
        });
    }

    private cgroups(): string[] {
        const name = this.cgroup.slice(1);
        const found = spawnSync("find", ["/sys/fs/cgroup", "-depth", "-type", "d", "-path", `*/${name}*`], {
            encoding: "utf8",
        });
        return found.stdout.split("\n").filter(Boolean);
    }
}

function lackingCapabilities(): bigint {
    const bounding = BigInt(`0x${/^CapBnd:\s*(\S+)/m.exec(fs.readFileSync("/proc/self/status", "utf8"))![1]}`);
    const last = BigInt(fs.readFileSync("/proc/sys/kernel/cap_last_cap", "utf8").trim());
    return ((1n << (last + 1n)) - 1n) & ~bounding;
}

function firewall(): string[] {
    return (spawnSync("iptables-save", { encoding: "utf8" }).stdout ?? "").split("\n");
}

const firewallBefore = firewall();

function waitFor(condition: () => boolean, seconds = 30): boolean {
    const deadline = Date.now() + seconds * 1000;
    while (!condition()) {
        if (Date.now() > deadline) {
            return false;
        }
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
    return true;
}
