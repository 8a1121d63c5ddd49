import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { parseArguments } from "../../dev/prove/machine/arguments";
import { expectNoText, expectText } from "../../dev/prove/machine/expectations";
import { renderVendorData } from "../../dev/prove/machine/vendorData";
import { findProgram } from "../../dev/tools/requirements";

describe("the arguments", () => {
    it.each([
        [["--arch", "arm64"], { architecture: "arm64", accelerator: undefined }],
        [["--arch", "amd64", "--accel", "tcg"], { architecture: "amd64", accelerator: "tcg" }],
        [["--help"], "help"],
        [["--arch", "s390x"], { wrong: '--arch must be amd64 or arm64 (got "s390x")' }],
        [["--accel", "xen"], { wrong: '--accel must be kvm or tcg (got "xen")' }],
    ])("%j", (args, wanted) => {
        expect(parseArguments(args)).toEqual(wanted);
    });

    it("an unknown one is refused by name", () => {
        expect(parseArguments(["--fast"])).toEqual({ wrong: expect.stringContaining("--fast") as string });
    });
});

it("compares texts", () => {
    expect(() => expectText("abc", "b")).not.toThrow();
    expect(() => expectText("abc", /^b/)).toThrow("expected /^b/ in:\nabc");
    expect(() => expectText("", "b")).toThrow("expected b in:\n(nothing)");
    expect(() => expectNoText("abc", /d/)).not.toThrow();
    expect(() => expectNoText("abc", "b")).toThrow("did not expect b in:\nabc");
});

describe("the vendor data", () => {
    const text = renderVendorData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "arm64");

    it("adds stand-ins, a CA and a source of packages, and nothing that user data has", () => {
        const config = parse(text) as Record<string, unknown>;
        // cloud-init takes each of these keys from the user data as a whole.
        expect(Object.keys(config)).toEqual(["bootcmd", "locale"]);
        const [[, , script]] = config.bootcmd as [[string, string, string]];
        const sources = /echo (\S+) \| base64 -d >\/etc\/apt\/sources\.list/.exec(script)?.[1] ?? "";
        const line = Buffer.from(sources, "base64").toString();
        expect(line).toBe("deb [trusted=yes] https://10.0.2.101/debian/arm64 ./\n");
        expect(spawnSync("sh", ["-n"], { input: script, encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
    });

    const cloudInit = findProgram("cloud-init");
    (cloudInit ? it : it.skip)("is valid cloud-config", () => {
        const folder = mkdtempSync(join(tmpdir(), "vendor-data-"));
        const file = join(folder, "vendor-data");
        writeFileSync(file, text);
        const { stdout, stderr } = spawnSync(cloudInit!, ["schema", "--config-file", file], { encoding: "utf8" });
        rmSync(folder, { recursive: true });
        expect(stdout + stderr).toMatch(/Valid cloud-config/);
    });
});
