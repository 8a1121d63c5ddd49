import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import { recordText } from "../../../components/ci/recordText";
import { findProgram } from "../../../dev/tools/requirements";
import { CiJob } from "../../support/ciScripts";
import { makeCredentials } from "../../support/credentials";
import { temporaryFolder } from "../../support/project";

jest.setTimeout(120_000);

let base: string;
let server: http.Server;
let asked: string[];
let served: string;
let count = 0;

beforeAll(async () => {
    base = temporaryFolder("ci-buildx");
    server = http.createServer((request, response) => {
        asked.push(request.url ?? "");
        response.statusCode = served === "" ? 404 : 200;
        response.end(served);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    fs.rmSync(base, { recursive: true, force: true });
});

/** A plugin of this machine would be used; where there is one, these tests cannot be run. */
const plugin = ["/usr/local/lib", "/usr/local/libexec", "/usr/lib", "/usr/libexec"]
    .map((folder) => `${folder}/docker/cli-plugins/docker-buildx`)
    .find((file) => fs.existsSync(file));
if (plugin) {
    process.stderr.write(`skipped: builder-setup downloads buildx: ${plugin} is installed\n`);
}
const ifNone = plugin ? test.skip : test;

/** A stand-in for buildx that notes that it was run; no node answers it. */
const fake = (version: string, ran: string) =>
    `#!/bin/sh\n: >'${ran}'\ncase "$1" in version) echo github.com/docker/buildx v${version} 0 ;; *) echo "ERROR: refused" ;; esac\n`;

async function setUp(options: { served?: string; present?: string; program?: string; pinned?: boolean } = {}) {
    const job = new CiJob(base, `job-${++count}`);
    const ran = path.join(job.dir, "ran");
    served = options.served ?? fake("0.37.0", ran);
    asked = [];
    const program = options.program ?? ["curl", "wget"].find((name) => findProgram(name));
    job.addPrograms(program ? [program] : []);
    if (options.present) {
        job.writeProgram("buildx", fake(options.present, path.join(job.dir, "ran-present")));
    }
    if (options.pinned ?? false) {
        const sum = (
            await job.run("-c", [`printf '%s' "$TEXT" | sha256sum | cut -c 1-64`], { env: { TEXT: served } })
        ).stdout.trim();
        const script = job.script("builder-setup");
        const text = fs.readFileSync(script, "utf8").replace(/(buildx_sha256_\w+)=\w+/g, `$1=${sum}`);
        fs.writeFileSync(script, text);
    }
    const node = { name: "ci-amd64", platforms: ["linux/amd64"], endpoint: "tcp://127.0.0.1:1", serverName: "a" };
    fs.writeFileSync(path.join(job.dir, "record"), recordText({ name: "ci", nodes: [node] }));
    const { ca, cert, key } = await makeCredentials();
    const { port } = server.address() as AddressInfo;
    const done = await job.run(
        "builder-setup",
        ["--record", "record", "--timeout", "1", "--owner", String(process.pid)],
        {
            env: { BUILDER_CA: ca, BUILDER_CERT: cert, BUILDER_KEY: key, BUILDX_BASE_URL: `http://127.0.0.1:${port}` },
        },
    );
    expect(fs.readdirSync(job.temp)).toEqual([]);
    return { ...done, ran: fs.existsSync(ran), ranPresent: fs.existsSync(path.join(job.dir, "ran-present")) };
}

ifNone.each(["curl", "wget"].filter((name) => findProgram(name)))(
    "buildx is downloaded by %s where there is none",
    async (program) => {
        const done = await setUp({ pinned: true, program });
        expect(asked).toEqual([expect.stringMatching(/^\/v0\.37\.0\/buildx-v0\.37\.0\.linux-(amd64|arm64)$/)]);
        expect({ ran: done.ran, stderr: done.stderr }).toEqual({
            ran: true,
            stderr: expect.stringMatching(
                /downloading buildx 0\.37\.0 from [^]*ci-amd64 does not answer: refused/,
            ) as string,
        });
    },
);

ifNone("another sum is an error, and nothing of it is run", async () => {
    const done = await setUp();
    expect({ ...done, stderr: "" }).toEqual({ status: 1, stdout: "", stderr: "", ran: false, ranPresent: false });
    expect(done.stderr).toMatch(/has SHA-256 [0-9a-f]{64}, and [0-9a-f]{64} is wanted: it was not run/);
});

ifNone("a server that has none is named", async () => {
    const done = await setUp({ served: "" });
    expect(done.status).toBe(1);
    expect(done.stderr).toMatch(/buildx cannot be downloaded from http:\/\/127[^]*set BUILDX_BASE_URL to a mirror/);
});

ifNone("one that is too old is told and not used, one that is not is used", async () => {
    const old = await setUp({ present: "0.22.1", pinned: true });
    expect(old.stderr).toMatch(/too old, 0\.23\.0 or later is needed: \S+buildx \(0\.22\.1\)/);
    expect(old.ran).toBe(true);
    const fresh = await setUp({ present: "0.23.0-desktop.1" });
    expect(asked).toEqual([]);
    expect(fresh.stderr).toMatch(/buildx 0\.23\.0-desktop\.1: /);
});
