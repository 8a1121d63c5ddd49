import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { Builder, BuilderCredentials } from "../../components/builder";
import { type Entry, platformEntry, standingEntries } from "../../components/buildx/entries";
import { renderInstance } from "../../components/buildx/instance";
import {
    forgetBuilder,
    makeDefault,
    removeStaleEntries,
    removeStaleImageEntries,
    storeDir,
    writeEntries,
} from "../../components/buildx/store";

const recordings = path.join(__dirname, "../fixtures/contract/0.37.0");
const first: BuilderCredentials = { ca: "ca 1", cert: "cert 1", key: "key 1" };
const second: BuilderCredentials = { ca: "ca 1", cert: "cert 2", key: "key 2" };

function record(name: string, architectures = ["amd64", "arm64"]): Builder {
    return {
        name,
        nodes: architectures.map((architecture) => ({
            name: `${name}-${architecture}`,
            platforms: [`linux/${architecture}`],
            endpoint: `tcp://${name}-${architecture}:1234`,
            serverName: `${architecture}.${name}`,
        })),
    };
}

let dir: string;

beforeEach(() => {
    dir = path.join(mkdtempSync(path.join(os.tmpdir(), "store-")), "buildx");
});

afterEach(() => {
    rmSync(path.dirname(dir), { recursive: true, force: true });
});

const write = (builder: Builder, credentials = first) => writeEntries(dir, standingEntries(builder), credentials);
const instances = () => (readdirSync(dir).includes("instances") ? readdirSync(path.join(dir, "instances")).sort() : []);
const folders = () => readdirSync(path.join(dir, "multiarch-builder")).sort();
const instance = (name: string) => readFileSync(path.join(dir, "instances", name), "utf8");
const mode = (...parts: string[]) => statSync(path.join(dir, ...parts)).mode & 0o777;

function foreign(name: string, text: string): string {
    mkdirSync(path.join(dir, "instances"), { recursive: true });
    writeFileSync(path.join(dir, "instances", name), text);
    return text;
}

/** The folder of an entry's credentials, which must hold these. */
function credentialsOf(name: string): BuilderCredentials {
    const { Nodes } = JSON.parse(instance(name)) as { Nodes: { DriverOpts: Record<string, string> }[] };
    const [ca = "", cert = "", key = ""] = ["cacert", "cert", "key"].map((part) => Nodes[0]?.DriverOpts[part]);
    const [caText = "", certText = "", keyText = ""] = [ca, cert, key].map((file) => readFileSync(file, "utf8"));
    return { ca: caText, cert: certText, key: keyText };
}

test.each<[NodeJS.ProcessEnv, string]>([
    [{ BUILDX_CONFIG: "/b", DOCKER_CONFIG: "/d" }, "/b"],
    [{ DOCKER_CONFIG: "/d" }, "/d/buildx"],
    [{ BUILDX_CONFIG: "", DOCKER_CONFIG: "" }, path.join(os.homedir(), ".docker/buildx")],
    [{ BUILDX_CONFIG: "b" }, path.join(process.cwd(), "b")],
])("the store with %j is %s", (env, expected) => {
    expect(storeDir(env)).toBe(expected);
});

