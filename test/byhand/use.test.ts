import * as fs from "node:fs";
import * as path from "node:path";
import type { Builder } from "../../components/builder";
import type { Farm } from "../../dev/local/farm";
import { Machine } from "../support/machine";
import { Project, temporaryFolder, testFarm } from "../support/project";
import { allImages, architectures, describeClients, expectNodesUsed, prepareContext, pushedImages } from "./typed";

let base: string;
let farm: Farm;
let outputs: string;
let builder: string;

// The stack is brought up on one machine; the tests use it on others, from its outputs.
beforeAll(async () => {
    base = temporaryFolder("use");
    farm = await testFarm(base);
    const result = await new Project(farm, base, "infrastructure").run(undefined);
    if (result.exitCode !== 0) {
        throw new Error(result.errors.join("\n"));
    }
    builder = (result.outputs.builder as Builder).name;
    // As `pulumi stack output --json --show-secrets` prints them.
    outputs = JSON.stringify({ ...result.outputs, builderCredentials: farm.credentials });
}, 120_000);

afterAll(async () => {
    await farm?.stop();
    fs.rmSync(base, { recursive: true, force: true });
}, 60_000);

function newMachine(name: string): Machine {
    const machine = new Machine(farm, path.join(base, name));
    prepareContext(machine);
    machine.logIn();
    return machine;
}

async function cli(machine: Machine, args: string[], input = outputs): Promise<string> {
    const { status, stdout, stderr } = await machine.cli(args, input);
    expect(`${String(status)} ${stderr}`).toBe("0 ");
    expect(stdout).not.toContain("PRIVATE KEY");
    return stdout;
}

function filesOf(folder: string): string[] {
    return fs.existsSync(folder) ? fs.readdirSync(folder, { recursive: true, encoding: "utf8" }) : [];
}

describeClients((client) => {
    test("builds on every node without naming a builder, after `use --default`", async () => {
        const machine = newMachine(`default-${client.replace(" ", "-")}`);
        expect(await cli(machine, ["use", "--default"])).toContain(builder);
        expect(await machine.type(client, ["ls"])).toMatch(new RegExp(`^${builder}\\*`, "m"));
        const repository = client.replace(" ", "-");
        const reference = `${farm.registry.address}/${repository}:plain`;
        const build = ["build", "--platform", "linux/amd64,linux/386,linux/arm64", "-t", reference, "--push", "."];
        await expectNodesUsed({ machine, builder }, { amd64: 1, "386": 1, arm64: 1 }, () =>
            machine.type(client, build),
        );
        expect(await pushedImages(machine, repository, "plain")).toEqual(allImages);
        await cli(machine, ["forget"]);
        // The next builder of that name is not the default unasked, and buildx's notes of the builds are gone too.
        expect(fs.readFileSync(path.join(machine.store, "current"), "utf8")).toBe(
            '{"Key":"","Name":"","Global":false}',
        );
        expect(filesOf(machine.store).filter((name) => name.includes(builder))).toEqual([]);
        expect(await machine.type(client, ["ls"])).not.toContain(builder);
    }, 120_000);
});

test("`use` from a file registers every entry and changes no default, and `forget` leaves nothing of it", async () => {
    const machine = newMachine("file");
    const before = filesOf(machine.store);
    const file = path.join(machine.dir, "outputs.json");
    fs.writeFileSync(file, outputs, { mode: 0o600 });
    await cli(machine, ["use", file], "");
    expect(fs.existsSync(path.join(machine.store, "current"))).toBe(false);
    expect(await machine.type("buildx", ["ls"])).toMatch(new RegExp(`^${builder} +remote`, "m"));
    const inspected = await machine.type("buildx", ["inspect", "--bootstrap", `${builder}-386`]);
    expect(inspected).toMatch(/^Status: +running$/m);
    await cli(machine, ["forget", file], "");
    const left = filesOf(machine.store).filter((name) => !before.includes(name));
    expect(left.filter((name) => name.includes(builder) || name.endsWith(".pem"))).toEqual([]);
    expect(left.filter((name) => /^(instances|multiarch-builder|activity)\/./.test(name))).toEqual([]);
    await expect(machine.type("buildx", ["inspect", builder])).rejects.toThrow(/no builder/);
}, 60_000);

test("`forget` removes the certificates of a builder whose entries were all removed with `buildx rm`", async () => {
    const machine = newMachine("by-hand");
    await cli(machine, ["use"]);
    await machine.type("buildx", ["rm", builder, ...architectures.map((architecture) => `${builder}-${architecture}`)]);
    expect(filesOf(machine.store).filter((name) => name.endsWith(".pem"))).toHaveLength(3);
    await cli(machine, ["forget"]);
    expect(filesOf(machine.store).filter((name) => name.endsWith(".pem"))).toEqual([]);
}, 60_000);

test("a builder that was removed with `buildx rm` is registered again by the next `use`", async () => {
    const machine = newMachine("removed");
    await cli(machine, ["use"]);
    await machine.type("buildx", ["rm", builder]);
    expect(await machine.type("buildx", ["ls"])).not.toMatch(new RegExp(`^${builder} `, "m"));
    await cli(machine, ["use"]);
    expect(await machine.type("buildx", ["inspect", builder])).toMatch(/^Status: +running$/m);
}, 60_000);
