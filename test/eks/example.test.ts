import * as fs from "node:fs";
import * as path from "node:path";
import type { Builder } from "../../components/builder";
import { recordProblems } from "../../components/buildx/record";
import type { MonthlyCost } from "../../components/cost/monthlyCost";
import { type RehearseResult, rehearse } from "../../dev/rehearsal/run";
import { installExamples } from "../examples/installed";
import { operations } from "../rehearsal/trial";
import { temporaryFolder } from "../support/project";

// The package is compiled first, and a machine may be busy.
jest.setTimeout(900_000);

const folder = temporaryFolder("example");
const project = path.join(folder, "eks");

beforeAll(() => installExamples(folder, ["eks"]));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

/** Runs a command on one of the example's stacks, with other text in its program if some is given. */
async function run(
    stack: string,
    command: "preview" | "up" | "destroy",
    [from, to]: [string, string] = ["", ""],
): Promise<RehearseResult> {
    const program = path.join(project, "index.ts");
    const original = fs.readFileSync(program, "utf8");
    expect(original).toContain(from);
    fs.writeFileSync(program, original.replace(from, to));
    try {
        return await rehearse({
            command,
            projectDir: project,
            stack,
            configFile: path.join(project, `Pulumi.${stack}.yaml`),
            stateFile: path.join(folder, `${stack}.json`),
            env: {
                PULUMI_CONFIG_PASSPHRASE: "example",
                DOCKER_CONFIG: path.join(folder, "docker"),
                BUILDX_CONFIG: path.join(folder, "buildx"),
            },
            log: () => undefined,
        });
    } finally {
        fs.writeFileSync(program, original);
    }
}

const changed = (result: RehearseResult) => operations(result).filter((line) => !line.endsWith(": same"));

describe.each(["dev", "karpenter"])("examples/eks, stack %s", (stack) => {
    it("is previewed with what it costs", async () => {
        const result = await run(stack, "preview");
        expect(result.errors).toEqual([]);
        expect(new Set(operations(result).map((line) => line.split(": ")[1]))).toEqual(new Set(["create"]));
    });

    it("comes up, stays as it is, and goes", async () => {
        const first = await run(stack, "up");
        expect(first.errors).toEqual([]);
        const builder = first.outputs.builder as Builder;
        expect(recordProblems(builder, "")).toEqual([]);
        expect(builder.nodes.map(({ name }) => name)).toEqual(["ci-amd64-0", "ci-amd64-1", "ci-arm64-0", "ci-arm64-1"]);
        expect((first.outputs.monthlyCost as MonthlyCost).alwaysOn).toBeGreaterThan(30);
        const second = await run(stack, "up");
        expect([second.errors, changed(second)]).toEqual([[], []]);
    });
});

it("another number of replicas changes the StatefulSet, and neither volumes nor certificates", async () => {
    const result = await run("dev", "up", ["...builders, replicas: 2 }, arm64", "...builders, replicas: 3 }, arm64"]);
    expect(result.errors).toEqual([]);
    expect(changed(result)).toMatchInlineSnapshot(`
        [
          "ci-ci-parameter-ci: update",
          "ci-ci: update",
          "ci-eks-amd64-builders: update",
          "ci-eks-amd64-group-subnet-0123456789abcdef0: update",
          "ci-eks-amd64-group-subnet-0fedcba9876543210: update",
          "ci-eks-parameter-builder: update",
          "ci-eks: update",
          "ci-registration: update",
          "ci: update",
        ]
    `);
});

it("another size of volumes makes the StatefulSets anew, whose volumes stay", async () => {
    const result = await run("dev", "up", ["// Builds come", "cache: { sizeGiB: 200 },\n// Builds come"]);
    expect(result.errors).toEqual([]);
    expect(changed(result).filter((line) => line.includes("replace"))).toEqual([
        "ci-eks-amd64-builders: replace",
        "ci-eks-arm64-builders: replace",
    ]);
});

it("is gone after a destroy", async () => {
    for (const stack of ["dev", "karpenter"]) {
        const result = await run(stack, "destroy");
        expect([result.errors, new Set(operations(result).map((line) => line.split(": ")[1]))]).toEqual([
            [],
            new Set(["delete"]),
        ]);
    }
});
