import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { root } from "../support/project";

const folder = path.join(root, "docs/pictures");
const pictures = fs.readdirSync(folder);
const readme = fs.readFileSync(path.join(root, "README.md"), "utf8");

test.each(pictures)("%s says what it shows, is readable anywhere and shown in the README", (name) => {
    const file = path.join(folder, name);
    const text = fs.readFileSync(file, "utf8");
    // Raises where the text is no XML.
    execFileSync("python3", ["-c", "import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])", file]);
    expect(text).toMatch(/<title id="title">.+<\/title>\s*<desc id="desc">.+<\/desc>/);
    expect(text).toContain('viewBox="0 0 800 ');
    const sizes = [...text.matchAll(/font-size: *(\d+)px/g)].map(([, size]) => Number(size));
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(12);
    // A background of its own, for themes of either kind; nothing from elsewhere, which GitHub would not show.
    expect(text).toMatch(/<rect x="0.5" y="0.5" width="799" [^>]*fill="#ffffff"/);
    expect(text).not.toMatch(/href|@import|url\((?!#)|<(?:script|image|foreignObject)/);
    expect(readme).toMatch(new RegExp(`!\\[[^\\]]{10,}\\]\\(docs/pictures/${name}\\)`));
});

test("there are pictures", () => {
    expect(pictures).toEqual(["architecture.svg", "build.svg"]);
});
