import * as fs from "node:fs";
import * as path from "node:path";
import { pythonEnvironment } from "../../dev/tools/python";
import { temporaryFolder } from "../support/project";

let home: string;
let folder: string;
let path0: string | undefined;

beforeEach(() => {
    home = temporaryFolder("python");
    folder = path.join(home, "environments/checkov");
    path0 = process.env.PATH;
});

afterEach(() => {
    process.env.PATH = path0;
    fs.rmSync(home, { recursive: true, force: true });
});

/** A Python whose environments have a pip that runs the given shell text. */
function fakePython(pip: string): void {
    const bin = path.join(home, "bin");
    const script = (file: string, text: string) => fs.writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    fs.mkdirSync(bin, { recursive: true });
    script(path.join(home, "pip"), pip);
    script(
        path.join(bin, "python3"),
        `mkdir -p "$4/bin" && rm -f "$4/stamp" && cp "${home}/pip" "$4/bin/pip" && ln -sf "$0" "$4/bin/python"`,
    );
    process.env.PATH = `${bin}:${path0}`;
}

const calls = () => fs.readFileSync(path.join(home, "calls"), "utf8").trim().split("\n");
const make = (lines: string[] = []) => pythonEnvironment("checkov", (line) => lines.push(line), folder);

test("is made once, from pinned and hashed requirements, for all who ask at the same time", async () => {
    fakePython(`echo "$@" >>"${home}/calls"; sleep 0.2`);
    const bins = await Promise.all([make(), make(), make()]);
    expect(new Set(bins)).toEqual(new Set([path.join(folder, "bin")]));
    expect(calls()).toEqual([expect.stringMatching(/--require-hashes -r .*dev\/tools\/python\/checkov\.txt$/)]);
    const lines: string[] = [];
    await make(lines);
    expect(lines).toEqual([]);
});

test("is made anew when the requirements change, or the interpreter is gone", async () => {
    fakePython(`echo made >>"${home}/calls"`);
    await make();
    fs.writeFileSync(path.join(folder, "stamp"), "of older requirements");
    await make();
    fs.rmSync(path.join(folder, "bin/python"));
    await make();
    expect(calls()).toHaveLength(3);
});

test.each([
    ["pip fails without a known cause", "echo 'ERROR: no such thing' >&2; exit 1", /pip said:\nERROR: no such thing/],
    [
        "the index is out of reach",
        "echo 'NewConnectionError: Failed to establish a new connection' >&2; exit 1",
        /the package index could not be reached/,
    ],
    ["the disk is full", "echo '[Errno 28] No space left on device' >&2; exit 1", /the disk is full/],
])("says what to do when %s, and tries again the next time", async (_, pip, message) => {
    fakePython(pip);
    await expect(make()).rejects.toThrow(message);
    fakePython(`echo made >>"${home}/calls"`);
    await make();
    expect(calls()).toEqual(["made"]);
});

test("says what to do when environments cannot be made, and without Python", async () => {
    fakePython("");
    fs.writeFileSync(path.join(home, "bin/python3"), "#!/bin/sh\necho 'No module named ensurepip' >&2; exit 1\n");
    await expect(make()).rejects.toThrow(/apt-get install python3-venv.*\n.*ensurepip/s);
    process.env.PATH = path.join(home, "nothing");
    await expect(make()).rejects.toThrow(/no `python3` in PATH, which checkov needs: `apt-get install python3/);
});

test("every requirement is pinned with its hash", () => {
    for (const name of ["checkov", "moto"]) {
        const text = fs.readFileSync(path.join(__dirname, `../../dev/tools/python/${name}.txt`), "utf8");
        const requirements = text
            .replace(/\\\n/g, " ")
            .split("\n")
            .filter((line) => line && !line.startsWith("#"));
        expect(requirements.length).toBeGreaterThan(10);
        for (const line of requirements) {
            expect(line).toMatch(/^[a-z0-9][\w.-]*==\S+( ;.*?)? +--hash=sha256:[0-9a-f]{64}/);
        }
    }
});
