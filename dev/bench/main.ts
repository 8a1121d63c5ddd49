import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parseArgs } from "node:util";
import { startFarm } from "../local/farm";
import { root } from "../../test/support/project";
import { type Contender, OwnProgram, PlainBuildx, endFarm } from "./contenders";
import { measureEmulation } from "./emulation";
import { type Conditions, report } from "./report";
import { type Row, measure } from "./scenarios";
import { type Workload, compileHeavy, copyOnly, nativePlatforms } from "./workloads";

const help = `Measures this project's builds against what a user would run instead.

Usage: npm run bench -- [options]

  --short          two rounds of the copy-only workload and no emulation; about a minute
  --rounds N       rounds of each scenario; 5 unless given
  --only NAME      only one workload: copy-only or compile-heavy
  --no-emulation   leave the run under emulation out
  --json FILE      also write every run as JSON
  --write          write docs/benchmark.md; otherwise the report is only printed
  -h, --help       show this text

Linux and root, as npm start. The full run takes about a quarter of an hour on two cores; let nothing else run.
`;

async function main(): Promise<number> {
    const { values } = parseArgs({
        options: {
            short: { type: "boolean" },
            rounds: { type: "string" },
            only: { type: "string" },
            "no-emulation": { type: "boolean" },
            json: { type: "string" },
            write: { type: "boolean" },
            help: { type: "boolean", short: "h" },
        },
    });
    if (values.help) {
        process.stdout.write(help);
        return 0;
    }
    const rounds = Number(values.rounds ?? (values.short ? 2 : 5));
    const workloads = [copyOnly, compileHeavy].filter(
        ({ name }) => name === (values.only ?? (values.short ? "copy-only" : name)),
    );
    if (!Number.isInteger(rounds) || rounds < 1 || workloads.length === 0) {
        process.stderr.write(
            "error: --rounds takes a whole number from 1, --only copy-only or compile-heavy; see --help\n",
        );
        return 2;
    }
    const rows = await measureAll(workloads, rounds);
    const emulation =
        values.short || values["no-emulation"]
            ? "left out as asked"
            : await measureEmulation(Math.min(rounds, 3), progress);
    const text = report(rows, conditions(rounds), emulation);
    if (values.json) {
        fs.writeFileSync(
            values.json,
            `${JSON.stringify({ conditions: conditions(rounds), rows, emulation }, null, 2)}\n`,
        );
    }
    if (values.write) {
        fs.writeFileSync(path.join(root, "docs/benchmark.md"), text);
    }
    process.stdout.write(`\n${text}`);
    return 0;
}

async function measureAll(workloads: Workload[], rounds: number): Promise<Row[]> {
    const contenders: Contender[] = [];
    const farms: Farm[] = [];
    try {
        // Each contender has nodes of its own: what one has cached must not help another.
        for (const make of [
            (farm: Farm, base: string) => new OwnProgram(farm, base, "per-platform"),
            (farm: Farm, base: string) => new OwnProgram(farm, base, "single"),
            (farm: Farm, base: string) => new PlainBuildx(farm, base),
        ]) {
            const base = fs.mkdtempSync(path.join(os.tmpdir(), "multiarch-bench-"));
            const nodes = nativePlatforms.map((platform) => ({ name: platform.split("/")[1]!, platforms: [platform] }));
            const farm = await startFarm({ dir: path.join(base, "farm"), nodes });
            farms.push(farm);
            contenders.push(make(farm, base));
        }
        const rows: Row[] = [];
        for (const workload of workloads) {
            rows.push(...(await measure(contenders, workload, rounds, progress)));
        }
        return rows;
    } finally {
        await Promise.all(farms.map(endFarm));
    }
}

type Farm = Awaited<ReturnType<typeof startFarm>>;

function progress(line: string): void {
    process.stderr.write(`${line}\n`);
}

function conditions(rounds: number): Conditions {
    const output = (program: string, ...args: string[]) =>
        spawnSync(program, args, { cwd: root, encoding: "utf8" }).stdout.trim();
    const version = (text: string) => /v\d+\.\d+\.\d+/.exec(text)?.[0] ?? text;
    return {
        date: new Date().toISOString().slice(0, 10),
        commit: output("git", "rev-parse", "--short", "HEAD"),
        cores: os.availableParallelism(),
        node: process.version,
        buildkit: version(output(path.join(root, ".tools/bin/buildkitd"), "--version")),
        buildx: version(output(path.join(root, ".tools/bin/buildx"), "version")),
        rounds,
    };
}

main().then(
    (code) => (process.exitCode = code),
    (error: unknown) => {
        process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
        process.exitCode = 1;
    },
);
