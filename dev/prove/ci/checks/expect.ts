import { readdirSync } from "node:fs";
import { dirname } from "node:path";
import { processesOf } from "../../../../test/support/processes";
import { readBackProblems, readImage } from "../../../local/registryClient";
import type { Outcome } from "../steps";
import type { Checkout } from "../workplace";
import { basicAuth } from "../../../local/registry";

/** A job has published exactly these tags: an image for every platform. */
export async function published({ place, repository }: Checkout, outcome: Outcome, tags: string[]): Promise<string> {
    if (outcome.status !== 0) {
        throw new Error(`ended with ${outcome.status}:\n${tail(outcome.output)}`);
    }
    equal("tags", (await tagsOf(place, repository)).join(), [...tags].sort().join());
    const stored = await readImage(place.farm.registry, repository, tags[0]!);
    const problems = readBackProblems(stored, place.platforms);
    if (problems.length > 0) {
        throw new Error(problems.join("; "));
    }
    return `${tags.length} tags, ${stored.map(({ platform }) => platform).join(" and ")}`;
}

/** A job has failed with an exit code and a message, and published nothing. */
export async function failed(checkout: Checkout, outcome: Outcome, status: number, message: RegExp): Promise<string> {
    const { place, repository } = checkout;
    equal("exit code", String(outcome.status), String(status), outcome.output);
    const line = outcome.output.split("\n").find((text) => message.test(text));
    if (line === undefined) {
        throw new Error(`says nothing like ${message}:\n${tail(outcome.output)}`);
    }
    equal("tags", (await tagsOf(place, repository)).join(), "");
    await clean(checkout, outcome);
    return line.trim();
}

/** A job left no state, no process and no secret in its output. */
export async function clean({ job, place }: Checkout, { output }: Outcome): Promise<void> {
    const folder = dirname(job.dir);
    const deadline = Date.now() + 30_000;
    const left = () => [
        ...readdirSync(job.temp).filter((name) => /^(multiarch-builder|builder-|tmp\.)/.test(name)),
        ...processesOf(folder).map((pid) => `process ${pid}`),
    ];
    while (left().length > 0) {
        if (Date.now() > deadline) {
            throw new Error(`left behind: ${left().join(", ")}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const { credentials, registry } = place.farm;
    const secrets = [registry.password, ...credentials.key.split("\n").filter((line) => /^[^-]/.test(line))];
    if (secrets.some((secret) => output.includes(secret))) {
        throw new Error("a secret is in the output");
    }
}

/** Tags of a repository; none for one that is not there. */
export async function tagsOf({ farm }: Checkout["place"], repository: string): Promise<string[]> {
    const { address } = farm.registry;
    const authorization = `Basic ${basicAuth(farm.registry)}`;
    const answer = await fetch(`http://${address}/v2/${repository}/tags/list`, { headers: { authorization } });
    const { tags } = answer.ok ? ((await answer.json()) as { tags: string[] | null }) : { tags: [] };
    return (tags ?? []).sort();
}

export function equal(what: string, seen: string, wanted: string, output = ""): void {
    if (seen !== wanted) {
        throw new Error(`${what}: ${seen || "none"} instead of ${wanted || "none"}${output && `\n${tail(output)}`}`);
    }
}

function tail(output: string): string {
    return output.trimEnd().split("\n").slice(-25).join("\n");
}
