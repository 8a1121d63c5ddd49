import { nativeFamily, normalizePlatform, platformProblem } from "../platform";
import type { Architecture, InstanceTypeFacts } from "./instanceTypes";

/** Platforms that a node may emulate: those that AWS sells no CPU for, or only an old one. */
export const emulatable = ["linux/ppc64le", "linux/s390x", "linux/riscv64", "linux/arm/v7", "linux/arm/v6"];

/** Whether a record must mark a platform on this architecture even where the CPU runs it: 32-bit Arm on arm64. */
export function isEmulatedOnly(architecture: Architecture, platform: string): boolean {
    return architecture === "arm64" && nativeFamily(platform) === "arm";
}

/** Why a node cannot run a platform natively; undefined when it can. */
export function nativeProblem(
    architecture: Architecture,
    facts: InstanceTypeFacts | undefined,
    platform: string,
): string | undefined {
    const wrong = platformProblem(platform);
    if (wrong || nativeFamily(platform) === architecture) {
        return wrong;
    }
    const wanted = normalizePlatform(platform);
    if (wanted === "linux/amd64" || wanted === "linux/arm64") {
        return `no ${architecture} CPU runs it: add the node \`nodes.${wanted.slice("linux/".length)}\``;
    }
    if (isEmulatedOnly(architecture, wanted)) {
        return facts?.runsAArch32
            ? undefined
            : "few Graviton CPUs run 32-bit Arm, and this one does not: take a Graviton2 type such as c6g.xlarge, or name it " +
                  "in `nodes.amd64.emulated`";
    }
    return emulatable.includes(wanted)
        ? `no ${architecture} CPU runs it; opt in to emulation with \`nodes.amd64.emulated: ["${wanted}"]\``
        : `no ${architecture} CPU runs it, and it is not offered by emulation`;
}

/** Why a node does not emulate a platform; undefined when it may. */
export function emulationProblem(architecture: Architecture, platform: string): string | undefined {
    const wrong = platformProblem(platform);
    if (wrong) {
        return wrong;
    }
    const wanted = normalizePlatform(platform);
    if (nativeFamily(wanted) === architecture) {
        return "is native to this CPU: put it into `platforms`";
    }
    if (architecture !== "amd64") {
        return "emulation is offered on the amd64 node only: put it into `nodes.amd64.emulated`";
    }
    if (nativeFamily(wanted) === "arm64") {
        return "is native to Graviton: add the node `nodes.arm64`";
    }
    return emulatable.includes(wanted) ? undefined : `is not offered by emulation; these are: ${emulatable.join(", ")}`;
}
