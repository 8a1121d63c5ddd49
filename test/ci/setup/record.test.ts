import { spawnSync } from "node:child_process";
import * as fc from "fast-check";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Builder, BuilderNode } from "../../../components/builder";
import { nodesFor, offeredPlatforms, standingEntries } from "../../../components/buildx/entries";
import { renderInstance } from "../../../components/buildx/instance";
import { advertisedProblem } from "../../../components/buildx/native";
import { recordProblems } from "../../../components/buildx/record";
import { buildxRelease, buildxUrl } from "../../../dev/prove/buildxRelease";
import { recordText } from "../../../components/ci/recordText";
import { ciScripts } from "../../../components/ci/scripts";
import { normalizePlatform, parsePlatform } from "../../../components/platform";
import { contractVersions } from "../../../dev/tools/contract";
import { CiJob } from "../../support/ciScripts";
import { root, temporaryFolder } from "../../support/project";

const shells = [["sh"], ["busybox", "sh"]];

let base: string;
let job: CiJob;

beforeAll(() => {
    base = temporaryFolder("ci-record");
    job = new CiJob(base);
    job.addPrograms(["busybox"]);
    // The functions of the program, without running it.
    const text = fs.readFileSync(job.script("builder-setup"), "utf8");
    fs.writeFileSync(job.script("functions"), text.replace(/main "\$@"\n$/, 'eval "$FUNCTION"\n'));
});

afterAll(() => fs.rmSync(base, { recursive: true, force: true }));

/** Runs lines of shell among the program's functions. */
function inShell(lines: string, shell = shells[0]!, env: Record<string, string> = {}) {
    const [program, ...args] = [...shell, job.script("functions")];
    const { status, stdout, stderr } = spawnSync(path.join(job.bin, program), args, {
        encoding: "utf8",
        env: { ...job.env, ...env, FUNCTION: lines },
        cwd: job.dir,
    });
    return { status, stdout, stderr };
}

const wellKnown = ["linux/amd64", "linux/arm64", "linux/386", "linux/arm/v7", "linux/s390x", "linux/amd64/v2"];
const spellings = [
    ...wellKnown,
    "linux/x86_64",
    "linux/aarch64",
    "linux/arm64/v8",
    "linux/arm",
    "linux/armhf",
    "linux/i386",
];

function farm(...nodes: Partial<BuilderNode>[]): Builder {
    return {
        name: "ci",
        nodes: nodes.map((node, i) => ({
            name: `ci-node-${i}`,
            platforms: ["linux/amd64"],
            endpoint: `tcp://10.0.1.${i}:1234`,
            serverName: `node-${i}.ci.internal`,
            ...node,
        })),
    };
}

/** A farm as EC2 makes it when nodes sleep and are reached by Session Manager. */
const sleepy: Builder = {
    ...farm(
        ...["amd64", "arm64"].map((arch, i) => ({
            name: `ci-${arch}`,
            platforms: [`linux/${arch}`],
            serverName: `${arch}.ci.builders.example.internal`,
            wake: { kind: "ec2", region: "eu-central-1", instanceId: `i-0123456789abcdef${i}` },
            access: { kind: "ssm", region: "eu-central-1", instanceId: `i-0123456789abcdef${i}` },
        })),
    ),
    imageRepositoryUrl: "123456789012.dkr.ecr.eu-central-1.amazonaws.com/ci",
    cacheRepositoryUrl: "123456789012.dkr.ecr.eu-central-1.amazonaws.com/ci-cache",
    credentialsParameters: {
        region: "eu-central-1",
        ca: "/multiarch-builder/ci/client/ca",
        cert: "/multiarch-builder/ci/client/cert",
        key: "/multiarch-builder/ci/client/key",
    },
};

