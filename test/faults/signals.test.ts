import * as fs from "node:fs";
import * as path from "node:path";
import { pathToFileURL } from "node:url";
import type { Farm } from "../../dev/local/farm";
import { processesOf } from "../support/farmFaults";
import { storeProblems } from "../support/faults";
import { nodeView } from "../support/nodes";
import { until } from "../support/processes";
import { Project, RegistryView, fromProbe, root, temporaryFolder, testFarm, writeContext } from "../support/project";
import { Command, activeBuilds, processesWith } from "../support/signals";

const platforms = ["linux/amd64", "linux/386"];
const image = { name: "app", context: "ctx", tags: ["1.0"], platforms };
const passphrase = "correct horse";
const quick = `${fromProbe}RUN ["/probe", "arch", "/arch"]\n`;

let base: string;
let farm: Farm;
let registry: RegistryView;
let project: Project;
let running: Command | undefined;

beforeAll(async () => {
    base = temporaryFolder("signals");
    fs.mkdirSync(path.join(base, "tmp"));
    farm = await testFarm(base, platforms);
    registry = new RegistryView(farm);
    project = new Project(farm, base);
    writeContext(path.join(project.dir, "ctx"), quick, platforms);
    expect((await project.run(image)).errors).toEqual([]);
}, 180_000);

afterEach(() => running?.kill());

afterAll(async () => {
    await farm?.stop();
    fs.rmSync(base, { recursive: true, force: true });
}, 60_000);

// A step that no one waits for, with words that tell it from every other process of the machine.
let steps = 0;
function endlessStep(): string[] {
    return ["/probe", "sleep", `${process.pid}.${++steps}`];
}

function dockerfile(step: string[]): string {
    return `${fromProbe}RUN ${JSON.stringify(step)}\n`;
}

/** Runs the stack again, from a shell. */
function up(program: string, args: string[]): Command {
    const stack = ["up", "--config", path.join(project.dir, "Pulumi.test.yaml"), "--state", stateFile()];
    return new Command(program, [...args, ...stack], {
        DOCKER_CONFIG: project.dockerConfig,
        PULUMI_CONFIG_PASSPHRASE: passphrase,
        TMPDIR: path.join(base, "tmp"),
    });
}

function stateFile(): string {
    return path.join(base, "state-test.json");
}

const tsx = ["--import", pathToFileURL(require.resolve("tsx")).href];
const engine = [...tsx, path.join(root, "dev/rehearsal/main.ts")];
const ways: [string, () => Command, (command: Command) => void][] = [
    ["SIGINT", () => up(process.execPath, engine), (command) => command.signal("SIGINT")],
    ["SIGTERM", () => up(process.execPath, engine), (command) => command.signal("SIGTERM")],
    ["Ctrl-C", () => up("npm", ["run", "rehearse", "--"]), (command) => command.signalGroup("SIGINT")],
];

test.each(ways)(
    "%s to a run ends its builds on the nodes, and the next run goes on",
    async (_, start, signal) => {
        const step = endlessStep();
        writeContext(path.join(project.dir, "ctx"), dockerfile(step), platforms);
        const before = await registry.tagDigest("app", "1.0");
        running = start();
        await until("both nodes are at the step", () => processesWith(step).length === platforms.length);
        expect(platforms.map((_, i) => activeBuilds(nodeView(farm, farm.nodes[i]!.name)))).toEqual([1, 1]);
        signal(running);
        const { code, text } = await running.ended;

        expect(code).not.toBe(0);
        expect(text.match(/^error: .*/gm)).toEqual(["error: interrupted"]);
        await until("the step is gone", () => processesWith(step).length === 0, 20);
        await until(
            "no build is left",
            () => farm.nodes.every(({ name }) => activeBuilds(nodeView(farm, name)) === 0),
            20,
        );
        expect(processesOf(project.dir)).toEqual([]);
        expect(temporaryFiles()).toEqual([]);
        expect(storeProblems(path.join(project.dockerConfig, "buildx"))).toEqual([]);
        expect(await registry.tagDigest("app", "1.0")).toBe(before);
        expect(secretsIn(text)).toEqual([]);

        writeContext(path.join(project.dir, "ctx"), `${quick}LABEL after="${step.at(-1)}"\n`, platforms);
        expect((await project.run(image)).errors).toEqual([]);
        expect(await registry.tagDigest("app", "1.0")).not.toBe(before);
    },
    120_000,
);

/** What a run left in the folder for temporary files, but for what compilers keep for the next run. */
function temporaryFiles(): string[] {
    const compilers = /^(tsx|ts-node|node-compile-cache)/;
    return fs.readdirSync(path.join(base, "tmp")).filter((name) => !compilers.test(name));
}

function secretsIn(text: string): string[] {
    const key = farm.credentials.key.split("\n")[1]!;
    return [farm.registry.password, key, passphrase].filter((secret) => text.includes(secret));
}
