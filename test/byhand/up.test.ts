import * as fs from "node:fs";
import * as path from "node:path";
import type { Builder } from "../../components/builder";
import type { Farm } from "../../dev/local/farm";
import { succeed } from "../support/commands";
import { Machine } from "../support/machine";
import { Project, temporaryFolder, testFarm } from "../support/project";
import { type Desk, architectures, describeClients, prepareContext, testTypedCommands } from "./typed";

let base: string;
let farm: Farm;
let desk: Desk;
let outputs: Record<string, unknown>;

// `up` of a stack without any image registers its builder; what follows uses nothing but that registration.
beforeAll(async () => {
    base = temporaryFolder("up");
    farm = await testFarm(base);
    const project = new Project(farm, base, "person");
    const machine = new Machine(farm, project.dir);
    const result = await project.run(undefined);
    if (result.exitCode !== 0) {
        throw new Error(result.errors.join("\n"));
    }
    outputs = result.outputs;
    desk = { machine, builder: (outputs.builder as Builder).name };
    prepareContext(machine);
    machine.logIn();
}, 120_000);

afterAll(async () => {
    await farm?.stop();
    fs.rmSync(base, { recursive: true, force: true });
}, 60_000);

test("`up` without an image registers the builder, one entry per platform, and certificates for their owner only", () => {
    const { machine, builder } = desk;
    const instances = path.join(machine.store, "instances");
    expect(fs.readdirSync(instances).sort()).toEqual(
        [builder, ...architectures.map((architecture) => `${builder}-${architecture}`)].sort(),
    );
    const own = path.join(machine.store, "multiarch-builder");
    const folder = path.join(own, fs.readdirSync(own)[0]!);
    expect(fs.statSync(own).mode & 0o777).toBe(0o700);
    for (const file of ["ca.pem", "cert.pem", "key.pem"]) {
        expect(fs.statSync(path.join(folder, file)).mode & 0o777).toBe(0o600);
    }
    expect(fs.readFileSync(path.join(folder, "key.pem"), "utf8")).toBe(farm.credentials.key);
    expect(outputs.builderCredentials).toBe("[secret]");
});

describeClients((client) => {
    testTypedCommands(client, () => desk);

    if (client === "docker buildx") {
        test("docker manifest inspect reads the index that was pushed", async () => {
            const { machine } = desk;
            const reference = `${farm.registry.address}/docker-buildx:build`;
            const options = { env: machine.env, cwd: machine.dir };
            const printed = await succeed("docker", ["manifest", "inspect", "--insecure", reference], options);
            const index = JSON.parse(printed) as { manifests: { platform: { architecture: string } }[] };
            const found = index.manifests.map(({ platform }) => platform.architecture);
            expect(found).toEqual(expect.arrayContaining(architectures));
        }, 60_000);
    }
});