describe("the text", () => {
    test("has the lines of a farm", () => {
        const lines = recordText(sleepy).split("\n");
        expect(lines.slice(0, 7)).toEqual([
            "multiarch-builder 1",
            "builder ci",
            "repository 123456789012.dkr.ecr.eu-central-1.amazonaws.com/ci",
            "cache 123456789012.dkr.ecr.eu-central-1.amazonaws.com/ci-cache",
            "credentials eu-central-1 /multiarch-builder/ci/client/ca /multiarch-builder/ci/client/cert /multiarch-builder/ci/client/key",
            "node ci-amd64 endpoint=tcp://10.0.1.0:1234 server=amd64.ci.builders.example.internal platforms=linux/amd64 emulated=- replica=0 wake=ec2:eu-central-1:i-0123456789abcdef0 access=ssm:eu-central-1:i-0123456789abcdef0",
            "node ci-arm64 endpoint=tcp://10.0.1.1:1234 server=arm64.ci.builders.example.internal platforms=linux/arm64 emulated=- replica=0 wake=ec2:eu-central-1:i-0123456789abcdef1 access=ssm:eu-central-1:i-0123456789abcdef1",
        ]);
        expect(lines.slice(7).map((line) => line.split(" ").slice(0, 2))).toEqual([
            ["entry", "ci"],
            ["entry", "ci-amd64"],
            ["entry", "ci-arm64"],
            [""],
        ]);
        expect(lines[8]).toBe(
            `entry ci-amd64 ${renderInstance({ name: "ci-amd64", nodes: [sleepy.nodes[0]!] }, "@CREDENTIALS@")}`,
        );
    });

    test("fits a standard parameter with room to spare", () => {
        expect(Buffer.byteLength(recordText(sleepy))).toBeLessThan(3 * 1024);
    });

    test("has a line for each replica of a platform that has several", () => {
        const two = farm(
            { name: "ci-arm64-0", platforms: ["linux/arm64"] },
            { name: "ci-arm64-1", platforms: ["linux/arm64"], replica: 1 },
        );
        const replicas = recordText(two)
            .split("\n")
            .filter((line) => line.startsWith("replica "));
        expect(replicas).toEqual(
            two.nodes.map(
                (node) =>
                    `replica ${node.name} linux/arm64 ${renderInstance({ name: "@NAME@", nodes: [node] }, "@CREDENTIALS@")}`,
            ),
        );
    });

    test.each<[string, Partial<BuilderNode>]>([
        ["a space", { serverName: "two words" }],
        ["a line end", { endpoint: "tcp://a:1\nbuilder evil" }],
        ["a placeholder", { serverName: "@CREDENTIALS@" }],
    ])("takes no %s", (_, node) => {
        expect(() => recordText(farm(node))).toThrow(/the line "node" of its text form has a value with/);
    });
});

const nodeArbitrary = fc
    .record({
        family: fc.constantFrom(
            ["linux/amd64", "linux/386"],
            ["linux/amd64", "linux/x86_64"],
            ["linux/arm64/v8"],
            ["linux/arm64"],
            ["linux/s390x"],
        ),
        emulated: fc.subarray(["linux/riscv64", "linux/ppc64le"]),
        port: fc.integer({ min: 1, max: 65535 }),
        host: fc.constantFrom("10.0.1.5", "a-node.example", "[fd00::1]"),
        wake: fc.boolean(),
        access: fc.boolean(),
        pod: fc.boolean(),
    })
    .map(({ family, emulated, port, host, wake, access, pod }) => ({
        platforms: [...family, ...emulated],
        emulated,
        endpoint: pod ? `kube-pod://p-${port}?context=a@b&namespace=x` : `tcp://${host}:${port}`,
        ...(wake && !pod
            ? { wake: { kind: "ec2", region: "eu-west-1", instanceId: `i-${port}`, profile: "not told" } }
            : {}),
        ...(access && !pod ? { access: { kind: "ssm", region: "eu-west-1", instanceId: `i-${port}` } } : {}),
    }));

const builders = fc
    .uniqueArray(nodeArbitrary, { minLength: 1, maxLength: 4, selector: (node) => node.endpoint })
    .map((nodes) => farm(...nodes.map((node, replica) => ({ ...node, replica }))))
    .filter((builder) => recordProblems(builder, "builder").length === 0);

