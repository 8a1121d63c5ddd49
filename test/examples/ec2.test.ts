import * as fs from "node:fs";
import * as path from "node:path";
import type { Builder } from "../../components/builder";
import { recordProblems } from "../../components/buildx/record";
import type { MonthlyCost } from "../../components/cost/monthlyCost";
import { type RehearseResult, rehearse } from "../../dev/rehearsal/run";
import { operations } from "../rehearsal/trial";
import { runCommand } from "../support/commands";
import { root, temporaryFolder } from "../support/project";
import { installExamples } from "./installed";

// The package is compiled first, and a machine may be busy.
jest.setTimeout(900_000);

const names = ["ec2", "ec2-ssm"];
const folder = temporaryFolder("examples");
const lines: string[] = [];

beforeAll(() => installExamples(folder, names));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const stackFile = (name: string) => path.join(folder, name, "Pulumi.dev.yaml");

/** Runs a command on an example, with a changed text in its configuration if one is given. */
async function run(
    name: string,
    command: "preview" | "up" | "destroy",
    { facts, change }: { facts?: boolean; change?: [from: string, to: string] } = {},
): Promise<RehearseResult> {
    const original = fs.readFileSync(stackFile(name), "utf8");
    fs.writeFileSync(stackFile(name), change ? original.replace(...change) : original);
    lines.length = 0;
    try {
        return await rehearse({
            command,
            facts,
            projectDir: path.join(folder, name),
            stack: "dev",
            configFile: stackFile(name),
            stateFile: path.join(folder, `${name}.json`),
            env: { PULUMI_CONFIG_PASSPHRASE: "example", DOCKER_CONFIG: path.join(folder, "docker") },
            log: (line) => lines.push(line),
        });
    } finally {
        fs.writeFileSync(stackFile(name), original);
    }
}

/** The kinds of operations of a result. */
const kinds = (result: RehearseResult) => [...new Set(operations(result).map((line) => line.split(": ")[1]))].sort();

