import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, statfsSync } from "node:fs";
import { basename, join } from "node:path";
import { shellQuote } from "../../../components/node/nodeConf";
import { runcNeeds } from "../../tools/kubernetes/build";
import { installPackages } from "../../tools/packages";
import { lastLines } from "../../tools/requirements";
import { cgroupsMissing, hierarchies } from "./cgroups";

/** Programs that the cluster and its images need, each with its Debian package. */
const programs = {
    ip: "iproute2",
    iptables: "iptables",
    busybox: "busybox-static",
    nsenter: "util-linux",
    unshare: "util-linux",
    timeout: "coreutils",
    ...runcNeeds,
};

/** With less the builders' garbage collection would empty their caches. */
const neededGiB = 14;

/** Why no cluster can run on this machine; undefined when one can. Packages that are missing are installed. */
export function clusterMissing(dir: string, log: (line: string) => void): string | undefined {
    if (process.platform !== "linux") {
        return `a Kubernetes node needs Linux, this is ${process.platform}`;
    }
    if (process.getuid?.() !== 0) {
        return "a Kubernetes node needs root";
    }
    const { bavail, bsize } = statfsSync(dir);
    const free = (bavail * bsize) / 1024 ** 3;
    if (free < neededGiB) {
        return `${free.toFixed(1)} GiB free at ${dir}, ${neededGiB} GiB are needed`;
    }
    const groups = hierarchies(readFileSync("/proc/self/mountinfo", "utf8"));
    const attempts: [what: string, script: string][] = [
        [
            "namespaces with a bridge and iptables",
            `exec unshare --mount --pid --fork --mount-proc --net --uts --ipc --cgroup sh -ec '
                ip link add name node0 type bridge
                ip link add veth0 type veth peer name veth1
                iptables --table nat --append POSTROUTING --match comment --comment test --jump MASQUERADE'`,
        ],
        ...groups.map(({ path }): [string, string] => [
            `cgroups to make in ${path}`,
            `name=${shellQuote(`${path}/${basename(dir)}`)}; mkdir "$name" && rmdir "$name"`,
        ]),
        [
            `overlayfs in ${dir}`,
            "exec unshare --mount mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work lower",
        ],
    ];
    ["lower", "upper", "work"].forEach((name) => mkdirSync(join(dir, name), { recursive: true }));
    return (
        installPackages(programs, "the Kubernetes proof", log) ??
        cgroupsMissing(groups) ??
        attempts.map(([what, script]) => attempt(what, script, dir)).find((problem) => problem !== undefined)
    );
}

function attempt(what: string, script: string, cwd: string): string | undefined {
    const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
    const { status, stderr } = spawnSync("sh", ["-c", script], { cwd, env, encoding: "utf8" });
    return status === 0 ? undefined : `no ${what}: ${lastLines(stderr, 2).replaceAll("\n", "; ")}`;
}
