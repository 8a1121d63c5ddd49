import { spawn } from "node:child_process";
import {
    existsSync,
    mkdirSync,
    mkdtempSync,
    readFileSync,
    readdirSync,
    rmSync,
    statSync,
    writeFileSync,
} from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { BuilderCredentials } from "../../components/builder";
import { createCa, issueClient } from "../../dev/local/pki";
import { makeCredentials } from "../support/credentials";

const main = path.join(__dirname, "../../cli/main.ts");
const tsx = require.resolve("tsx");

const record = {
    name: "ci",
    nodes: [
        { name: "ci-amd64", platforms: ["linux/amd64"], endpoint: "tcp://10.0.0.1:1234", serverName: "amd64.ci" },
        { name: "ci-arm64", platforms: ["linux/arm64"], endpoint: "tcp://10.0.0.2:1234", serverName: "arm64.ci" },
    ],
};

let credentials: BuilderCredentials;
let base: string;
let store: string;

jest.setTimeout(60_000);

beforeAll(async () => {
    credentials = await makeCredentials();
});

beforeEach(() => {
    base = mkdtempSync(path.join(os.tmpdir(), "cli-"));
    store = path.join(base, "buildx");
});

afterEach(() => rmSync(base, { recursive: true, force: true }));

interface Result {
    code: number | null;
    stdout: string;
    stderr: string;
}

function run(args: string[], input = ""): Promise<Result> {
    return new Promise((resolve, reject) => {
        const env = { ...process.env, BUILDX_CONFIG: store, HOME: base };
        const child = spawn(process.execPath, ["--import", tsx, main, ...args], { env });
        const result = { stdout: "", stderr: "" };
        child.stdout.on("data", (text: Buffer) => (result.stdout += text.toString()));
        child.stderr.on("data", (text: Buffer) => (result.stderr += text.toString()));
        child.on("error", reject);
        child.on("close", (code) => resolve({ code, ...result }));
        // A command that fails before it reads leaves the pipe closed.
        child.stdin.on("error", () => undefined);
        child.stdin.end(input);
    });
}

const outputs = (more: object = {}) =>
    JSON.stringify({ builder: record, builderCredentials: credentials, ref: "x", ...more });
const instances = () => readdirSync(path.join(store, "instances")).sort();

/** Every file and folder of the store with its mode. */
function tree(dir = store): [string, string][] {
    return readdirSync(dir, { withFileTypes: true }).flatMap((entry): [string, string][] => {
        const full = path.join(dir, entry.name);
        const self: [string, string] = [path.relative(store, full), (statSync(full).mode & 0o777).toString(8)];
        return entry.isDirectory() ? [self, ...tree(full)] : [self];
    });
}

function expectWholeStore(): void {
    expect(instances()).toEqual(["ci", "ci-amd64", "ci-arm64"]);
    const folders = readdirSync(path.join(store, "multiarch-builder"));
    expect(folders).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/)]);
    const folder = path.join("multiarch-builder", folders[0]!);
    expect(Object.fromEntries(tree())).toEqual({
        instances: "700",
        "instances/ci": "600",
        "instances/ci-amd64": "600",
        "instances/ci-arm64": "600",
        "multiarch-builder": "700",
        [folder]: "700",
        [path.join(folder, "ca.pem")]: "600",
        [path.join(folder, "cert.pem")]: "600",
        [path.join(folder, "key.pem")]: "600",
    });
    for (const name of instances()) {
        const { Name, Nodes } = JSON.parse(readFileSync(path.join(store, "instances", name), "utf8")) as {
            Name: string;
            Nodes: { DriverOpts: { key: string; cert: string } }[];
        };
        expect(Name).toBe(name);
        for (const { DriverOpts } of Nodes) {
            expect(DriverOpts.key).toBe(path.join(store, folder, "key.pem"));
        }
    }
}

