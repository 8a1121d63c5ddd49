import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { root } from "../support/project";

const pages = execFileSync("git", ["ls-files", "*.md"], { cwd: root, encoding: "utf8" }).trim().split("\n");

/** The anchors that GitHub makes of a page's headings. https://github.com/gjtorikian/html-pipeline/blob/v2.14.3/lib/html/pipeline/toc_filter.rb */
function anchors(text: string): string[] {
    return text
        .replace(/^```[^]*?^```/gm, "")
        .split("\n")
        .filter((line) => /^#+ /.test(line))
        .map((line) =>
            line
                .replace(/^#+ /, "")
                .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
                .toLowerCase()
                .replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, "")
                .replaceAll(" ", "-"),
        );
}

test("there are pages to look at", () => {
    expect(pages).toEqual(expect.arrayContaining(["README.md", "docs/architecture.md", "examples/app/README.md"]));
});

test.each(pages)("every link within the repository leads somewhere: %s", (page) => {
    const text = fs.readFileSync(path.join(root, page), "utf8").replace(/^```[^]*?^```/gm, "");
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
    const broken = links
        .filter((link) => !/^[a-z]+:/.test(link))
        .filter((link) => {
            const [file = "", anchor] = link.split("#");
            const target = file === "" ? path.join(root, page) : path.resolve(root, path.dirname(page), file);
            const exists = fs.existsSync(target);
            return !exists || (anchor !== undefined && !anchors(fs.readFileSync(target, "utf8")).includes(anchor));
        });
    expect(broken).toEqual([]);
});
