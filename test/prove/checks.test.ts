import { CannotGoOn, Checks, Skipped } from "../../dev/prove/checks";

function checksWithLines() {
    const lines: string[] = [];
    const told = jest.fn(async () => undefined);
    return { checks: new Checks((line) => lines.push(line.replace(/\d+\.\d s/, "N s")), told), lines, told };
}

const fail = () => Promise.reject(new Error("why\nindeed"));

it("are counted, told of as they end, and go on after a failure", async () => {
    const { checks, lines, told } = checksWithLines();
    expect(await checks.check("one", async () => undefined)).toBe(true);
    expect(await checks.check("two", fail)).toBe(false);
    await checks.must("three", async () => "seen");
    await checks.must("four", () => Promise.reject(new Skipped("no reason")));
    expect(lines).toEqual([
        "ok       one (N s)",
        "FAILED   two (N s)",
        "         why\n         indeed",
        "ok       three (N s): seen",
        "skipped: four: no reason",
    ]);
    expect(told).toHaveBeenCalledTimes(1);
    expect(checks.summary).toBe("Tests:       1 failed, 1 skipped, 2 passed, 4 total");
    expect(checks.failed).toBe(true);
});

it("that others rest on end the run, counted once", async () => {
    const { checks, lines } = checksWithLines();
    const ended = await checks.must("one", fail).catch((error: unknown) => error);
    expect(ended).toBeInstanceOf(CannotGoOn);
    checks.giveUp(ended);
    expect(lines.at(-1)).toBe('without "one" the rest cannot be checked');
    expect(checks.summary).toBe("Tests:       1 failed, 0 passed, 1 total");
});

it("count what fails outside of them", () => {
    const { checks, lines } = checksWithLines();
    checks.giveUp(new Error("else"));
    expect(lines.join("\n")).toMatch(/^FAILED {3}outside of a check\n {9}Error: else/);
    expect(checks.summary).toBe("Tests:       1 failed, 0 passed, 1 total");
});
