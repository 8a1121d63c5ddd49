/** A command of a page, as a person types it, with what the page says that it prints. */
export interface Listing {
    command: string;
    output: string;
}

/** The commands in a page's `console` blocks, in order. */
export function listingsOf(page: string): Listing[] {
    return [...page.matchAll(/^```console\n([^]*?)^```$/gm)].flatMap(([, block]) =>
        block!
            .split(/^\$ /m)
            .slice(1)
            .map((text) => {
                const [command = "", ...lines] = text.split("\n");
                return { command, output: lines.join("\n") };
            }),
    );
}

/** What stays the same in another run: no digests, times, order of annotations and blanks at the ends of lines. */
export function withoutAccidents(text: string): string {
    return text
        .replace(/sha256:[0-9a-f]{64}/g, "sha256:…")
        .replace(/^(#\d+) (DONE )?\d+\.\d+(s?)/gm, "$1 $2…$3")
        .replace(/[ \t]+$/gm, "")
        .replace(/(^ +vnd\..*\n?)+/gm, (annotations) => annotations.trimEnd().split("\n").sort().join("\n") + "\n")
        .trim();
}
