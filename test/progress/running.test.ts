import * as fc from "fast-check";
import { type Running, Tasks, blockLines, dueLines } from "../../dev/progress/running";
import { columnsOf } from "../../dev/progress/text";

function setUp() {
    const clock = { now: 1_000_000 };
    const ended: string[] = [];
    const tasks = new Tasks(
        () => clock.now,
        (line) => ended.push(line),
    );
    /** What a log gets in some seconds, as it is asked twice a second. */
    const pass = (seconds: number) => {
        const lines: string[] = [];
        for (let i = 0; i < seconds * 2; i++) {
            clock.now += 500;
            lines.push(...dueLines(tasks.all, clock.now));
        }
        return lines;
    };
    return { clock, ended, tasks, pass };
}

describe("a log", () => {
    test("tells of a step after its first second, then every half minute", () => {
        const { tasks, pass, ended } = setUp();
        const task = tasks.start("linux/arm64", "preparing");
        task.at("[3/7] RUN go build ./...", "3.1 of 40.0 MB");
        expect(pass(0.5)).toEqual([]);
        expect(pass(0.5)).toEqual(["linux/arm64: [3/7] RUN go build ./..."]);
        expect(pass(28.5)).toEqual([]);
        expect(pass(0.5)).toEqual(["linux/arm64: [3/7] RUN go build ./..., 3.1 of 40.0 MB, 30 s"]);
        expect(pass(60)).toEqual([
            "linux/arm64: [3/7] RUN go build ./..., 3.1 of 40.0 MB, 1 min 0 s",
            "linux/arm64: [3/7] RUN go build ./..., 3.1 of 40.0 MB, 1 min 30 s",
        ]);
        task.end("done");
        expect(ended).toEqual(["linux/arm64: done in 1 min 30 s"]);
    });

    test("has one line of a step that is told of again and again", () => {
        const { tasks, pass } = setUp();
        const task = tasks.start("linux/arm64");
        const lines = ["a", "b", "a", "b", "a"].flatMap((step) => (task.at(step), pass(2)));
        expect(lines).toEqual(["linux/arm64: a", "linux/arm64: b"]);
    });

    test("has nothing of steps that are over within a second", () => {
        const { tasks, pass, ended } = setUp();
        const task = tasks.start("linux/arm64");
        expect(["a", "b", "c"].flatMap((step) => (task.at(step), pass(0.5)))).toEqual([]);
        task.end("done");
        task.end("done");
        expect(ended).toEqual(["linux/arm64: done in 1.5 s"]);
        expect(tasks.none).toBe(true);
    });

    test("never has more than a line a second for each task, and none with anything that a terminal obeys", () => {
        const steps = fc.array(fc.tuple(fc.string({ unit: "binary" }), fc.integer({ min: 0, max: 80 })), {
            maxLength: 20,
        });
        fc.assert(
            fc.property(steps, (all) => {
                const { tasks, pass } = setUp();
                const task = tasks.start("task");
                const total = all.reduce((sum, [, halves]) => sum + halves / 2, 0);
                const lines = all.flatMap(([step, halves]) => (task.at(step), pass(halves / 2)));
                expect(lines.length).toBeLessThanOrEqual(total);
                lines.forEach((line) => expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f]/));
            }),
        );
    });
});

describe("the block of a terminal", () => {
    const running = (name: string, step: string, extent = "", since = 0): Running => ({
        ...{ name, step, extent, since, began: since },
        steps: new Set(),
    });

    test("has a line for each task, names side by side, steps cut", () => {
        const tasks = [
            running("program", "running"),
            running("linux/amd64", "[3/7] RUN go build -o /out/server ./cmd/server && strip /out/server"),
            running("linux/arm64", "exporting to image", "12.0 of 40.1 MB", 9000),
            running("tag latest", ""),
        ];
        expect(blockLines(tasks, 12_000, 60, 24)).toEqual([
            "program      running  12 s",
            "linux/amd64  [3/7] RUN go build -o /out/server ./cmd…  12 s",
            "linux/arm64  exporting to image  12.0 of 40.1 MB  3 s",
            "tag latest   12 s",
        ]);
    });

    test("leaves room for the cursor, and counts what is not shown", () => {
        const tasks = ["a", "b", "c", "d", "e"].map((name) => running(name, "at work"));
        expect(blockLines(tasks, 0, 80, 6)).toHaveLength(5);
        expect(blockLines(tasks, 0, 80, 5)).toEqual([
            ...["a", "b", "c"].map((name) => `${name}  at work  0 s`),
            "and 2 more",
        ]);
        expect(blockLines(tasks, 0, 80, 1)).toEqual(["and 5 more"]);
    });

    test("fits every terminal", () => {
        const anyTask = fc
            .tuple(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), fc.string(), fc.nat(1e7))
            .map(([name, step, extent, since]) => ({ name, step, extent, since }));
        fc.assert(
            fc.property(
                fc.array(anyTask, { maxLength: 12 }),
                fc.integer({ min: 1, max: 200 }),
                fc.nat(40),
                (all, columns, rows) => {
                    const tasks = new Tasks(
                        () => 0,
                        () => undefined,
                    );
                    all.forEach(({ name, step, extent }) => tasks.start(name).at(step, extent));
                    const lines = blockLines(tasks.all, 1e7, columns, rows);
                    expect(lines.length).toBeLessThanOrEqual(Math.max(1, rows - 1));
                    lines.forEach((line) => expect(columnsOf(line)).toBeLessThan(Math.max(1, columns)));
                },
            ),
        );
    });
});
