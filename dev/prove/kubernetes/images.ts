import { spawnSync } from "node:child_process";
import {
    chmodSync,
    copyFileSync,
    cpSync,
    existsSync,
    mkdirSync,
    readFileSync,
    realpathSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { shellQuote } from "../../../components/node/nodeConf";
import { buildkitImage } from "../../../components/node/pins";
import type { Tools } from "../../tools/build";
import { goVersion } from "../../tools/modules";
import { findProgram, requireGo } from "../../tools/requirements";
import type { Cluster } from "./cluster";
import { pauseImage } from "./daemons";
import type { Machine } from "./machine";

/** The programs that images are made with and of. */
interface ImageTools {
    buildkitd: string;
    buildctl: string;
    runc: string;
    /** A runc with seccomp, which steps of builds run under. */
    stepRunc: string;
    /** Folder of the CNI plugins. */
    plugins: string;
}

/** Makes BuildKit's image, and the one that holds a pod's namespaces open, and gives them to the node. */
export async function importImages(cluster: Cluster, { buildkitd, buildctl, runc }: Tools): Promise<string> {
    const plugins = dirname(cluster.tool("bridge"));
    const tools = { buildkitd, buildctl, runc: cluster.tool("runc"), stepRunc: runc, plugins };
    const root = (name: string) => join(cluster.machine.dir, "images", name);
    writeBuildkitRoot(root("buildkit"), tools);
    writePauseRoot(root("pause"));
    const name = "docker.io/local/buildkit:1";
    const [buildkit, pause] = await buildImages(cluster.machine, tools, [
        { name, root: root("buildkit"), entrypoint: ["/usr/bin/buildkitd-entrypoint"] },
        { name: pauseImage, root: root("pause"), entrypoint: ["/usr/bin/busybox", "sleep", "infinity"] },
    ]);
    await cluster.importImage(pause!);
    await cluster.importImage(buildkit!, name, referenceOf(buildkitImage));
    return `${referenceOf(buildkitImage)} stands for an image of the tools built here`;
}

/** The name under which containerd looks for a pinned image: with its registry, without its tag. */
export function referenceOf(image: string): string {
    const [, name, digest] = /^([^:@]+)(?::[^@]+)?@(sha256:[0-9a-f]{64})$/.exec(image) ?? [];
    if (name === undefined || digest === undefined) {
        throw new Error(`${image} is no image with a digest`);
    }
    return `${/^[^/]*[.:]/.test(name) ? name : `docker.io/${name}`}@${digest}`;
}

const buildkitPrograms = ["iptables", "ip6tables", "ip", "unshare", "mount"];
const buildkitApplets = "awk cat cut dirname ls mkdir nc rm sh sleep true umount".split(" ");

/**
 * What BuildKit's own image has as far as builders use it, of the tools built here: no registry can be asked for the real one.
 * https://github.com/moby/buildkit/blob/v0.33.1/Dockerfile
 */
function writeBuildkitRoot(root: string, tools: ImageTools): void {
    const bin = join(root, "usr/bin");
    for (const folder of [bin, join(root, "etc"), join(root, "tmp"), join(root, "run"), join(root, "root")]) {
        mkdirSync(folder, { recursive: true });
    }
    copyFileSync(tools.buildkitd, join(bin, "buildkitd"));
    copyFileSync(tools.buildctl, join(bin, "buildctl"));
    copyProgram(root, tools.stepRunc, "buildkit-runc");
    for (const script of ["buildkitd-entrypoint", "with-cgroupfs-remount"]) {
        copyFileSync(join(buildkitSource(), "hack", script), join(bin, script));
        chmodSync(join(bin, script), 0o755);
    }
    for (const plugin of ["bridge", "loopback", "host-local", "firewall"]) {
        copyFileSync(join(tools.plugins, plugin), join(bin, `buildkit-cni-${plugin}`));
    }
    writeBusybox(root, buildkitApplets);
    for (const program of buildkitPrograms) {
        copyProgram(root, requireProgram(program));
    }
    for (const [name, folder] of Object.entries({ bin: "bin", sbin: "bin", lib: "lib", lib64: "lib64" })) {
        symlinkSync(`usr/${folder}`, join(root, name));
    }
    writeFileSync(join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
    writeFileSync(join(root, "etc/group"), "root:x:0:\n");
}

/** Folder of BuildKit's own source, which its tools were built from. */
function buildkitSource(): string {
    const args = ["list", "-m", "-f", "{{.Dir}}", "github.com/moby/buildkit"];
    const cwd = join(__dirname, "../../tools/buildkit");
    const goMod = readFileSync(join(cwd, "go.mod"), "utf8");
    const folder = spawnSync(requireGo(goVersion(goMod)), args, { cwd, encoding: "utf8" }).stdout.trim();
    if (folder === "") {
        throw new Error("BuildKit's source is not in Go's module cache: run `go mod download` in dev/tools/buildkit");
    }
    return folder;
}

/** What holds a pod's namespaces open. */
function writePauseRoot(root: string): void {
    writeBusybox(root, []);
}

function writeBusybox(root: string, applets: string[]): void {
    mkdirSync(join(root, "usr/bin"), { recursive: true });
    copyFileSync(requireProgram("busybox"), join(root, "usr/bin/busybox"));
    applets.forEach((applet) => symlinkSync("busybox", join(root, "usr/bin", applet)));
}

/** A program of this machine with the libraries that it is linked with, all below `/usr`. */
function copyProgram(root: string, program: string, name = basename(program)): void {
    copyFileSync(program, join(root, "usr/bin", name));
    for (const library of spawnSync("ldd", [program], { encoding: "utf8" }).stdout.match(/\/\S+(?= \()/g) ?? []) {
        const folder = join(root, "usr", dirname(library).replace(/^\/usr/, ""));
        mkdirSync(folder, { recursive: true });
        copyFileSync(library, join(folder, basename(library)));
        // iptables opens its extensions by itself.
        const extensions = join(dirname(realpathSync(library)), "xtables");
        if (library.includes("/libxtables.") && existsSync(extensions)) {
            cpSync(extensions, join(folder, "xtables"), { recursive: true, dereference: true });
        }
    }
}

export function requireProgram(name: string): string {
    const found = findProgram(name, ["/usr/sbin", "/sbin"]);
    if (!found) {
        throw new Error(`no \`${name}\` in PATH or /usr/sbin: install it`);
    }
    return found;
}

/** An image to be made of a folder. */
interface LocalImage {
    name: string;
    root: string;
    entrypoint: string[];
}

/** Makes images with a BuildKit that runs on the machine for that long; returns their archives. */
async function buildImages(machine: Machine, tools: ImageTools, images: LocalImage[]): Promise<string[]> {
    const address = "unix:///run/image-buildkit.sock";
    const daemon = [
        tools.buildkitd,
        "--root=/var/lib/image-buildkit",
        `--addr=${address}`,
        "--otel-socket-path=/run/image-otel.sock",
        `--oci-worker-binary=${tools.runc}`,
    ];
    const builds = images.map(({ name, root, entrypoint }) => {
        const folder = `${root}.dockerfile`;
        mkdirSync(folder);
        writeFileSync(join(folder, "Dockerfile"), `FROM scratch\nCOPY . /\nENTRYPOINT ${JSON.stringify(entrypoint)}\n`);
        const inputs = ["--frontend=dockerfile.v0", `--local=context=${root}`, `--local=dockerfile=${folder}`];
        const output = `--output=type=docker,name=${name},dest=${archiveOf(root)}`;
        return [tools.buildctl, `--addr=${address}`, "--wait", "build", "--progress=plain", ...inputs, output];
    });
    const line = (words: string[]) => words.map(shellQuote).join(" ");
    const log = shellQuote(machine.logFile("image-buildkit"));
    const script = [`${line(daemon)} >${log} 2>&1 &`, "trap 'kill $!; wait' EXIT", ...builds.map(line)];
    await machine.succeed("sh", ["-ec", script.join("\n")], { seconds: 600 });
    return images.map(({ root }) => archiveOf(root));
}

function archiveOf(root: string): string {
    return `${root}.tar`;
}