describe("registering", () => {
    test("writes every entry, and one folder of credentials that all refer to", async () => {
        await write(record("ci"));
        expect(instances()).toEqual(["ci", "ci-amd64", "ci-arm64"]);
        expect(folders()).toHaveLength(1);
        expect(folders()[0]).toMatch(/^[0-9a-f]{16}$/);
        const folder = path.join(dir, "multiarch-builder", folders()[0]!);
        for (const entry of standingEntries(record("ci"))) {
            expect(instance(entry.name)).toBe(renderInstance(entry, folder));
            expect(credentialsOf(entry.name)).toEqual(first);
        }
        expect(readdirSync(folder).sort()).toEqual(["ca.pem", "cert.pem", "key.pem"]);
    });

    test("files are 0600 and folders 0700, whatever the umask and whatever was there", async () => {
        mkdirSync(path.join(dir, "multiarch-builder"), { recursive: true, mode: 0o755 });
        const umask = process.umask(0);
        try {
            await write(record("ci"));
        } finally {
            process.umask(umask);
        }
        const [folder = ""] = folders();
        expect(mode("multiarch-builder")).toBe(0o700);
        expect(mode("multiarch-builder", folder)).toBe(0o700);
        expect(mode("instances")).toBe(0o700);
        expect(mode("instances", "ci")).toBe(0o600);
        for (const part of ["ca.pem", "cert.pem", "key.pem"]) {
            expect(mode("multiarch-builder", folder, part)).toBe(0o600);
        }
    });

    test("a second time changes no file", async () => {
        await write(record("ci"));
        const before = statSync(path.join(dir, "instances", "ci"));
        await write(record("ci"));
        expect(statSync(path.join(dir, "instances", "ci")).ino).toBe(before.ino);
    });

    test("with new credentials removes the old ones", async () => {
        await write(record("ci"), first);
        const old = folders();
        await write(record("ci"), second);
        expect(folders()).toHaveLength(1);
        expect(folders()).not.toEqual(old);
        expect(credentialsOf("ci-arm64")).toEqual(second);
    });

    test("keeps old credentials that another entry refers to", async () => {
        await write(record("ci"), first);
        const [main, ...rest] = standingEntries(record("ci")) as [Entry, ...Entry[]];
        await writeEntries(dir, [main], second);
        expect(folders()).toHaveLength(2);
        expect(credentialsOf("ci")).toEqual(second);
        expect(credentialsOf("ci-amd64")).toEqual(first);
        await writeEntries(dir, rest, second);
        expect(folders()).toHaveLength(1);
        expect(credentialsOf("ci-amd64")).toEqual(second);
    });

    test("mends credentials that were damaged", async () => {
        await write(record("ci"));
        const file = path.join(dir, "multiarch-builder", folders()[0]!, "key.pem");
        rmSync(file);
        await write(record("ci"));
        expect(credentialsOf("ci")).toEqual(first);
        expect(mode("multiarch-builder", folders()[0]!, "key.pem")).toBe(0o600);
    });

    test("at once, with credentials that change all the time, leaves a whole store", async () => {
        const all = Array.from({ length: 30 }, (_, i) => write(record("ci"), i % 2 ? first : second));
        await Promise.all(all);
        const used = instances().map((name) => JSON.stringify(credentialsOf(name)));
        expect(instances()).toEqual(["ci", "ci-amd64", "ci-arm64"]);
        for (const credentials of used) {
            expect([JSON.stringify(first), JSON.stringify(second)]).toContain(credentials);
        }
        expect(folders()).toHaveLength(new Set(used).size);
    });
});

describe("a builder of the user's", () => {
    test.each([
        ["with certificates elsewhere", readFileSync(path.join(recordings, "instances/ci"), "utf8")],
        ["of another driver", '{"Name":"ci","Driver":"docker-container","Nodes":[{"Name":"ci0","DriverOpts":null}]}'],
        ["without nodes", '{"Name":"ci","Driver":"remote","Nodes":null,"Dynamic":false}'],
        ["that is no JSON", "{"],
        ["that is empty", ""],
    ])("%s is an error, and nothing is written or removed", async (_, text) => {
        foreign("ci-arm64", text);
        await expect(write(record("ci"))).rejects.toThrow(
            `the buildx builder "ci-arm64" in ${dir} was not registered by multiarch-builder, so it is left alone. ` +
                "Remove it (docker buildx rm ci-arm64) or give this builder another name",
        );
        expect(instances()).toEqual(["ci-arm64"]);
        expect(readdirSync(dir)).toEqual(["instances"]);
        expect(await forgetBuilder(dir, record("ci"))).toEqual([]);
        expect(instance("ci-arm64")).toBe(text);
    });
});