describe.each(shells)("in %s %s", (...words) => {
    const shell = words.filter((word): word is string => word !== undefined);

    test("a record is read as it was meant", () => {
        const tunnels: Record<string, string> = { JOB: `${base}/a job & more` };
        fc.assert(
            fc.property(builders, (builder) => {
                const state = path.join(base, "state folder");
                fs.rmSync(state, { recursive: true, force: true });
                fs.mkdirSync(path.join(state, "run"), { recursive: true });
                fs.writeFileSync(path.join(state, "record"), recordText(builder));
                const tunnelled = builder.nodes.filter((node) => node.access);
                tunnelled.forEach((node, i) =>
                    fs.writeFileSync(path.join(state, "run", `${node.name}.port`), `${20000 + i}\n`),
                );
                const platforms = offeredPlatforms(builder);
                const lines = [
                    `STATE=${quoted(state)} name=ci nodes=${quoted(builder.nodes.map((node) => node.name).join(" "))}`,
                    `tunnelled=${quoted(tunnelled.map((node) => node.name).join(" "))} credentials=${quoted(`${state}/c`)}`,
                    'record_problem "$STATE/record"',
                    ...builder.nodes.flatMap((node) =>
                        ["endpoint", "platforms", "emulated", "wake", "access"].map(
                            (field) => `node_value "$STATE/record" ${node.name} ${field}`,
                        ),
                    ),
                    ...platforms.map((platform) => `nodes_for "$STATE/record" ${platform} | tr '\\n' ' '; echo`),
                    "write_store",
                ];
                const { status, stdout, stderr } = inShell(lines.join("\n"), shell, tunnels);
                expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
                const list = (texts: readonly string[] = []) =>
                    [...new Set(texts.map(normalizePlatform))].join(",") || "-";
                expect(stdout.split("\n").slice(0, -1)).toEqual([
                    ...builder.nodes.flatMap(({ endpoint, platforms: own, emulated, wake, access }) => [
                        endpoint,
                        list(own),
                        list(emulated),
                        wake ? `ec2:eu-west-1:${wake.instanceId}` : "-",
                        access ? `ssm:eu-west-1:${access.instanceId}` : "-",
                    ]),
                    ...platforms.map((platform) =>
                        nodesFor(builder, platform)
                            .map((node) => `${node.name} `)
                            .join(""),
                    ),
                ]);
                for (const entry of standingEntries(builder)) {
                    const nodes = entry.nodes.map((node) => {
                        const i = tunnelled.findIndex(({ name }) => name === node.name);
                        return i < 0 ? node : { ...node, endpoint: `tcp://127.0.0.1:${20000 + i}` };
                    });
                    const written = fs.readFileSync(path.join(state, "buildx/instances", entry.name), "utf8");
                    expect(written).toBe(renderInstance({ name: entry.name, nodes }, `${state}/c`));
                }
                const used = new Set(
                    platforms.flatMap((platform) => nodesFor(builder, platform)).map(({ name }) => name),
                );
                for (const name of used) {
                    const own = JSON.parse(fs.readFileSync(path.join(state, "nodes/instances", name), "utf8")) as {
                        Name: string;
                        Nodes: { Name: string; Platforms: unknown }[];
                    };
                    expect(own).toMatchObject({ Name: name, Nodes: [{ Name: name, Platforms: null }] });
                }
            }),
            { numRuns: 15, endOnFailure: true },
        );
    }, 180_000);

    test("platforms have the normal form that they have elsewhere", () => {
        const parts = fc.constantFrom(
            "amd64",
            "arm64",
            "arm",
            "386",
            "x86_64",
            "x86-64",
            "i386",
            "aarch64",
            "armhf",
            "armel",
            "s390x",
            "mips64",
            "alpha",
            "",
        );
        const variants = fc.constantFrom(
            undefined,
            "",
            "v1",
            "v2",
            "2",
            "v5",
            "v7",
            "8",
            "v8",
            "v8.0",
            "v8.2",
            "8.5",
            "v9",
            "v9.0",
            "v10",
            "vx",
        );
        const text = fc
            .tuple(fc.constantFrom("linux", "Linux", "windows", ""), parts, variants)
            .map(([os, part, variant]) => [os, part, ...(variant === undefined ? [] : [variant])].join("/"));
        fc.assert(
            fc.property(
                fc.array(fc.oneof(text, fc.constantFrom(...spellings)), { minLength: 30, maxLength: 30 }),
                (texts) => {
                    const lines = texts.map((one) => `normal_platforms ${quoted(one)} || echo none`).join("\n");
                    const answers = texts.flatMap((one) =>
                        parsePlatform(one) ? [normalizePlatform(one)] : [one, "none"],
                    );
                    expect(inShell(lines, shell).stdout.split("\n").slice(0, -1)).toEqual(answers);
                },
            ),
            { numRuns: 10, endOnFailure: true },
        );
    }, 120_000);

    test("what a node may advertise is decided as elsewhere, in the same words", () => {
        const lists = fc.uniqueArray(fc.constantFrom(...wellKnown, "linux/riscv64"), { maxLength: 4 });
        const cases = fc.array(
            fc.tuple(fc.uniqueArray(fc.constantFrom(...spellings), { minLength: 1, maxLength: 3 }), lists, lists),
            {
                minLength: 30,
                maxLength: 30,
            },
        );
        fc.assert(
            fc.property(cases, (all) => {
                const lines = all.map(
                    (three) =>
                        `advertised_problem ${three.map((list) => quoted(list.join(",") || "-")).join(" ")}; echo .`,
                );
                const answers = all.map(([platforms, emulated, advertised]) => {
                    const problem = advertisedProblem(
                        { name: "n", endpoint: "", serverName: "", platforms, emulated },
                        advertised,
                    );
                    return problem === undefined ? ".\n" : `${problem}\n.\n`;
                });
                expect(inShell(lines.join("\n"), shell).stdout).toBe(answers.join(""));
            }),
            { numRuns: 10, endOnFailure: true },
        );
    }, 120_000);

    test.each<[string, (text: string) => string, RegExp]>([
        [
            "of a later version",
            (text) => text.replace("builder 1", "builder 2"),
            /line 1: it has version 2, .*copy the scripts of a newer one/,
        ],
        [
            "that is a key",
            // A header without a key.
            () => "-----BEGIN PRIVATE KEY-----\nhush\n",
            /line 1: it must begin with `multiarch-builder 1`/,
        ],
        ["with a word that nobody knows", (text) => `${text}colour blue\n`, /line 11: it begins with a word/],
        ["that is cut off", (text) => text.slice(0, text.indexOf("entry ")), /it is cut off/],
        ["that is cut off in a line", (text) => text.slice(0, -20), /line 10: it is no entry of buildx/],
        ["with two names", (text) => `${text}builder other\n`, /line 11: builder is there twice/],
        [
            "with a name that is a path",
            (text) => text.replace("builder ci", "builder ../ci"),
            /line 2: it must name the builder/,
        ],
        [
            "with an entry that is a path",
            (text) => text.replace("entry ci-amd64", "entry ../x"),
            /it is no entry of buildx/,
        ],
        [
            "with another platform",
            (text) => text.replace("platforms=linux/amd64", "platforms=windows/amd64"),
            /line 6: it names what is no platform/,
        ],
        [
            "with another kind of machine",
            (text) => text.replace("wake=ec2", "wake=gce"),
            /line 6: this version knows only ec2:/,
        ],
        [
            "with a field of another name",
            (text) => text.replace("server=", "host="),
            /line 6: word 4 of a node must be server=/,
        ],
    ])("a record %s is refused", (_, change, reason) => {
        fs.writeFileSync(path.join(base, "record"), change(recordText(sleepy)));
        const { stdout } = inShell(`record_problem ${quoted(path.join(base, "record"))}`, shell);
        expect(stdout).toMatch(reason);
        expect(stdout).not.toContain("hush");
    });
});

