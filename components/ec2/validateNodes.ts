import { duplicates } from "../buildx/record";
import type { Note } from "../kinds";
import { normalizePlatform } from "../platform";
import type { Ec2BuildersArgs, Ec2Node } from "./arguments";
import { idProblem } from "./ids";
import { type Architecture, type InstanceTypeFacts, instanceTypeFacts } from "./instanceTypes";
import { emulationProblem, nativeProblem } from "./platforms";
import { architecturesOf, defaultInstanceTypes } from "./settings";
import type { Warn } from "./validate";

/** BuildKit, the system and one build step need this much. */
const leastMemoryMiB = 1024;

/** Checks the nodes, alone and among each other. */
export function validateNodes(args: Ec2BuildersArgs, note: Note, warn: Warn): void {
    const architectures = architecturesOf(args);
    if (architectures.length === 0) {
        note("nodes", args.nodes, "must hold at least one node: amd64, arm64 or both");
    }
    architectures.forEach((architecture) => validateNode(architecture, args.nodes?.[architecture] ?? {}, note, warn));
    checkEmulatedOnce(args, note);
}

/** What one node emulates, no other may run natively. */
export function checkEmulatedOnce(args: Pick<Ec2BuildersArgs, "nodes">, note: Note): void {
    const emulated = (args.nodes?.amd64?.emulated ?? []).map(normalizePlatform);
    for (const architecture of architecturesOf(args)) {
        (args.nodes?.[architecture]?.platforms ?? [])
            .filter((platform) => emulated.includes(normalizePlatform(platform)))
            .forEach((platform) => {
                const at = `nodes.${architecture}.platforms`;
                const reason = `is in \`${at}\` too, where it runs natively: take it out here`;
                note("nodes.amd64.emulated", platform, reason);
            });
    }
}

function validateNode(architecture: Architecture, node: Ec2Node, note: Note, warn: Warn): void {
    const at = `nodes.${architecture}`;
    const type = node.instanceType ?? defaultInstanceTypes[architecture];
    const facts = instanceTypeFacts(type);
    const problem = typeProblem(architecture, type, facts);
    if (problem) {
        note(`${at}.instanceType`, type, problem);
    } else if (facts) {
        validateSize(at, type, facts, node, note);
        sizeWarnings(type, facts).forEach((text) => warn(`${at}.instanceType`, text));
    }
    checkPlatforms(architecture, facts, node, note);
    idProblem(`${at}.amiId`, node.amiId, "ami", note);
    idProblem(`${at}.subnetId`, node.subnetId, "subnet", note);
}

/** Checks which platforms a node runs natively and which by emulation. */
export function checkPlatforms(
    architecture: Architecture,
    facts: InstanceTypeFacts | undefined,
    node: Pick<Ec2Node, "platforms" | "emulated">,
    note: Note,
): void {
    const at = `nodes.${architecture}`;
    const platforms = (property: "platforms" | "emulated", reasonOf: (platform: string) => string | undefined) => {
        const list = node[property] ?? [];
        list.forEach((platform, i) => {
            const reason = reasonOf(platform);
            if (reason) {
                note(`${at}.${property}[${i}]`, platform, reason);
            }
        });
        duplicates(list, normalizePlatform, (i, first) =>
            note(`${at}.${property}[${i}]`, list[i], `is \`${at}.${property}[${first}]\` already: take one out`),
        );
    };
    platforms("platforms", (platform) => nativeProblem(architecture, facts, platform));
    platforms("emulated", (platform) => emulationProblem(architecture, platform));
}

/** Why a type is no machine for a node of this architecture; undefined when it is one. */
export function typeProblem(architecture: Architecture, type: string, facts?: InstanceTypeFacts): string | undefined {
    const usual = defaultInstanceTypes[architecture];
    if (!facts) {
        return `is no instance type; write one such as ${usual}`;
    }
    const other = facts.architecture;
    const wrong = `has ${other} CPUs: put it under \`nodes.${other}\`, or take one such as ${usual}`;
    return facts.unfit ?? (other === architecture ? undefined : wrong);
}

/** What the type's name does not tell has to be given, and what it tells cannot be exceeded. */
function validateSize(at: string, type: string, facts: InstanceTypeFacts, node: Ec2Node, note: Note): void {
    for (const property of ["vcpus", "memoryMiB"] as const) {
        const [given, known] = [node[property], facts[property]];
        if (given === undefined && known === undefined) {
            note(`${at}.${property}`, undefined, `is missing: the name ${type} does not tell it`);
        } else if (given !== undefined && known !== undefined && given > known) {
            note(`${at}.${property}`, given, `${type} has ${known} only; leave it out`);
        }
    }
    const { memoryMiB } = facts;
    if (memoryMiB !== undefined && memoryMiB < leastMemoryMiB) {
        const reason = `has ${memoryMiB} MiB of memory, and a builder needs ${leastMemoryMiB} at least, 8192 for most builds`;
        note(`${at}.instanceType`, type, reason);
    }
}

/** What of a type is probably not meant. */
export function sizeWarnings(type: string, { burstable, vcpus = 2, memoryMiB = 4096 }: InstanceTypeFacts): string[] {
    const warnings: string[] = [];
    if (burstable) {
        warnings.push(`${type} earns CPU credits: long builds slow down or cost extra; a c type does not`);
    }
    if (vcpus < 2 || memoryMiB < 4096) {
        warnings.push(`${type} has less than 2 vCPUs or 4 GiB of memory: larger builds run out of it`);
    }
    return warnings;
}
