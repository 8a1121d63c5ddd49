/** Masks known secrets in every text that leaves the run. */
export class Redactor {
    private readonly secrets = new Set<string>();

    /** Learns a secret; the lines of a PEM are learnt one by one, since tools print single lines. */
    add(value: string): void {
        const lines = value.includes("\n")
            ? value.split("\n").filter((line) => line.length >= 16 && !line.startsWith("-----"))
            : [];
        for (const text of [value, ...lines]) {
            // Shorter texts would mask half of every log; the CLI has the same bound.
            if (text.trim().length >= 3) {
                this.secrets.add(text.trim());
            }
        }
    }

    redact(text: string): string {
        let result = text;
        for (const value of [...this.secrets].sort((a, b) => b.length - a.length)) {
            result = result.replaceAll(value, "[secret]");
        }
        return result;
    }
}
