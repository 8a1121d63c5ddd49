import * as fs from "node:fs";
import * as path from "node:path";
import type { Builder } from "../../components/builder";
import { registerBuilder } from "../../components/buildx/registration";
import { makeDefault } from "../../components/buildx/store";
import type { Farm } from "../../dev/local/farm";
import { contractBuildx, contractVersions, fixturesDir } from "../../dev/tools/contract";
import { record } from "../../dev/tools/recordContract";
import { succeed } from "../support/commands";
import { Machine } from "../support/machine";
import { RegistryView, fromProbe, temporaryFolder, testFarm, writeContext } from "../support/project";

const platforms = ["linux/amd64", "linux/386"];
const live = [contractVersions[0]!, contractVersions.at(-1)!];

let base: string;
let farm: Farm;
let builder: Builder;

beforeAll(async () => {
    base = temporaryFolder("live");
    farm = await testFarm(base, platforms);
    const nodes = farm.nodes.map(({ name, endpoint, serverName, platforms: own }) => ({
        name: `live-node-${name}`,
        platforms: own,
        endpoint,
        serverName,
    }));
    builder = { name: "live", nodes };
    writeContext(path.join(base, "ctx"), `${fromProbe}RUN ["/probe", "arch", "/arch"]\n`, platforms);
}, 120_000);

afterAll(async () => {
    await farm?.stop();
    fs.rmSync(base, { recursive: true, force: true });
}, 60_000);

describe.each(live)("buildx %s, live", (version) => {
    let buildx: string;
    let machine: Machine;

    // The oldest is built from source here, in one to two minutes, unless it is there.
    beforeAll(async () => {
        buildx = await contractBuildx(version, (line) => process.stderr.write(`${line}\n`));
        machine = new Machine(farm, path.join(base, version), buildx);
        machine.logIn();
        await registerBuilder(builder, farm.credentials, machine.store);
    }, 900_000);

    test("is that version, and writes and reads what is recorded of it", async () => {
        expect(await succeed(buildx, ["version"], { env: machine.env })).toMatch(` v${version} `);
        for (const [name, text] of Object.entries(record(buildx))) {
            expect(`${name}: ${text}`).toBe(
                `${name}: ${fs.readFileSync(path.join(fixturesDir, version, name), "utf8")}`,
            );
        }
    }, 60_000);

    test("lists the registered builder with every node running", async () => {
        const listed = await machine.type("buildx", ["ls"]);
        expect(listed.match(/^live\S*(?= +remote)/gm)?.sort()).toEqual(["live", "live-386", "live-amd64"]);
        for (const { name, endpoint, platforms: own } of farm.nodes) {
            expect(listed).toMatch(new RegExp(`live-node-${name} +\\\\_ ${endpoint} +running .*${own[0]}\\*`));
        }
    }, 60_000);

    test("inspects and boots it", async () => {
        const inspected = await machine.type("buildx", ["inspect", "--bootstrap", "live"]);
        expect(inspected.match(/^Name: .*\S/gm)).toHaveLength(3);
        expect(inspected.match(/^Status: +running$/gm)).toHaveLength(2);
    }, 60_000);

    test("builds two platforms in one build, each on its own node, also when it is the default", async () => {
        await makeDefault(machine.store, "live");
        const before = machine.builds("live");
        const reference = `${farm.registry.address}/live:${version}`;
        await machine.type("buildx", ["build", "--platform", platforms.join(), "-t", reference, "--push", "ctx"], base);
        expect(await new RegistryView(farm).platforms("live", version)).toEqual({
            "linux/amd64": "amd64",
            "linux/386": "386",
        });
        const after = machine.builds("live");
        for (const name of ["amd64", "386"]) {
            const own = after[`live-node-${name}`]!.slice(before[`live-node-${name}`]!.length);
            expect(own.map((build) => [build.platform, build.error])).toEqual([[`linux/${name}`, undefined]]);
        }
    }, 120_000);
});
