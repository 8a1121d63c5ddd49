import type { BuilderNode } from "../builder";
import { nativeFamily, normalizePlatform } from "../platform";

/**
 * Why a node's advertised platforms do not fit its record; undefined when they do. A node may advertise what one CPU
 * family runs, and what the record marks as emulated. Anything else means an emulator (a binfmt entry of its kernel or
 * a `buildkit-qemu-*` beside buildkitd) that buildx would use without a word: it routes to the first node whose list
 * matches, https://github.com/docker/buildx/blob/v0.37.0/build/resolver/driver.go.
 * 32-bit Arm on an arm64 node is let through: BuildKit lists it on every such host by itself.
 */
export function advertisedProblem(node: BuilderNode, advertised: readonly string[]): string | undefined {
    const emulated = new Set((node.emulated ?? []).map(normalizePlatform));
    const offered = advertised.map(normalizePlatform).filter((platform) => !emulated.has(platform));
    const missing = node.platforms
        .map(normalizePlatform)
        .find((platform) => !advertised.map(normalizePlatform).includes(platform));
    const declared = node.platforms.map(normalizePlatform).filter((platform) => !emulated.has(platform));
    const family = nativeFamily(declared[0] ?? offered[0] ?? "");
    const foreign = offered.filter(
        (platform) => nativeFamily(platform) !== family && !(family === "arm64" && nativeFamily(platform) === "arm"),
    );
    if (foreign.length > 0) {
        const list = foreign.join(", ");
        if (family === "arm" && foreign.every((platform) => nativeFamily(platform) === "arm64")) {
            return (
                `it is an arm64 machine (it advertises ${list}), and few of those run ${declared.join(", ")}: where ` +
                `this one does, opt in by name with \`emulated: ${JSON.stringify(declared)}\` on this node`
            );
        }
        return (
            `it advertises ${list}, which a CPU that runs ${declared[0] ?? family} natively cannot run. Either the ` +
            "address is another machine's, or an emulator is installed there: remove it (its binfmt entries and " +
            `buildkit-qemu-*) and restart buildkitd, or opt in to emulation by name with \`emulated: ${JSON.stringify(foreign)}\` on this node`
        );
    }
    if (missing !== undefined) {
        return `it does not advertise ${missing}; it offers ${advertised.join(", ") || "nothing"}: check the address`;
    }
    return undefined;
}

/** Whether a node runs a platform by emulation. */
export function isEmulated(node: BuilderNode, platform: string): boolean {
    return (node.emulated ?? []).map(normalizePlatform).includes(normalizePlatform(platform));
}
