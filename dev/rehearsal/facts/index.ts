import type { ResourceState } from "../resource";
import { costFacts, costTopic } from "./cost";
import { encryptionFacts } from "./encryption";
import { clusterReachFacts, podFacts } from "./kubernetes";
import { addressFacts, metadataFacts, reachFacts } from "./reach";
import { type Fact, Recorded, topics } from "./recorded";
import { rightsFacts } from "./rights";

export type { Fact } from "./recorded";

/** What a stack's reader wants to know of its cloud resources, read from what the program registered. */
export function factsOf(resources: Iterable<ResourceState>): Fact[] {
    const recorded = new Recorded(resources);
    const readers = [
        reachFacts,
        clusterReachFacts,
        addressFacts,
        rightsFacts,
        podFacts,
        encryptionFacts,
        metadataFacts,
    ];
    const facts = readers.flatMap((read) => read(recorded));
    return facts.length > 0 ? [...facts, ...costFacts(recorded)] : [];
}

/** The facts by topic; what several resources have in common stands once. */
export function renderFacts(facts: Fact[]): string[] {
    const lines = topics.flatMap((topic) => {
        const own = facts.filter((fact) => fact.topic === topic);
        const shared = new Map<string, Fact[]>();
        own.forEach((fact) => shared.set(fact.text, [...(shared.get(fact.text) ?? []), fact]));
        const rows = [...shared.values()].map((same) => {
            const subjects = same.map(({ subject }) => subject).join(", ");
            const each = topic === costTopic && same.length > 1 ? ", each" : "";
            return `${same[0]!.warning ? "!" : " "} ${subjects}: ${same[0]!.text}${each}`;
        });
        return rows.length > 0 ? ["", topic, ...rows] : [];
    });
    const source = "Facts, read from what the program registered; ids and addresses are the models'.";
    const warnings = facts.filter(({ warning }) => warning).length;
    return lines.length > 0
        ? ["", source, ...lines, "", warnings > 0 ? `${warnings} to look at twice (!)` : "nothing to look at twice"]
        : [];
}
