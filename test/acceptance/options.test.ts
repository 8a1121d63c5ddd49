import * as fs from "node:fs";
import * as path from "node:path";
import { fromProbe, temporaryFolder, writeContext } from "../support/project";
import { type Infra, missing, startInfra } from "./infra";

if (missing) {
    process.stderr.write(`skipped: ${missing}\n`);
}

jest.setTimeout(900_000);

/** What the engine keeps of a resource. */
interface Kept {
    urn: string;
    type: string;
    protect?: boolean;
    inputs?: { labels?: Record<string, string> };
}

(missing ? describe.skip : describe)("a farm's options, under the Pulumi CLI", () => {
    let base: string;
    const image = { name: "app", context: "ctx", tags: ["1.0"], platforms: ["linux/amd64", "linux/386"] };
    let infra: Infra;

    beforeAll(async () => {
        base = temporaryFolder("options");
        infra = await startInfra(base);
        const { project } = infra;
        writeContext(path.join(project.dir, "ctx"), fromProbe);
        await project.prepare(image);
    });

    afterAll(async () => {
        await infra?.farm.stop();
        fs.rmSync(base, { recursive: true, force: true });
    });

    /** Writes a program that makes the farm and its image in its own way. */
    function program(farm: string, before = ""): void {
        fs.writeFileSync(
            path.join(infra.project.dir, "index.ts"),
            `import * as pulumi from "@pulumi/pulumi";
import { MultiArchBuilder } from "./components";
import { readConfiguration } from "./config";

const { builderName, farm: settings, image } = readConfiguration();
const args = { ...settings, builderName };
${before}
const farm = ${farm};
farm.buildImage(image!.name, image!.args);
`,
        );
    }

    const up = () => infra.cli.succeed(infra.project.dir, "up", "--yes", "--skip-preview", "--stack", "prod");

    async function changes(): Promise<Record<string, number>> {
        const text = await infra.cli.succeed(infra.project.dir, "preview", "--json", "--stack", "prod");
        return (JSON.parse(text) as { changeSummary: Record<string, number> }).changeSummary;
    }

    async function kept(): Promise<Kept[]> {
        const text = await infra.cli.succeed(infra.project.dir, "stack", "export", "--stack", "prod");
        return (JSON.parse(text) as { deployment: { resources: Kept[] } }).deployment.resources;
    }

    test("an alias renames it, and moves it into another component, with everything in it", async () => {
        program('new MultiArchBuilder("ci", args)');
        await up();
        program('new MultiArchBuilder("farm", args, { aliases: [{ name: "ci" }] })');
        expect(Object.keys(await changes())).toEqual(["same"]);
        await up();
        program(
            'new MultiArchBuilder("farm", args, { parent: platform, aliases: [{ parent: pulumi.rootStackResource }] })',
            'const platform = new pulumi.ComponentResource("acme:index:Platform", "platform");',
        );
        expect(await changes()).toEqual({ create: 1, same: expect.any(Number) as number });
        await up();
        const urns = (await kept()).map(({ urn }) => urn);
        expect(urns.filter((urn) => urn.endsWith("::farm-registration"))).toHaveLength(1);
        expect(urns.filter((urn) => urn.includes("::ci"))).toEqual([]);
    });

    test("protection keeps it from being destroyed, and from no build; transforms see what it is made of", async () => {
        program(
            `new MultiArchBuilder("farm", args, {
    protect: true,
    parent: platform,
    transforms: [
        ({ type, props, opts }) =>
            type === "docker-build:index:Image" ? { props: { ...props, labels: { team: "build" } }, opts } : undefined,
    ],
})`,
            'const platform = new pulumi.ComponentResource("acme:index:Platform", "platform");',
        );
        await up();
        await infra.project.prepare({ ...image, rebuild: "now" });
        await up();
        const resources = await kept();
        const images = resources.filter(({ type }) => type === "docker-build:index:Image");
        expect(images.map(({ inputs }) => inputs?.labels)).toEqual([{ team: "build" }, { team: "build" }]);
        expect(resources.find(({ urn }) => urn.endsWith("::farm"))?.protect).toBe(true);
        const destroyed = await infra.cli.run(
            infra.project.dir,
            "destroy",
            "--yes",
            "--skip-preview",
            "--stack",
            "prod",
        );
        expect(destroyed.status).not.toBe(0);
        expect(`${destroyed.stdout}${destroyed.stderr}`).toMatch(/protected|protection/);
        expect((await kept()).some(({ urn }) => urn.endsWith("::farm"))).toBe(true);
    });
});
