import * as path from "node:path/posix";

interface Pattern {
    regexp: RegExp;
    negated: boolean;
}

/** Reads the lines of a .dockerignore as Docker does: https://github.com/moby/patternmatcher/blob/main/ignorefile/ignorefile.go */
export function parseIgnoreFile(text: string): string[] {
    const patterns: string[] = [];
    for (const line of text.replace(/^\uFEFF/, "").split(/\r?\n/)) {
        if (line.startsWith("#") || line.trim() === "") {
            continue;
        }
        const negated = line.trim().startsWith("!");
        const rest = (negated ? line.trim().slice(1) : line).trim();
        const clean = rest === "" ? "" : cleanPath(rest);
        patterns.push((negated ? "!" : "") + (clean.length > 1 && clean.startsWith("/") ? clean.slice(1) : clean));
    }
    return patterns;
}

/** A matcher for files by Docker's patterns: https://github.com/moby/patternmatcher (MatchesOrParentMatches). */
export function ignoreMatcher(lines: string[]): (file: string) => boolean {
    const patterns = lines
        .map((line) => line.trim())
        .flatMap((line): Pattern[] => {
            const negated = line.startsWith("!");
            const body = negated ? line.slice(1) : line;
            return body === "" ? [] : [{ regexp: compile(cleanPath(body)), negated }];
        });
    return (file) => {
        const parents = file.split("/").map((_, index, parts) => parts.slice(0, index + 1).join("/"));
        let matched = false;
        for (const { regexp, negated } of patterns) {
            if (negated === matched && parents.some((candidate) => regexp.test(candidate))) {
                matched = !negated;
            }
        }
        return matched;
    };
}

/** Go's filepath.Clean: like normalize, without the trailing slash. */
function cleanPath(text: string): string {
    const clean = path.normalize(text);
    return clean.length > 1 ? clean.replace(/\/$/, "") : clean;
}

function compile(pattern: string): RegExp {
    let source = "^";
    for (let i = 0; i < pattern.length; i++) {
        const char = pattern[i] ?? "";
        if (char === "*" && pattern[i + 1] === "*") {
            i += pattern[i + 2] === "/" ? 2 : 1;
            source += i + 1 >= pattern.length ? ".*" : "(.*/)?";
        } else if (char === "*") {
            source += "[^/]*";
        } else if (char === "?") {
            source += "[^/]";
        } else if (char === "\\") {
            i++;
            source += escape(pattern[i] ?? "\\");
        } else if (char === "[" || char === "]") {
            source += char;
        } else {
            source += escape(char);
        }
    }
    return new RegExp(`${source}$`, "s");
}

function escape(char: string): string {
    return /[.$+(){}|*?\\^/]/.test(char) ? `\\${char}` : char;
}
