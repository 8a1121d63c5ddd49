import { createHash, randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { goFileMode, hashBuildContext } from "../../dev/rehearsal/contextHash";
import { cases, makeTree } from "./contextTree";

// Computed by the provider's own functions (provider/internal/context.go) with fsutil and patternmatcher in Go.
const fromProvider: Record<string, string> = {
    plain: "4e8dc34e972f26debe3f3554646c4de35e0908fefc0d9e04b244e17f58b44994",
    named: "0b87a9d7db28d7049bbf7daab82003572e0ebbf63aff92bcb359c55b77cb60fb",
    inline: "2498349ebe49771b5b57a0187799ffe4aeb815f310aad0b6b44b2c1791f88461",
    "inline beside an ignore file": "9d8ba06b9c3ea12702984975c88065558355b2720441634a9cdfb32af633cfa3",
    "ignore file of the Dockerfile": "a649daaa6b200fa48e754655253049c361a2a422863a8df75e5c21dd47a7dccd",
    folder: "5c66c76f3e32bf99964f1cacd1cfcd8c68982c8637c8db220037c966d80a6455",
    negation: "ffd6b903ae57af74eb7c17ab60bde8da5a274c7d29c4ff12e3445e2ac9869988",
    "everything but": "51408b4c898d7064b0108613d6c914d580c90caa295e2cc4c69e3505d6911a25",
    "comments and slashes": "724020bf69b14acd76a5b09466cce0112e7037d31d419031e6b249413526dba8",
    stars: "bcbfff6cf6a2b56477afac077dc0ff30b2c96bf88d01fb55cbde2652e1d1d284",
    "double star": "03e22da7a53b1353654b3062f10676276dc0ce366f78d357cb521c01d2016bc8",
    classes: "ca23b4f138d161341e5d561e3e9d6ebcb3f5bf1ddab0bad5c4598c3a08795cbe",
    "bom and carriage returns": "42df1ae28f11e624cda4dadefd487823a8eca653d11d2c4a18e92140362917ab",
    escapes: "bccf7e0eb971d4c79f7dd5fce2bfa83a236b19f222600bfe5b33198a2d5241cd",
};

describe("contextHash", () => {
    let folder: string;
    beforeEach(() => {
        folder = fs.mkdtempSync(path.join(os.tmpdir(), "rehearsal-test-"));
        makeTree(folder);
    });
    afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

    it.each(cases)("is the provider's: $title", async ({ title, files, context, dockerfile, named }) => {
        for (const [name, text] of Object.entries(files)) {
            fs.writeFileSync(path.join(folder, name), text);
        }
        expect(await hashBuildContext(folder, context, dockerfile, named)).toBe(fromProvider[title]);
    });

    it("changes with a mode, a name and a content", async () => {
        const hash = () => hashBuildContext(folder, "ctx", "ctx/Dockerfile", {});
        const hashes = [await hash()];
        fs.chmodSync(path.join(folder, "ctx/Z"), 0o755);
        hashes.push(await hash());
        fs.renameSync(path.join(folder, "ctx/Z"), path.join(folder, "ctx/Y"));
        hashes.push(await hash());
        fs.writeFileSync(path.join(folder, "ctx/Y"), "changed");
        hashes.push(await hash());
        expect(new Set(hashes).size).toBe(4);
    });

    it.each([0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20])(
        "covers a file of %i bytes as a whole",
        async (size) => {
            const content = randomBytes(size);
            fs.mkdirSync(path.join(folder, "one"));
            fs.writeFileSync(path.join(folder, "one/file"), content, { mode: 0o644 });
            fs.chmodSync(path.join(folder, "one/file"), 0o644);
            const expected = createHash("sha256").update(content).update("file").update("-rw-r--r--").digest("hex");
            expect(await hashBuildContext(folder, "one", "", {})).toBe(expected);
        },
    );

    it("fails on a link that leads nowhere", async () => {
        fs.symlinkSync("nowhere", path.join(folder, "ctx/broken"));
        await expect(hashBuildContext(folder, "ctx", "ctx/Dockerfile", {})).rejects.toThrow('could not open "broken"');
    });
});

test.each([
    [0o100644, "-rw-r--r--"],
    [0o100755, "-rwxr-xr-x"],
    [0o120777, "Lrwxrwxrwx"],
    [0o104755, "urwxr-xr-x"],
    [0o103600, "gtrw-------"],
])("mode %o prints as in Go: %s", (mode, text) => {
    expect(goFileMode(mode)).toBe(text);
});
