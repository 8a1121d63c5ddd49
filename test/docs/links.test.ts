import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { root } from "../support/project";

// With pages that are written and not committed yet.
const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"], {
    cwd: root,
    encoding: "utf8",
});
const pages = listed
    .trim()
    .split("\n")
    .filter((page) => fs.existsSync(path.join(root, page)));
const scripts = (JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8")) as { scripts: object }).scripts;

/** The anchors that GitHub makes of a page's headings. https://github.com/gjtorikian/html-pipeline/blob/v2.14.3/lib/html/pipeline/toc_filter.rb */
function anchors(text: string): string[] {
    const seen = new Map<string, number>();
    return withoutBlocks(text)
        .split("\n")
        .filter((line) => /^#+ /.test(line))
        .map((line) => {
            const anchor = line
                .replace(/^#+ /, "")
                .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
                .toLowerCase()
                .replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, "")
                .replaceAll(" ", "-");
            const before = seen.get(anchor) ?? 0;
            seen.set(anchor, before + 1);
            return before === 0 ? anchor : `${anchor}-${before}`;
        });
}

function withoutBlocks(text: string): string {
    return text.replace(/^```[^]*?^```/gm, "");
}

function read(page: string): string {
    return withoutBlocks(fs.readFileSync(path.join(root, page), "utf8"));
}

/** What a page links or shows: Markdown's links, images and references, and images in HTML. */
function targets(text: string): string[] {
    const patterns = [/\]\(([^)\s]+)\)/g, /^\[[^\]]+\]: (\S+)/gm, /<(?:img|source)\b[^>]*\bsrc(?:set)?="([^"]+)"/g];
    return patterns.flatMap((pattern) => [...text.matchAll(pattern)].map(([, target]) => target!));
}

test("there are pages to look at", () => {
    expect(pages).toEqual(expect.arrayContaining(["README.md", "docs/architecture.md", "examples/app/README.md"]));
});

test.each(pages)("every link within the repository leads somewhere: %s", (page) => {
    const broken = targets(read(page))
        .filter((link) => !/^[a-z]+:/.test(link))
        .filter((link) => {
            const [file = "", anchor] = link.split("#");
            const target = file === "" ? path.join(root, page) : path.resolve(root, path.dirname(page), file);
            const exists = fs.existsSync(target);
            return !exists || (anchor !== undefined && !anchors(fs.readFileSync(target, "utf8")).includes(anchor));
        });
    expect(broken).toEqual([]);
});

test.each(pages)("every reference that a page uses is defined there: %s", (page) => {
    const text = read(page).replace(/`[^`\n]*`/g, "");
    const defined = new Set([...text.matchAll(/^\[([^\]]+)\]: /gm)].map(([, name]) => name));
    const used = [...text.matchAll(/\]\[([a-z][a-z0-9-]*)\]/g)].map(([, name]) => name);
    expect(used.filter((name) => !defined.has(name))).toEqual([]);
});

// What a page names as its proof must be there.
test.each(pages)("every file and script that a page names is there: %s", (page) => {
    const text = read(page);
    const files = [...text.matchAll(/`((?:test|components|assets|dev|docs|cli|plugin)\/[\w./-]*)`/g)]
        .map(([, file]) => file!)
        .filter((file) => !fs.existsSync(path.join(root, file)));
    const unknown = [...text.matchAll(/npm run (?:--silent )?([a-z][\w:-]*)/g)]
        .map(([, script]) => script!)
        .filter((script) => !(script in scripts));
    expect([...files, ...unknown]).toEqual([]);
});