describe.each(names)("examples/%s", (name) => {
    const builder = name === "ec2" ? "ci" : "laptop";

    it("is previewed without anything known beforehand, as the CLI does", async () => {
        const result = await run(name, "preview");
        expect(result.errors).toEqual([]);
        expect(kinds(result)).toEqual(["create", "not built"]);
        expect(result.facts).toBeUndefined();
        expect(result.outputs).toMatchObject({ builder: "[unknown]", builderCredentials: "[secret]" });
    });

    it("tells every resource by kind, who reaches what, and nothing to look at twice", async () => {
        const result = await run(name, "preview", { facts: true });
        expect(result.errors).toEqual([]);
        const kindsTold = lines.filter((line) => /^[a-zA-Z ]+ \(\d+\)$/.test(line)).map((line) => line.split(" (")[0]);
        const clouds = ["network", "compute", "storage", "keys and parameters", "IAM", "registry", "monitoring"];
        expect(kindsTold).toEqual([...clouds, "images", "components"]);
        for (const resource of result.resources) {
            expect(lines.filter((line) => line.includes(` ${resource.type} ${resource.name} `))).toHaveLength(1);
        }
        const facts = result.facts!;
        expect(facts.filter(({ warning }) => warning)).toEqual([]);
        const about = (topic: string) => facts.filter((fact) => fact.topic.startsWith(topic)).map(({ text }) => text);
        const inbound = name === "ec2" ? "tcp 1234 from sg-0123456789abcdef0" : "no inbound rule";
        expect(about("what is reached").filter((text) => !text.startsWith("may connect"))).toEqual([inbound, inbound]);
        const hidden = expect.stringMatching(/^no public address; 10\.0\./) as string;
        expect(about("addresses")).toEqual([hidden, hidden]);
        expect(about("instance metadata").filter((text) => text.startsWith("IMDSv2 only, hop limit 1"))).toHaveLength(
            2,
        );
        expect(about("who may do what").join("\n")).toContain(
            `OwnCertificate: ssm:GetParameter, ssm:GetParameters → ${builder}-ec2-parameter-server-amd64-cert`,
        );
        const clear = facts.filter(({ text }) => text.startsWith("not encrypted")).map(({ subject }) => subject);
        expect(clear).toEqual([`${builder}-ec2-parameter-builder`, `${builder}-ci-parameter-ci`]);
        // The estimate of the program and the sum of its resources agree, but for what is assumed to lie in them.
        const { idle } = result.outputs.monthlyCost as MonthlyCost;
        expect(parseFloat(about("cost").at(-1)!)).toBeCloseTo(idle - 20 * 0.1 - 0.53, 2);
    });

    it("comes up from models, registers no builder that is not there, and stays as it is", async () => {
        const first = await run(name, "up");
        expect(first.errors).toEqual([]);
        expect(kinds(first)).toEqual(["create", "not built"]);
        const record = first.outputs.builder as Builder;
        expect(recordProblems(record, "builder")).toEqual([]);
        expect(record.nodes.map((node) => [node.name, node.platforms, node.access?.kind, node.wake?.kind])).toEqual([
            [`${builder}-amd64`, ["linux/amd64"], name === "ec2" ? undefined : "ssm", "ec2"],
            [`${builder}-arm64`, ["linux/arm64"], name === "ec2" ? undefined : "ssm", "ec2"],
        ]);
        const cost = first.outputs.monthlyCost as MonthlyCost;
        expect(cost).toMatchObject({ currency: "USD", estimate: true, region: "eu-central-1", unpriced: [] });
        expect(cost.idle).toBeGreaterThan(10);
        expect(cost.alwaysOn).toBeGreaterThan(cost.at160Hours);
        expect(fs.existsSync(path.join(folder, "docker"))).toBe(false);
        const second = await run(name, "up");
        expect(second.errors).toEqual([]);
        expect(kinds(second)).toEqual(["not built", "same"]);
        expect(second.changes).toEqual([]);
        expect(second.outputs).toEqual(first.outputs);
    });

    it("moves to another subnet in an order that single-attach resources allow", async () => {
        const change: [string, string] = ["subnet-0123456789abcdef0", "subnet-0fedcba9876543210"];
        // Once with ids that are known only after the update, once with the models'.
        const result = await run(name, "preview", { facts: name === "ec2", change });
        expect(result.errors).toEqual([]);
        const order = result.changes.map(({ op, name: changed }) => `${op} ${changed.slice(builder.length + 1)}`);
        for (const arch of ["amd64", "arm64"]) {
            const own = order.filter((line) => line.includes(arch) && /interface|instance$|attachment/.test(line));
            expect(own).toEqual([
                `create ec2-${arch}-interface`,
                `delete ec2-${arch}-cache-attachment`,
                `delete ec2-${arch}-instance`,
                `create ec2-${arch}-instance`,
                `create ec2-${arch}-cache-attachment`,
                `delete ec2-${arch}-interface`,
            ]);
        }
        expect(order.filter((line) => /-cache$/.test(line))).toEqual([]);
        expect(lines).toContain("Order of the changes:");
    });

    it("is destroyed with dependents first", async () => {
        const result = await run(name, "destroy");
        expect(result.errors).toEqual([]);
        const order = result.changes.map(({ op, name: gone }) => `${op} ${gone}`);
        const at = (suffix: string) => order.indexOf(`delete ${builder}-ec2-${suffix}`);
        expect(at("amd64-cache-attachment")).toBeGreaterThanOrEqual(0);
        for (const later of ["amd64-cache", "amd64-instance"]) {
            expect(at(later)).toBeGreaterThan(at("amd64-cache-attachment"));
        }
        expect(at("amd64-interface")).toBeGreaterThan(at("amd64-instance"));
        expect(at("amd64-group")).toBeGreaterThan(at("amd64-interface"));
        expect(at("key")).toBeGreaterThan(at("amd64-cache"));
        expect(new Set(order).size).toBe(order.length);
    });

    it("finds the package in the repository itself", () => {
        const from = path.join(root, "examples", name);
        expect(fs.realpathSync(require.resolve("multiarch-builder/package.json", { paths: [from] }))).toBe(
            path.join(root, "package.json"),
        );
    });
});

test("a cache that grows keeps its volume, and its node is replaced", async () => {
    expect((await run("ec2", "up")).errors).toEqual([]);
    const grown = await run("ec2", "preview", { change: ["config:", "config:\n  builders-ec2:cacheGiB: 200"] });
    const changed = operations(grown).filter((line) =>
        /amd64-(cache|instance|cache-attachment|interface): /.test(line),
    );
    expect(changed).toEqual([
        "ci-ec2-amd64-cache-attachment: replace",
        "ci-ec2-amd64-cache: update",
        "ci-ec2-amd64-instance: replace",
        "ci-ec2-amd64-interface: same",
    ]);
});

test("the command line previews an example, for people and as JSON", async () => {
    const main = path.join(root, "dev/rehearsal/main.ts");
    const args = ["--import", "tsx", main, "preview", "--config", stackFile("ec2-ssm")];
    const options = { cwd: root, env: process.env, seconds: 600 };
    const people = await runCommand(process.execPath, args, options);
    expect(people.status).toBe(0);
    expect(people.stdout).toContain("no inbound rule");
    expect(people.stdout).toContain("nothing to look at twice");
    const machines = await runCommand(process.execPath, [...args, "--json"], options);
    const result = JSON.parse(machines.stdout) as RehearseResult;
    expect(result.exitCode).toBe(0);
    expect(result.facts!.map(({ text }) => text)).toContain("no inbound rule");
});
