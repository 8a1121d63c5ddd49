import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { findProgram } from "../../dev/tools/requirements";
import { until } from "./processes";

const registryIp = "10.231.77.1";
const clientIp = "10.231.77.2";

/** Why two network namespaces cannot be made here; undefined when they can. */
export function networkMissing(): string | undefined {
    const absent = ["ip", "unshare", "nsenter", "mount"].find((name) => !findProgram(name, ["/usr/sbin", "/sbin"]));
    if (absent) {
        return `no \`${absent}\` in PATH`;
    }
    const veth = "ip link add veth0 type veth peer name veth1".split(" ");
    const tried = spawnSync("unshare", ["--net", "--mount", ...veth], { encoding: "utf8" });
    return tried.status === 0 ? undefined : `no network namespaces with veth here: ${tried.stderr.trim()}`;
}

/**
 * Two machines on one wire: each a network namespace with nothing but loopback and its end of a veth pair, the client
 * with its own /etc/hosts. They live as long as their processes; nothing has a name or a file on this machine.
 */
export class TwoMachines {
    private readonly holders: ChildProcess[] = [];

    private constructor(
        private readonly registryPid: number,
        private readonly clientPid: number,
    ) {}

    static async start(dir: string, registryName: string): Promise<TwoMachines> {
        const registry = holder(["--net"]);
        const client = holder(["--net", "--mount"]);
        const machines = new TwoMachines(registry.pid!, client.pid!);
        machines.holders.push(registry, client);
        try {
            await until("the namespaces are there", () => isHeld(registry.pid!) && isHeld(client.pid!), 30);
            const hosts = path.join(dir, "hosts");
            fs.writeFileSync(hosts, `127.0.0.1 localhost\n${registryIp} ${registryName}\n`);
            machines.onRegistry("ip link add veth0 type veth peer name veth0 netns", String(client.pid));
            machines.onRegistry(`ip address add ${registryIp}/24 dev veth0`);
            machines.onClient(`ip address add ${clientIp}/24 dev veth0`);
            for (const device of ["lo", "veth0"]) {
                machines.onRegistry(`ip link set ${device} up`);
                machines.onClient(`ip link set ${device} up`);
            }
            machines.onClient("mount --bind", hosts, "/etc/hosts");
            return machines;
        } catch (error) {
            await machines.stop();
            throw error;
        }
    }

    /** A command line on the registry's machine; it is this machine's file system. */
    registryCommand(...command: string[]): [string, string[]] {
        return ["nsenter", ["--target", String(this.registryPid), "--net", ...command]];
    }

    /** A command line on the client's machine, in a folder of this one. */
    clientCommand(cwd: string, ...command: string[]): [string, string[]] {
        return ["nsenter", ["--target", String(this.clientPid), "--net", "--mount", `--wd=${cwd}`, ...command]];
    }

    async stop(): Promise<void> {
        for (const child of this.holders.splice(0)) {
            if (child.exitCode === null && child.signalCode === null) {
                const ended = new Promise((resolve) => child.once("exit", resolve));
                child.kill("SIGKILL");
                await ended;
            }
        }
    }

    private onRegistry(words: string, ...more: string[]): void {
        execute(this.registryCommand(...words.split(" "), ...more));
    }

    private onClient(words: string, ...more: string[]): void {
        execute(this.clientCommand("/", ...words.split(" "), ...more));
    }
}

/** A process that holds namespaces open; it ends with this process, whose pipe it reads. */
function holder(namespaces: string[]): ChildProcess {
    return spawn("unshare", [...namespaces, "cat"], { stdio: ["pipe", "ignore", "ignore"] });
}

/** Once `unshare` has become `cat`, its mounts are private: what is mounted there does not show here. */
function isHeld(pid: number): boolean {
    return fs.readFileSync(`/proc/${pid}/comm`, "utf8") === "cat\n";
}

function execute([command, args]: [string, string[]]): void {
    const { status, stderr } = spawnSync(command, args, { encoding: "utf8" });
    if (status !== 0) {
        throw new Error(`${command} ${args.join(" ")} failed (exit ${String(status)}): ${stderr}`);
    }
}
