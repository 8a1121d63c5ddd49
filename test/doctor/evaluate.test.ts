import * as fc from "fast-check";
import { type Group, evaluate, groups, isReady } from "../../dev/doctor/evaluate";
import type { Facts } from "../../dev/doctor/facts";
import { render } from "../../dev/doctor/render";
import { isAtLeast } from "../../dev/doctor/versions";
import { columnsOf } from "../../dev/progress/text";

/** A machine that has everything. */
const everything: Facts = {
    platform: "linux",
    system: "Debian GNU/Linux 12 (bookworm)",
    packages: "apt",
    root: true,
    node: "20.20.2",
    missingModules: [],
    go: { path: "/usr/local/go/bin/go", version: "1.26.8" },
    goWanted: "1.26.8",
    runc: { path: "/usr/sbin/runc", version: "1.1.5" },
    missingTools: [],
    freeGiB: 40,
    memoryGiB: 16,
    kernel: "Linux 6.1.0",
    overlay: true,
    cgroup: "v2",
    project: { path: "/srv/multiarch-builder/.local" },
    store: { path: "/root/.docker/buildx" },
    freePort: 20_001,
    docker: { path: "/usr/bin/docker", version: "28.2.2" },
    engine: { context: "default", version: "28.2.2", os: "linux", architecture: "amd64", rootless: false },
    buildx: { path: "/usr/bin/docker", version: "0.33.0" },
    native: ["linux/amd64", "linux/386"],
    emulated: ["linux/arm64"],
    python: { path: "/usr/bin/python3", version: "3.11.2" },
    missingTestPackages: [],
    pulumi: { path: "/usr/bin/pulumi", version: "3.260.0" },
    pulumiNode: { path: "/usr/bin/pulumi-language-nodejs" },
    dockerBuild: ["0.0.20", "0.0.22"],
    dockerBuildWanted: "0.0.22",
    aws: { path: "/usr/bin/aws", version: "2.31.0" },
    credentials: { source: "profile default (SSO)" },
    region: "eu-central-1",
    sessionPlugin: { path: "/usr/bin/session-manager-plugin", version: "1.2.707.0" },
    kubectl: { path: "/usr/bin/kubectl", version: "1.34.1" },
    failures: [],
};

const ready = (facts: Facts) => groups.filter((group) => isReady(evaluate(facts), group));
const [processes, containers, tests, aws] = groups;

test("a machine that has everything needs nothing", () => {
    const rows = evaluate(everything);
    expect(rows.filter(({ state, how }) => state !== "ok" || how !== undefined)).toEqual([]);
    expect(ready(everything)).toEqual([...groups]);
});

