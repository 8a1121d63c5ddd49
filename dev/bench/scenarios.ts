import { type Contender, nodesOf } from "./contenders";
import { type Spread, spread } from "./stats";
import type { Workload } from "./workloads";

/** One kind of build, in the order in which a measurement goes through them. */
export const scenarios = ["cold", "no change", "warm node", "one-file change", "fresh node"] as const;
export type Scenario = (typeof scenarios)[number];

export const meanings: Record<Scenario, string> = {
    cold: "new content, nothing cached anywhere",
    "no change": "the same command once more",
    "warm node": "built again with everything in the nodes' caches",
    "one-file change": "one file of the last layer is new",
    "fresh node": "nodes wiped, only the registry's cache is there",
};

/** The runs of one contender in one scenario. */
export interface Row {
    workload: string;
    scenario: Scenario;
    contender: string;
    seconds: number[];
    /** Share of cached steps on fresh nodes, over all runs. */
    cachedShare?: number;
}

/** Goes through all scenarios, the contenders taking turns, and notes each run. */
export async function measure(
    contenders: Contender[],
    workload: Workload,
    rounds: number,
    progress: (line: string) => void,
): Promise<Row[]> {
    const rows = new Map<string, Row & { cached: number; steps: number }>();
    for (let round = 0; round < rounds; round++) {
        for (const scenario of scenarios) {
            for (const contender of round % 2 === 0 ? contenders : [...contenders].reverse()) {
                const { seconds, cached, steps } = await once(contender, workload, scenario, round);
                const id = `${scenario}/${contender.name}`;
                const row = rows.get(id) ?? {
                    workload: workload.name,
                    scenario,
                    contender: contender.name,
                    seconds: [],
                    cached: 0,
                    steps: 0,
                };
                row.seconds.push(seconds);
                row.cached += cached;
                row.steps += steps;
                rows.set(id, row);
                progress(
                    `${workload.name} ${round + 1}/${rounds} ${scenario}: ${contender.name} ${seconds.toFixed(2)} s`,
                );
            }
        }
    }
    return [...rows.values()].map(({ cached, steps, ...row }) => ({
        ...row,
        ...(row.scenario === "fresh node" ? { cachedShare: cached / steps } : {}),
    }));
}

async function once(contender: Contender, workload: Workload, scenario: Scenario, round: number) {
    const salt = `${contender.name} ${round}`;
    const change = scenario === "one-file change" || scenario === "fresh node" ? "changed" : "first";
    workload.write(contender.context(workload), salt, change);
    const nodes = nodesOf(contender);
    if (scenario === "fresh node" || scenario === "cold") {
        nodes.forEach((node) => node.wipe());
    }
    const before = nodes.map((node) => node.builds().length);
    const force = scenario === "warm node" || scenario === "fresh node" ? `${scenario} ${round}` : undefined;
    const seconds = await contender.build(workload, force ?? lastForce.get(`${contender.name}/${workload.name}`));
    if (force) {
        lastForce.set(`${contender.name}/${workload.name}`, force);
    }
    // The first build of a run is the image's own on every node; further ones only write caches.
    const builds = nodes.map((node, i) => node.builds()[before[i]!]);
    const cached = builds.reduce((sum, build) => sum + (build?.cachedSteps ?? 0), 0);
    return { seconds, cached, steps: workload.steps * nodes.length };
}

/** What `rebuild` was last set to: changing it back would build once more. */
const lastForce = new Map<string, string>();

/** The spread of a row's runs. */
export function figures(row: Row): Spread {
    return spread(row.seconds);
}