test("five processes at once register the same builder: the store is whole", async () => {
    const results = await Promise.all(Array.from({ length: 5 }, () => run(["use"], outputs())));
    expect(results.map(({ code, stderr }) => [code, stderr])).toEqual(Array(5).fill([0, ""]));
    expectWholeStore();
});

test("five processes at once with two sets of credentials leave one whole set per entry and no others", async () => {
    const second = outputs({ builderCredentials: await makeCredentials() });
    const results = await Promise.all([0, 1, 2, 3, 4].map((i) => run(["use"], i % 2 ? second : outputs())));
    expect(results.map(({ code, stderr }) => [code, stderr])).toEqual(Array(5).fill([0, ""]));
    const used = new Set(
        instances().flatMap((name) => {
            const text = readFileSync(path.join(store, "instances", name), "utf8");
            return [...text.matchAll(/"cacert":"([^"]*)\/ca\.pem"/g)].map((match) => path.basename(match[1]!));
        }),
    );
    expect(readdirSync(path.join(store, "multiarch-builder")).sort()).toEqual([...used].sort());
    for (const folder of used) {
        expect(readdirSync(path.join(store, "multiarch-builder", folder)).sort()).toEqual([
            "ca.pem",
            "cert.pem",
            "key.pem",
        ]);
    }
});

test("use says where and what, names no secret, and forget takes it all back", async () => {
    const used = await run(["use"], outputs());
    expect(used).toEqual({
        code: 0,
        stderr: "",
        stdout: `registered in ${store}: ci, ci-amd64, ci-arm64\nuse it: docker buildx build --builder ci …\n`,
    });
    expectWholeStore();
    const forgotten = await run(["forget"], JSON.stringify(record));
    expect(forgotten).toEqual({ code: 0, stderr: "", stdout: `removed from ${store}: ci, ci-amd64, ci-arm64\n` });
    expect(tree().filter(([name]) => name.includes("/"))).toEqual([]);
    const again = await run(["forget"], outputs());
    expect(again).toEqual({ code: 0, stderr: "", stdout: `nothing to remove in ${store}\n` });
});

test("a record in a file, credentials in files, and the default builder", async () => {
    const file = (name: string, text: string) => {
        writeFileSync(path.join(base, name), text);
        return path.join(base, name);
    };
    const pem = [
        "--ca",
        file("a", credentials.ca),
        "--cert",
        file("b", credentials.cert),
        "--key",
        file("c", credentials.key),
    ];
    const result = await run(["use", "--default", ...pem, file("record.json", JSON.stringify(record))]);
    expect(result).toEqual({ code: 0, stderr: "", stdout: `registered in ${store}: ci, ci-amd64, ci-arm64\n` });
    expect(readFileSync(path.join(store, "current"), "utf8")).toBe('{"Key":"","Name":"ci","Global":true}');
});

describe("help, exit code 0", () => {
    test.each([
        [["--help"], "multiarch-builder: connects this machine"],
        [["help"], "multiarch-builder: connects this machine"],
        [["use", "--help"], "Registers a builder with buildx on this machine"],
        [["forget", "-h"], "Removes a builder and its credentials from buildx on this machine"],
    ])("%j", async (args, text) => {
        const { code, stdout, stderr } = await run(args);
        expect([code, stderr]).toEqual([0, ""]);
        expect(stdout).toContain(text);
    });
});

describe("wrong usage, exit code 2", () => {
    const known = "known: use, run, forget, ci";
    test.each([
        [["nonsense"], `unknown command "nonsense"; ${known}`],
        [["constructor"], `unknown command "constructor"; ${known}`],
        [["use", "--nonsense"], "Unknown option '--nonsense'"],
        [["use", "a", "b"], "give one file at most"],
        [["forget", "a", "b"], "give one file at most"],
        [["forget", "--default"], "Unknown option '--default'"],
        [["use", "--ca", "x"], "--ca, --cert and --key go together"],
    ])("%j", async (args, text) => {
        const { code, stdout, stderr } = await run(args, outputs());
        expect([code, stdout]).toEqual([2, ""]);
        expect(stderr).toContain(`multiarch-builder: `);
        expect(stderr).toContain(text);
        expect(existsSync(store)).toBe(false);
    });

    test("no command shows the help", async () => {
        expect(await run([])).toMatchObject({ code: 2, stdout: expect.stringContaining("Usage: ") as string });
    });
});

