import { emulatedOf, handlesElf, isNative } from "../../dev/local/emulation";
import { mountPointsBelow } from "../../dev/local/mounts";

describe("what a machine runs natively", () => {
    it.each([
        ["linux/amd64", "amd64", true],
        ["linux/amd64/v3", "amd64", true],
        ["linux/386", "amd64", true],
        ["linux/arm64", "amd64", false],
        ["linux/arm64", "arm64", true],
        ["linux/arm/v7", "arm64", false],
        ["linux/amd64", "arm64", false],
    ])("%s on %s: %s", (platform, family, native) => expect(isNative(platform, family)).toBe(native));

    it("marks pinned platforms of other CPUs", () => {
        expect(emulatedOf(["linux/arm64"], ["linux/arm64", "linux/amd64", "linux/386"], "amd64")).toEqual([
            "linux/arm64",
        ]);
    });

    it("marks what an emulator adds to a native node", () => {
        const advertised = ["linux/amd64", "linux/amd64/v2", "linux/arm64", "linux/s390x"];
        expect(emulatedOf(["linux/amd64"], advertised, "amd64")).toEqual(["linux/arm64", "linux/s390x"]);
    });
});

describe("binfmt entries", () => {
    const aarch64 = "7f454c460201010000000000000000000200b700";
    const s390x = "7f454c4602020100000000000000000000020016";
    const entry = (magic: string, state = "enabled") =>
        `${state}\ninterpreter /usr/bin/qemu\nflags: F\noffset 0\nmagic ${magic}\n`;

    it("finds the machine in the magic, in either byte order", () => {
        expect(handlesElf(entry(aarch64), 183)).toBe(true);
        expect(handlesElf(entry(s390x), 22)).toBe(true);
        expect(handlesElf(entry(aarch64), 22)).toBe(false);
    });

    it("ignores disabled and foreign entries", () => {
        expect(handlesElf(entry(aarch64, "disabled"), 183)).toBe(false);
        expect(handlesElf(entry("4d5a"), 183)).toBe(false);
        expect(handlesElf("enabled\ninterpreter /usr/bin/python\nextension .py\n", 183)).toBe(false);
    });
});

describe("mount points", () => {
    it("lists those below a folder, innermost first", () => {
        const mounts = "a /srv tmpfs\nb /srv/x overlay rw\nc /srv/x/with\\040space proc\nd /srv2/y tmpfs\n";
        expect(mountPointsBelow("/srv", mounts)).toEqual(["/srv/x/with space", "/srv/x"]);
    });
});
