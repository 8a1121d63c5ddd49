import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import {
    type Hierarchy,
    cgroupsMissing,
    hierarchies,
    joinCommands,
    makeCommands,
    removeCgroup,
} from "../../dev/prove/kubernetes/cgroups";
import { configFiles, daemons, users } from "../../dev/prove/kubernetes/daemons";
import { referenceOf } from "../../dev/prove/kubernetes/images";
import { cacheVolumes, everyVariant, recordOf, serverNames, settingsOf } from "../../dev/prove/kubernetes/settings";
import { kubernetesTools } from "../../dev/tools/kubernetes/build";
import { stampOf } from "../../dev/tools/modules";

const tls = { ca: "", cert: "", key: "", checksum: "" };

const version1 = `
25 30 0:23 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755
31 25 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:15 - cgroup cgroup rw,cpu,cpuacct
32 25 0:28 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset
33 25 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
34 25 0:30 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
35 25 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate
36 30 8:1 / /home rw - ext4 /dev/vda1 rw
`;
const version2 = "25 30 0:23 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";

describe("cgroups", () => {
    it("finds the hierarchies of both versions", () => {
        const types = (text: string) => hierarchies(text).map(({ type, path: mounted }) => `${type} ${mounted}`);
        expect(types(version1)).toEqual([
            "cgroup /sys/fs/cgroup/cpu,cpuacct",
            "cgroup /sys/fs/cgroup/cpuset",
            "cgroup /sys/fs/cgroup/memory",
            "cgroup /sys/fs/cgroup/pids",
            "cgroup2 /sys/fs/cgroup/unified",
        ]);
        expect(types(version2)).toEqual(["cgroup2 /sys/fs/cgroup"]);
    });

    it.each<[string, string, string | undefined]>([
        [version1, "", undefined],
        [version1.replace(/.*memory.*\n/, ""), "", "no cgroup controllers memory to hand out"],
        [version2, "cpuset cpu io memory pids\n", undefined],
        [version2, "\n", "no cgroup controllers cpu, memory, pids to hand out"],
        ["", "", "no cgroups are mounted"],
    ])("says what containers cannot be limited by (%#)", (mountinfo, controllers, reason) => {
        expect(cgroupsMissing(hierarchies(mountinfo), () => controllers)).toBe(reason);
    });

    it("gives a cpuset its processors before its processes", () => {
        const { before } = makeCommands(hierarchies(version1), "x");
        const cpuset = before.filter((command) => command.includes("/cpuset"));
        expect(cpuset).toEqual([
            "mkdir /sys/fs/cgroup/cpuset/x",
            "cat /sys/fs/cgroup/cpuset/cpuset.cpus >/sys/fs/cgroup/cpuset/x/cpuset.cpus",
            "cat /sys/fs/cgroup/cpuset/cpuset.mems >/sys/fs/cgroup/cpuset/x/cpuset.mems",
            "echo $$ >/sys/fs/cgroup/cpuset/x/cgroup.procs",
        ]);
    });

    it("leaves a cgroup of version 2 without processes before it hands out controllers", () => {
        const { inNamespace } = makeCommands(hierarchies(version2), "x");
        expect(inNamespace.slice(0, 2)).toEqual([
            "mkdir /sys/fs/cgroup/x/init",
            "echo $$ >/sys/fs/cgroup/x/init/cgroup.procs",
        ]);
        expect(inNamespace[2]).toMatch(/cgroup\.subtree_control/);
    });

    it.each<[Hierarchy["type"], string]>([
        ["cgroup", "echo $$ >/c/x/cgroup.procs"],
        ["cgroup2", "echo $$ >/c/x/init/cgroup.procs"],
    ])("joins a %s", (type, command) => {
        expect(joinCommands([{ type, path: "/c", options: [] }], "x")).toEqual([command]);
    });

    it("removes what is below, and tells when it cannot", () => {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), "cgroup-"));
        fs.mkdirSync(path.join(folder, "a/b"), { recursive: true });
        expect(removeCgroup(path.join(folder, "a"))).toBe(true);
        expect(removeCgroup(path.join(folder, "a"))).toBe(true);
        fs.writeFileSync(path.join(folder, "busy"), "");
        expect(removeCgroup(folder)).toBe(false);
        fs.rmSync(folder, { recursive: true });
    });
});

describe("the cluster's daemons", () => {
    const layout = { tools: "/tools", config: "/config", nodeName: "n", nodeLabels: { a: "b", c: "d" } };

    it("are all built", () => {
        const built = kubernetesTools.map(({ name }) => `/tools/${name}`);
        expect(built).toEqual(expect.arrayContaining(daemons(layout).map(({ command }) => command)));
        for (const tool of kubernetesTools) {
            expect(stampOf(tool)).toMatch(/^[0-9a-f]{64}$/);
        }
    });

    it("are given no secret in their arguments or in their configuration", () => {
        const text = JSON.stringify([daemons(layout), configFiles(layout)]);
        expect(text).not.toMatch(/"token"|PRIVATE KEY|:\/\/[^/"]*@/);
    });

    it("read only files that are written", () => {
        const args = daemons(layout).flatMap((daemon) => daemon.args);
        const read = args.flatMap((arg) => /=\/config\/(.*)$/.exec(arg)?.[1] ?? []);
        const kubeconfigs = Object.keys(users).map((user) => `${user}.kubeconfig`);
        const pki = ["server-ca", "server", "server-key", "client-ca", "client", "client-key", "service-account-key"];
        const written = [
            ...Object.keys(configFiles(layout)),
            ...kubeconfigs,
            ...pki.map((name) => `${name}.pem`),
            "tokens.csv",
        ];
        expect(read.filter((name) => !written.includes(name))).toEqual([]);
    });

    it("label the node", () => {
        const kubelet = daemons(layout).find(({ name }) => name === "kubelet")!;
        expect(kubelet.args).toContain("--node-labels=a=b,c=d");
    });
});

describe("the builders of the proof", () => {
    it.each(everyVariant.map((variant, i) => [i, variant] as const))("are valid (%i)", (_, variant) => {
        expect(settingsOf(variant, tls).nodes.length).toBeGreaterThan(0);
    });

    it("find a volume for each replica that runs here", () => {
        const classes = cacheVolumes().map(({ spec }) => (spec as { storageClassName: string }).storageClassName);
        expect(classes).toEqual(["buildkit-proof-proof-cache", "buildkit-proof-proof-cache", "userns-proof-cache"]);
    });

    it("have a certificate with their names", () => {
        for (const { serverName } of recordOf({ replicas: 2 }).nodes) {
            expect(serverNames.dnsNames).toContain(serverName);
        }
    });
});

describe("names of images", () => {
    const digest = `sha256:${"a".repeat(64)}`;

    it.each([
        [`moby/buildkit:v1@${digest}`, `docker.io/moby/buildkit@${digest}`],
        [`moby/buildkit@${digest}`, `docker.io/moby/buildkit@${digest}`],
        [`example.com/moby/buildkit:v1@${digest}`, `example.com/moby/buildkit@${digest}`],
    ])("%s", (image, reference) => {
        expect(referenceOf(image)).toBe(reference);
    });

    it("refuses an image without digest", () => {
        expect(() => referenceOf("moby/buildkit:v1")).toThrow("moby/buildkit:v1 is no image with a digest");
    });
});
