import * as fs from "node:fs";
import * as path from "node:path";
import { platformEntry } from "../../../components/buildx/entries";
import { renderInstance } from "../../../components/buildx/instance";
import { type Farm, startFarm } from "../../../dev/local/farm";
import { nodeView } from "../../support/nodes";
import { fromProbe, temporaryFolder, writeContext } from "../../support/project";
import { endJobs, farmJob, farmRecord } from "./farmJob";

const nodeNames = ["amd64-0", "amd64-1", "386"];

let base: string;
let farm: Farm;

beforeAll(async () => {
    base = temporaryFolder("ci-replicas");
    const nodes = nodeNames.map((name) => ({ name, platforms: [`linux/${name.split("-")[0]}`] }));
    farm = await startFarm({ dir: path.join(base, "farm"), nodes });
});

afterAll(async () => {
    await endJobs();
    await farm?.stop();
    fs.rmSync(base, { recursive: true, force: true });
});

test("an image is built and tested on the replica that the library chooses for its name", async () => {
    const job = await farmJob(farm, base);
    writeContext(path.join(job.dir, "ctx"), fromProbe, ["linux/amd64", "linux/386"]);
    const builder = farmRecord(farm);
    const used = new Set<string>();
    for (const image of ["api", "web", "worker"]) {
        const entry = platformEntry(builder, "linux/amd64", image)!;
        const before = nodeNames.map((name) => nodeView(farm, name).builds().length);
        const args = ["-t", `${farm.registry.address}/shop/${image}:1`, "--smoke-test", "/probe", "ctx"];
        const { status, stderr } = await job.run("builder-build", args);
        expect(status === 0 ? "" : stderr).toBe("");
        const after = nodeNames.map((name, i) => [`ci-${name}`, nodeView(farm, name).builds().length - before[i]!]);
        const node = entry.nodes[0]!.name;
        expect(Object.fromEntries(after)).toEqual({ "ci-amd64-0": 0, "ci-amd64-1": 0, "ci-386": 2, [node]: 2 });
        used.add(node);
        // The same bytes as the library writes.
        const store = path.join(job.env.BUILDER_STATE!, "buildx");
        const written = fs.readFileSync(path.join(store, "instances", entry.name), "utf8");
        const folder = /"cacert":"([^"]*)\/ca\.pem"/.exec(written)![1]!;
        expect(written).toBe(renderInstance(entry, folder));
    }
    expect(used.size).toBe(2);
});
