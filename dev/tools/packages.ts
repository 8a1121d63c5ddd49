import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { findProgram, lastLines } from "./requirements";

/** Programs of Debian and Ubuntu, or files by their paths, each with the package that has it. */
export type Programs = Readonly<Record<string, string>>;

/**
 * Installs the packages of programs that are missing, where that is possible: as root on Debian and Ubuntu. Returns why
 * some are still missing, or undefined when every program is there.
 */
export function installPackages(
    programs: Programs,
    what: string,
    log: (line: string) => void = (line) => console.log(line),
): string | undefined {
    const packages = missingPackages(programs);
    if (packages.length === 0) {
        return undefined;
    }
    const list = packages.join(", ");
    if (process.getuid?.() !== 0 || !findProgram("apt-get")) {
        return `${list} not installed (it takes root and apt-get to install them)`;
    }
    log(`installing for ${what}: ${list}`);
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const apt = (...args: string[]) =>
        spawnSync("apt-get", ["-o", "DPkg::Lock::Timeout=300", "-qq", ...args], { env, encoding: "utf8" });
    apt("update");
    const { status, stderr } = withoutServices(() => apt("install", "--yes", "--no-install-recommends", ...packages));
    if (status !== 0) {
        return `apt-get install ${packages.join(" ")} failed: ${lastLines(stderr, 3)}`;
    }
    const still = missingPackages(programs);
    return still.length === 0 ? undefined : `installed, and their programs are not in PATH: ${still.join(", ")}`;
}

/** Runs an installation that starts no service. https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt */
function withoutServices<T>(install: () => T): T {
    const policy = "/usr/sbin/policy-rc.d";
    if (existsSync(policy)) {
        return install();
    }
    writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
    try {
        return install();
    } finally {
        rmSync(policy);
    }
}

/** Packages of programs that are not there. */
export function missingPackages(programs: Programs): string[] {
    const isThere = (name: string) =>
        name.startsWith("/") ? existsSync(name) : findProgram(name, ["/usr/sbin", "/sbin"]);
    const missing = Object.entries(programs).filter(([program]) => !isThere(program));
    return [...new Set(missing.map(([, name]) => name))];
}