describe("forgetting", () => {
    test("removes all entries of the builder and its credentials, and nothing else", async () => {
        await write(record("ci"), first);
        await write(record("ci-two"), first);
        const text = foreign("ci-mine", readFileSync(path.join(recordings, "instances/ci"), "utf8"));
        const replica: Entry = { name: "ci-arm64-api", nodes: [record("ci").nodes[1]!] };
        await writeEntries(dir, [replica], first);

        expect((await forgetBuilder(dir, record("ci"))).sort()).toEqual(["ci", "ci-amd64", "ci-arm64", "ci-arm64-api"]);
        expect(instances()).toEqual(["ci-mine", "ci-two", "ci-two-amd64", "ci-two-arm64"]);
        expect(instance("ci-mine")).toBe(text);
        expect(credentialsOf("ci-two")).toEqual(first);

        await forgetBuilder(dir, record("ci-two"));
        expect(instances()).toEqual(["ci-mine"]);
        expect(folders()).toEqual([]);
    });

    test("removes what was registered from an older record too", async () => {
        await write(record("ci", ["amd64", "arm64", "386"]));
        expect((await forgetBuilder(dir, record("ci", ["s390x"]))).sort()).toEqual([
            "ci",
            "ci-386",
            "ci-amd64",
            "ci-arm64",
        ]);
        expect(folders()).toEqual([]);
    });

    test("removes buildx's note of the last use", async () => {
        await write(record("ci"));
        mkdirSync(path.join(dir, "activity"));
        writeFileSync(path.join(dir, "activity", "ci"), "now");
        await forgetBuilder(dir, record("ci"));
        expect(readdirSync(path.join(dir, "activity"))).toEqual([]);
    });

    test("of what is not there, in a store that is not there, removes nothing", async () => {
        expect(await forgetBuilder(dir, record("ci"))).toEqual([]);
    });
});

test("entries of platforms that the builder no longer has are removed, images' and others' stay", async () => {
    await write(record("ci", ["amd64", "arm64"]));
    await write(record("ci-two"));
    await writeEntries(dir, [{ name: "ci-arm64-api", nodes: [record("ci").nodes[1]!] }], first);
    const current = standingEntries(record("ci", ["amd64"]));
    await removeStaleEntries(dir, "ci", current);
    expect(instances()).toEqual(["ci", "ci-amd64", "ci-arm64-api", "ci-two", "ci-two-amd64", "ci-two-arm64"]);
});

describe("entries of images on replicas", () => {
    const arm64 = record("ci", ["arm64"]).nodes[0]!;
    /** Replicas of one platform, named as they are unless they are given a name. */
    const replicas = (count: number): Builder => ({
        name: "ci",
        nodes: Array.from({ length: count }, (_, replica) => ({
            ...arm64,
            ...(replica > 0 ? { name: `ci-arm64-${replica}`, replica } : {}),
            endpoint: `tcp://${replica}:1`,
        })),
    });
    const writeImages = (builder: Builder, credentials: BuilderCredentials, ...images: string[]) =>
        writeEntries(
            dir,
            images.map((image) => platformEntry(builder, "linux/arm64", image)!),
            credentials,
        );
    const nodeOf = (image: string, count: number) =>
        platformEntry(replicas(count), "linux/arm64", image)!.nodes[0]!.name;
    // Which of three replicas builds them.
    const on = (count: number, node: string) =>
        Array.from({ length: 50 }, (_, i) => `image-${i}`).find((image) => nodeOf(image, count) === node)!;
    const first0 = on(3, "ci-arm64");
    const third = on(3, "ci-arm64-2");

    test("go with their replica; what is still one stays, moved or not", async () => {
        await writeImages(replicas(3), first, first0, third);
        await removeStaleImageEntries(dir, replicas(4), first);
        expect(instances()).toEqual([`ci-arm64-${first0}`, `ci-arm64-${third}`].sort());
        await removeStaleImageEntries(dir, replicas(2), first);
        expect(instances()).toEqual([`ci-arm64-${first0}`]);
    });

    test("go when one replica is left, and when the platform does", async () => {
        for (const left of [replicas(1), record("ci", ["amd64"])]) {
            await writeImages(replicas(3), first, first0, third);
            await removeStaleImageEntries(dir, left, first);
            expect(instances()).toEqual([]);
            expect(folders()).toEqual([]);
        }
    });

    test("go with old credentials, which would stay on the disk for them", async () => {
        await writeImages(replicas(2), first, "api", "web");
        await writeImages(replicas(2), second, "web");
        await removeStaleImageEntries(dir, replicas(2), second);
        expect(instances()).toEqual(["ci-arm64-web"]);
        expect(credentialsOf("ci-arm64-web")).toEqual(second);
        expect(folders()).toHaveLength(1);
    });

    test("are forgotten with the builder, also those on replicas that are gone", async () => {
        await writeImages(replicas(3), first, first0, third, "Shop/api");
        expect(await forgetBuilder(dir, replicas(1))).toHaveLength(3);
        expect(folders()).toEqual([]);
    });

    test("of the user's, of other builders, and whole builders that are named alike, stay", async () => {
        const mine = foreign("ci-arm64-mine", readFileSync(path.join(recordings, "instances/ci-386"), "utf8"));
        await write(record("ci-arm64-team"));
        await write(record("ci-arm64-solo", ["arm64"]));
        const before = instances();
        await removeStaleImageEntries(dir, replicas(1), second);
        await forgetBuilder(dir, replicas(3));
        expect(instances()).toEqual(before);
        expect(instance("ci-arm64-mine")).toBe(mine);
    });
});

