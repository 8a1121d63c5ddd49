import * as fs from "node:fs";
import * as path from "node:path";
import { type Farm, startFarm } from "../../dev/local/farm";
import { storeProblems } from "../support/faults";
import { nodeView } from "../support/nodes";
import { processesOf, until } from "../support/processes";
import { RegistryView, fromProbe, temporaryFolder, writeContext } from "../support/project";
import { Command, activeBuilds, processesWith } from "../support/signals";

let base: string;
let farm: Farm;
let running: Command | undefined;

beforeAll(async () => {
    base = temporaryFolder("start");
    fs.mkdirSync(path.join(base, "tmp"));
    const nodes = [{ name: "amd64", platforms: ["linux/amd64"] }];
    farm = await startFarm({ dir: path.join(base, "farm"), nodes });
}, 120_000);

afterEach(() => running?.kill());

afterAll(async () => {
    await farm?.stop();
    fs.rmSync(base, { recursive: true, force: true });
}, 60_000);

/** `npm start` on the farm that runs already. */
function start(run: string[]): Command {
    writeContext(path.join(base, "app"), `${fromProbe}RUN ${JSON.stringify(run)}\n`, ["linux/amd64"]);
    const image = ["--context", path.join(base, "app"), "--platforms", "linux/amd64"];
    const args = ["start", "--", "--dir", farm.dir, "--engine", "rehearsal", ...image];
    return new Command("npm", args, { TMPDIR: path.join(base, "tmp") });
}

const endless = (name: string) => ["/probe", "sleep", `${process.pid}.${name === "Ctrl-C" ? 11 : 12}`];
const ways: [string, (command: Command) => void][] = [
    ["Ctrl-C", (command) => command.signalGroup("SIGINT")],
    ["SIGTERM", (command) => command.signal("SIGTERM")],
];

test.each(ways)(
    "%s to npm start ends the build on the node, and the next start goes on",
    async (name, signal) => {
        const step = endless(name);
        const node = nodeView(farm, "amd64");
        const registry = new RegistryView(farm);
        const before = await registry.tagDigest("app", "latest");
        running = start(step);
        await until("the node is at the step", () => processesWith(step).length === 1);
        signal(running);
        const { code, signal: by, text } = await running.ended;

        expect({ code, by }).not.toEqual({ code: 0, by: null });
        await until("the step is gone", () => processesWith(step).length === 0, 20);
        await until("no build is left", () => activeBuilds(node) === 0, 20);
        // The services of the farm go on; what works on them is gone.
        await until("the run is gone", () => processesOf(path.join(base, "app")).length === 0, 20);
        expect(text.match(/^error: (?!interrupted).*/gm)).toBeNull();
        expect(text).toMatch(/^error: interrupted: builds were stopped.*npm start/m);
        expect(storeProblems(path.join(farm.dir, "buildx"))).toEqual([]);
        const compilers = /^(tsx|ts-node|node-compile-cache)/;
        expect(fs.readdirSync(path.join(base, "tmp")).filter((file) => !compilers.test(file))).toEqual([]);
        expect(await registry.tagDigest("app", "latest")).toBe(before);
        expect(fs.existsSync(path.join(farm.dir, "outputs.json"))).toBe(false);
        const key = farm.credentials.key.split("\n")[1]!;
        const passphrase = fs.readFileSync(path.join(farm.dir, "passphrase"), "utf8");
        expect([farm.registry.password, key, passphrase].filter((secret) => text.includes(secret))).toEqual([]);

        running = start(["/probe", "write", "/after", name]);
        const next = await running.ended;
        expect(next).toMatchObject({ code: 0 });
        expect(await registry.tagDigest("app", "latest")).not.toBe(before);
    },
    180_000,
);
