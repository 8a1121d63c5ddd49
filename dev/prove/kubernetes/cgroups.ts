import { readFileSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";

/** A mounted cgroup hierarchy: the only one with version 2, one per controller with version 1. */
export interface Hierarchy {
    type: "cgroup" | "cgroup2";
    path: string;
    /** Mount options; with version 1 its controllers are among them. */
    options: string[];
}

/** The hierarchies in the text of `/proc/self/mountinfo`. */
export function hierarchies(mountinfo: string): Hierarchy[] {
    return mountinfo
        .split("\n")
        .map((line) => line.split(" - "))
        .flatMap(([mount = "", fileSystem = ""]) => {
            const [type, , options = ""] = fileSystem.split(" ");
            const path = mount.split(" ")[4] ?? "";
            return type === "cgroup" || type === "cgroup2" ? [{ type, path, options: options.split(",") }] : [];
        });
}

/** Whether this machine's cgroups are of version 2 only. */
export function isUnified(all: Hierarchy[]): boolean {
    return all.length > 0 && all.every(({ type }) => type === "cgroup2");
}

/** Why containers cannot be limited here; undefined when they can. */
export function cgroupsMissing(
    all: Hierarchy[],
    read = (file: string) => readFileSync(file, "utf8"),
): string | undefined {
    if (all.length === 0) {
        return "no cgroups are mounted";
    }
    const needed = ["cpu", "memory", "pids"];
    const given = isUnified(all)
        ? read(join(all[0]!.path, "cgroup.subtree_control")).trim().split(" ")
        : all.flatMap(({ options }) => options);
    const absent = needed.filter((controller) => !given.includes(controller));
    return absent.length > 0 ? `no cgroup controllers ${absent.join(", ")} to hand out` : undefined;
}

/**
 * Shell commands that put the shell into a new cgroup of each hierarchy. In version 2 a cgroup that hands out controllers
 * holds no processes itself, so those of the machine go to its child `init`, once the cgroup is a namespace's root.
 */
export function makeCommands(all: Hierarchy[], name: string): { before: string[]; inNamespace: string[] } {
    return {
        before: all.flatMap(({ path, options }) => [
            `mkdir ${path}/${name}`,
            ...(options.includes("cpuset")
                ? ["cpus", "mems"].map((what) => `cat ${path}/cpuset.${what} >${path}/${name}/cpuset.${what}`)
                : []),
            `echo $$ >${path}/${name}/cgroup.procs`,
        ]),
        inNamespace: all
            .filter(({ type }) => type === "cgroup2")
            .flatMap(({ path }) => [
                `mkdir ${path}/${name}/init`,
                `echo $$ >${path}/${name}/init/cgroup.procs`,
                `for controller in $(cat ${path}/${name}/cgroup.controllers); do echo "+$controller" >${path}/${name}/cgroup.subtree_control; done`,
            ]),
    };
}

/** Shell commands that put the shell where the machine's processes are. */
export function joinCommands(all: Hierarchy[], name: string): string[] {
    return all.map(({ type, path }) => `echo $$ >${path}/${name}${type === "cgroup2" ? "/init" : ""}/cgroup.procs`);
}

/** Removes a cgroup with all below it; false while processes are in it. */
export function removeCgroup(path: string): boolean {
    try {
        const below = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
        if (!below.map(({ name }) => removeCgroup(join(path, name))).every(Boolean)) {
            return false;
        }
        rmdirSync(path);
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === "ENOENT";
    }
    return true;
}
