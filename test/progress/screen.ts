/** A terminal as far as progress needs one: what a person sees after everything that was written. */
export class Screen {
    private lines: string[] = [""];
    private row = 0;
    private column = 0;
    /** Whether a text ever reached beyond the last column. */
    wrapped = false;

    constructor(private readonly columns: number) {}

    write(text: string): void {
        for (const [token, count, command] of text.matchAll(/\x1b\[(\d*)([A-Za-z])|[^]/gu)) {
            if (command !== undefined) {
                this.obey(command, Number(count || 1));
            } else if (token === "\n") {
                this.row++;
                this.lines[this.row] ??= "";
                this.column = 0;
            } else if (token === "\r") {
                this.column = 0;
            } else {
                this.put(token);
            }
        }
    }

    /** Lines without what is blank at the end. */
    get text(): string[] {
        const lines = this.lines.map((line) => line.trimEnd());
        return lines.slice(0, lines.findLastIndex((line) => line !== "") + 1);
    }

    get cursor(): { row: number; column: number } {
        return { row: this.row, column: this.column };
    }

    private obey(command: string, count: number): void {
        const line = this.lines[this.row]!;
        switch (command) {
            case "A":
                this.row = Math.max(0, this.row - count);
                return;
            case "K":
                this.lines[this.row] = line.slice(0, this.column);
                return;
            case "J":
                this.lines = [...this.lines.slice(0, this.row), line.slice(0, this.column)];
                return;
            case "m":
                return;
            default:
                throw new Error(`the screen does not know the sequence of ${command}`);
        }
    }

    private put(char: string): void {
        if (this.column >= this.columns) {
            this.wrapped = true;
        }
        const line = this.lines[this.row]!.padEnd(this.column);
        this.lines[this.row] = line.slice(0, this.column) + char + line.slice(this.column + char.length);
        this.column += char.length;
    }
}
