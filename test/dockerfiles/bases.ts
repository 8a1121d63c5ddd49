import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { goEnvironment } from "../../dev/local/sample";
import { unpackDebian } from "../../dev/tools/debian";
import { root } from "../support/project";

const kept = path.join(root, ".tools/test/bases");
const debianNames: Record<string, string> = { amd64: "amd64", "386": "i386", arm64: "arm64" };
/** Architectures whose RUN steps this machine runs natively. */
const native = ["amd64", "386"];

/** The images that the page's Dockerfiles begin with: how stand-ins of them are made, and for which architectures. */
export const bases: Record<string, { dockerfile: string; architectures: string[] }> = {
    "alpine:3.22": {
        dockerfile: "FROM scratch\nARG TARGETARCH\nCOPY shell-$TARGETARCH /\n",
        architectures: [...native, "arm64"],
    },
    "gcc:12": {
        dockerfile: "FROM scratch\nARG TARGETARCH\nCOPY gcc-$TARGETARCH shell-$TARGETARCH /\n",
        architectures: native,
    },
    "golang:1.26": {
        dockerfile: `FROM scratch
ARG TARGETARCH
COPY shell-$TARGETARCH /
COPY go-source go-$TARGETARCH /usr/local/go/
ENV PATH=/usr/local/go/bin:/usr/bin:/bin HOME=/root GOTOOLCHAIN=local GOFLAGS=-buildvcs=false
# The runtime is compiled once here, instead of in most of the builds.
RUN cd /tmp && echo 'package main; func main() { println() }' > warm.go && go build -o /dev/null warm.go
`,
        architectures: native,
    },
};

/** The context of the stand-ins. */
export const basesContext = kept;

/** Makes the context of the stand-ins, once per machine; the reason where Debian's packages cannot be had. */
export function prepareBases(): string | undefined {
    try {
        native.forEach((architecture) => once(`gcc-${architecture}`, (folder) => fetchGcc(architecture, folder)));
        [...native, "arm64"].forEach(prepareShell);
    } catch (error) {
        return `Debian's packages cannot be had: ${(error as Error).message}`;
    }
    once("go-source", copyGoSource);
    native.forEach((architecture) => once(`go-${architecture}`, (folder) => buildGo(architecture, folder)));
    return undefined;
}

/** Makes the files of an image with a shell and `wget`, once per machine; gives its folder. */
export function prepareShell(architecture: string): string {
    const name = `shell-${architecture}`;
    once(name, (folder) => fetchShell(architecture, folder));
    return path.join(kept, name);
}

/** Makes a folder whole or not at all. */
function once(name: string, make: (folder: string) => void): void {
    const folder = path.join(kept, name);
    if (!fs.existsSync(folder)) {
        fs.mkdirSync(kept, { recursive: true });
        const partial = fs.mkdtempSync(`${folder}.`);
        try {
            make(partial);
            fs.chmodSync(partial, 0o755);
            fs.renameSync(partial, folder);
        } finally {
            fs.rmSync(partial, { recursive: true, force: true });
        }
    }
}

function fetchShell(architecture: string, folder: string): void {
    const unpacked = path.join(folder, "unpacked");
    unpackDebian(debianNames[architecture]!, ["busybox-static"], unpacked);
    fs.mkdirSync(path.join(folder, "bin"));
    fs.copyFileSync(path.join(unpacked, "bin/busybox"), path.join(folder, "bin/busybox"));
    fs.rmSync(unpacked, { recursive: true });
    fs.mkdirSync(path.join(folder, "tmp"), { mode: 0o1777 });
    for (const applet of ["sh", "cat", "chmod", "cp", "grep", "ls", "mkdir", "wget"]) {
        fs.symlinkSync("busybox", path.join(folder, "bin", applet));
    }
}

function fetchGcc(architecture: string, folder: string): void {
    unpackDebian(debianNames[architecture]!, ["gcc", "libc6-dev"], folder);
    // Half of it is for what no test does.
    fs.readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((name) => /\/(lto1|.*lto-dump.*|lib[a-z]*san[._].*|lib(c|m|mvec)(-.*)?\.a|locale|man|doc)$/.test(name))
        .forEach((name) => fs.rmSync(path.join(folder, name), { recursive: true, force: true }));
}

/** Go's commands for an architecture, from the installed Go's own source. */
function buildGo(architecture: string, folder: string): void {
    const env = { ...process.env, ...goEnvironment(`linux/${architecture}`), GOFLAGS: "", GOWORK: "off" };
    const build = (into: string, ...packages: string[]) => {
        fs.mkdirSync(path.join(folder, into), { recursive: true });
        const output = path.join(folder, into, "/");
        const args = ["build", "-trimpath", "-ldflags", "-s -w", "-o", output, ...packages];
        const built = spawnSync("go", args, { env, encoding: "utf8" });
        if (built.status !== 0) {
            throw new Error(`building Go for ${architecture} failed: ${built.stderr}`);
        }
    };
    build("bin", "cmd/go");
    build(`pkg/tool/linux_${architecture}`, "cmd/asm", "cmd/compile", "cmd/link");
}

/** What Go compiles programs with, without its own commands and tests. */
function copyGoSource(folder: string): void {
    const goRoot = spawnSync("go", ["env", "GOROOT"], { encoding: "utf8" }).stdout.trim();
    for (const name of ["src", "pkg/include", "VERSION", "go.env"]) {
        fs.cpSync(path.join(goRoot, name), path.join(folder, name), {
            recursive: true,
            filter: (file) => !/\/src\/cmd$|\/testdata$|_test\.go$/.test(file),
        });
    }
}
