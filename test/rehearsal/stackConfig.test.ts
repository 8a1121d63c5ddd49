import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { createSealer, type Sealer } from "../../dev/rehearsal/passphrase";
import { loadStackConfig } from "../../dev/rehearsal/stackConfig";

let folder: string;
beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "rehearsal-test-"));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

const noSealer = () => Promise.reject<Sealer>(new Error("no passphrase"));

function load(project: object, stack: object, sealer: (salt?: string) => Promise<Sealer> = noSealer) {
    fs.writeFileSync(path.join(folder, "Pulumi.yaml"), JSON.stringify({ name: "p", runtime: "nodejs", ...project }));
    const file = path.join(folder, "Pulumi.dev.yaml");
    fs.writeFileSync(file, JSON.stringify(stack));
    return loadStackConfig(folder, "dev", file, sealer);
}

it("gives the program text: scalars as they are, objects as JSON, defaults filled in", async () => {
    const config = {
        a: { type: "string", default: "x" },
        b: { type: "integer" },
        c: { type: "array", items: { type: "string" } },
        d: "short",
        "aws:region": { value: "eu-west-1" },
    };
    const loaded = await load({ config }, { config: { b: 5, "p:c": ["u"], "other:k": true } });
    expect(loaded.values).toEqual({
        "p:a": "x",
        "p:b": "5",
        "p:c": '["u"]',
        "p:d": "short",
        "aws:region": "eu-west-1",
        "other:k": "true",
    });
    expect(loaded.secretKeys).toEqual([]);
});

it("opens secure values, at any depth, and names their keys", async () => {
    const sealer = await createSealer("word");
    const config = {
        plain: "1",
        token: { secure: sealer.seal("t0ken") },
        "p:creds": { ca: "x", key: { secure: sealer.seal("k3y") } },
    };
    const loaded = await load({}, { encryptionsalt: sealer.encryptionSalt, config }, (salt) =>
        createSealer("word", salt),
    );
    expect(loaded.values).toEqual({ "p:plain": "1", "p:token": "t0ken", "p:creds": '{"ca":"x","key":"k3y"}' });
    expect(loaded.secretKeys).toEqual(["p:token", "p:creds"]);
    expect(loaded.secrets).toEqual(["t0ken", "k3y"]);
});

it.each<[string, object, object, string]>([
    [
        "missing values",
        { config: { a: { type: "string" }, b: { type: "string" } } },
        {},
        "Stack 'dev' is missing configuration values 'a' and 'b'",
    ],
    ["one missing value", { config: { a: { type: "string" } } }, {}, "Stack 'dev' is missing configuration value 'a'"],
    [
        "a plain secret",
        { config: { a: { type: "string", secret: true } } },
        { config: { a: "x" } },
        "must be encrypted as it's secret",
    ],
    ["another runtime", { runtime: "go" }, {}, "`runtime: nodejs`"],
    ["a secure value without a salt", {}, { config: { a: { secure: "v1:x:y" } } }, "no `encryptionsalt`"],
])("refuses %s", async (_, project, stack, message) => {
    await expect(load(project, stack)).rejects.toThrow(message);
});