function quoted(text: string): string {
    return `'${text.replaceAll("'", "'\\''")}'`;
}

test("the scripts are the files of assets/ci", () => {
    const names = fs.readdirSync(path.join(root, "assets/ci")).sort();
    expect(
        ciScripts()
            .map((file) => path.basename(file.path))
            .sort(),
    ).toEqual(names);
    for (const { path: file, content } of ciScripts()) {
        expect(content).toBe(fs.readFileSync(job.script(path.basename(file)), "utf8"));
    }
});

test("the program installs the pinned buildx, and uses no older one than is tested", () => {
    const text = fs.readFileSync(job.script("builder-setup"), "utf8");
    expect(text).toContain(`buildx_version=${buildxRelease.version}\nbuildx_oldest=${buildxRelease.oldest}\n`);
    for (const [architecture, sha256] of Object.entries(buildxRelease.sha256)) {
        expect(text).toContain(`buildx_sha256_${architecture}=${sha256}\n`);
    }
    expect(text).toContain(`base=\${BUILDX_BASE_URL:-${buildxRelease.baseUrl}}\n`);
    expect(buildxUrl("http://mirror/", "0.1.0", "arm64")).toBe("http://mirror/v0.1.0/buildx-v0.1.0.linux-arm64");
    expect(buildxRelease.oldest).toBe(contractVersions[0]);
});
