import * as fs from "node:fs";
import * as path from "node:path";
import type { Builder, BuilderCredentials } from "../../components/builder";
import { podWorkers } from "../../components/buildx/kubectl";
import { registerBuilder, registerForBuild } from "../../components/buildx/registration";
import { forgetBuilder } from "../../components/buildx/store";
import { explainCallFailure } from "../../components/buildx/workers";
import type { Farm } from "../../dev/local/farm";
import { succeed } from "../support/commands";
import { newestBuildx } from "../support/machine";
import { fromProbe, temporaryFolder, testFarm, writeContext } from "../support/project";
import { Pods } from "./pods";

// Real daemons and a real buildx; in the place of kubectl and a cluster a program that reaches the daemons.
jest.setTimeout(120_000);

const noCredentials: BuilderCredentials = { ca: "", cert: "", key: "" };
const environment = { ...process.env };

let base: string;
let farm: Farm;
let pods: Pods;
let store: string;

beforeAll(async () => {
    base = temporaryFolder("pods");
    farm = await testFarm(base, ["linux/386"]);
    pods = new Pods(base);
    await pods.start(farm, "buildkitd-amd64-0", ["linux/amd64"]);
    writeContext(path.join(base, "ctx"), `${fromProbe}RUN ["/probe", "arch", "/arch"]\n`, ["linux/amd64", "linux/386"]);
});

afterAll(async () => {
    await farm?.stop();
    fs.rmSync(base, { recursive: true, force: true });
});

beforeEach(() => {
    store = fs.mkdtempSync(path.join(base, "store-"));
    Object.assign(process.env, pods.env, { BUILDX_CONFIG: store, DOCKER_HOST: "unix:///nonexistent/docker.sock" });
    pods.calls();
});

afterEach(() => {
    process.env = { ...environment };
});

const parameters = "namespace=builders&context=stand-in&container=buildkitd";

/** One pod, and one node over mutual TLS beside it where it is asked for. What was asked of one builder just now is not asked again. */
function builder(endpoint = `kube-pod://buildkitd-amd64-0?${parameters}`, withNode = false, name = "ci"): Builder {
    const pod = { name: "ci-amd64", platforms: ["linux/amd64"], endpoint, serverName: "amd64.ci" };
    const nodes = farm.nodes.map(({ name: own, ...node }) => ({ ...node, name: `ci-${own}` }));
    return { name, nodes: [pod, ...(withNode ? nodes : [])] };
}

const amd64 = { platforms: ["linux/amd64"], image: "app" };

describe("a pod as a node", () => {
    test("is asked in the very way that buildx reaches it, and builds; no credential is needed or stored", async () => {
        await registerForBuild(builder(), noCredentials, amd64);
        const kubectl = "--context=stand-in --namespace=builders exec --container=buildkitd";
        const asked = `${kubectl} buildkitd-amd64-0 -- buildctl debug workers --format {{json .}}`;
        expect(pods.calls()).toEqual([asked]);
        const before = pods.builds("buildkitd-amd64-0").length;
        await succeed(
            newestBuildx,
            ["build", "--builder", "ci-amd64", "--platform", "linux/amd64", "--output", "type=cacheonly", "ctx"],
            {
                cwd: base,
                env: process.env,
            },
        );
        expect(pods.calls()).toEqual([`${kubectl} -i buildkitd-amd64-0 -- buildctl dial-stdio`]);
        const built = pods.builds("buildkitd-amd64-0").slice(before);
        expect(built).toMatchObject([{ platform: "linux/amd64", error: undefined }]);
        expect(fs.readdirSync(path.join(store, "multiarch-builder"))).toEqual([]);
        expect(await forgetBuilder(store, builder())).toEqual(["ci", "ci-amd64"]);
    });

    test("stands beside a node with mutual TLS in one builder and one build", async () => {
        await registerForBuild(builder(undefined, true), farm.credentials, { platforms: ["linux/amd64", "linux/386"] });
        const platforms = ["--platform", "linux/amd64,linux/386"];
        await succeed(newestBuildx, ["build", "--builder", "ci", ...platforms, "--output", "type=cacheonly", "ctx"], {
            cwd: base,
            env: process.env,
        });
        expect(pods.builds("buildkitd-amd64-0").at(-1)).toMatchObject({ platform: "linux/amd64", error: undefined });
    });

    test("is not asked when another node is needed, which needs its credentials then", async () => {
        const demand = { platforms: ["linux/386"] };
        await registerForBuild(builder(undefined, true), farm.credentials, demand);
        expect(pods.calls()).toEqual([]);
        await expect(registerForBuild(builder(undefined, true), noCredentials, demand)).rejects.toThrow(
            "`credentials` needs ca, cert and key",
        );
    });

    test("is registered without being asked", async () => {
        expect(await registerBuilder(builder(), noCredentials, store)).toEqual(["ci", "ci-amd64"]);
        expect(pods.calls()).toEqual([]);
    });

    test("a node that the user registered by hand is left alone", async () => {
        const create = ["create", "--name", "ci", "--driver", "remote", "--platform", "linux/amd64"];
        await succeed(newestBuildx, [...create, builder().nodes[0]!.endpoint], { env: process.env });
        await expect(registerForBuild(builder(), noCredentials, amd64)).rejects.toThrow("so it is left alone");
    });
});

