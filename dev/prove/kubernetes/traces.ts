import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { hierarchies } from "./cgroups";
import { type Machine, programPath } from "./machine";

/** What can be seen of a cluster from outside: its processes, mounts and cgroups, and what it must never touch here. */
export function traces({ dir, cgroup }: Pick<Machine, "dir" | "cgroup">): string[] {
    const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
    const processes = pids
        .filter((pid) => ["cmdline", "environ", "cgroup"].some((file) => isNamed(`/proc/${pid}/${file}`, dir, cgroup)))
        .map((pid) => `process ${pid} (${read(`/proc/${pid}/comm`).trim()})`);
    const mounts = [...pids, "self"]
        .flatMap((pid) => read(`/proc/${pid}/mountinfo`).split("\n"))
        .filter((line) => line.includes(dir))
        .map((line) => `mount ${line.split(" ")[4]}`);
    const groups = hierarchies(read("/proc/self/mountinfo"))
        .map(({ path }) => join(path, cgroup))
        .filter((path) => existsSync(path))
        .map((path) => `cgroup ${path}`);
    return [...processes, ...new Set(mounts), ...groups, ...networkTraces()];
}

/** The cluster has a network of its own: nothing of it may show in this machine's. */
function networkTraces(): string[] {
    const list = (command: string, ...args: string[]) => {
        const { stdout } = spawnSync(command, args, { env: { PATH: programPath }, encoding: "utf8" });
        return stdout.split("\n");
    };
    const links = list("ip", "-brief", "link").filter((line) => /^(node0|pods0)\b/.test(line));
    const rules = list("iptables-save").filter((line) => /KUBE-|10\.244\.0\.|pods0/.test(line));
    return [...links.map((line) => `interface ${line}`), ...rules.map((line) => `rule ${line}`)];
}

function isNamed(file: string, ...names: string[]): boolean {
    const text = read(file);
    return names.some((name) => text.includes(name));
}

function read(file: string): string {
    try {
        return readFileSync(file, "utf8");
    } catch {
        return "";
    }
}
