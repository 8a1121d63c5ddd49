import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { findProgram } from "../../dev/tools/requirements";
import { Screen } from "./screen";

const root = join(__dirname, "../..");
const script = findProgram("script");
if (script === undefined) {
    process.stderr.write("skipped: progress in a terminal: no `script` in PATH (Debian: bsdutils)\n");
}

/** Runs the program in a pseudo terminal of 60 columns; the shell's last line tells how it ended. */
function run(ending: string, env: Record<string, string> = {}) {
    const command = `stty cols 60 rows 10 -onlcr; node --require tsx/cjs test/progress/program.ts ${ending}; echo "ended with $?"`;
    const all: NodeJS.ProcessEnv = { ...process.env, TERM: "xterm", ...env };
    ["CI", "NO_COLOR", "FORCE_COLOR"].filter((name) => !(name in env)).forEach((name) => delete all[name]);
    const { stdout } = spawnSync(script!, ["-qec", command, "/dev/null"], {
        cwd: root,
        env: all,
        encoding: "utf8",
        timeout: 60_000,
    });
    const screen = new Screen(60);
    screen.write(stdout);
    return { stdout, screen };
}

/** The times are the machine's. */
const timeless = (lines: string[]) => lines.map((line) => line.replace(/\d+\.\d s$/, "N s"));

(script === undefined ? describe.skip : describe)("progress in a terminal", () => {
    jest.setTimeout(90_000);
    const done = ["begin", "a line that stays", "linux/amd64: done in N s", "linux/arm64: done in N s", "end"];

    test("is redrawn in place and leaves only what stays", () => {
        const { stdout, screen } = run("well");
        expect(stdout).toMatch(/linux\/amd64 {2}\[2\/2\] RUN {2}\d s/);
        expect(stdout).toMatch(/linux\/arm64 {2}\[1\/2\] RUN a long command a long command…? ?.*… {2}\d s/);
        expect(stdout).toContain("\x1b[32mlinux/amd64: done");
        expect(timeless(screen.text)).toEqual([...done, "ended with 0"]);
        expect(screen.wrapped).toBe(false);
    });

    test("has no colours with NO_COLOR, and lives still", () => {
        const { stdout, screen } = run("well", { NO_COLOR: "1" });
        expect(stdout).toMatch(/\x1b\[\d+A/);
        expect(stdout).not.toMatch(/\x1b\[\d*m/);
        expect(timeless(screen.text)).toEqual([...done, "ended with 0"]);
    });

    test.each<Record<string, string>>([{ TERM: "dumb" }, { CI: "true" }])("is lines alone with %j", (env) => {
        const lines = run("well", env).stdout.trim().split("\n");
        // On a busy machine a step lasts long enough to be told of.
        expect(timeless(lines.filter((line) => !/: \[1\/2\]/.test(line)))).toEqual([...done, "ended with 0"]);
    });

    test("is gone when a signal ends the program, and the signal is not lost", () => {
        const { screen } = run("signal");
        expect(screen.text).toEqual(["begin", "a line that stays", "ended with 130"]);
    });

    test("is gone when the program crashes, and what it says is whole", () => {
        const { screen } = run("crash");
        expect(timeless(screen.text).slice(0, 3)).toEqual(["begin", "a line that stays", "linux/amd64: failed in N s"]);
        expect(screen.text.join("\n")).toMatch(/Error: crashed\n/);
        expect(screen.text.join("\n")).not.toContain("linux/arm64");
        expect(screen.text.at(-1)).toBe("ended with 1");
    });
});
