import * as fs from "node:fs";
import * as path from "node:path";
import { root } from "../../support/project";

const page = fs.readFileSync(path.join(root, "docs/ci-scripts.md"), "utf8");
const names = ["builder-build", "builder-verify", "builder-spread"];
const textOf = (name: string) => fs.readFileSync(path.join(root, "assets/ci", name), "utf8");

describe.each(names)("the reference of %s", (name) => {
    const script = textOf(name);
    const help = script.slice(0, script.indexOf("\n. "));
    const section = page.split(/^## /m).find((each) => each.startsWith(`${name}\n`)) ?? "";
    const optionsIn = (text: string) => text.match(/(?<![-\w])--[a-z][a-z-]+(?![-\w])/g) ?? [];

    test("every option of its --help is there", () => {
        // An option begins its line; its description may name other programs' options.
        const lines = help.match(/^# +(-\w, )?--[a-z-]+/gm) ?? [];
        const options = optionsIn(lines.join("\n")).filter((option) => option !== "--help");
        expect(options.length).toBeGreaterThan(3);
        options.forEach((option) => expect(optionsIn(section)).toContain(option));
    });

    test("every option that the program takes is in its --help", () => {
        const parser = script.slice(script.indexOf("while [ $# -gt 0 ]"), script.indexOf("\ndone\n"));
        const patterns = [...parser.matchAll(/^ {8}(-[^)]*)\)(.*)$/gm)].filter(
            ([, , action]) => !action!.includes("usage"),
        );
        const handled = patterns.flatMap(([, pattern]) => optionsIn(pattern!));
        expect(handled.length).toBeGreaterThan(3);
        handled.forEach((option) => expect(optionsIn(help)).toContain(option));
    });
});

test("the table of messages has the programs' own words", () => {
    const all = [...names, "image.sh", "lib.sh"].map(textOf).join("\n");
    for (const words of [
        "run builder-setup first",
        "nothing is published",
        "its last lines:",
        "The registry refused the login of this job: log in again",
        "the tags cannot be published: ",
        "cannot be reached: ",
        "has no node for it; it offers ",
        "is missing; there is ",
        "is in the index, but its image says ",
        "programs for another machine: ",
        "no pod is ready on",
    ]) {
        expect(all).toContain(words);
        expect(page).toContain(words.trim());
    }
});
