import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import * as fc from "fast-check";
import { parse } from "yaml";
import { renderCloudConfig } from "../../components/node/cloudConfig";
import type { NodeOptions } from "../../components/node/options";
import { encodeUserData, renderUserData, userDataLimit } from "../../components/node/userData";
import { findProgram } from "../../dev/tools/requirements";
import { sample } from "./sample";

const certificate = `-----BEGIN CERTIFICATE-----\n${"MIIBszCCAVmgAwIBAgIU".repeat(40)}\n-----END CERTIFICATE-----\n`;
const everything: Partial<NodeOptions> = {
    emulated: ["linux/s390x", "linux/ppc64le"],
    logGroupName: "/multiarch-builder/ci",
    proxy: { http: "http://proxy.internal:3128", https: "http://proxy.internal:3128" },
    mirrors: [{ registry: "docker.io", mirrors: ["mirror.internal/docker-hub"] }],
    registries: [{ host: "registry.internal", ca: certificate }],
};

interface CloudConfig {
    write_files: { path: string; permissions: string; content: string }[];
    runcmd: string[][];
}

const parsed = (options: NodeOptions) => parse(renderUserData(options)) as CloudConfig;
const fileOf = (options: NodeOptions, path: string) =>
    parsed(options).write_files.find((file) => file.path === path)?.content;

describe("cloud-config", () => {
    it("reads back every content as it was", () => {
        const content = fc.oneof(
            fc.string({ unit: "binary" }),
            fc.string({ unit: fc.constantFrom("a", " ", "\n", "#", ":") }),
        );
        fc.assert(
            fc.property(fc.array(content), (contents) => {
                const files = contents.map((text, i) => ({ path: `/f${i}`, mode: "0644", content: text }));
                const read = parse(renderCloudConfig(files, [["true"]])) as CloudConfig;
                expect((read.write_files ?? []).map((file) => file.content)).toEqual(contents);
            }),
        );
    });

    const cloudInit = findProgram("cloud-init");
    if (!cloudInit) {
        console.warn("skipped: cloud-init's schema needs the package cloud-init");
    }
    (cloudInit ? it : it.skip)(
        "is valid for cloud-init",
        () => {
            const folder = mkdtempSync(join(tmpdir(), "user-data-"));
            try {
                for (const options of [sample(), sample(everything)]) {
                    writeFileSync(join(folder, "user-data"), renderUserData(options));
                    const checked = spawnSync("cloud-init", ["schema", "--config-file", join(folder, "user-data")], {
                        encoding: "utf8",
                    });
                    expect(checked.stdout + checked.stderr).toMatch(/Valid (cloud-config|schema)/);
                    expect(checked.status).toBe(0);
                }
            } finally {
                rmSync(folder, { recursive: true });
            }
        },
        60_000,
    );

    it("has only keys that cloud-init knows, which its schema does not check", () => {
        expect(Object.keys(parsed(sample(everything)))).toEqual(["write_files", "runcmd"]);
    });
});

describe("user data", () => {
    it("is as it was, apart from the scripts", () => {
        const text = parsed(sample(everything))
            .write_files.filter(({ path }) => !path.endsWith(".sh"))
            .map(({ path, permissions, content }) => `# ${path} ${permissions}\n${content}`)
            .join("\n");
        expect(text).toMatchSnapshot();
    });

    it("fits into EC2's limit with everything on", () => {
        for (const options of [sample(), sample(everything)]) {
            const encoded = encodeUserData(renderUserData(options));
            expect(encoded.length).toBeLessThan(userDataLimit);
            expect(gunzipSync(Buffer.from(encoded, "base64")).toString()).toBe(renderUserData(options));
        }
    });

    it("says so when it does not fit", () => {
        const random = (seed: number) => createHash("sha512").update(String(seed)).digest("base64");
        const registries = Array.from({ length: 20 }, (_, i) => ({
            host: `registry${i}.internal`,
            ca: `-----BEGIN CERTIFICATE-----\n${Array.from({ length: 10 }, (_, j) => random(i * 100 + j)).join("\n")}\n-----END CERTIFICATE-----\n`,
        }));
        expect(() => renderUserData(sample({ registries }))).toThrow(
            /the user data of node ci-amd64 has \d+ bytes compressed, EC2 takes 16384: give fewer or shorter registry CAs/,
        );
    });

    it("is compressed to the same bytes everywhere: other bytes replace the instance", () => {
        const text = Array.from({ length: 2000 }, (_, i) => `line ${i * i}`).join("\n");
        const digest = createHash("sha256").update(encodeUserData(text)).digest("hex");
        expect(digest).toMatchInlineSnapshot(`"14608994dfd8db2532d3ad5227083959105da0f43a308a37aa5d0b1bf60e549f"`);
    });

    it("is the same for the same options", () => {
        expect(renderUserData(sample(everything))).toBe(renderUserData(sample(structuredClone(everything))));
    });

    it("holds names of secrets and no secret", () => {
        const text = renderUserData(sample(everything));
        expect(text).toContain("/multiarch-builder/ci/nodes/ci-amd64/key");
        expect(text).not.toMatch(/PRIVATE KEY|AKIA|password/i);
    });

    it("starts the units that run by themselves", () => {
        expect(parsed(sample()).runcmd).toEqual([
            ["systemctl", "daemon-reload"],
            [
                "systemctl",
                "enable",
                "--now",
                "buildkitd.service",
                "buildkit-space.service",
                "buildkit-metadata.timer",
                "buildkit-tls-refresh.timer",
                "buildkit-idle.timer",
            ],
        ]);
    });

    it("has no idle stop when there is to be none", () => {
        const paths = parsed(sample({ idleStopMinutes: 0 })).write_files.map(({ path }) => path);
        expect(paths.filter((path) => path.includes("buildkit-idle"))).toEqual([]);
    });

    it("writes each registry's CA where the configuration looks for it", () => {
        expect(fileOf(sample(everything), "/etc/buildkit/ca/registry.internal.pem")).toBe(certificate);
        expect(fileOf(sample(everything), "/etc/buildkit/buildkitd.toml")).toContain(
            "/etc/buildkit/ca/registry.internal.pem",
        );
    });
});

