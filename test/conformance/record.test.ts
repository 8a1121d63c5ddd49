import * as fs from "node:fs";
import * as path from "node:path";
import { stringify } from "yaml";
import type { Builder, BuilderNode } from "../../components/builder";
import { builderEntry, platformEntry, standingEntries } from "../../components/buildx/entries";
import { isPodEndpoint } from "../../components/buildx/kubePod";
import { recordProblems } from "../../components/buildx/record";
import { replicaFor, replicaOf } from "../../components/buildx/replicas";
import { type Farm, startFarm } from "../../dev/local/farm";
import { createSealer } from "../../dev/rehearsal/passphrase";
import { type RehearseResult, rehearse } from "../../dev/rehearsal/run";
import { nodeView } from "../support/nodes";
import { RegistryView, temporaryFolder } from "../support/project";
import { AwsStandIn } from "../wake/support/awsStandIn";
import { isolateAws } from "../wake/support/environment";
import { Sessions } from "../wake/support/sessions";
import { type Backend, backends } from "./backends";
import { Pods } from "./pods";

// Records as the components make them under mocks. The nodes are real ones of this machine; AWS, Session Manager and kubectl are
// stand-ins that lead to them.
jest.setTimeout(300_000);

const parameterBytes = 4096;
const platforms = ["linux/amd64", "linux/arm64"];
const scaling = backends.filter(({ most }) => most !== 1);
const sizeOf = (record: Builder) => Buffer.byteLength(JSON.stringify(record));

describe.each(backends)("the record of $backend", ({ record }) => {
    let builder: Builder;

    beforeAll(async () => {
        builder = await record(1);
    });

    test("is valid, and the same after a way through JSON", () => {
        expect(recordProblems(builder, "builder")).toEqual([]);
        expect(JSON.parse(JSON.stringify(builder))).toEqual(builder);
    });

    test("has the fields of the contract and no other", () => {
        const { nodes, credentialsParameters, ...rest } = builder;
        expect(rest).toEqual({ name: "ci", imageRepositoryUrl: "r.test/app", cacheRepositoryUrl: "r.test/cache" });
        expect(Object.keys(credentialsParameters ?? {})).toEqual(
            credentialsParameters ? ["region", "ca", "cert", "key"] : [],
        );
        const must = ["name", "platforms", "endpoint", "serverName"];
        const may = ["emulated", "replica", "wake", "access"];
        for (const node of nodes) {
            expect(Object.keys(node)).toEqual(expect.arrayContaining(must));
            expect([...must, ...may]).toEqual(expect.arrayContaining(Object.keys(node)));
            for (const reach of [node.wake, node.access].filter((each) => each !== undefined)) {
                expect(Object.keys(reach).filter((key) => !["profile", "roleArn"].includes(key))).toEqual([
                    "kind",
                    "region",
                    "instanceId",
                ]);
            }
        }
    });

    test("has a native node for each platform, and the names that every backend gives", () => {
        expect(builder.nodes.map(({ name, platforms: own }) => [name, own])).toEqual([
            ["ci-amd64", ["linux/amd64"]],
            ["ci-arm64", ["linux/arm64"]],
        ]);
        expect(standingEntries(builder).map((entry) => entry.name)).toEqual(["ci", "ci-amd64", "ci-arm64"]);
    });

    test("holds no secret and fits into a parameter", () => {
        expect(JSON.stringify(builder)).not.toMatch(/BEGIN|CLIENT-|SERVER-|KEY-|CERT-/);
        expect(sizeOf(builder)).toBeLessThanOrEqual(parameterBytes);
    });
});

describe("replicas", () => {
    test.each(scaling)(
        "of $backend: numbered from 0, with the choice that every backend leads to",
        async ({ record }) => {
            const builder = await record(3);
            expect(recordProblems(builder, "builder")).toEqual([]);
            for (const platform of platforms) {
                const own = builder.nodes.filter((node) => node.platforms.includes(platform));
                expect(own.map(replicaOf)).toEqual([0, 1, 2]);
                expect(new Set(own.map((node) => node.endpoint)).size).toBe(3);
            }
            expect(builderEntry(builder).nodes.map(replicaOf)).toEqual([0, 0]);
            const bare = [0, 1, 2].map((replica) => ({ replica }) as BuilderNode);
            for (const image of ["app", "api", "web"]) {
                const chosen = platforms.map((platform) =>
                    platformEntry(builder, platform, image)!.nodes.map(replicaOf),
                );
                expect(chosen).toEqual(platforms.map((platform) => [replicaOf(replicaFor(image, platform, bare))]));
            }
        },
    );

    test("so many of both architectures fit into a parameter, for a builder and addresses with short names", async () => {
        const fitting = [];
        for (const { backend, record } of scaling) {
            const [two, three] = [sizeOf(await record(2)), sizeOf(await record(3))];
            fitting.push(`${backend}: ${2 + Math.floor((parameterBytes - two) / (three - two))}`);
        }
        expect(fitting).toMatchInlineSnapshot(`
            [
              "endpoints: 12",
              "endpoints, pods: 11",
              "eks, cluster: 11",
              "eks, internal-nlb: 10",
              "eks, kube-pod: 11",
            ]
        `);
    });
});

