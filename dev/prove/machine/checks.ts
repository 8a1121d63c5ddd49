/** Runs named checks one after another, tells of each as it ends, and counts. */
export class Checks {
    passed = 0;
    failed = 0;

    constructor(
        private readonly log: (line: string) => void,
        /** Tells what helps to understand a failure. */
        private readonly onFailure: () => Promise<void> = async () => undefined,
    ) {}

    /** A check; yields whether it held. The next ones run in any case. */
    async check(name: string, holds: () => Promise<void>): Promise<boolean> {
        const started = Date.now();
        const took = () => `${((Date.now() - started) / 1000).toFixed(1)} s`;
        try {
            await holds();
            this.passed++;
            this.log(`ok      ${name} (${took()})`);
            return true;
        } catch (error) {
            this.failed++;
            this.log(`FAILED  ${name} (${took()})`);
            this.log(indent(error instanceof Error ? error.message : String(error)));
            await this.onFailure();
            return false;
        }
    }

    /** A check without which those after it say nothing: they are not run. */
    async must(name: string, holds: () => Promise<void>): Promise<void> {
        if (!(await this.check(name, holds))) {
            throw new CannotGoOn(`without "${name}" the rest cannot be checked`);
        }
    }

    /** The closing line, in jest's words. */
    get summary(): string {
        const parts = [
            ...(this.failed > 0 ? [`${this.failed} failed`] : []),
            `${this.passed} passed`,
            `${this.passed + this.failed} total`,
        ];
        return `Tests:       ${parts.join(", ")}`;
    }
}

/** A check failed that others rest on. It has been counted and told of. */
export class CannotGoOn extends Error {}

export function indent(text: string): string {
    return text
        .trimEnd()
        .split("\n")
        .map((line) => `        ${line}`)
        .join("\n");
}

/** Throws unless a text has a piece. */
export function expectText(text: string, piece: string | RegExp): void {
    if (typeof piece === "string" ? !text.includes(piece) : !piece.test(text)) {
        throw new Error(`expected ${String(piece)} in:\n${text.trimEnd() || "(nothing)"}`);
    }
}

/** Throws if a text has a piece. */
export function expectNoText(text: string, piece: string | RegExp): void {
    if (typeof piece === "string" ? text.includes(piece) : piece.test(text)) {
        throw new Error(`did not expect ${String(piece)} in:\n${text.trimEnd()}`);
    }
}

export function expectEqual<T>(got: T, wanted: T, what: string): void {
    if (got !== wanted) {
        throw new Error(`${what} is ${JSON.stringify(got)}, expected ${JSON.stringify(wanted)}`);
    }
}

/** Throws if a build that must fail did not. */
export function expectFailure(status: number | null): void {
    if (status === 0) {
        throw new Error("the build succeeded, and must not");
    }
}
