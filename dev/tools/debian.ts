import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";

/**
 * Unpacks packages of the machine's Debian release, for any architecture, into a folder; with what they depend on, and
 * without their scripts. Nothing is installed.
 */
export function unpackDebian(architecture: string, packages: string[], folder: string): void {
    fs.mkdirSync(folder, { recursive: true });
    const work = fs.mkdtempSync(`${path.resolve(folder)}.`);
    try {
        // A package list of its own: the machine's may not know the architecture.
        ["lists/partial", "archives/partial"].forEach((name) =>
            fs.mkdirSync(path.join(work, name), { recursive: true }),
        );
        const settings = {
            "Dir::State": work,
            "Dir::State::lists": path.join(work, "lists"),
            "Dir::State::status": "/dev/null",
            "Dir::Cache": work,
            "APT::Architecture": architecture,
            "APT::Architectures": architecture,
            "APT::Sandbox::User": "root",
        };
        const options = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
        // A list that the mirror has not got right yet matters only where a package is missing for it.
        const stale = attempt("apt-get", [...options, "update", "-qq"]);
        const install = ["install", "-qq", "--yes", "--download-only", "--no-install-recommends", ...packages];
        const failed =
            attempt("apt-get", [...options, ...install]) ??
            // The shell's pattern, and dpkg takes one package at a time.
            attempt("sh", ["-c", `for deb in "$0"/archives/*.deb; do dpkg -x "$deb" "$1" || exit; done`, work, folder]);
        if (failed !== undefined) {
            throw new Error([failed, stale].filter(Boolean).join("\n"));
        }
    } finally {
        fs.rmSync(work, { recursive: true, force: true });
    }
}

/** What went wrong, if anything did. */
function attempt(program: string, args: string[]): string | undefined {
    const { status, stderr, error } = spawnSync(program, args, { encoding: "utf8", timeout: 300_000 });
    return status === 0 ? undefined : (error?.message ?? `${program}: ${stderr.trim()}`);
}