describe("on real nodes", () => {
    // Without a step that runs anything.
    const dockerfile = "FROM scratch\nCOPY VERSION /\nCOPY Dockerfile /\n";
    const steps = 2;
    const names = ["amd64-0", "amd64-1", "arm64-0", "arm64-1"];

    let base: string;
    let farm: Farm;
    let registry: RegistryView;
    let pods: Pods;
    let aws: AwsStandIn;
    let sessions: Sessions;
    let restore: () => void;

    beforeAll(async () => {
        base = temporaryFolder("conformance");
        const nodes = names.map((name) => ({ name, platforms: [`linux/${name.split("-")[0]!}`] }));
        farm = await startFarm({ dir: path.join(base, "farm"), nodes });
        registry = new RegistryView(farm);
        pods = new Pods(base);
        for (const name of ["amd64-0", "arm64-0"]) {
            const address = await pods.start(farm, name, [`linux/${name.split("-")[0]!}`]);
            pods.add(`buildkitd-${name}`, { address });
            pods.add(`ci-${name}`, { namespace: "buildkit-ci", address });
        }
        fs.mkdirSync(path.join(base, "ctx"));
        fs.writeFileSync(path.join(base, "ctx/Dockerfile"), dockerfile);
        fs.writeFileSync(path.join(base, "ctx/VERSION"), "1");
    });

    afterAll(async () => {
        await farm?.stop();
        fs.rmSync(base, { recursive: true, force: true });
    });

    beforeEach(async () => {
        aws = await AwsStandIn.start();
        const dir = fs.mkdtempSync(path.join(base, "case-"));
        restore = isolateAws(aws.url, dir);
        Object.assign(process.env, pods.env);
        sessions = new Sessions(dir);
        names.forEach((name) => nodeView(farm, name).wipe());
        ["amd64-0", "arm64-0"].forEach((pod) => pods.wipe(pod));
        pods.calls();
    });

    afterEach(async () => {
        restore();
        await aws.stop();
    });

    const keyOf = ({ platforms: [platform], replica }: BuilderNode) => `${platform!.split("/")[1]!}-${replica ?? 0}`;

    /** The record with this machine's nodes in the place of its own. What is reached by a stand-in keeps its address. */
    function local(record: Builder): Builder {
        const nodes = record.nodes.map((node): BuilderNode => {
            const own = farm.nodes.find(({ name }) => name === keyOf(node))!;
            const port = Number(new URL(own.endpoint).port);
            if (node.wake) {
                aws.add({ id: node.wake.instanceId, state: "stopped" });
            }
            if (node.access) {
                ports[node.access.instanceId] = port;
            }
            const stays = isPodEndpoint(node.endpoint) || node.access;
            // One of the two architectures is not this machine's.
            const marked = own.emulated.length > 0 ? { emulated: own.emulated } : {};
            return { ...node, ...marked, endpoint: stays ? node.endpoint : own.endpoint, serverName: own.serverName };
        });
        aws.onStart = (instance) => void Object.assign(instance, { state: "running", launched: new Date() });
        sessions.lead(aws, ports);
        return { ...record, nodes };
    }
    const ports: Record<string, number> = {};

    /** Runs the program of a team that has nothing but the record and the credentials. */
    async function up(builder: Builder, machine: string, state: string): Promise<RehearseResult> {
        const sealer = await createSealer("correct horse");
        const { address, username, password } = farm.registry;
        const given = {
            builder,
            credentials: { ...farm.credentials, key: { secure: sealer.seal(farm.credentials.key) } },
            registry: address,
            username,
            password: { secure: sealer.seal(password) },
            context: path.join(base, "ctx"),
        };
        const configFile = path.join(base, "Pulumi.team.yaml");
        const config = { encryptionsalt: sealer.encryptionSalt, config: { "record-user:given": given } };
        fs.writeFileSync(configFile, stringify(config), { mode: 0o600 });
        const result = await rehearse({
            command: "up",
            projectDir: path.join(__dirname, "program"),
            stack: "team",
            configFile,
            stateFile: path.join(base, `${state}.json`),
            env: { DOCKER_CONFIG: path.join(base, machine), PULUMI_CONFIG_PASSPHRASE: "correct horse" },
        });
        expect(result.errors).toEqual([]);
        return result;
    }

    /** What each node of a record has built while something was done. */
    async function builds(builder: Builder, run: () => Promise<unknown>): Promise<Record<string, number[]>> {
        const look = () =>
            builder.nodes.map((node) => {
                const own = isPodEndpoint(node.endpoint)
                    ? pods.builds(keyOf(node))
                    : nodeView(farm, keyOf(node)).builds();
                expect(own.filter(({ error }) => error)).toEqual([]);
                return [node.name, own.map(({ cachedSteps }) => cachedSteps)] as const;
            });
        const before = look();
        await run();
        const since = look().map(([name, own], i) => [name, own.slice(before[i]![1].length)] as const);
        return Object.fromEntries(since.filter(([, own]) => own.length > 0));
    }

    // The others differ from these in addresses, which are this machine's here.
    const distinct = backends.filter(({ backend }) => !["endpoints, pods", "eks, internal-nlb"].includes(backend));
    const entries = (machine: string) => fs.readdirSync(path.join(base, machine, "buildx/instances")).sort();

    test.each(backends)(
        "$backend: registered, woken, built and cached in the same way",
        async ({ backend, record }) => {
            const builder = local(await record(1));
            const [first, second, state] = ["first", "second", "state"].map((what) => `${what} ${backend}`) as [
                string,
                string,
                string,
            ];
            let result: RehearseResult | undefined;

            // An image on each platform's node, whichever machine has to be started for it.
            const built = await builds(builder, async () => (result = await up(builder, first, state)));
            expect(Object.keys(built)).toEqual(["ci-amd64", "ci-arm64"]);
            expect(await registry.platforms("app", "1")).toEqual({ "linux/amd64": "amd64", "linux/arm64": "arm64" });
            expect(result!.outputs).toMatchObject({
                ref: `${farm.registry.address}/app:1@${await registry.tagDigest("app", "1")}`,
                images: { "linux/amd64": { node: "ci-amd64" }, "linux/arm64": { node: "ci-arm64" } },
                cacheRefs: {
                    "linux/amd64": `${farm.registry.address}/cache:app-main-linux-amd64`,
                    "linux/arm64": `${farm.registry.address}/cache:app-main-linux-arm64`,
                },
            });
            expect(entries(first)).toEqual(["ci", "ci-amd64", "ci-arm64"]);
            const started = aws.calls.filter(({ action }) => action === "StartInstances");
            expect(started.map(({ input }) => input["InstanceId.1"]).sort()).toEqual(
                builder.nodes.flatMap(({ wake }) => (wake ? [wake.instanceId] : [])).sort(),
            );
            expect(pods.calls().length > 0).toBe(builder.nodes.some(({ endpoint }) => isPodEndpoint(endpoint)));

            // Nothing has changed: nothing is registered, woken, asked or built, on another machine either.
            aws.calls.length = 0;
            const again = await builds(builder, async () => (result = await up(builder, second, state)));
            expect(again).toEqual({});
            expect([...new Set(result!.resources.map(({ op }) => op))]).toEqual(["same"]);
            expect(aws.calls).toEqual([]);
            expect(pods.calls()).toEqual([]);
            expect(fs.existsSync(path.join(base, second, "buildx"))).toBe(false);

            // A stack and a machine that know nothing, and nodes without a cache: every step comes from the registry's.
            names.forEach((name) => nodeView(farm, name).wipe());
            ["amd64-0", "arm64-0"].forEach((pod) => pods.wipe(pod));
            const anew = await builds(builder, () => up(builder, second, `other ${state}`));
            expect(anew).toEqual({ "ci-amd64": [steps], "ci-arm64": [steps] });
        },
    );

    test.each(distinct.filter(({ backend, most }) => most !== 1 && !/pod/.test(backend)))(
        "$backend with two replicas: each platform's image on the one that its name chooses",
        async ({ backend, record }: Backend) => {
            const builder = local(await record(2));
            const chosen = platforms.map((platform) => platformEntry(builder, platform, "app")!.nodes[0]!.name);
            const machine = `machine two ${backend}`;
            expect(Object.keys(await builds(builder, () => up(builder, machine, `two ${backend}`)))).toEqual(chosen);
            expect(entries(machine)).toEqual(["ci", "ci-amd64-app", "ci-arm64-app"]);
        },
    );
});
