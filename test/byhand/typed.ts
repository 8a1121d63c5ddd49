import * as fs from "node:fs";
import * as path from "node:path";
import { type Client, type Machine, dockerMissing } from "../support/machine";
import { RegistryView, fromProbe, writeContext } from "../support/project";

/** All platforms of the test farm: two that run here natively and one that is cross-built. */
export const architectures = ["amd64", "386", "arm64"];
const platforms = architectures.map((architecture) => `linux/${architecture}`);

// A step that runs on the two native platforms proves the CPU; the third is content only.
const dockerfile = `${fromProbe.replace("FROM scratch", "FROM scratch AS files")}ARG VERSION=1
FROM files AS build-amd64
RUN ["/probe", "arch", "/arch"]
FROM files AS build-386
RUN ["/probe", "arch", "/arch"]
FROM files AS build-arm64
FROM build-\${TARGETARCH}
ARG VERSION
LABEL version=\${VERSION}
`;

const bakeFile = `variable "REPOSITORY" {}
group "default" { targets = ["app", "tools"] }
target "app" {
  context = "."
  platforms = ["linux/amd64", "linux/386", "linux/arm64"]
  tags = ["\${REPOSITORY}:app"]
}
target "tools" {
  inherits = ["app"]
  platforms = ["linux/386"]
  args = { VERSION = "2" }
  tags = ["\${REPOSITORY}:tools"]
}
`;

/** What the tests type on, and with. */
export interface Desk {
    machine: Machine;
    /** Name of the registered builder. */
    builder: string;
}

/** Runs what builds, and proves which node built what: every platform on its own node and nowhere else. */
export async function expectNodesUsed(
    { machine, builder }: Desk,
    builds: Record<string, number>,
    action: () => Promise<unknown>,
): Promise<void> {
    const before = machine.builds(builder);
    expect(Object.keys(before)).toHaveLength(architectures.length);
    await action();
    const after = machine.builds(builder);
    const grown = Object.keys(after).map((node) => {
        const records = after[node]!.slice(before[node]!.length);
        return [node, records.map(({ platform, error }) => error ?? platform)];
    });
    const expected = architectures.map((architecture) => [
        `${builder}-${architecture}`,
        Array<string>(builds[architecture] ?? 0).fill(`linux/${architecture}`),
    ]);
    expect(Object.fromEntries(grown)).toEqual(Object.fromEntries(expected));
}

/** The platforms of an index, without buildx's attestations, each with what the image's own configuration says. */
export async function pushedImages(
    { farm }: Machine,
    repository: string,
    tag: string,
): Promise<Record<string, string>> {
    const platformsThere = await new RegistryView(farm).platforms(repository, tag);
    return Object.fromEntries(Object.entries(platformsThere).filter(([platform]) => platform !== "unknown/unknown"));
}

/** What `pushedImages` finds of an image for all platforms. */
export const allImages = Object.fromEntries(platforms.map((platform, i) => [platform, architectures[i]!]));

/** Writes the build context of the commands into the machine's folder. */
export function prepareContext(machine: Machine): void {
    writeContext(machine.dir, dockerfile, platforms, { "docker-bake.hcl": bakeFile, ".dockerignore": "docker\n" });
}

