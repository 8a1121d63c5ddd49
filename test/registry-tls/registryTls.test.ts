import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { stopFarm } from "../../dev/local/stopFarm";
import { runCommand } from "../support/commands";
import { processesOf } from "../support/processes";
import { TwoMachines, networkMissing } from "../support/network";
import { root, temporaryFolder } from "../support/project";
import { Background, writeTlsRegistry } from "../support/tlsRegistry";

const registryName = "registry.shop.internal";
const missing = networkMissing();
if (missing) {
    process.stderr.write(`skipped: a registry behind TLS on another machine: ${missing}\n`);
}
const title = `a registry behind TLS only, on another machine${missing ? ` (skipped: ${missing})` : ""}`;

interface Report {
    numTotalTests: number;
    testResults: { message: string; assertionResults: { title: string; status: string }[] }[];
}

let base: string;
let machines: TwoMachines | undefined;
let registry: Background | undefined;

async function stopAll(): Promise<void> {
    await registry?.stop();
    await stopFarm(path.join(base, "farm"), { purge: true });
    await machines?.stop();
}

(missing ? describe.skip : describe)(title, () => {
    beforeAll(() => {
        base = temporaryFolder("tls");
    });

    afterAll(async () => {
        await stopAll();
        fs.rmSync(base, { recursive: true, force: true });
    }, 60_000);

    // What runs in the client's network namespace has to be a process of its own: `inside.ts`, by jest again.
    test("is pushed to, cached in and tested from, and faults of its CA move nothing", async () => {
        const interfaces = Object.keys(os.networkInterfaces());
        const registryDir = path.join(base, "registry");
        fs.mkdirSync(registryDir, { mode: 0o700 });
        const written = await writeTlsRegistry(registryDir, registryName);
        machines = await TwoMachines.start(base, registryName);
        registry = new Background(machines.registryCommand(...written.command), path.join(registryDir, "log"));
        const settings = path.join(base, "settings.json");
        fs.writeFileSync(settings, JSON.stringify(written.registry), { mode: 0o600 });
        const reportFile = path.join(base, "report.json");
        const [command, args] = machines.clientCommand(
            root,
            ...[process.execPath, path.join(root, "node_modules/jest/bin/jest.js"), "--runInBand"],
            ...["--testMatch", path.join(__dirname, "inside.ts"), "--json", "--outputFile", reportFile],
        );
        const ended = await runCommand(command, args, {
            env: {
                ...process.env,
                TLS_REGISTRY_DIR: base,
                // The test's own view of the registry; the program gets its trust where a test says so.
                NODE_EXTRA_CA_CERTS: written.registry.caFile,
            },
            seconds: 400,
        });
        if (!fs.existsSync(reportFile)) {
            throw new Error(`the tests inside did not report:\n${ended.stdout}\n${ended.stderr}`);
        }
        const report = JSON.parse(fs.readFileSync(reportFile, "utf8")) as Report;
        expect(report.testResults.map((file) => file.message).join("\n")).toBe("");
        const results = report.testResults.flatMap((file) => file.assertionResults);
        expect(results.filter(({ status }) => status !== "passed")).toEqual([]);
        expect(results.length).toBe(expectedTests);
        // Nothing of the two machines shows on this one, neither while they run nor after.
        expect(Object.keys(os.networkInterfaces())).toEqual(interfaces);
        expect(fs.readFileSync("/etc/hosts", "utf8")).not.toContain(registryName);
        await stopAll();
        expect(processesOf(base)).toEqual([]);
    }, 500_000);
});

const expectedTests = 6;
