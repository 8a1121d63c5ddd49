import * as fs from "node:fs";
import * as path from "node:path";
import { ciFiles, ciSystems } from "../../../components/ci/systems";
import { root } from "../../support/project";
import { awsFacts } from "./facts";

const page = (name: string) => fs.readFileSync(path.join(root, "docs", name), "utf8");

test.each(ciSystems)("docs/ci/%s.md shows what is rendered", (system) => {
    const text = page(`ci/${system}.md`);
    for (const file of ciFiles(system, awsFacts())) {
        expect(text).toContain(`\n# ${file.path}\n${file.content}\`\`\`\n`);
    }
});

test("docs/ci.md shows the script steps of the workflow, and links every page", () => {
    const text = page("ci.md");
    const [workflow] = ciFiles("github", awsFacts());
    const steps = workflow!.content
        .split("\n")
        .filter((line) => /^ +(- run: |tags=|digest=|\.multiarch)/.test(line))
        .slice(0, 5);
    expect(steps).toHaveLength(5);
    steps.forEach((line) => expect(text).toContain(line.trim()));
    ciSystems.forEach((system) => expect(text).toContain(`(ci/${system}.md)`));
});