describe("pods, which are reached without credentials", () => {
    const pods: Builder = {
        ...record("ci"),
        nodes: record("ci").nodes.map((node) => ({
            ...node,
            endpoint: `kube-pod://${node.name}-0?namespace=builders&context=a@b`,
        })),
    };
    const mixed: Builder = { ...pods, nodes: [pods.nodes[0]!, record("ci").nodes[1]!] };

    test("no credentials are stored for them, and they are ours", async () => {
        await write(pods, first);
        expect(folders()).toEqual([]);
        expect(instance("ci-amd64")).toContain(
            '"Endpoint":"kube-pod://ci-amd64-0?namespace=builders\\u0026context=a@b"',
        );
        await write({ ...pods, nodes: [pods.nodes[0]!] }, second);
        expect(await forgetBuilder(dir, pods)).toEqual(["ci", "ci-amd64", "ci-arm64"]);
    });

    test("beside a node with TLS each has its own", async () => {
        await write(mixed, first);
        expect(folders()).toHaveLength(1);
        expect(instance("ci-amd64")).not.toContain("pem");
        expect(credentialsOf("ci-arm64")).toEqual(first);
        await write(mixed, second);
        expect(folders()).toHaveLength(1);
        await write(pods, second);
        expect(folders()).toEqual([]);
    });

    test("that the user registered are left alone", async () => {
        const { Nodes, ...rest } = JSON.parse(renderInstance(standingEntries(pods)[1]!, "/")) as { Nodes: object[] };
        const text = foreign("ci-amd64", JSON.stringify({ ...rest, Nodes: [{ ...Nodes[0], DriverOpts: null }] }));
        await expect(write(pods)).rejects.toThrow('the buildx builder "ci-amd64"');
        expect(await forgetBuilder(dir, pods)).toEqual([]);
        expect(instance("ci-amd64")).toBe(text);
    });
});

describe("the default builder", () => {
    const current = () => readFileSync(path.join(dir, "current"), "utf8");

    test("is written as buildx does, with the context that was there", async () => {
        mkdirSync(dir, { recursive: true });
        const recorded = readFileSync(path.join(recordings, "current"), "utf8");
        writeFileSync(path.join(dir, "current"), recorded.replace('"ci"', '"other"'));
        await makeDefault(dir, "ci");
        expect(current()).toBe(recorded);
    });

    test.each([
        ["nothing", undefined],
        ["no JSON", "{"],
        ["null", "null"],
    ])("is written over %s", async (_, before) => {
        mkdirSync(dir, { recursive: true });
        if (before !== undefined) {
            writeFileSync(path.join(dir, "current"), before);
        }
        await makeDefault(dir, "ci");
        expect(current()).toBe('{"Key":"","Name":"ci","Global":true}');
        expect(mode("current")).toBe(0o600);
    });
});
