import * as fs from "node:fs";
import * as path from "node:path";
import { root } from "../support/project";

const page = fs.readFileSync(path.join(root, "docs/security.md"), "utf8");
const threats = page.split("\n## Threats\n")[1]!.split("\n## ")[0]!.split(/^### /m).slice(1);

// That the files are there is checked for every page; here that no threat goes without one.
test.each(threats.map((text) => [text.split("\n")[0]!, text]))("%s: a proof is named", (_, text) => {
    expect(text).toMatch(/`test\/[\w/.]+`|`npm run (?:prove|audit)/);
});

test("the page has its threats", () => {
    expect(threats.length).toBeGreaterThan(7);
});
