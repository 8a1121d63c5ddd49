import * as fs from "node:fs";
import * as path from "node:path";
import { root } from "../support/project";
import { constantParts, messageHeadings, projectSources, sourceOf } from "./messages";

const page = fs.readFileSync(path.join(root, "docs/troubleshooting.md"), "utf8");
const headings = messageHeadings(page);
const toolsSection = "Words of buildx and BuildKit";
const ours = headings.filter(({ section }) => section !== toolsSection).map(({ message }) => message);
const theirs = headings.filter(({ section }) => section === toolsSection).map(({ message }) => message);
const sources = projectSources();

test("the page has messages of both kinds, and every heading below a section is one", () => {
    expect(ours.length).toBeGreaterThan(30);
    expect(theirs.length).toBeGreaterThan(5);
    expect(headings).toHaveLength(page.match(/^### /gm)!.length);
});

test.each(ours)("the project says: %s", (message) => {
    expect(Math.max(...constantParts(message).map((part) => part.length))).toBeGreaterThan(10);
    expect(sourceOf(message, sources)).toBeDefined();
});

test("a message that nobody says is found out", () => {
    expect(sourceOf("is not ready: … nodes asked nicely", sources)).toBeUndefined();
    expect(sourceOf("nodes asked … is not ready: ", sources)).toBeUndefined();
});

// The programs themselves, at the versions that the tests run.
test.each(theirs)("the pinned buildx or BuildKit says: %s", (message) => {
    const programs = ["buildx", "buildkitd"].map((name) => fs.readFileSync(path.join(root, ".tools/bin", name)));
    expect(programs.some((program) => constantParts(message).every((part) => program.includes(part)))).toBe(true);
});
