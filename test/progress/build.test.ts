import * as fc from "fast-check";
import { failureAdvice } from "../../components/image/failureAdvice";
import { taskTitles } from "../../dev/local/progress/titles";
import { buildAdvice } from "../../dev/rehearsal/buildAdvice";
import { BuildSteps } from "../../dev/rehearsal/buildSteps";

/** Reads events as buildx writes them. */
function read(...events: object[]): BuildSteps {
    const steps = new BuildSteps();
    events.forEach((event) => expect(steps.read(JSON.stringify(event))).toBe(true));
    return steps;
}

const time = "2026-01-02T03:04:05.678Z";
const vertex = (name: string, more: object = {}) => ({ vertexes: [{ digest: `sha256:${name}`, name, ...more }] });
const begun = (name: string) => vertex(name, { started: time });
const over = (name: string, more: object = {}) => vertex(name, { started: time, completed: time, ...more });
const printed = (name: string, text: string) => ({
    logs: [{ vertex: `sha256:${name}`, stream: 1, data: Buffer.from(text).toString("base64") }],
});
const moved = (name: string, id: string, current: number, total?: number, completed?: string) => ({
    statuses: [{ id, vertex: `sha256:${name}`, current, total, completed }],
});

describe("the step of a build", () => {
    test.each<[string, object[], { step: string; extent: string } | undefined]>([
        ["nothing", [vertex("[1/2] COPY a /")], undefined],
        [
            "what began",
            [begun("[internal] load build definition from Dockerfile")],
            { step: "load build definition from Dockerfile", extent: "" },
        ],
        [
            "the Dockerfile's before BuildKit's own",
            [begun("[1/2] COPY a /"), begun("[internal] load build context")],
            { step: "[1/2] COPY a /", extent: "" },
        ],
        ["the last of two", [begun("[a 1/1] RUN x"), begun("[b 1/1] RUN y")], { step: "[b 1/1] RUN y", extent: "" }],
        [
            "the other when it is over",
            [begun("[a 1/1] RUN x"), begun("[b 1/1] RUN y"), over("[b 1/1] RUN y")],
            { step: "[a 1/1] RUN x", extent: "" },
        ],
        [
            "what began again",
            [over("[internal] load .dockerignore"), begun("[internal] load .dockerignore")],
            { step: "load .dockerignore", extent: "" },
        ],
        [
            "how much of it is there",
            [
                begun("exporting to image"),
                moved("exporting to image", "a", 2e6, 8e6),
                moved("exporting to image", "b", 1e6, 1e6, time),
                moved("exporting to image", "c", 5e5, 1e6),
            ],
            { step: "exporting to image", extent: "2.5 of 9.0 MB" },
        ],
        [
            "how much was sent",
            [begun("[internal] load build context"), moved("[internal] load build context", "t", 12_300_000)],
            { step: "load build context", extent: "12.3 MB" },
        ],
    ])("is %s", (_, events, current) => expect(read(...events).current).toEqual(current));

    test("comes from the cache or from a run", () => {
        const steps = read(over("[1/2] COPY a /", { cached: true }), over("[2/2] RUN x"), begun("exporting to image"));
        expect(steps.completed).toEqual([
            { name: "[1/2] COPY a /", cached: true },
            { name: "[2/2] RUN x", cached: false },
        ]);
    });
});

test("the step that failed is not one that was ended with it, nor a cache that is not there yet", () => {
    const steps = read(
        over("importing cache manifest from r.test/cache:x", { error: "r.test/cache:x: not found" }),
        printed("[2/3] RUN make", "compiling\n10 %\r50 %\r\x1b[31mbroken\x1b[0m\n"),
        over("[2/3] RUN make", { error: "process did not complete successfully: exit code: 2" }),
        over("[1/3] RUN slow", { error: "context canceled: context canceled" }),
    );
    expect(steps.failed).toEqual({ name: "[2/3] RUN make", output: "compiling\nbroken" });
});

