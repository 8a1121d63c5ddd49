import * as fs from "node:fs";
import * as path from "node:path";
import type { Farm } from "../../dev/local/farm";
import { Arm64Emulator } from "../support/emulator";
import { stopNode } from "../support/farmFaults";
import { expectFault, stackOn } from "../support/faults";
import { nodeView } from "../support/nodes";
import { RegistryView, fromProbe, temporaryFolder, testFarm, writeContext } from "../support/project";

const platforms = ["linux/amd64", "linux/arm64"];
const dockerfile = `${fromProbe}RUN ["/probe", "arch", "/arch"]\n`;

const base = temporaryFolder("emulator");
fs.mkdirSync(path.join(base, "qemu"));
const emulator = Arm64Emulator.prepare(path.join(base, "qemu"));
let farm: Farm | undefined;

afterAll(async () => {
    if (typeof emulator !== "string") {
        emulator.unregister();
    }
    await farm?.stop();
    fs.rmSync(base, { recursive: true, force: true });
}, 60_000);

const [run, why] = typeof emulator === "string" ? [test.skip, ` (skipped: ${emulator})`] : [test, ""];

run(
    `a node with an emulator is refused unless it is declared, and then builds and tests arm64${why}`,
    async () => {
        const { register, unregister } = handlerOf(emulator);
        // BuildKit looks for emulators at its start, and for what is new every 20 s.
        register();
        farm = await testFarm(base, ["linux/amd64"]);
        const node = farm.nodes[0]!;
        expect(node.advertised).toContain("linux/arm64");
        const { endpoint, serverName } = node;
        const endpoints = (parts: object) => ({ config: { endpoints: [{ endpoint, serverName, ...parts }] } });
        const registry = new RegistryView(farm);
        const project = stackOn(farm, base);
        writeContext(path.join(project.dir, "ctx"), dockerfile, platforms);
        const image = { name: "app", context: "ctx", tags: ["1.0"], platforms: ["linux/amd64"] };

        const undeclared = await expectFault(project, "app", () =>
            project.run(image, endpoints({ platforms: ["linux/amd64"] })),
        );
        expect(undeclared.text).toMatch(/multiarch-test-amd64 \(tcp:.*advertises linux\/arm64.*emulator.*remove it/s);
        expect(undeclared.text).toContain('emulated: ["linux/arm64"]');
        expect(nodeView(farm, "amd64").builds()).toEqual([]);

        const declared = endpoints({ platforms, emulated: ["linux/arm64"] });
        const failing = await expectFault(project, "app", () =>
            project.run({ ...image, platforms, smokeTest: [["/probe", "fail-on", "arm64"]] }, declared),
        );
        expect(failing.text).toMatch(/app-smoke-arm64.*probe: fails on arm64/s);
        expect(failing.text).not.toContain("app-smoke-amd64");

        const right = await project.run({ ...image, platforms, smokeTest: [["/probe", "arch", "/tested"]] }, declared);
        expect(right.errors).toEqual([]);
        unregister();

        expect(await registry.platforms("app", "1.0")).toEqual({ "linux/amd64": "amd64", "linux/arm64": "arm64" });
        expect(right.outputs.images).toMatchObject({
            "linux/amd64": { emulated: false, smokeTested: true },
            "linux/arm64": { emulated: true, smokeTested: true },
        });
        const ofArm64 = nodeView(farm, "amd64")
            .builds()
            .filter((build) => build.platform === "linux/arm64");
        expect(ofArm64.at(-1)).toMatchObject({ error: undefined });

        // Without the emulator, and after a restart, the node is taken as what it is.
        await stopNode(farm, "amd64");
        farm = await testFarm(base, ["linux/amd64"]);
        expect(farm.nodes[0]!.advertised).not.toContain("linux/arm64");
        const next = await project.run({ ...image, rebuild: "mended" }, endpoints({ platforms: ["linux/amd64"] }));
        expect(next.errors).toEqual([]);
    },
    180_000,
);

function handlerOf(prepared: Arm64Emulator | string): { register: () => void; unregister: () => void } {
    if (typeof prepared === "string") {
        throw new Error(prepared);
    }
    return { register: () => prepared.register(), unregister: () => prepared.unregister() };
}