/** The commands that people type, as tests. */
export function testTypedCommands(client: Client, desk: () => Desk): void {
    const once = { amd64: 1, "386": 1, arm64: 1 };
    const repository = () => `${desk().machine.farm.registry.address}/${client.replace(" ", "-")}`;
    const images = (tag: string) => pushedImages(desk().machine, client.replace(" ", "-"), tag);

    test("ls shows the builder with every node running and its platform", async () => {
        const { machine, builder } = desk();
        const listed = await machine.type(client, ["ls"]);
        expect(listed).toMatch(new RegExp(`^${builder}\\*? +remote`, "m"));
        for (const { name, endpoint } of machine.farm.nodes) {
            expect(listed).toMatch(new RegExp(`${builder}-${name} +\\\\_ ${endpoint} +running .*linux/${name}\\*`));
        }
    }, 60_000);

    test("inspect --bootstrap shows every node running", async () => {
        const { machine, builder } = desk();
        const inspected = await machine.type(client, ["inspect", "--bootstrap", builder]);
        expect(inspected.match(/^Status: +running$/gm)).toHaveLength(architectures.length);
        expect(inspected.match(/^Platforms: +\S+\*/gm)?.map((line) => line.replace(/^Platforms: +/, ""))).toEqual(
            platforms.map((platform) => `${platform}*`),
        );
    }, 60_000);

    test("build --platform … -t … --push . builds every platform on its own node", async () => {
        const { machine, builder } = desk();
        const build = ["build", "--builder", builder, "--platform", platforms.join(), "-t", `${repository()}:build`];
        await expectNodesUsed(desk(), once, () => machine.type(client, [...build, "--push", "."]));
        expect(await images("build")).toEqual(allImages);
    }, 120_000);

    test("BUILDX_BUILDER names it, with a login that is in the environment only", async () => {
        const { machine, builder } = desk();
        const build = ["build", "--platform", platforms.join(), "-t", `${repository()}:variable`, "--push", "."];
        const env = { BUILDX_BUILDER: builder, DOCKER_AUTH_CONFIG: machine.login };
        machine.logOut();
        try {
            await expectNodesUsed(desk(), once, () => machine.type(client, build, machine.dir, env));
        } finally {
            machine.logIn();
        }
        expect(await images("variable")).toEqual(allImages);
    }, 120_000);

    test("bake builds every target and platform on its own node", async () => {
        const { machine, builder } = desk();
        const env = { REPOSITORY: repository() };
        await expectNodesUsed(desk(), { ...once, "386": 2 }, () =>
            machine.type(client, ["bake", "--builder", builder, "--push"], machine.dir, env),
        );
        expect(await images("app")).toEqual(allImages);
    }, 120_000);

    test("imagetools inspect shows what was pushed, and imagetools create gives it another tag", async () => {
        const { machine } = desk();
        const reference = `${repository()}:build`;
        const inspected = await machine.type(client, ["imagetools", "inspect", reference]);
        expect(inspected.match(/^ +Platform: +linux.*$/gm)?.map((line) => line.trim().split(/ +/)[1])).toEqual(
            expect.arrayContaining(platforms),
        );
        await machine.type(client, ["imagetools", "create", "-t", `${repository()}:copy`, reference]);
        expect(await images("copy")).toEqual(allImages);
    }, 60_000);

    test("a build for one platform leaves the other nodes alone", async () => {
        const { machine, builder } = desk();
        const build = [
            "build",
            "--builder",
            builder,
            "--platform",
            "linux/386",
            "--output",
            "type=local,dest=out",
            ".",
        ];
        await expectNodesUsed(desk(), { "386": 1 }, () => machine.type(client, build));
        expect(fs.readFileSync(path.join(machine.dir, "out/arch"), "utf8")).toBe("386\n");
        fs.rmSync(path.join(machine.dir, "out"), { recursive: true });
    }, 60_000);

    test("du and history ls ask every node", async () => {
        const { machine, builder } = desk();
        const history = await machine.type(client, ["history", "ls", "--builder", builder, "--format", "json"]);
        expect(history.match(/"status":"Completed"/gi)?.length).toBeGreaterThanOrEqual(architectures.length);
        expect(await machine.type(client, ["du", "--builder", builder])).toMatch(/^Total:/m);
    }, 60_000);
}

/** Tests of both ways to type buildx; where no Docker CLI is, its half is skipped and says why. */
export function describeClients(body: (client: Client) => void): void {
    describe("buildx by itself", () => body("buildx"));
    const missing = dockerMissing();
    if (missing) {
        process.stderr.write(`skipped: what is typed with the Docker CLI: ${missing}\n`);
        describe.skip(`buildx as plugin of the Docker CLI (skipped: ${missing})`, () => body("docker buildx"));
    } else {
        describe("buildx as plugin of the Docker CLI", () => body("docker buildx"));
    }
}
