import { stripVTControlCharacters } from "node:util";

/** One line without anything that a terminal obeys. */
export function oneLine(text: string): string {
    // Formatting characters too: they turn the direction of what follows.
    return stripVTControlCharacters(text)
        .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ")
        .trim();
}

/** Columns that a text takes at most: what may be wide is counted as two, so that a line never wraps. */
export function columnsOf(text: string): number {
    return [...text].reduce((sum, char) => sum + widthOf(char), 0);
}

/** The beginning of a text that fits, with an ellipsis where something is missing. */
export function cut(text: string, columns: number): string {
    if (columnsOf(text) <= columns) {
        return text;
    }
    let kept = "";
    let used = 1;
    for (const char of text) {
        used += widthOf(char);
        if (used > columns) {
            break;
        }
        kept += char;
    }
    return columns < 1 ? "" : `${kept.trimEnd()}${ellipsis}`;
}

const ellipsis = "…";

function widthOf(char: string): number {
    return char < "\u1100" || char === ellipsis ? 1 : 2;
}

/** "0.4 s", "12.3 s", "2 min 5 s". */
export function duration(milliseconds: number): string {
    const seconds = milliseconds / 1000;
    return seconds < 60 ? `${seconds.toFixed(1)} s` : wholeDuration(milliseconds);
}

/** "12 s", "2 min 5 s". */
export function wholeDuration(milliseconds: number): string {
    const seconds = Math.floor(milliseconds / 1000);
    return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Words of a text in lines of a width. A word that is longer is broken; addresses never are, or no word where they are kept. */
export function wrap(text: string, width: number, keepWords = false): string[] {
    const lines: string[] = [""];
    for (const word of text.split(/\s+/).filter(Boolean)) {
        const line = lines.at(-1)!;
        if (line !== "" && columnsOf(line) + 1 + columnsOf(word) <= width) {
            lines[lines.length - 1] = `${line} ${word}`;
        } else {
            const whole = keepWords || /^https?:/.test(word);
            const pieces = whole ? [word] : (word.match(new RegExp(`.{1,${width}}`, "gu")) ?? []);
            lines.splice(line === "" ? -1 : lines.length, line === "" ? 1 : 0, ...pieces);
        }
    }
    return lines;
}