test.each<[string, Partial<Facts>, Group[], string, object]>([
    ["no root", { root: false }, [containers, aws], "user", { state: "missing", how: /sudo env/ }],
    [
        "macOS",
        { platform: "darwin", packages: "brew" },
        [containers, aws],
        "operating system",
        { state: "missing", how: /containers/ },
    ],
    ["an old Node.js", { node: "18.19.0" }, [aws], "Node.js", { state: "too old", found: "18.19.0" }],
    [
        "no npm ci",
        { missingModules: ["tsx", "yaml"] },
        [aws],
        "npm packages",
        { state: "missing", found: "2 missing", how: "npm ci" },
    ],
    [
        "a store of somebody else",
        { store: { path: "/x/buildx", problem: "/x cannot be written" } },
        [processes, containers, tests],
        "buildx's store",
        { state: "missing" },
    ],
    ["no port", { freePort: undefined }, [aws], "ports on loopback", { state: "missing" }],
    ["no Go", { go: undefined }, [containers, aws], "Go", { state: "missing", how: /go\.dev/ }],
    [
        "a Go that fetches no other",
        { go: { path: "/usr/bin/go", version: "1.19.8" } },
        [containers, aws],
        "Go",
        { state: "too old" },
    ],
    [
        "a Go that does not run",
        { go: { path: "/usr/bin/go", problem: "no answer in 5 s" } },
        [containers, aws],
        "Go",
        { found: "/usr/bin/go: no answer in 5 s" },
    ],
    ["no runc", { runc: undefined }, [containers, aws], "runc", { how: "apt-get install runc" }],
    [
        "tools not built",
        { missingTools: ["buildx"] },
        [...groups],
        "buildkitd, buildx, registry",
        { state: "optional" },
    ],
    ["room for the built tools alone", { freeGiB: 2 }, [...groups], "free disk", { state: "ok" }],
    [
        "no room to build them",
        { freeGiB: 2, missingTools: ["buildx"] },
        [containers, aws],
        "free disk",
        { state: "missing" },
    ],
    ["little memory", { memoryGiB: 1 }, [...groups], "memory", { state: "optional" }],
    ["no overlayfs", { overlay: false }, [...groups], "kernel's overlayfs", { state: "optional" }],
    ["no cgroups", { cgroup: "none" }, [containers, aws], "cgroups", { state: "missing" }],
    [
        "no emulator",
        { emulated: [] },
        [...groups],
        "emulators (binfmt)",
        { state: "optional", how: /linux\/amd64, linux\/386/ },
    ],
    [
        "no Docker",
        { docker: undefined, engine: {}, packages: undefined },
        [processes, tests, aws],
        "Docker engine",
        { state: "missing", how: /docs\.docker\.com/ },
    ],
    [
        "a stopped engine",
        { engine: { context: "desktop", problem: "Cannot connect to the Docker daemon at unix:///x" } },
        [processes, tests, aws],
        "Docker engine",
        { state: "missing", how: /start Docker Desktop/ },
    ],
    [
        "Windows containers",
        { engine: { version: "28", os: "windows", architecture: "amd64" } },
        [processes, tests, aws],
        "Docker engine",
        { how: /switch Docker Desktop/ },
    ],
    [
        "a rootless engine",
        { engine: { ...everything.engine, rootless: true } },
        [...groups],
        "privileged containers",
        { state: "optional" },
    ],
    [
        "an old buildx",
        { buildx: { path: "/usr/bin/docker", version: "0.12.1" } },
        [processes, tests, aws],
        "buildx",
        { state: "too old" },
    ],
    ["no Python", { python: undefined }, [processes, containers, aws], "Python", { how: /python3-venv/ }],
    [
        "no programs for tests",
        { missingTestPackages: ["xfsprogs"] },
        [...groups],
        "programs of tests",
        { state: "optional", how: /xfsprogs/ },
    ],
    ["no Pulumi", { pulumi: undefined }, [processes, containers, tests], "Pulumi CLI", { state: "missing" }],
    [
        "an old Pulumi",
        { pulumi: { path: "/p", version: "3.100.0" } },
        [processes, containers, tests],
        "Pulumi CLI",
        { state: "too old" },
    ],
    [
        "an old plugin",
        { dockerBuild: ["0.0.20"] },
        [...groups],
        "docker-build plugin",
        { state: "optional", found: "0.0.20" },
    ],
    ["no credentials", { credentials: undefined }, [processes, containers, tests], "credentials", { state: "missing" }],
    [
        "an expired login",
        { credentials: { source: "profile dev (SSO)", problem: "the login has expired" } },
        [processes, containers, tests],
        "credentials",
        { state: "missing", found: "profile dev (SSO): the login has expired" },
    ],
    [
        "credentials that STS refuses",
        { identity: { problem: "ExpiredToken" } },
        [processes, containers, tests],
        "identity (STS)",
        { state: "missing", found: "ExpiredToken" },
    ],
    [
        "credentials that STS knows",
        { identity: { arn: "arn:aws:iam::123456789012:role/x" } },
        [...groups],
        "identity (STS)",
        { state: "ok" },
    ],
    ["no region", { region: undefined }, [...groups], "region", { state: "optional" }],
    ["no kubectl", { kubectl: undefined }, [...groups], "kubectl", { state: "optional" }],
    [
        "no session-manager-plugin",
        { sessionPlugin: undefined },
        [...groups],
        "session-manager-plugin",
        { state: "optional" },
    ],
    [
        "a session-manager-plugin that shows tokens",
        { sessionPlugin: { path: "/s", version: "1.2.300.0" } },
        [processes, containers, tests],
        "session-manager-plugin",
        { state: "too old" },
    ],
])("%s", (_, change, left, name, expected) => {
    const facts = { ...everything, ...change };
    expect(ready(facts)).toEqual(left);
    const patterns = Object.entries(expected).map(
        ([key, value]) => [key, value instanceof RegExp ? expect.stringMatching(value) : value] as const,
    );
    const row =
        evaluate(facts)
            .filter(({ check }) => check === name)
            .find(({ state }) => state !== "ok") ?? evaluate(facts).find(({ check }) => check === name);
    expect(row).toMatchObject(Object.fromEntries(patterns));
});

test("whatever is not there says how to get it, on every system", () => {
    const keys = Object.keys(everything).filter((key) => !["failures", "packages", "emulated"].includes(key));
    const change = fc.record({
        missing: fc.subarray([
            "go",
            "runc",
            "docker",
            "buildx",
            "python",
            "pulumi",
            "pulumiNode",
            "aws",
            "credentials",
            "region",
            "sessionPlugin",
            "kubectl",
        ]),
        packages: fc.constantFrom("apt" as const, "brew" as const, undefined),
    });
    expect(keys.length).toBeGreaterThan(20);
    fc.assert(
        fc.property(change, ({ missing, packages }) => {
            const facts = {
                ...everything,
                packages,
                ...Object.fromEntries(missing.map((key) => [key, undefined])),
            } as Facts;
            const rows = evaluate(facts);
            rows.filter(({ state }) => state !== "ok").forEach(({ how }) => expect(how).toBeTruthy());
            expect(isReady(rows, containers)).toBe(!missing.includes("docker") && !missing.includes("buildx"));
        }),
    );
});

test.each([
    ["1.2.497.0", "1.2.497.0", true],
    ["1.2.1000", "1.2.497.0", true],
    ["v3.260.0-dev.1", "3.260.0", true],
    ["3.259.9", "3.260.0", false],
    ["20.20", "20.20.0", true],
    ["20", "20.20", false],
    ["1.26rc1", "1.21", true],
    ["unknown", "1", false],
])("%s is at least %s: %s", (version, least, result) => expect(isAtLeast(version, least)).toBe(result));

describe("the table", () => {
    test("fits 80 columns, but for an address, which stays whole", () => {
        const bare = {
            ...everything,
            docker: undefined,
            engine: {},
            pulumi: undefined,
            sessionPlugin: undefined,
            go: undefined,
        };
        const lines = render(evaluate(bare), 80);
        expect(lines.filter((line) => columnsOf(line) > 80 && !/https:\S+$/.test(line))).toEqual([]);
        expect(lines.join("\n")).toContain("local default as processes: cannot be used yet");
        expect(lines.join("\n")).toMatch(/^missing {3}Go {5}.*\n.*\n? *> https:\/\/go\.dev/m);
    });
});
