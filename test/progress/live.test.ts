import { EventEmitter } from "node:events";
import type { WriteStream } from "node:tty";
import * as fc from "fast-check";
import { LiveProgress } from "../../dev/progress/live";
import { type Task, during, through } from "../../dev/progress/progress";
import { Screen } from "./screen";

/** A stream that is a terminal to whoever writes. */
class Terminal extends EventEmitter {
    readonly isTTY = true;
    readonly screen: Screen;
    rows = 24;
    writes = 0;

    constructor(readonly columns: number) {
        super();
        this.screen = new Screen(columns);
    }

    getColorDepth(): number {
        return 1;
    }

    write(text: string): boolean {
        this.writes++;
        this.screen.write(text);
        return true;
    }
}

const listeners = () => ["SIGINT", "SIGTERM", "SIGHUP", "SIGCONT", "exit"].map((name) => process.listenerCount(name));

function setUp(columns = 80) {
    const terminal = new Terminal(columns);
    const progress = new LiveProgress(terminal as unknown as WriteStream);
    return { terminal, progress, screen: terminal.screen };
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test("lines that stay stand above the lines of what runs, and only those are left at the end", () => {
    const before = listeners();
    const { progress, screen, terminal } = setUp();
    progress.log("engine: rehearsal");
    const amd64 = progress.start("linux/amd64", "preparing");
    const arm64 = progress.start("linux/arm64", "preparing");
    jest.advanceTimersByTime(2000);
    expect(screen.text).toEqual(["engine: rehearsal", "linux/amd64  preparing  2 s", "linux/arm64  preparing  2 s"]);
    amd64.at("[1/2] COPY a /", "1.0 of 2.0 MB");
    progress.log("a warning\nof two lines");
    expect(screen.text).toEqual([
        ...["engine: rehearsal", "a warning", "of two lines"],
        ...["linux/amd64  [1/2] COPY a /  1.0 of 2.0 MB  0 s", "linux/arm64  preparing  2 s"],
    ]);
    arm64.end("done");
    amd64.end("failed");
    const last = [
        "engine: rehearsal",
        "a warning",
        "of two lines",
        "linux/arm64: done in 2.0 s",
        "linux/amd64: failed in 2.0 s",
    ];
    expect(screen.text).toEqual(last);
    expect(screen.cursor).toEqual({ row: last.length, column: 0 });
    const { writes } = terminal;
    jest.advanceTimersByTime(5000);
    expect(terminal.writes).toBe(writes);
    expect(listeners()).toEqual(before);
});

test("nothing is written while nothing changes", () => {
    const { progress, terminal } = setUp();
    const task = progress.start("tag latest", "pushing");
    jest.advanceTimersByTime(10_050);
    // One write for each second that is shown, from 0 to 10.
    expect(terminal.writes).toBe(11);
    task.end("done");
});

test("every order of events leaves what was logged and nothing else, and no line reaches the last column", () => {
    const event = fc.oneof(
        fc.record({ kind: fc.constant("log" as const), text: fc.stringMatching(/^[a-z ]{1,30}$/) }),
        fc.record({ kind: fc.constant("start" as const), text: fc.string() }),
        fc.record({ kind: fc.constant("at" as const), task: fc.nat(9), text: fc.string({ unit: "binary" }) }),
        fc.record({ kind: fc.constant("end" as const), task: fc.nat(9) }),
        fc.record({ kind: fc.constant("wait" as const), time: fc.nat(3000) }),
    );
    fc.assert(
        fc.property(fc.array(event, { maxLength: 40 }), fc.integer({ min: 40, max: 120 }), (events, columns) => {
            const { progress, screen, terminal } = setUp(columns);
            const logged: string[] = [];
            const tasks: Task[] = [];
            for (const one of events) {
                if (one.kind === "log") {
                    progress.log(one.text);
                    logged.push(one.text.trimEnd());
                } else if (one.kind === "start") {
                    tasks.push(progress.start(`t${tasks.length}`, one.text));
                } else if (one.kind === "wait") {
                    jest.advanceTimersByTime(one.time);
                } else if (one.kind === "at") {
                    tasks[one.task]?.at(one.text);
                } else {
                    tasks[one.task]?.end("done");
                }
            }
            tasks.forEach((task) => task.end("done"));
            expect(screen.cursor.column).toBe(0);
            expect(
                screen.text
                    .filter((line) => !/^t\d+: done in /.test(line))
                    .join("\n")
                    .trim(),
            ).toBe(logged.join("\n").trim());
            expect(screen.text.filter((line) => /^t\d+: done in /.test(line))).toHaveLength(tasks.length);
            expect(terminal.screen.wrapped).toBe(false);
        }),
    );
});

test("what passes through another progress is changed everywhere: names, steps, extents, outcomes, lines", async () => {
    const { progress, screen } = setUp();
    const masked = through(
        progress,
        (text) => text.replaceAll("swordfish", "[secret]"),
        (name) => `<${name}>`,
    );
    masked.log("password swordfish");
    const failing = during(masked, "app", "at swordfish", async (task) => {
        task.at("RUN login swordfish", "swordfish MB");
        jest.advanceTimersByTime(100);
        expect(screen.text[1]).toBe("<app>  RUN login [secret]  [secret] MB  0 s");
        throw new Error("as wanted");
    });
    await expect(failing).rejects.toThrow("as wanted");
    expect(screen.text).toEqual(["password [secret]", "<app>: failed in 0.1 s"]);
});
