import { adviceFor } from "../local/containers/problems";
import { type Check, check, isEnough, needs, optional, writable } from "./check";
import type { Engine, Facts } from "./facts";
import { remedy } from "./remedies";
import { isAtLeast } from "./versions";

export const groups = ["local default as processes", "local default in containers", "tests", "AWS"] as const;
export type Group = (typeof groups)[number];

export interface Row extends Check {
    group: Group;
}

/** The oldest versions that are tested. */
const oldest = { node: "20.20", buildx: "0.23.0", pulumi: "3.260.0", sessionPlugin: "1.2.497.0", python: "3.10" };

const neededGiB = { tools: 3, work: 1, memory: 2 };

/** Judges the facts, group by group. */
export function evaluate(facts: Facts): Row[] {
    const checks: Record<Group, Check[]> = {
        "local default as processes": processes(facts),
        "local default in containers": containers(facts),
        tests: tests(facts),
        AWS: aws(facts),
    };
    return groups.flatMap((group) => checks[group].map((check) => ({ group, ...check })));
}

/** Whether nothing that a group needs is missing. */
export function isReady(rows: Row[], group: Group): boolean {
    return rows.filter((row) => row.group === group).every(isEnough);
}

function shared(facts: Facts): Check[] {
    const {
        missingModules: { length: modules },
        freePort,
    } = facts;
    const port = freePort === undefined ? "none free" : "free";
    return [
        needs(
            "Node.js",
            { path: "node", version: facts.node },
            `${oldest.node} or later`,
            oldest.node,
            remedy("node", facts),
        ),
        check(
            "npm packages",
            modules > 0 ? `${modules} missing` : "installed",
            "those of package.json",
            modules === 0,
            remedy("modules", facts),
        ),
        writable("project folder", facts.project, "run it where you may write"),
        check("ports on loopback", port, "20000 to 32000", freePort !== undefined, "end what listens there"),
    ];
}

function processes(facts: Facts): Check[] {
    const { platform, system, root, kernel, cgroup, overlay, missingTools, goWanted, freeGiB, memoryGiB } = facts;
    const linux = check(
        "operating system",
        system,
        "Linux",
        platform === "linux",
        "use containers: a Docker engine is enough",
    );
    if (platform !== "linux") {
        return [linux];
    }
    const gib = missingTools.length > 0 ? neededGiB.tools : neededGiB.work;
    const free = freeGiB === undefined ? "unknown" : `${freeGiB.toFixed(1)} GiB`;
    const built = missingTools.length === 0;
    const tools = built ? "built" : `not yet: ${missingTools.join(", ")}`;
    return [
        linux,
        check("user", root ? "root" : "not root", "root", root, 'sudo env "PATH=$PATH" npm start, or use containers'),
        ...shared(facts),
        needs("Go", facts.go, `1.21, or ${goWanted} offline`, "1.21", remedy("go", facts)),
        needs("runc", facts.runc, "any", undefined, remedy("runc", facts)),
        optional(check("buildkitd, buildx, registry", tools, "built by npm start", built, "npm run tools")),
        check("free disk", free, `${gib} GiB`, (freeGiB ?? gib) >= gib, "free some space"),
        optional(
            check(
                "memory",
                `${memoryGiB.toFixed(1)} GiB`,
                `${neededGiB.memory} GiB`,
                memoryGiB >= neededGiB.memory,
                "builds may be killed with less",
            ),
        ),
        optional(
            check(
                "kernel's overlayfs",
                overlay ? kernel : `none in ${kernel}`,
                "overlay",
                overlay,
                "modprobe overlay; layers are copied without",
            ),
        ),
        check("cgroups", cgroup, "v2 or v1", cgroup !== "none", "mount -t cgroup2 none /sys/fs/cgroup"),
        emulators(facts),
    ];
}

function emulators({ native, emulated }: Facts): Check {
    const found = emulated.length > 0 ? emulated.join(", ") : "none";
    const how = `smoke tests and RUN steps need one for what is not native here (${native.join(", ")})`;
    return optional(check("emulators (binfmt)", found, "for other CPUs", emulated.length > 0, how));
}

