import * as fs from "node:fs";
import * as path from "node:path";

/** A folder with what a context hash must tell apart: modes, links, names, byte order. */
export function makeTree(root: string): void {
    const files: Record<string, [content: string, mode: number]> = {
        "ctx/Dockerfile": ["FROM scratch\n", 0o644],
        "ctx/Z": ["z\n", 0o644],
        "ctx/a/one.txt": ["a\n", 0o755],
        "ctx/a/b/two.log": ["b\n", 0o600],
        "ctx/a b.txt": ["w\n", 0o644],
        "ctx/dist/x": ["d\n", 0o644],
        "ctx/dist/keep/y": ["e\n", 0o4755],
        "ctx/dir/.hidden": ["3\n", 0o644],
        "ctx/dir/x.tmp": ["1\n", 0o644],
        "ctx/node_modules/x/i.js": ["c\n", 0o644],
        "ctx/ü.md": ["ü\n", 0o1644],
        "named/n": ["n\n", 0o644],
    };
    for (const [name, [content, mode]] of Object.entries(files)) {
        const file = path.join(root, name);
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, content);
        fs.chmodSync(file, mode);
    }
    fs.symlinkSync("one.txt", path.join(root, "ctx/a/link"));
    fs.symlinkSync("a", path.join(root, "ctx/to-folder"));
}

interface Case {
    title: string;
    files: Record<string, string>;
    context: string;
    dockerfile: string;
    named: Record<string, string>;
}

const plain = { files: {}, context: "ctx", dockerfile: "ctx/Dockerfile", named: {} };
const ignoring = (title: string, ignore: string): Case => ({ ...plain, title, files: { "ctx/.dockerignore": ignore } });

export const cases: Case[] = [
    { ...plain, title: "plain" },
    { ...plain, title: "named", named: { extra: "named", remote: "https://example.invalid/x" } },
    { ...plain, title: "inline", dockerfile: "" },
    { ...plain, title: "inline beside an ignore file", dockerfile: "", files: { ".dockerignore": "a\n" } },
    {
        ...plain,
        title: "ignore file of the Dockerfile",
        files: { "ctx/.dockerignore": "dist\n", "ctx/Dockerfile.dockerignore": "*\n!a\n" },
    },
    ignoring("folder", "node_modules\n"),
    ignoring("negation", "dist\n!dist/keep\n"),
    ignoring("everything but", "*\n!a\n!Dockerfile\n"),
    ignoring("comments and slashes", "# a\n\n/a/b/\n  dir  \n"),
    ignoring("stars", "**/*.log\ndir/?.tmp\n"),
    ignoring("double star", "**\n!**/*.txt\n"),
    ignoring("classes", "[A-Z]*\ndir/[!x]*\n"),
    ignoring("bom and carriage returns", "\uFEFFdist\r\nZ\r\n"),
    ignoring("escapes", "a/one\\.txt\n./dist/../dir\n"),
];
