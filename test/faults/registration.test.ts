import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { pathToFileURL } from "node:url";
import type { Builder, BuilderCredentials } from "../../components";
import { makeCredentials } from "../support/credentials";
import { storeProblems } from "../support/faults";
import { root, temporaryFolder } from "../support/project";

const processes = 5;
const rounds = 3;
const builder: Builder = {
    name: "crowd",
    nodes: ["amd64", "386", "arm64"].map((architecture, i) => ({
        name: `crowd-${architecture}`,
        platforms: [`linux/${architecture}`],
        endpoint: `tcp://127.0.0.1:${i + 1}`,
        serverName: `${architecture}.test`,
    })),
};
const entries = ["crowd", "crowd-386", "crowd-amd64", "crowd-arm64"];

let base: string;
let credentials: BuilderCredentials[];

beforeAll(async () => {
    base = temporaryFolder("registration");
    credentials = await Promise.all(Array.from({ length: processes }, makeCredentials));
}, 60_000);

afterAll(() => fs.rmSync(base, { recursive: true, force: true }));

/** A command of the command line that has read all of its input but the end; the end lets it go. */
class Waiting {
    private readonly child: ChildProcess;
    private readonly ended: Promise<{ code: number | null; text: string }>;
    readonly ready: Promise<void>;

    constructor(command: string, store: string, input: object) {
        const tsx = pathToFileURL(require.resolve("tsx")).href;
        this.child = spawn(process.execPath, ["--import", tsx, path.join(root, "cli/main.ts"), command], {
            env: { ...process.env, BUILDX_CONFIG: store },
            stdio: ["pipe", "pipe", "pipe"],
        });
        let text = "";
        this.child.stdout!.on("data", (chunk: Buffer) => (text += chunk.toString()));
        this.child.stderr!.on("data", (chunk: Buffer) => (text += chunk.toString()));
        this.ended = new Promise((resolve) => this.child.once("close", (code) => resolve({ code, text })));
        // More than a pipe holds: it is written once the process has loaded everything and reads.
        const filled = `${JSON.stringify(input).slice(0, -1)}${" ".repeat(1 << 20)}`;
        this.ready = new Promise((resolve) => this.child.stdin!.write(filled, () => resolve()));
    }

    go(): Promise<{ code: number | null; text: string }> {
        this.child.stdin!.end("}");
        return this.ended;
    }
}

/** Runs commands at the same moment on one store. */
async function atOnce(store: string, commands: { command: string; with: BuilderCredentials }[]): Promise<void> {
    const waiting = commands.map((each) => {
        return new Waiting(each.command, store, { builder, builderCredentials: each.with });
    });
    await Promise.all(waiting.map(({ ready }) => ready));
    const results = await Promise.all(waiting.map((each) => each.go()));
    expect(results.filter(({ code }) => code !== 0)).toEqual([]);
    const texts = results.map(({ text }) => text).join("\n");
    expect(commands.filter((each) => texts.includes(each.with.key.split("\n")[1]!))).toEqual([]);
}

/** What every reader of the store relies on. */
function expectWhole(store: string): void {
    expect(storeProblems(store)).toEqual([]);
    expect(fs.readdirSync(path.join(store, "instances")).sort()).toEqual(entries);
    for (const folder of fs.readdirSync(path.join(store, "multiarch-builder"))) {
        const read = (file: string) => fs.readFileSync(path.join(store, "multiarch-builder", folder, file), "utf8");
        const found = { ca: read("ca.pem"), cert: read("cert.pem"), key: read("key.pem") };
        expect(credentials).toContainEqual(found);
    }
    const env = { ...process.env, BUILDX_CONFIG: store, DOCKER_CONFIG: path.join(store, "docker") };
    const args = ["ls", "--no-trunc", "--timeout", "1s"];
    const { status, stdout, stderr } = spawnSync(path.join(root, ".tools/bin/buildx"), args, { env, encoding: "utf8" });
    expect({ status, stderr }).toMatchObject({ status: 0 });
    entries.forEach((entry) => expect(stdout).toMatch(new RegExp(`^${entry}\\*? `, "m")));
}

/** Folders of credentials that the instances refer to, and those that are there. */
function folders(store: string): { referenced: string[]; kept: string[] } {
    const names = fs.readdirSync(path.join(store, "instances"));
    const text = names.map((name) => fs.readFileSync(path.join(store, "instances", name), "utf8")).join();
    const referenced = [
        ...new Set([...text.matchAll(/multiarch-builder\/([0-9a-f]{16})\//g)].map(([, hash]) => hash!)),
    ];
    return { referenced: referenced.sort(), kept: fs.readdirSync(path.join(store, "multiarch-builder")).sort() };
}

test("five processes with the same credentials register one whole builder", async () => {
    const store = path.join(base, "same");
    await atOnce(
        store,
        Array.from({ length: processes }, () => ({ command: "use", with: credentials[0]! })),
    );
    expectWhole(store);
    expect(folders(store).kept).toHaveLength(1);
}, 60_000);

test("five processes with different credentials leave a whole builder, and no credentials that nothing uses", async () => {
    const store = path.join(base, "different");
    for (let round = 0; round < rounds; round++) {
        await atOnce(
            store,
            credentials.map((each) => ({ command: "use", with: each })),
        );
        expectWhole(store);
        const { referenced, kept } = folders(store);
        expect(kept).toEqual(referenced);
    }
}, 120_000);

test("registering while others forget ends whole or empty, never torn", async () => {
    const store = path.join(base, "mixed");
    for (let round = 0; round < rounds; round++) {
        const commands = credentials.map((each, i) => ({ command: i % 2 === 0 ? "use" : "forget", with: each }));
        await atOnce(store, commands);
        expect(storeProblems(store)).toEqual([]);
    }
    // Whatever came last, one more registration mends it.
    await atOnce(store, [{ command: "use", with: credentials[0]! }]);
    expectWhole(store);
    expect(folders(store).kept).toHaveLength(1);
}, 120_000);