describe("systemd units", () => {
    const analyze = findProgram("systemd-analyze");
    if (!analyze) {
        console.warn("skipped: the check of the units needs systemd-analyze of the package systemd");
    }
    (analyze ? it : it.skip)(
        "are valid for systemd",
        () => {
            const folder = mkdtempSync(join(tmpdir(), "units-"));
            try {
                // Programs of a node are not here; a program that does not exist is what the check would find first.
                execFileSync("sh", ["-c", 'mkdir "$0/bin" && ln -s /bin/true "$0/bin/buildkitd"', folder]);
                const { write_files } = parsed(sample(everything));
                for (const { path } of write_files.filter((file) => file.path.endsWith(".sh"))) {
                    execFileSync("ln", ["-s", "/bin/true", join(folder, "bin", path.split("/").at(-1) ?? "")]);
                }
                const units = write_files.filter(({ path }) => path.startsWith("/etc/systemd/system/"));
                for (const { path, content } of units) {
                    const moved = content.replaceAll(
                        /\/(opt\/buildkit\/bin|usr\/local\/lib\/buildkit-node)\//g,
                        `${folder}/bin/`,
                    );
                    writeFileSync(join(folder, path.split("/").at(-1) ?? ""), moved);
                }
                const files = units.map(({ path }) => join(folder, path.split("/").at(-1) ?? ""));
                const check = (names: string[]) => {
                    const { stdout, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", ...names], {
                        encoding: "utf8",
                    });
                    return (stdout + stderr).split("\n").filter((line) => line.includes(folder));
                };
                expect(check(files)).toEqual([]);

                // The check does find what is wrong.
                const wrong = join(folder, "buildkitd.service");
                writeFileSync(wrong, "[Service]\nExecStart=/nowhere/buildkitd\nKilMode=mixed\n");
                expect(check([wrong]).join("\n")).toMatch(/KilMode/);
            } finally {
                rmSync(folder, { recursive: true });
            }
        },
        60_000,
    );

    const daemon = (options = sample()) => fileOf(options, "/etc/systemd/system/buildkitd.service") ?? "";

    it("drain within the given time", () => {
        expect(daemon(sample({ stopTimeoutSeconds: 1234 }))).toContain("KillMode=mixed\nTimeoutStopSec=1234\n");
    });

    it("keep the daemon from the metadata service, which an ADD would ask through it", () => {
        expect(daemon()).toContain("IPAddressDeny=169.254.169.254 fd00:ec2::254");
    });

    it.each([
        "NoNewPrivileges",
        "SystemCall",
        "RestrictRealtime",
        "LockPersonality",
        "Capability",
        "MemoryDeny",
        "RestrictSUID",
    ])("have no %s, which build steps would inherit", (setting) => expect(daemon()).not.toContain(setting));

    it("let systemd open no file: it does so before it makes a unit's directories, and the unit fails", () => {
        const units = parsed(sample(everything)).write_files.filter(({ path }) => path.startsWith("/etc/systemd/"));
        expect(units.filter(({ content }) => /^Standard\w+=(append|file|truncate):/m.test(content))).toEqual([]);
        expect(fileOf(sample(everything), "/etc/systemd/system/buildkit-logs.service")).toContain(
            ">>/var/log/buildkit/node.log",
        );
    });

    it("limit the memory of build steps and not of the daemon", () => {
        expect(fileOf(sample(), "/etc/systemd/system/buildkit.slice")).toContain("MemoryMax=7117M");
        expect(daemon()).not.toContain("MemoryMax");
        expect(fileOf(sample(), "/etc/buildkit/buildkitd.toml")).toContain('defaultCgroupParent = "buildkit.slice"');
    });
});
