import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { readScript, scriptNames } from "../../components/node/assets";
import { findProgram } from "../../dev/tools/requirements";
import { underEveryShell } from "./shell";

const folderOfScripts = join(__dirname, "../../assets/node");
/** What people may call; runc.sh stands for runc. */
const programs = scriptNames.filter((name) => name !== "lib.sh" && name !== "runc.sh");

describe("the scripts", () => {
    it("are all written to a node", () => {
        expect(readdirSync(folderOfScripts).sort()).toEqual([...scriptNames].sort());
    });

    it("are plain ASCII", () => {
        scriptNames.forEach((name) => expect(readScript(name)).toMatch(/^[\n\x20-\x7e]*\n$/));
    });

    const shellcheck = findProgram("shellcheck");
    if (!shellcheck) {
        console.warn("skipped: the check of the scripts needs the package shellcheck");
    }
    (shellcheck ? it : it.skip)("have nothing that shellcheck finds", () => {
        const options = ["--external-sources", "--source-path=SCRIPTDIR", "--severity=style"];
        const files = scriptNames.map((name) => join(folderOfScripts, name));
        const { status, stdout } = spawnSync("shellcheck", [...options, ...files], { encoding: "utf8" });
        expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    });

    underEveryShell({}, (folder) => {
        it.each(programs)("%s explains itself and refuses what it does not know", (name) => {
            const help = folder().run(name, ["--help"]);
            expect(help).toMatchObject({ status: 0, stderr: "" });
            expect(help.stdout.length).toBeGreaterThan(40);
            expect(help.stdout).not.toMatch(/^#|lib\.sh/m);
            expect(folder().run(name, ["--unknown", "argument"]).status).toBe(2);
        });
    });
});

describe("runc.sh", () => {
    underEveryShell({}, (folder) => {
        it("is runc for whoever calls it, with no protection from the kernel's out-of-memory killer", () => {
            folder().stub("buildkit-runc", "cat /proc/self/oom_score_adj; exit 7");
            const { status, stdout } = folder().runAlone("runc.sh", ["--root", "/a b", "run"]);
            expect({ status, stdout }).toEqual({ status: 7, stdout: "0\n" });
            expect(folder().calls).toEqual(["buildkit-runc --root /a b run"]);
        });
    });
});

describe("stop-steps.sh", () => {
    underEveryShell({}, (folder) => {
        it("kills what is left in the slice", () => {
            mkdirSync(folder().file("slice"));
            folder().settings.STEPS_CGROUP = folder().file("slice");
            folder().write("slice/cgroup.kill", "");
            expect(folder().run("stop-steps.sh")).toMatchObject({ status: 0 });
            expect(folder().read("slice", "cgroup.kill")).toBe("1\n");
        });

        it("has nothing to do without the slice", () => {
            folder().settings.STEPS_CGROUP = folder().file("nothing");
            expect(folder().run("stop-steps.sh")).toMatchObject({ status: 0, stdout: "", stderr: "" });
        });
    });
});

describe("logs.sh", () => {
    underEveryShell({}, (folder) => {
        it("starts the agent with the node's configuration", () => {
            folder().stub("agent-ctl");
            folder().settings.AGENT_CTL = folder().file("stubs", "agent-ctl");
            expect(folder().run("logs.sh")).toMatchObject({ status: 0 });
            expect(folder().calls).toEqual([
                "agent-ctl -a fetch-config -m ec2 -s -c file:/etc/buildkit/cloudwatch-agent.json",
            ]);
        });

        it("installs the agent where dnf has it", () => {
            const agent = folder().file("stubs", "agent-ctl");
            folder().settings.AGENT_CTL = agent;
            folder().stub("dnf", `printf '#!/bin/sh\\n' >"${agent}"; chmod +x "${agent}"`);
            expect(folder().run("logs.sh")).toMatchObject({ status: 0 });
            expect(folder().calls).toEqual(["dnf install --assumeyes --quiet amazon-cloudwatch-agent"]);
        });

        it("says that the logs stay in the journal where there is no agent", () => {
            folder().settings.AGENT_CTL = folder().file("nothing");
            expect(folder().run("logs.sh")).toMatchObject({
                status: 0,
                stdout: "logs.sh: no CloudWatch agent in this image: the logs stay in the journal; use an image that has it\n",
            });
        });
    });
});
