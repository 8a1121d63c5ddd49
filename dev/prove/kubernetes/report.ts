/** What a check throws that cannot be made on this machine. */
export class Skipped extends Error {}

/** A check that failed, which has been told already. */
class CheckFailed extends Error {}

/** Named checks, told as they are made, and counted as jest counts tests. */
export class Checks {
    private readonly counts = { failed: 0, skipped: 0, passed: 0 };

    constructor(private readonly log: (line: string) => void) {}

    get failed(): boolean {
        return this.counts.failed > 0;
    }

    /** Makes a check, which says what it saw. After a failure nothing goes on: what comes next builds on it. */
    async check(name: string, make: () => Promise<string>): Promise<void> {
        const started = Date.now();
        const seconds = () => `${((Date.now() - started) / 1000).toFixed(1)} s`;
        try {
            const seen = await make();
            this.counts.passed++;
            this.log(`ok       ${name} (${seconds()}): ${seen}`);
        } catch (error) {
            if (error instanceof Skipped) {
                this.counts.skipped++;
                this.log(`skipped: ${name}: ${error.message}`);
                return;
            }
            this.counts.failed++;
            this.log(`FAILED   ${name} (${seconds()}): ${(error as Error).message}`);
            throw new CheckFailed();
        }
    }

    /** Tells and counts what went wrong outside of a check, too. */
    giveUp(error: unknown): void {
        if (!(error instanceof CheckFailed)) {
            this.counts.failed++;
            this.log(`FAILED   ${error instanceof Error ? error.message : String(error)}`);
        }
    }

    /** The line that jest would end with. */
    summary(): string {
        const counts = Object.entries(this.counts).filter(([, count]) => count > 0);
        const total = counts.reduce((sum, [, count]) => sum + count, 0);
        return `Tests:       ${[...counts.map(([what, count]) => `${count} ${what}`), `${total} total`].join(", ")}`;
    }
}