describe("a pod that cannot be used is one error before a build", () => {
    async function refusal(record: Builder, seconds = "1"): Promise<string> {
        process.env.MULTIARCH_BUILDER_READY_SECONDS = seconds;
        const error = await registerForBuild(record, farm.credentials, {
            platforms: record.nodes.flatMap((node) => node.platforms),
        }).catch((reason: Error) => reason);
        expect(error).toBeInstanceOf(Error);
        expect(fs.readdirSync(store)).toEqual([]);
        return (error as Error).message;
    }

    test("kubectl is missing: at once, with the nodes that are ready", async () => {
        process.env.PATH = "/nonexistent";
        const started = Date.now();
        expect(await refusal(builder(undefined, true, "missing"), "60")).toBe(
            'builder "missing" is not ready: 1 of 2 nodes asked cannot be used; nothing was built on them and no tag has moved.' +
                `\n  - ci-amd64 (kube-pod://buildkitd-amd64-0?${parameters}, linux/amd64): it is reached by \`kubectl exec\`, and ` +
                "kubectl cannot be started (it is not on this machine's PATH): install it, https://kubernetes.io/docs/tasks/tools/" +
                `\n  - ci-386 (${farm.nodes[0]!.endpoint}, server name ${farm.nodes[0]!.serverName}, linux/386): ready`,
        );
        expect(Date.now() - started).toBeLessThan(30_000);
    });

    test("it advertises what its CPU cannot run: the rule of native or refused", async () => {
        const record = builder(undefined, false, "foreign");
        record.nodes[0]!.platforms = ["linux/arm64"];
        expect(await refusal(record, "60")).toMatch(
            /it advertises linux\/amd64, .*which a CPU that runs linux\/arm64 natively cannot run/,
        );
    });

    test("it hangs: the deadline holds", async () => {
        fs.writeFileSync(path.join(pods.add("hanging"), "hangs"), "");
        expect(await refusal(builder("kube-pod://hanging?namespace=builders"))).toMatch(
            /`kubectl exec` did not answer within 1 s/,
        );
    });

    test("a pod that comes in time is waited for", async () => {
        process.env.MULTIARCH_BUILDER_READY_SECONDS = "60";
        const endpoint = "kube-pod://buildkitd-late?namespace=builders";
        const registered = registerForBuild(builder(endpoint), noCredentials, amd64);
        const asked = () => pods.calls().length > 0;
        while (!asked()) {
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
        await pods.start(farm, "buildkitd-late", ["linux/amd64"]);
        await registered;
    });
});

describe("what kubectl says is explained", () => {
    // Word by word from kubectl 1.32, and from runc through the kubelet.
    test.each<[string, string, boolean]>([
        [
            'Error from server (Forbidden): pods "p" is forbidden: User "ci" cannot create resource "pods/exec" in API group "" in the namespace "b"',
            "the cluster denies `kubectl exec`: this identity needs `get` on pods and `create` on pods/exec there",
            true,
        ],
        [
            "error: You must be logged in to the server (Unauthorized)",
            "the cluster does not accept who this machine is",
            true,
        ],
        [
            "Unable to connect to the server: getting credentials: exec: executable aws not found\n\nIt looks like you are trying to use a client-go credential plugin that is not installed.\n\nTo learn more about this feature, consult the documentation",
            "the cluster does not accept who this machine is: log in, or check the kubeconfig (Unable to connect to the server: getting credentials: exec: executable aws not found)",
            true,
        ],
        [
            'E1121 15:41:09.600550   23297 memcache.go:265] "Unhandled Error" err="…"\nThe connection to the server localhost:8080 was refused - did you specify the right host or port?',
            "kubectl knows no such cluster here: set KUBECONFIG, or log in to the cluster, for example with `aws eks update-kubeconfig` (The connection to the server localhost:8080 was refused",
            true,
        ],
        [
            "Error from server (BadRequest): container x is not valid for pod p",
            "the pod has no such container: check the endpoint's `container`",
            true,
        ],
        [
            'error: Internal error occurred: error executing command in container: failed to exec in container: OCI runtime exec failed: exec failed: unable to start container process: exec: "buildctl": executable file not found in $PATH: unknown',
            "there is no buildctl in the container: its image must be BuildKit's",
            true,
        ],
        ['Error from server (NotFound): pods "p" not found', "there is no such pod", false],
        [
            "Error from server (BadRequest): pod p does not have a host assigned",
            "the pod waits for a node of the cluster",
            false,
        ],
        [
            'Error from server (InternalError): unable to upgrade connection: container not found ("buildkitd")',
            "the container does not run (yet)",
            false,
        ],
        [
            "error: cannot exec into a container in a completed pod; current phase is Succeeded",
            "the container does not run (yet)",
            false,
        ],
        [
            "error: failed to list workers: connection error: dial unix /run/buildkit/buildkitd.sock: connect: no such file or directory\ncommand terminated with exit code 1",
            "error: failed to list workers: connection error: dial unix",
            false,
        ],
    ])("%s", async (said, text, permanent) => {
        pods.add("p", { namespace: "words", fails: said });
        const error: unknown = await podWorkers("kube-pod://p?namespace=words", 20_000).catch(
            (reason: unknown) => reason,
        );
        const explained = explainCallFailure(error);
        expect(explained.text.startsWith(text)).toBe(true);
        expect(explained.permanent).toBe(permanent);
        expect(explained.text).toContain(
            said
                .split("\n")
                .find((line) => /^(error|unable|the conn)/i.test(line))!
                .slice(0, 100),
        );
        fs.rmSync(path.join(pods.add("p", { namespace: "words" }), "fails"));
    });

    test("another cluster's context is not the current one in silence", async () => {
        const error: unknown = await podWorkers("kube-pod://p?context=other", 20_000).catch(
            (reason: unknown) => reason,
        );
        expect(explainCallFailure(error)).toMatchObject({
            permanent: true,
            text: expect.stringMatching(
                /^kubectl knows no such cluster here.*context "other" does not exist\)$/,
            ) as string,
        });
    });

    test("an answer that is none", async () => {
        pods.add("odd", { address: "unix:///nonexistent" });
        process.env.STAND_IN_TOOLS = path.join(base, "odd");
        fs.mkdirSync(process.env.STAND_IN_TOOLS, { recursive: true });
        fs.writeFileSync(path.join(process.env.STAND_IN_TOOLS, "buildctl"), "#!/bin/sh\necho hello\n", { mode: 0o755 });
        const odd = podWorkers("kube-pod://odd?namespace=builders", 20_000);
        await expect(odd).rejects.toThrow("`buildctl debug workers` in the pod answered hello");
    });
});
