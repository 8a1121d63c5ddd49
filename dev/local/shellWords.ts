/** Splits a command into words as a shell does: spaces, single and double quotes, backslashes. Nothing is expanded. */
export function shellWords(command: string): string[] {
    const words: string[] = [];
    let word: string | undefined;
    let quote: string | undefined;
    for (let i = 0; i < command.length; i++) {
        const char = command[i]!;
        const next = command[i + 1];
        if (char === "\\" && quote !== "'" && next !== undefined && (quote === undefined || '"\\$`'.includes(next))) {
            word = (word ?? "") + next;
            i++;
        } else if (quote !== undefined) {
            if (char === quote) {
                quote = undefined;
            } else {
                word = (word ?? "") + char;
            }
        } else if (char === "'" || char === '"') {
            quote = char;
            word ??= "";
        } else if (/\s/.test(char)) {
            if (word !== undefined) {
                words.push(word);
                word = undefined;
            }
        } else {
            word = (word ?? "") + char;
        }
    }
    if (quote !== undefined) {
        throw new Error(`a ${quote} is not closed in ${JSON.stringify(command)}`);
    }
    return word === undefined ? words : [...words, word];
}