describe("failures, exit code 1, nothing written", () => {
    const noObject =
        "standard input holds no JSON object: give the output of pulumi stack output --json --show-secrets";
    const noCredentials =
        "no credentials: the outputs need `builderCredentials` in clear (pulumi stack output --json --show-secrets), " +
        "or give --ca, --cert and --key";
    test.each<[string, () => string, string]>([
        ["no JSON", () => "hunter2 {", noObject],
        ["nothing", () => "", noObject],
        ["a list", () => "[]", noObject],
        [
            "another stack's outputs",
            () => '{"vpcId":"vpc-1"}',
            "standard input holds no usable record of a builder:\n  - `builder`: must be a builder's record, { name, nodes, … }: the output `builder` of the stack that owns it",
        ],
        [
            "a broken record",
            () => outputs({ builder: { name: "CI", nodes: [{ ...record.nodes[0], platforms: ["arm64"] }, null] } }),
            'standard input holds no usable record of a builder:\n  - `builder.name`: must start with a lower-case letter and hold only lower-case letters, digits, `.`, `_` and `-`, 63 at most (got "CI")\n  - `builder.nodes[0].platforms[0]`: not a platform that BuildKit builds; did you mean "linux/arm64"? (got "arm64")\n  - `builder.nodes[1]`: must be an object with platforms and endpoint',
        ],
        ["hidden secrets", () => outputs({ builderCredentials: "[secret]" }), noCredentials],
        ["no credentials", () => JSON.stringify(record), noCredentials],
        [
            "half of them",
            () => outputs({ builderCredentials: { ca: "x", key: "hunter2" } }),
            'builder "ci" cannot be registered: `credentials` needs ca, cert and key as PEM text; missing: cert',
        ],
        [
            "no PEM",
            () => outputs({ builderCredentials: { ca: "hunter2", cert: "hunter2", key: "hunter2" } }),
            "`credentials.key` is not an unencrypted private key in PEM text",
        ],
    ])("%s", async (_, input, text) => {
        const { code, stdout, stderr } = await run(["use"], input());
        expect([code, stdout]).toEqual([1, ""]);
        expect(stderr).toContain(`multiarch-builder: `);
        expect(stderr).toContain(text);
        expect(stderr).not.toContain("hunter2");
        expect(stderr).not.toMatch(/TypeError|\n {4}at /);
        expect(existsSync(store)).toBe(false);
    });

    test("no such file", async () => {
        const missing = path.join(base, "nowhere.json");
        const { code, stderr } = await run(["use", missing]);
        expect([code, stderr]).toEqual([1, `multiarch-builder: cannot read ${missing}: there is no such file\n`]);
    });

    test("an expired certificate", async () => {
        const validity = { notBefore: new Date("2020-01-01"), notAfter: new Date("2021-01-01") };
        const client = await issueClient(await createCa("client CA", validity), validity);
        const { code, stderr } = await run(["use"], outputs({ builderCredentials: { ca: credentials.ca, ...client } }));
        expect(code).toBe(1);
        expect(stderr).toContain("expired on Jan  1 00:00:00 2021 GMT: issue a new client certificate");
    });

    test("a builder of the user's", async () => {
        mkdirSync(path.join(store, "instances"), { recursive: true });
        writeFileSync(path.join(store, "instances", "ci"), '{"Name":"ci","Driver":"docker-container","Nodes":[]}');
        const { code, stderr } = await run(["use"], outputs());
        expect(code).toBe(1);
        expect(stderr).toContain('the buildx builder "ci" in ');
        expect(instances()).toEqual(["ci"]);
    });
});