function containers(facts: Facts): Check[] {
    const { docker, engine } = facts;
    const install = remedy("docker", facts);
    return [
        ...shared(facts),
        needs("Docker CLI", docker, "any", undefined, install),
        check("Docker context", engine.context ?? "none", "one with an engine", docker !== undefined, install),
        docker ? engineCheck(engine) : check("Docker engine", "none", "Linux containers", false, install),
        ...(engine.rootless
            ? [
                  optional(
                      check(
                          "privileged containers",
                          "a rootless engine",
                          "needed by BuildKit",
                          false,
                          "if it refuses them: docker context use",
                      ),
                  ),
              ]
            : []),
        needs("buildx", facts.buildx, `${oldest.buildx} or later`, oldest.buildx, remedy("buildx", facts)),
    ];
}

function engineCheck({ version, os, architecture, problem = "" }: Engine): Check {
    if (version === undefined) {
        const how = adviceFor(problem) ?? `${problem}: start it, or choose another with \`docker context use\``;
        return check("Docker engine", "does not answer", "Linux containers", false, how);
    }
    const how = "switch Docker Desktop to Linux containers";
    return check("Docker engine", `${version} ${os}/${architecture}`, "Linux containers", os === "linux", how);
}

function tests(facts: Facts): Check[] {
    const { missingTestPackages: missing, packages, root } = facts;
    const found = missing.length === 0 ? "installed" : `missing: ${missing.join(", ")}`;
    const install = `npm test installs them as root: apt-get install ${missing.join(" ")}`;
    const how = packages === "apt" ? install : "tests that need them are skipped; Debian has them all";
    const canStart = processes(facts).every(isEnough);
    return [
        check(
            "npm start as processes",
            canStart ? "can run" : "cannot run",
            "all of the above",
            canStart,
            "see the first group",
        ),
        check("user", root ? "root" : "not root", "root", root, "run npm test as root, in a virtual machine"),
        needs("Python", facts.python, `${oldest.python} or later`, oldest.python, remedy("python", facts)),
        optional(check("programs of tests", found, "Debian packages", missing.length === 0, how)),
    ];
}

function aws(facts: Facts): Check[] {
    const { dockerBuild, dockerBuildWanted, credentials, region, identity, store } = facts;
    const plugin = dockerBuild.find((version) => isAtLeast(version, dockerBuildWanted)) ?? dockerBuild[0];
    const isNew = plugin !== undefined && isAtLeast(plugin, dockerBuildWanted);
    const source = credentials && [credentials.source, credentials.problem].filter(Boolean).join(": ");
    const login = remedy("credentials", facts);
    return [
        needs("Pulumi CLI", facts.pulumi, `${oldest.pulumi} or later`, oldest.pulumi, remedy("pulumi", facts)),
        needs("Pulumi's Node.js host", facts.pulumiNode, "beside the CLI", undefined, remedy("pulumi", facts)),
        optional(
            check(
                "docker-build plugin",
                plugin ?? "none",
                `${dockerBuildWanted} or later`,
                isNew,
                remedy("dockerBuild", facts),
            ),
        ),
        writable("buildx's store", store, `make ${store.path} writable, or set BUILDX_CONFIG`),
        check(
            "credentials",
            source ?? "none",
            "those of the stack",
            credentials !== undefined && !credentials.problem,
            login,
        ),
        ...(identity
            ? [
                  check(
                      "identity (STS)",
                      identity.arn ?? identity.problem ?? "none",
                      "an answer",
                      identity.arn !== undefined,
                      login,
                  ),
              ]
            : []),
        optional(
            check(
                "region",
                region ?? "none",
                "aws:region or AWS_REGION",
                region !== undefined,
                remedy("region", facts),
            ),
        ),
        optional(needs("AWS CLI", facts.aws, "for logins", undefined, remedy("aws", facts))),
        optional(
            needs(
                "session-manager-plugin",
                facts.sessionPlugin,
                "1.2.497 for nodes behind SSM",
                oldest.sessionPlugin,
                remedy("sessionPlugin", facts),
            ),
        ),
        optional(needs("kubectl", facts.kubectl, "for eks, by hand", undefined, remedy("kubectl", facts))),
    ];
}