test("a step that printed much shows its last lines", () => {
    const lines = Array.from({ length: 5000 }, (_, i) => `line ${i}`);
    const steps = read(
        ...lines.map((line) => printed("[1/1] RUN x", `${line}\n`)),
        over("[1/1] RUN x", { error: "exit code: 1" }),
    );
    expect(steps.failed?.output.split("\n")).toEqual(lines.slice(-20));
});

test("no part of a line is shown: a secret in it could not be masked", () => {
    const line = `${"x".repeat(2000)} swordfish`;
    const steps = read(
        ...Array.from({ length: 10 }, () => printed("[1/1] RUN x", `${line}\n`)),
        over("[1/1] RUN x", { error: "exit code: 1" }),
    );
    const lines = steps.failed!.output.split("\n");
    expect(lines.length).toBeGreaterThan(5);
    expect(new Set(lines)).toEqual(new Set([line]));
});

test("what is no event is for people", () => {
    const steps = new BuildSteps();
    fc.assert(fc.property(fc.string(), (line) => expect(steps.read(line)).toBe(false)));
    expect(['{"a":1}', "{", "null", "ERROR: failed to solve"].map((line) => steps.read(line))).toEqual([
        false,
        false,
        false,
        false,
    ]);
});

const exit = 'failed to solve: process "/bin/sh -c x" did not complete successfully: exit code';
test.each([
    [`exec /bin/sh: exec format error\n${exit}: 255`, /another CPU/],
    [`${exit}: 137`, /memory/],
    [`/bin/sh: 1: gcc: not found\n${exit}: 127`, /not in the image/],
    [
        `runc run failed: unable to start container process: exec: "/bin/sh": stat /bin/sh: no such file or directory\n${exit}: 1`,
        /no such program/,
    ],
    [
        'failed to solve: failed to compute cache key: failed to calculate checksum of ref x::y: "/src": not found',
        /COPY or ADD/,
    ],
    [
        "failed to solve: dockerfile parse error on line 3: unknown instruction: RUNN (did you mean RUN?)",
        /correct the line/,
    ],
    [
        "failed to solve: alpine:3: no match for platform in manifest: not found",
        /base image does not exist for this platform/,
    ],
    [
        'failed to resolve source metadata for docker.io/library/alpine:3: failed to do request: Head "https://registry-1.docker.io/v2/x": dial tcp: lookup registry-1.docker.io: no such host',
        /cannot be reached from the node/,
    ],
    ["failed to resolve source metadata for docker.io/library/alpin:3: pull access denied", /check the name and tag/],
    ["unexpected status: 429 Too Many Requests", /limits downloads/],
    [`${exit}: 1`, /correct what the step complains of/],
])("what to try after %j", (error, advice) => {
    expect(buildAdvice(error)).toMatch(advice);
    // The components' hook would say something else beside it.
    expect(failureAdvice("app", `${error}\ntry: ${buildAdvice(error)}`, false)).toBeUndefined();
});

test("nothing is advised where the components do, or where the error says it", () => {
    expect(buildAdvice("failed to solve: failed to push r.test/app: 401 Unauthorized")).toBeUndefined();
    expect(buildAdvice("interrupted")).toBeUndefined();
});

test("resources have the names that people know", () => {
    const title = taskTitles({ name: "api", tags: ["1.0", "latest"] }, ["linux/amd64", "linux/arm/v7"]);
    const names = [
        "api-amd64",
        "api-arm-v7",
        "api-smoke-arm-v7",
        "api-cache-amd64",
        "api-image",
        "api-tag-1",
        "web-amd64",
    ];
    expect(names.map(title)).toEqual([
        ...["linux/amd64", "linux/arm/v7", "linux/arm/v7 smoke test", "linux/amd64 cache", "linux/amd64, linux/arm/v7"],
        ...["tag latest", "web-amd64"],
    ]);
});
