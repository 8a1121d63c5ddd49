import * as fs from "node:fs";
import * as path from "node:path";
import { root } from "../support/project";

/** The messages that a page has as headings, by the title of the section that they stand in. */
export function messageHeadings(page: string): { section: string; message: string }[] {
    let section = "";
    return page.split("\n").flatMap((line) => {
        section = /^## (.+)$/.exec(line)?.[1] ?? section;
        const message = /^### `([^`]+)`$/.exec(line)?.[1];
        return message === undefined ? [] : [{ section, message }];
    });
}

/** A message's constant parts, between the `…` that stand for names and numbers. */
export function constantParts(message: string): string[] {
    return message
        .split("…")
        .map((part) => part.trim())
        .filter((part) => part !== "");
}

/** The source that says a message: its constant parts in order, not far from each other. Undefined when none does. */
export function sourceOf(message: string, sources: ReadonlyMap<string, string>): string | undefined {
    const pattern = constantParts(message).map(escaped).join("[^]{1,160}?");
    return [...sources].find(([, text]) => new RegExp(pattern).test(text))?.[0];
}

function escaped(text: string): string {
    return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

/** The project's sources by path, with texts that are put together over several lines as one. */
export function projectSources(): Map<string, string> {
    const files = ["components", "cli", "config", "assets", "dev"].flatMap((folder) =>
        fs
            .readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
            .filter((entry) => entry.isFile())
            .map((entry) => path.join(entry.parentPath, entry.name)),
    );
    return new Map(
        files.map((file) => [
            path.relative(root, file),
            fs.readFileSync(file, "utf8").replace(/["'`]\s*\+\s*["'`]/g, ""),
        ]),
    );
}
