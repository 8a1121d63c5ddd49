import type { BuilderNode } from "../../components/builder";
import { advertisedProblem, isEmulated } from "../../components/buildx/native";

function node(platforms: string[], emulated?: string[]): BuilderNode {
    return { name: "n", endpoint: "tcp://n:1", serverName: "n", platforms, ...(emulated ? { emulated } : {}) };
}

const foreign = (list: string, cpu: string, json: string) =>
    `it advertises ${list}, which a CPU that runs ${cpu} natively cannot run. Either the address is another machine's, ` +
    "or an emulator is installed there: remove it (its binfmt entries and buildkit-qemu-*) and restart buildkitd, or opt in to emulation by " +
    `name with \`emulated: ${json}\` on this node`;

describe("fits", () => {
    test.each<[string, BuilderNode, string[]]>([
        [
            "an amd64 node with levels and 386",
            node(["linux/amd64"]),
            ["linux/amd64", "linux/amd64/v2", "linux/amd64/v3", "linux/386"],
        ],
        [
            "an arm64 node that lists 32-bit Arm by itself",
            node(["linux/arm64"]),
            ["linux/arm64", "linux/arm/v7", "linux/arm/v6"],
        ],
        ["other spellings", node(["linux/arm64/v8"]), ["linux/arm64"]],
        ["386 on an amd64 machine", node(["linux/386"]), ["linux/amd64", "linux/amd64/v2", "linux/386"]],
        [
            "emulation that is opted in",
            node(["linux/amd64", "linux/s390x"], ["linux/s390x"]),
            ["linux/amd64", "linux/386", "linux/s390x"],
        ],
        [
            "arm64 emulated on an x86 machine",
            node(["linux/arm64"], ["linux/arm64"]),
            ["linux/amd64", "linux/amd64/v2", "linux/386", "linux/arm64"],
        ],
        [
            "arm64 marked as emulated on an arm64 machine",
            node(["linux/arm64"], ["linux/arm64"]),
            ["linux/arm64", "linux/arm/v7", "linux/arm/v6"],
        ],
        [
            "32-bit Arm opted in on an arm64 machine",
            node(["linux/arm/v7"], ["linux/arm/v7"]),
            ["linux/arm64", "linux/arm/v7", "linux/arm/v6"],
        ],
    ])("%s", (_, one, advertised) => {
        expect(advertisedProblem(one, advertised)).toBeUndefined();
    });
});

describe("does not fit", () => {
    test.each<[string, BuilderNode, string[], string]>([
        [
            "arm64 by binfmt on an amd64 machine",
            node(["linux/amd64"]),
            ["linux/amd64", "linux/386", "linux/arm64"],
            foreign("linux/arm64", "linux/amd64", '["linux/arm64"]'),
        ],
        [
            "another machine's address",
            node(["linux/arm64"]),
            ["linux/amd64", "linux/386"],
            foreign("linux/amd64, linux/386", "linux/arm64", '["linux/amd64","linux/386"]'),
        ],
        [
            "32-bit Arm on an amd64 machine",
            node(["linux/amd64"]),
            ["linux/amd64", "linux/arm/v7"],
            foreign("linux/arm/v7", "linux/amd64", '["linux/arm/v7"]'),
        ],
        [
            "more emulation than is opted in",
            node(["linux/amd64", "linux/s390x"], ["linux/s390x"]),
            ["linux/amd64", "linux/s390x", "linux/riscv64"],
            foreign("linux/riscv64", "linux/amd64", '["linux/riscv64"]'),
        ],
        [
            "another machine's emulator beside arm64 emulated",
            node(["linux/arm64"], ["linux/arm64"]),
            ["linux/amd64", "linux/arm64", "linux/ppc64le"],
            foreign("linux/ppc64le", "amd64", '["linux/ppc64le"]'),
        ],
        [
            "32-bit Arm on an arm64 machine without a word",
            node(["linux/arm/v7"]),
            ["linux/arm64", "linux/arm/v7"],
            "it is an arm64 machine (it advertises linux/arm64), and few of those run linux/arm/v7: where this one does, " +
                'opt in by name with `emulated: ["linux/arm/v7"]` on this node',
        ],
        [
            "a level that the CPU lacks",
            node(["linux/amd64/v4"]),
            ["linux/amd64", "linux/amd64/v2"],
            "it does not advertise linux/amd64/v4; it offers linux/amd64, linux/amd64/v2: check the address",
        ],
        [
            "an emulator that is missing",
            node(["linux/amd64", "linux/s390x"], ["linux/s390x"]),
            ["linux/amd64"],
            "it does not advertise linux/s390x; it offers linux/amd64: check the address",
        ],
        [
            "nothing at all",
            node(["linux/amd64"]),
            [],
            "it does not advertise linux/amd64; it offers nothing: check the address",
        ],
    ])("%s", (_, one, advertised, problem) => {
        expect(advertisedProblem(one, advertised)).toBe(problem);
    });
});

test.each([
    [["linux/arm/v7"], "linux/arm", true],
    [["linux/arm64"], "linux/aarch64", true],
    [["linux/arm64"], "linux/amd64", false],
    [undefined, "linux/amd64", false],
    [null, "linux/amd64", false],
])("emulated %j runs %s by emulation: %s", (emulated, platform, expected) => {
    expect(isEmulated({ ...node(["linux/amd64"]), emulated: emulated as string[] }, platform)).toBe(expected);
});
