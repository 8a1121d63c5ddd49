import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { directoryProblem, emptyContext, isFile, isRemoteContext } from "../../components/image/context";
import { measureContext } from "../../components/image/contextSize";

let dir: string;

beforeEach(() => {
    dir = mkdtempSync(path.join(os.tmpdir(), "context-"));
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

function file(name: string, bytes = 0): void {
    mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
    writeFileSync(path.join(dir, name), Buffer.alloc(bytes));
}

test.each([
    ["https://github.com/acme/app.git#main", true],
    ["http://x/archive.tar.gz", true],
    ["git://host/x", true],
    ["git@github.com:acme/app.git", true],
    ["ssh://git@host/x", true],
    ["github.com/acme/app", true],
    [".", false],
    ["./github.com/acme", false],
    ["/abs", false],
    ["gitlab.com/acme", false],
    ["httpd", false],
    ["", false],
])("%j is fetched by BuildKit: %s", (context, remote) => {
    expect(isRemoteContext(context)).toBe(remote);
});

test("a directory with something in it is one; a link to it too", () => {
    file("a");
    symlinkSync(dir, path.join(dir, "link"));
    expect(directoryProblem(dir)).toBeUndefined();
    expect(directoryProblem(path.join(dir, "link"))).toBeUndefined();
});

test("files are told from what is none, without an exception", () => {
    file("a");
    symlinkSync("nowhere", path.join(dir, "broken"));
    expect(isFile(path.join(dir, "a"))).toBe(true);
    for (const name of ["a/b", "", "broken", "nowhere", "x\0y", "x".repeat(5000)]) {
        expect(isFile(path.join(dir, name))).toBe(false);
    }
    expect(directoryProblem(path.join(dir, "broken"))).toMatch(/^no such directory; /);
    expect(directoryProblem("x".repeat(5000))).toMatch(/^no such directory; /);
});

test("the empty context is a relative path to a directory whose content is never sent", () => {
    const location = emptyContext();
    expect(path.isAbsolute(location)).toBe(false);
    expect(existsSync(location)).toBe(true);
    expect(readdirSync(location).filter((name) => !name.startsWith("."))).toEqual([]);
});

describe("the size of a context", () => {
    test("is that of its files, with the largest top-level paths", async () => {
        file("big/a", 1000);
        file("big/deep/b", 500);
        file("small", 10);
        file("medium", 100);
        file("tiny", 1);
        expect(await measureContext(dir)).toEqual({
            bytes: 1611,
            largest: [
                { path: "big", bytes: 1500 },
                { path: "medium", bytes: 100 },
                { path: "small", bytes: 10 },
            ],
        });
    });

    test("leaves out what .dockerignore excludes and keeps what it takes back", async () => {
        file("node_modules/x/index.js", 1000);
        file("src/main.c", 10);
        file("logs/a.log", 20);
        file("logs/keep.log", 30);
        writeFileSync(
            path.join(dir, ".dockerignore"),
            "# comment\r\nnode_modules\r\n**/*.log\r\n!logs/keep.log\r\n.dockerignore\r\n",
        );
        const { bytes, largest } = await measureContext(dir);
        expect(bytes).toBe(40);
        expect(largest.map((entry) => entry.path)).toEqual(["logs", "src"]);
    });

    test("does not follow links", async () => {
        file("a", 10);
        symlinkSync(dir, path.join(dir, "loop"));
        symlinkSync("nowhere", path.join(dir, "broken"));
        expect((await measureContext(dir)).bytes).toBe(10);
    });

    test("of what is not there is nothing, and no error", async () => {
        expect(await measureContext(path.join(dir, "nowhere"))).toEqual({ bytes: 0, largest: [] });
    });

    test("is measured while files vanish", async () => {
        for (let i = 0; i < 300; i++) {
            file(`f/${i}`, 1);
        }
        const measured = measureContext(dir);
        rmSync(path.join(dir, "f"), { recursive: true });
        expect((await measured).bytes).toBeLessThanOrEqual(300);
    });
});
