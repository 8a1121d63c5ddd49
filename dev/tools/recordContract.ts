import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Entry } from "../../components/buildx/entries";
import { renderInstance } from "../../components/buildx/instance";
import { needsCredentials } from "../../components/buildx/kubePod";
import {
    contractBuilder,
    contractBuildx,
    contractCredentialsDir,
    contractEntries,
    contractPods,
    contractVersions,
    fixturesDir,
} from "./contract";

const usage = `Usage: npm run contract:record

Renews test/fixtures/contract: what each version of buildx writes for \`create\` and \`use\`, and what its \`ls\` and
\`inspect\` read of the files that multiarch-builder writes. Versions: ${contractVersions.join(", ")}. The older ones
are built from dev/tools/buildx-VERSION into .tools/contract, one to two minutes each.

Exit codes: 0 recorded, 1 failed, 2 wrong usage.
`;

/** Store files and outputs of one version of buildx, by name. */
export type Recording = Record<string, string>;

/** Records what one buildx writes and reads. No node and no Docker engine is contacted. */
export function record(buildx: string): Recording {
    const folder = mkdtempSync(join(tmpdir(), "multiarch-contract-"));
    try {
        return { ...written(buildx, join(folder, "written")), ...read(buildx, join(folder, "read")) };
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
}

function written(buildx: string, store: string): Recording {
    for (const entry of contractEntries) {
        entry.nodes.forEach((_, i) => run(buildx, store, createArguments(entry, i)));
    }
    run(buildx, store, ["use", "--global", contractBuilder.name]);
    const instances = contractEntries.map(({ name }) => [
        `instances/${name}`,
        readFileSync(join(store, "instances", name), "utf8"),
    ]);
    return {
        ...(Object.fromEntries(instances) as Recording),
        current: readFileSync(join(store, "current"), "utf8"),
    };
}

/** `buildx create` with the platforms as the record has them, so that buildx normalises them itself. */
function createArguments({ name, nodes }: Entry, i: number): string[] {
    const node = nodes[i]!;
    const given = [...contractBuilder.nodes, ...contractPods.nodes].find((candidate) => candidate.name === node.name)!;
    const files = ["ca", "cert", "key"].map((part) => {
        const key = part === "ca" ? "cacert" : part;
        return `${key}=${contractCredentialsDir}/${part}.pem`;
    });
    const options = needsCredentials(given) ? [...files, `servername=${given.serverName}`] : ["default-load=false"];
    const driver = ["--driver", "remote", "--driver-opt", options.join()];
    const append = i > 0 ? ["--append"] : [];
    return [
        "create",
        ...append,
        ...["--name", name, "--node", given.name, ...driver],
        ...["--platform", given.platforms.join(), given.endpoint],
    ];
}

function read(buildx: string, store: string): Recording {
    mkdirSync(join(store, "instances"), { recursive: true });
    for (const entry of contractEntries) {
        writeFileSync(join(store, "instances", entry.name), renderInstance(entry, contractCredentialsDir));
    }
    const inspect = run(buildx, store, ["inspect", contractBuilder.name]);
    return { "ls.txt": lines(run(buildx, store, ["ls"])), "inspect.txt": lines(inspect) };
}

/** Without trailing blanks, and with options in one order: buildx before 0.30 prints them in a random one. */
function lines(output: string): string {
    const sorted = (options: string) => options.split(" ").sort().join(" ");
    const text = output
        .split("\n")
        .map((line) =>
            line.replace(/^(Driver Options: )(.*)$/, (_, head: string, options: string) => head + sorted(options)),
        )
        .map((line) => line.trimEnd())
        .join("\n");
    return `${text.trimEnd()}\n`;
}

function run(buildx: string, store: string, args: string[]): string {
    const env = {
        // `ls` would reach for pods with a kubectl of this machine.
        PATH: "/nonexistent",
        HOME: store,
        BUILDX_CONFIG: store,
        DOCKER_CONFIG: join(store, "docker"),
        // An engine of this machine must not show in what is recorded.
        DOCKER_HOST: "unix:///nonexistent/docker.sock",
    };
    const { status, stdout, stderr } = spawnSync(buildx, args, { env, encoding: "utf8", timeout: 60_000 });
    if (status !== 0) {
        throw new Error(`${buildx} ${args.join(" ")} failed (exit ${String(status)}): ${stderr}`);
    }
    return stdout;
}

async function main(args: string[]): Promise<number> {
    if (args.length > 0) {
        const asked = args.length === 1 && (args[0] === "--help" || args[0] === "-h");
        (asked ? process.stdout : process.stderr).write(
            asked ? usage : `unknown argument ${JSON.stringify(args[0])}\n\n${usage}`,
        );
        return asked ? 0 : 2;
    }
    try {
        const recordings = new Map<string, Recording>();
        for (const version of contractVersions) {
            recordings.set(version, record(await contractBuildx(version, (line) => console.log(line))));
            console.log(`${version}: recorded`);
        }
        mkdirSync(fixturesDir, { recursive: true });
        readdirSync(fixturesDir, { withFileTypes: true })
            .filter((entry) => !recordings.has(entry.name))
            .forEach((entry) =>
                console.log(`${join(fixturesDir, entry.name)} is of no version of the contract: remove it`),
            );
        recordings.forEach(write);
        return 0;
    } catch (error) {
        console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
        return 1;
    }
}

function write(recording: Recording, version: string): void {
    const folder = join(fixturesDir, version);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(join(folder, "instances"), { recursive: true });
    Object.entries(recording).forEach(([name, text]) => writeFileSync(join(folder, name), text));
}

if (require.main === module) {
    void main(process.argv.slice(2)).then((code) => (process.exitCode = code));
}
