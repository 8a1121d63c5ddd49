import * as pulumi from "@pulumi/pulumi";
import type { BuilderCredentials, BuilderNode } from "../builder";
import { explainCallFailure, listWorkers } from "../buildx/workers";
import { failureAdvice } from "./failureAdvice";

/** What buildx says when a daemon goes away under a build: it names neither the node nor a cause. */
const brokenConnection = /failed to (?:receive status|list workers|dial)|error reading from server|no active session/i;

/** What was said already of an image: its platforms often fail for one reason. */
const told = new WeakMap<pulumi.Resource, Set<string>>();

/** Says what to do about a failed build or index where the tools' words do not, and names the node that was lost. */
export function explainFailure(
    hookName: string,
    image: string,
    parent: pulumi.Resource,
    options: {
        /** Whether it rests on an image that was built before. */
        usesBuilt: boolean;
        nodesInUse?: () => { nodes: BuilderNode[]; credentials: BuilderCredentials } | undefined;
    },
): pulumi.ErrorHook {
    const said = told.get(parent) ?? new Set();
    told.set(parent, said);
    return new pulumi.ErrorHook(hookName, async ({ errors }) => {
        for (const text of await explanations(image, errors[0] ?? "", options)) {
            if (!said.has(text)) {
                said.add(text);
                await pulumi.log.error(text, parent);
            }
        }
        return false;
    });
}

async function explanations(
    image: string,
    error: string,
    { usesBuilt, nodesInUse }: Parameters<typeof explainFailure>[3],
): Promise<string[]> {
    try {
        const used = nodesInUse?.();
        const lost = used ? await lostNodes(used.nodes, used.credentials, error) : [];
        const texts = lost.map(
            ({ node, problem }) =>
                `${node.name} (${node.endpoint}, ${node.platforms.join(", ")}) was lost while it worked on ${image}: ` +
                `${problem}; no tag has moved. See to the node (its daemon's log tells why it ended) and run the update again`,
        );
        const advice = failureAdvice(image, error, usesBuilt);
        return texts.length > 0 || advice === undefined ? texts : [advice];
    } catch {
        // The engine would show this failure in the place of the one that is to be explained.
        return [];
    }
}

/** The nodes that do not answer any more; all of them when the connection broke and they answer again. */
async function lostNodes(
    nodes: BuilderNode[],
    credentials: BuilderCredentials,
    error: string,
): Promise<{ node: BuilderNode; problem: string }[]> {
    const asked = await Promise.all(
        nodes.map(async (node) => ({ node, problem: await callProblem(node, credentials) })),
    );
    const down = asked.flatMap(({ node, problem }) => (problem === undefined ? [] : [{ node, problem }]));
    return down.length > 0 || !brokenConnection.test(error)
        ? down
        : nodes.map((node) => ({ node, problem: "the connection broke, and it answers again now" }));
}

async function callProblem(node: BuilderNode, credentials: BuilderCredentials): Promise<string | undefined> {
    try {
        await listWorkers(node, credentials);
        return undefined;
    } catch (error) {
        return explainCallFailure(error).text;
    }
}
