import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Row } from "../../dev/doctor/evaluate";
import { root, temporaryFolder } from "../support/project";

jest.setTimeout(60_000);

const base = temporaryFolder("doctor");
const home = path.join(base, "home");
const bin = path.join(base, "bin");

beforeAll(() => [home, bin].forEach((folder) => fs.mkdirSync(folder)));
afterAll(() => fs.rmSync(base, { recursive: true, force: true }));

function standIn(name: string, script: string): void {
    fs.writeFileSync(path.join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

/** The doctor where nothing is in PATH but the stand-ins. */
function doctor(args: string[] = [], env: Record<string, string> = {}) {
    const all = { HOME: home, PATH: bin, NO_COLOR: "1", ...env };
    const command = ["--require", "tsx/cjs", "dev/doctor/main.ts", ...args];
    return spawnSync(process.execPath, command, { cwd: root, env: all, encoding: "utf8" });
}

function checks(env: Record<string, string> = {}, args: string[] = []): Map<string, Row> {
    const { stdout } = doctor(["--json", ...args], env);
    const { checks: rows } = JSON.parse(stdout) as { checks: Row[] };
    return new Map(rows.map((row) => [row.check, row]));
}

test("sees programs by what they answer, and one that hangs keeps nobody else from answering", () => {
    standIn(
        "docker",
        'case "$1" in --version) echo "Docker version 28.2.2, build e6534b4";; context) echo desktop-linux;; version) echo "28.2.2 linux arm64";; info) echo \'["name=rootless"]\';; *) exit 1;; esac',
    );
    standIn("docker-buildx", 'echo "github.com/docker/buildx v0.30.1 9e66234"');
    standIn("pulumi", "echo v3.270.0");
    standIn("pulumi-language-nodejs", ":");
    standIn("aws", "exec /bin/sleep 60");
    standIn("session-manager-plugin", "echo 1.2.300.0");
    standIn("kubectl", "echo 'error: no such flag' >&2; exit 1");
    fs.mkdirSync(path.join(home, ".pulumi/plugins/resource-docker-build-v0.0.22"), { recursive: true });
    const found = checks({ MULTIARCH_BUILDX: path.join(bin, "docker-buildx") });
    const summary = (name: string) => `${found.get(name)?.state}: ${found.get(name)?.found}`;
    expect(summary("Docker CLI")).toBe("ok: 28.2.2");
    expect(summary("Docker context")).toBe("ok: desktop-linux");
    expect(summary("Docker engine")).toBe("ok: 28.2.2 linux/arm64");
    expect(summary("privileged containers")).toBe("optional: a rootless engine");
    expect(summary("buildx")).toBe("ok: 0.30.1");
    expect(summary("Pulumi CLI")).toBe("ok: 3.270.0");
    expect(summary("docker-build plugin")).toBe("ok: 0.0.22");
    expect(summary("AWS CLI")).toBe(`optional: ${path.join(bin, "aws")}: no answer in 5 s`);
    expect(summary("session-manager-plugin")).toBe("too old: 1.2.300.0");
    expect(summary("kubectl")).toBe(`optional: ${path.join(bin, "kubectl")}: error: no such flag`);
});

test("asks STS only when it is told to, never with the metadata service, and prints no secret", () => {
    const asked = path.join(base, "asked");
    const answer = '{"UserId":"U","Account":"123456789012","Arn":"arn:aws:iam::123456789012:user/me"}';
    standIn(
        "aws",
        `case "$1" in --version) echo aws-cli/2.31.0 x;; sts) echo "$AWS_EC2_METADATA_DISABLED" >>'${asked}'; echo '${answer}';; esac`,
    );
    const env = { AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE", AWS_SECRET_ACCESS_KEY: "swordfish-secret" };
    expect(checks(env).get("credentials")).toMatchObject({ state: "ok", found: "environment (AWS_ACCESS_KEY_ID)" });
    expect(fs.existsSync(asked)).toBe(false);
    expect(checks(env, ["--aws"]).get("identity (STS)")).toMatchObject({ found: "arn:aws:iam::123456789012:user/me" });
    expect(fs.readFileSync(asked, "utf8")).toBe("true\n");
    const { stdout, stderr } = doctor(["--aws"], env);
    expect(stdout + stderr).not.toMatch(/swordfish|AKIAIOSFODNN7EXAMPLE/);
});

test("ends with 1 where npm start cannot run, with 0 where an engine answers, and leaves no file", () => {
    const files = () => fs.readdirSync(home, { recursive: true }).map(String).sort();
    const before = files();
    const env = { MULTIARCH_BUILDX: path.join(bin, "docker-buildx"), DOCKER_CONFIG: home };
    expect(doctor([], env).status).toBe(0);
    standIn(
        "docker",
        'echo "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?" >&2; exit 1',
    );
    standIn("runc", "echo 'no such library' >&2; exit 127");
    const down = doctor(["--json"], env);
    expect(down.status).toBe(1);
    expect(JSON.parse(down.stdout)).toMatchObject({
        ready: { "local default as processes": false, "local default in containers": false },
    });
    expect(files()).toEqual(before);
});

test("prints a table without colours for a log", () => {
    const { stdout } = doctor();
    expect(stdout).toMatch(/^local default as processes: /);
    expect(stdout).toMatch(/^ok {8}Node\.js {2,}\d+\.\d+\.\d+/m);
    expect(stdout).not.toContain("\x1b");
    expect(stdout.split("\n").filter((line) => line.length > 80 && !line.includes("https:"))).toEqual([]);
});

test.each([
    [["--help"], 0, /^Usage: npm run doctor/, /^$/],
    [["--nothing"], 2, /^$/, /Unknown option '--nothing'[^]*Usage: npm run doctor/],
    [["more"], 2, /^$/, /Unexpected argument 'more'/],
])("%j ends with %d", (args, status, stdout, stderr) => {
    expect(doctor(args)).toMatchObject({
        status,
        stdout: expect.stringMatching(stdout) as string,
        stderr: expect.stringMatching(stderr) as string,
    });
});
