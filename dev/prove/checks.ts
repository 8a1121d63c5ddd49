/** What a check throws that cannot be made on this machine. */
export class Skipped extends Error {}

/** A check failed that others rest on. It has been counted and told of. */
export class CannotGoOn extends Error {}

/** Named checks, made one after another, told of as they end, and counted as jest counts tests. */
export class Checks {
    private readonly counts = { failed: 0, skipped: 0, passed: 0 };

    constructor(
        private readonly log: (line: string) => void,
        /** Tells what helps to understand a failure. */
        private readonly onFailure: () => Promise<void> = async () => undefined,
    ) {}

    get failed(): boolean {
        return this.counts.failed > 0;
    }

    /** Makes a check, which may say what it saw; yields whether it held. The next ones are made in any case. */
    async check(name: string, make: () => Promise<string | void>): Promise<boolean> {
        const started = Date.now();
        const seconds = () => `${((Date.now() - started) / 1000).toFixed(1)} s`;
        try {
            const seen = await make();
            this.counts.passed++;
            this.log(`ok       ${name} (${seconds()})${seen ? `: ${seen}` : ""}`);
            return true;
        } catch (error) {
            if (error instanceof Skipped) {
                this.counts.skipped++;
                this.log(`skipped: ${name}: ${error.message}`);
                return true;
            }
            this.counts.failed++;
            this.log(`FAILED   ${name} (${seconds()})`);
            this.log(indent(messageOf(error)));
            await this.onFailure();
            return false;
        }
    }

    /** A check without which those after it say nothing: they are not made. */
    async must(name: string, make: () => Promise<string | void>): Promise<void> {
        if (!(await this.check(name, make))) {
            throw new CannotGoOn(`without "${name}" the rest cannot be checked`);
        }
    }

    /** Tells of what ended the run; what went wrong outside of a check is counted too. */
    giveUp(error: unknown): void {
        if (error instanceof CannotGoOn) {
            this.log(error.message);
            return;
        }
        this.counts.failed++;
        this.log(`FAILED   outside of a check`);
        this.log(indent(error instanceof Error ? (error.stack ?? error.message) : String(error)));
    }

    /** The line that jest would end with. */
    get summary(): string {
        const counts = Object.entries(this.counts).filter(([what, count]) => count > 0 || what === "passed");
        const total = counts.reduce((sum, [, count]) => sum + count, 0);
        return `Tests:       ${[...counts.map(([what, count]) => `${count} ${what}`), `${total} total`].join(", ")}`;
    }
}

function messageOf(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}

export function indent(text: string): string {
    return text.trimEnd().replace(/^/gm, "         ");
}
